"""Allergies in a cell: nobody asked, "nil", none known, and substances are different answers."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinic.imports.values import AllergyAnswer, read_allergies, write_allergies
from clinic.patients.details import AllergyEntry
from clinic.patients.models import AllergyStatus
from tests.imports.values.reading import refusal


@pytest.mark.parametrize("text", ["", "  ", "?", "not known", "N/A", "पता नहीं", "xx", "Not asked"])
def test_where_nothing_was_found_out_nobody_asked(text: str) -> None:
    assert read_allergies(text) == AllergyAnswer(status=AllergyStatus.NOT_ASKED)


@pytest.mark.parametrize(
    "text",
    [
        "Nil", "NIL", "nil.", "no", "No", "-", "--", "–", "none", "nahi", "नहीं", "कोई नहीं", "No allergies",
        "denies", "Denied", "Negative", "not allergic", "No allergy", "no drug allergy", "No drug allergies",
        "No penicillin", "Not allergic to penicillin", "nil significant", "-ve", "nahi hai", "नहीं है",
        "Denies any drug or food allergies", "No food, drug allergies", "No dust, no pollen",
        "Penicillin - no",
        "Drug: nil; Food: none", "पेनिसिलिन से एलर्जी नहीं है", "koi nahi hai",
    ],
)  # fmt: skip
def test_nil_on_an_old_paper_is_only_stated(text: str) -> None:
    assert read_allergies(text) == AllergyAnswer(status=AllergyStatus.NONE_STATED)


@pytest.mark.parametrize(
    "text",
    [
        "nil known", "None known", "NKA", "NKDA", "N.K.D.A.", "No known allergies", "no known drug allergy",
        "No Known  Drug Allergies.", "कोई ज्ञात नहीं",
    ],
)  # fmt: skip
def test_none_known_is_an_answer_to_a_question(text: str) -> None:
    assert read_allergies(text) == AllergyAnswer(status=AllergyStatus.NONE_KNOWN)


@pytest.mark.parametrize(
    ("text", "substances"),
    [
        ("dust, pollen", ["dust", "pollen"]),
        ("peanuts; egg", ["peanuts", "egg"]),
        ("Sulpha / Penicillin", ["Sulpha", "Penicillin"]),
        ("dust and pollen & egg", ["dust", "pollen", "egg"]),
        ("धूल, पराग और अंडा", ["धूल", "पराग", "अंडा"]),
        ("धूल।पराग", ["धूल", "पराग"]),
        ("dust\npollen\r\negg", ["dust", "pollen", "egg"]),
        ("Dust, dust; DUST", ["Dust"]),
        ("Nil, dust", ["dust"]),
        ("  sand   dust ", ["sand dust"]),
        ("Sulpha drugs,,;", ["Sulpha drugs"]),
        ("Sulpha [co-trimoxazole, dapsone", ["Sulpha [co-trimoxazole", "dapsone"]),
        ("Nile perch", ["Nile perch"]),
        ("Novalgin", ["Novalgin"]),
        ("None except Sulfa", ["Sulfa"]),
        ("Peanut, none else", ["Peanut"]),
        ("No except penicillin", ["penicillin"]),
        ("No known allergies other than dust, pollen", ["dust", "pollen"]),
        ("No allergy but Sulfa", ["Sulfa"]),
        ("Yes, Penicillin", ["Penicillin"]),
        ("Yes (Penicillin)", ["Penicillin"]),
        ("Yes - Penicillin", ["Penicillin"]),
        ("Drug: Sulfa; Food: nil", ["Sulfa"]),
        ("Penicillin - yes", ["Penicillin"]),
        ("co-trimoxazole", ["co-trimoxazole"]),
        ("No trouble with food, gets rash from penicillin", ["gets rash from penicillin"]),
        ("Not well after penicillin, only rash", ["only rash"]),
    ],
)
def test_substances_stand_apart_by_marks_and_by_and(text: str, substances: list[str]) -> None:
    answer = read_allergies(text)
    assert answer.status == AllergyStatus.RECORDED
    assert [entry.substance for entry in answer.entries] == substances


def test_what_stands_in_brackets_is_the_reaction() -> None:
    assert read_allergies("Penicillin (rash, fever and itching); Egg (severe), Aspirin()").entries == (
        AllergyEntry(substance="Penicillin", reaction="rash, fever and itching"),
        AllergyEntry(substance="Egg", severity="severe"),
        AllergyEntry(substance="Aspirin"),
    )


@pytest.mark.parametrize(
    "text", ["Penicillin - rash", "Penicillin: rash", "Penicillin → rash", "Penicillin – rash"]
)
def test_what_stands_behind_a_dash_is_the_reaction(text: str) -> None:
    assert read_allergies(text).entries == (AllergyEntry(substance="Penicillin", reaction="rash"),)
    severe = read_allergies("Penicillin - severe, Egg - rash (mild)").entries
    assert severe == (
        AllergyEntry(substance="Penicillin", severity="severe"),
        AllergyEntry(substance="Egg", reaction="rash", severity="mild"),
    )


@pytest.mark.parametrize("text", ["Yes", "YES.", "हाँ", "present", "+ve", "Yes, no"])
def test_that_there_is_an_allergy_is_no_answer(text: str) -> None:
    assert refusal(read_allergies, text) == "Write what the allergy is."


def test_an_export_says_each_answer_in_words() -> None:
    entries = (
        AllergyEntry(substance="Penicillin", reaction="rash and swelling", severity="severe"),
        AllergyEntry(substance="Peanuts", status="resolved"),
    )
    assert write_allergies("recorded", entries) == (
        "Penicillin (reaction: rash and swelling; severity: severe); Peanuts (status: resolved)"
    )
    assert [write_allergies(status, ()) for status in ("not_asked", "none_stated", "none_known")] == [
        "",
        "Nil",
        "None known",
    ]
    assert write_allergies("none_known", entries[1:]) == "None known; Peanuts (status: resolved)"


def test_a_substance_that_would_be_misread_is_written_with_a_backslash() -> None:
    assert write_allergies("recorded", [AllergyEntry(substance="Nil")]) == "\\Nil"
    assert write_allergies("recorded", [AllergyEntry(substance="salt and pepper")]) == "salt \\and pepper"
    assert write_allergies("recorded", [AllergyEntry(substance="A, B (C)")]) == "A\\, B \\(C\\)"


WORDS = [
    "Nil",
    "None known",
    "-",
    "and",
    "salt and pepper",
    "severe",
    "A (b)",
    "status: resolved",
    "नहीं",
    "व",
    "N.I.L",
    "\\and",
    "()",
    "a\\b",
    "No penicillin",
    "None except Sulfa",
    "Yes",
    "Penicillin - rash",
    "Drug: Sulfa",
    "Penicillin → severe",
    "पेनिसिलिन नहीं",
]
TEXTS = st.one_of(
    st.text(min_size=1, max_size=20),
    st.text(alphabet="and व\\;/()[]-Nil:.\n\t\r\u200b ", min_size=1, max_size=12),
    st.sampled_from(WORDS),
)
ENTRIES = st.builds(
    AllergyEntry,
    substance=TEXTS,
    reaction=st.none() | TEXTS,
    severity=st.sampled_from([None, "mild", "moderate", "severe"]),
    status=st.sampled_from(["active", "inactive", "resolved", "entered_in_error"]),
)
ANSWERS = st.builds(
    lambda status, entries: AllergyAnswer(
        status=AllergyStatus.RECORDED if any(entry.status == "active" for entry in entries) else status,
        entries=tuple(entries),
    ),
    st.sampled_from(AllergyStatus),
    st.lists(
        ENTRIES,
        max_size=4,
        unique_by=lambda entry: (entry.substance.casefold(), entry.reaction, entry.severity, entry.status),
    ),
).filter(lambda answer: answer.entries or answer.status != AllergyStatus.RECORDED)


@given(answer=ANSWERS)
@settings(max_examples=150, deadline=None)
@example(AllergyAnswer(status=AllergyStatus.RECORDED, entries=(AllergyEntry(substance="\u200b"),)))
@example(
    AllergyAnswer(
        status=AllergyStatus.RECORDED, entries=(AllergyEntry(substance="a", reaction="b; status: resolved"),)
    )
)
def test_what_an_export_wrote_reads_back_as_it_was(answer: AllergyAnswer) -> None:
    assert read_allergies(write_allergies(answer.status, answer.entries)) == answer
