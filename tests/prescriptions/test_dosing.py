"""What is typed is read into numbers and shown as the notation; nothing is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.prescriptions.dosing import (
    SHOWN,
    Dose,
    Dosing,
    DosingRead,
    Duration,
    read_dose,
    read_dosing,
    read_duration,
)
from clinic.prescriptions.plain import quantity_of
from clinic.prescriptions.reading import LineRead, quick_line, read_line, texts_of
from clinic.prescriptions.words import UNITS


@pytest.mark.parametrize(
    ("typed", "notation"),
    [
        ("1-0-1", "1-0-1"),
        ("1-0-1-1", "1-0-1-1"),
        ("1 - 0 – 1", "1-0-1"),
        ("1+0+1", "1-0-1"),
        ("1 0 1", "1-0-1"),
        ("½-0-½", "½-0-½"),
        ("1/2-0-1/2", "½-0-½"),
        ("0.5-0-1.5", "½-0-1½"),
        ("१-०-१", "1-0-1"),
        ("सुबह और रात", "1-0-1"),
        ("BD", "BD"),
        ("b.d.", "BD"),
        ("1 tds", "TDS"),
        ("2 TDS", "2 × TDS"),
        ("twice a day", "BD"),
        ("दिन में दो बार", "BD"),
        ("दिन में २ बार", "BD"),
        ("SOS", "SOS"),
        ("prn", "SOS"),
        ("HS", "HS"),
        ("stat", "STAT"),
        ("qid", "QID"),
        ("weekly", "weekly"),
        ("every other day", "alternate days"),
        ("every 6 hours", "6-hourly"),
        ("q8h", "8-hourly"),
    ],
)
def test_how_often_is_read_as_it_is_written_in_india(typed: str, notation: str) -> None:
    read = read_dosing(typed)
    assert read is not None
    assert read.dosing.notation == notation


@pytest.mark.parametrize(
    "typed",
    ["", "1-0", "1-0-0-0-1", "0-0-0", "1-x-1", "sometimes", "5 ml", "q99h", "1-0-1 or so", "5ml-0-1tab"],
)
def test_what_says_no_order_is_not_guessed_at(typed: str) -> None:
    assert read_dosing(typed) is None


def test_dose_food_and_days_may_stand_in_the_same_field() -> None:
    read = read_dosing("5 ml bd after food x 10 days")
    assert read is not None
    assert (read.dosing.notation, read.food) == ("BD", "after")
    assert read.dose == Dose(amount=Decimal(5), unit="ml")
    assert read.duration == Duration(count=10, unit="day")


def test_numbers_with_a_unit_make_the_smallest_the_dose() -> None:
    read = read_dosing("5ml-0-10ml")
    assert read is not None
    assert (read.dosing.notation, read.dose) == ("1-0-2", Dose(amount=Decimal(5), unit="ml"))


@pytest.mark.parametrize(
    ("typed", "dose", "shown"),
    [
        ("BD", "1 tablet", "1-0-1 (BD)"),
        ("TDS", "5 ml", "1-1-1 (TDS)"),
        ("QID", "1 tablet", "1-1-1-1 (QID)"),
        ("HS", "3 g", "0-0-1 (HS)"),
        ("BD", "2 tablets", "2-0-2 (BD)"),
        ("½ BD", "1 tablet", "½-0-½ (BD)"),
        ("1-0-1", "1 tablet", "1-0-1"),
        ("1-0-1", "2 tablets", "2-0-2"),
        ("OD", "1 tablet", "OD"),
        ("SOS", "1 tablet", "SOS"),
        ("BD", "", "BD"),
    ],
)
def test_paper_shows_an_order_by_its_times_of_the_day_in_what_is_taken(
    typed: str, dose: str, shown: str
) -> None:
    """Beside the words, which say the same: ``2 twice a day``."""
    line = read_line({"name": "Triphala churna", "dosing": typed, "dose": dose})
    assert line.dosing is not None
    assert line.dosing.shown(line.dose) == shown
    assert texts_of(line)["dosing"] == line.dosing.notation, "what is typed over stays as it was typed"


def test_two_doses_in_one_line_are_left_to_the_writer() -> None:
    line = read_line({"name": "Dashamularishta", "kalpana": "arishta", "dose": "15 ml", "dosing": "20 ml bd"})
    assert line.dosing is None
    assert line.dosing_typed == "20 ml bd"


AMOUNTS = st.sampled_from(
    [Decimal(text) for text in ("0", "0.25", "0.5", "0.75", "1", "1.5", "2", "0.4", "10")]
)
TAKES = st.sampled_from([Decimal(text) for text in ("0.5", "1", "1.5", "2", "3")])
TIMES = (
    st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
    .filter(any)
    .map(
        lambda four: Dosing(frequency="times", morning=four[0], noon=four[1], evening=four[2], night=four[3])
    )
)
ORDERS = st.builds(
    lambda code, takes: Dosing(frequency=code, takes=takes), st.sampled_from(sorted(SHOWN)), TAKES
)
HOURLY = st.builds(
    lambda n, takes: Dosing(frequency="hourly", every_hours=n, takes=takes), st.integers(1, 72), TAKES
)
DOSINGS = TIMES | ORDERS | HOURLY
DOSES = st.builds(
    lambda amount, unit: Dose(amount=amount, unit=unit),
    st.decimals("0.001", "9999", places=3).filter(bool),
    st.sampled_from(sorted(UNITS)),
)
DURATIONS = st.just(Duration(count=None, unit="ongoing")) | st.builds(
    lambda count, unit: Duration(count=count, unit=unit),
    st.integers(1, 999),
    st.sampled_from(["day", "week", "month"]),
)


@given(DOSINGS)
def test_the_notation_reads_back_as_what_it_shows(dosing: Dosing) -> None:
    read = read_dosing(dosing.notation)
    assert read is not None
    assert read.dosing == dosing


@given(DOSES, DURATIONS, DOSINGS)
def test_a_line_reads_back_from_its_own_texts(dose: Dose, duration: Duration, dosing: Dosing) -> None:
    assert read_dose(dose.text) == dose
    assert read_duration(duration.text) == duration
    line = LineRead(kind="general", name="X", form="tablet", dose=dose, duration=duration, dosing=dosing)
    assert read_line(texts_of(line)) == line


@given(st.text(max_size=60))
def test_any_text_is_an_answer(text: str) -> None:
    for read, kind in ((read_dosing, DosingRead), (read_dose, Dose), (read_duration, Duration)):
        assert isinstance(read(text), kind | None)
    quick_line(text)


@pytest.mark.parametrize(
    ("dosing", "dose", "duration", "quantity"),
    [
        ("1-0-1", "1 tablet", "14 days", "28 tablets"),
        ("½-0-½", "1 tablet", "5 days", "5 tablets"),
        ("½-0-0", "1 tablet", "5 days", "3 tablets"),
        ("bd", "15 ml", "2 weeks", "420 ml"),
        ("1-0-2", "5 ml", "10 days", "150 ml"),
        ("bd", "125 mg", "30 days", "7.50 g"),
        ("weekly", "1 capsule", "2 months", "9 capsules"),
        ("6-hourly", "1 tablet", "3 days", "12 tablets"),
        ("stat", "2 tablets", "", "2 tablets"),
        ("sos", "1 tablet", "5 days", None),
        ("bd", "2 drops", "5 days", None),
        ("bd", "1 tablet", "until the next visit", None),
    ],
)
def test_the_quantity_is_dose_times_times_times_days(
    dosing: str, dose: str, duration: str, quantity: str | None
) -> None:
    read = read_dosing(dosing)
    assert read is not None
    found = quantity_of(read.dosing, read_dose(dose), read_duration(duration) if duration else None)
    assert (found == read_dose(quantity)) if quantity else (found is None)


def test_a_medicine_typed_in_one_go_is_taken_apart() -> None:
    line = read_line(quick_line("Tab Paracetamol 500 mg 1-0-1 x 5 days"))
    assert (line.kind, line.form, line.name, line.strength) == ("general", "tablet", "Paracetamol", "500 mg")
    assert line.dose == Dose(amount=Decimal(1), unit="tablet")
    assert line.duration == Duration(count=5, unit="day")
    churna = read_line(quick_line("Triphala churna 3 g hs"))
    assert (churna.kind, churna.kalpana, churna.name) == ("ayurvedic", "churna", "Triphala churna")
    assert churna.dose == Dose(amount=Decimal(3), unit="g")


@pytest.mark.parametrize(
    ("text", "name", "anupana", "dosing"),
    [
        ("Rasasindura 125 mg bd x 7 days with honey", "Rasasindura", "honey", "bd x 7 days"),
        ("Sitopaladi churna 3 g with honey and ghee tds", "Sitopaladi churna", "honey and ghee", "3 g tds"),
        ("Triphala churna 3 g hs गुनगुना पानी के साथ", "Triphala churna", "गुनगुना पानी", "3 g hs"),
        ("Calcium with vitamin D3 1-0-0", "Calcium with vitamin D3", None, "1-0-0"),
    ],
)
def test_what_a_medicine_is_taken_with_is_not_taken_for_its_name(
    text: str, name: str, anupana: str | None, dosing: str
) -> None:
    said = quick_line(text)
    assert said["name"] == name
    assert said.get("anupana") == anupana
    assert said["dosing"].endswith(dosing)
    assert said["kind"] == ("ayurvedic" if anupana else "general")


def test_a_tablet_with_milk_keeps_its_form_and_says_so_as_it_was_typed() -> None:
    said = quick_line("Tab Paracetamol 500 mg 1-0-1 with milk")
    assert (said["form"], said["dosing"], said["instructions"]) == ("tablet", "1-0-1", "with milk")
    hindi = quick_line("Tab Paracetamol 500 mg 1-0-1 दूध के साथ")
    assert hindi["instructions"] == "दूध के साथ"
