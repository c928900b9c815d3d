"""A prescription on paper carries what the rules want, in the language of whom it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime

import pypdfium2
import pytest
import segno
from flask import Flask

from clinic.prescriptions.pdf import QR, prescription_pdf
from clinic.prescriptions.sheet import Sheet, SheetLine

MADE_AT = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://clinic.example/verify/7K3MQ2XV9TBC"


def line(number: int, **said: str) -> SheetLine:
    return SheetLine(**{field.name: "" for field in fields(SheetLine)} | {"number": number} | said)  # type: ignore[arg-type]


ENGLISH = Sheet(
    locale="en",
    clinic_name="Sutra Ayurveda, Indiranagar",
    clinic_address="12, 100 Feet Road, Bengaluru 560038",
    clinic_phone="080 4123 4567",
    clinic_email="hello@sutra.example",
    practitioner_name="Dr Vaidehi Kulkarni",
    qualification="BAMS, MD (Ayurveda)",
    registration="KA-AYU-20418",
    practitioner_phone="98450 00001",
    patient_name="Meenakshi Iyer",
    patient_facts="F, 46 years",
    patient_address="4, 2nd Cross, Indiranagar",
    patient_phone="98450 11723",
    mrn="SU-20418",
    written_on="24 Nov 2026",
    valid_until="24 Dec 2026",
    reference="RX7K3MQ2",
    diagnoses=("Katigraha (low back pain)",),
    allergies="penicillin (rash)",
    vitals="BP 148/96 mmHg",
    general=(
        line(
            1, name="TELMISARTAN", form="tablet", strength="40 mg", brand="Telma", dosing="1-0-0",
            plain="1 in the morning, after food", duration="30 days", quantity="30 tablets", route="by mouth",
            instructions="Measure twice a week.",
        ),
    ),
    ayurvedic=(
        line(
            2, name="Maharasnadi kashaya", form="kashaya", dosing="15 ml 1-0-1", plain="15 ml twice",
            duration="14 days", quantity="420 ml", anupana="warm water", sevana_kala="before food",
        ),
    ),
    pathya=("Barley water",),
    apathya=("Curd at night",),
    tests=("Lipid profile",),
    advice="Rest after oil.",
    review_on="Mon 7 Dec 2026",
    signed_at="24 Nov 2026, 10:42",
    signature_name="Dr Vaidehi Kulkarni",
    verify_code="7K3M-Q2XV-9TBC",
    verify_url=URL,
    is_draft=False,
    withdrawn="",
    overrides=("Rasa in pregnancy: the benefit is greater",),
)  # fmt: skip
HINDI = replace(
    ENGLISH,
    locale="hi",
    patient_name="मीनाक्षी अय्यर",
    patient_facts="स्त्री, 46 वर्ष",
    ayurvedic=(
        line(
            2, name="महारास्नादि क्वाथ", form="क्वाथ", dosing="15 मिली 1-0-1", plain="सुबह 15 मिली, रात 15 मिली",
            duration="14 दिन", quantity="420 मिली", anupana="गुनगुना पानी", sevana_kala="भोजन से पहले",
            instructions="विरुद्ध आहार न लें",
        ),
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def in_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def text_of(sheet: Sheet) -> str:
    document = pypdfium2.PdfDocument(prescription_pdf(sheet, made_at=MADE_AT))
    return " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())


def everything(sheet: Sheet) -> Iterator[str]:
    """Every text a sheet was given."""
    told = ("locale", "verify_url", "is_draft", "number")
    for field in fields(sheet):
        value = getattr(sheet, field.name)
        if field.name in told or not value:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SheetLine):
                yield from (getattr(item, part.name) for part in fields(item) if part.name != "number")
            else:
                yield str(item)


@pytest.mark.parametrize("sheet", [ENGLISH, HINDI], ids=["english", "hindi"])
def test_everything_that_must_be_on_it_is_read_back(sheet: Sheet) -> None:
    said = text_of(sheet)
    missing = [text for text in everything(sheet) if text not in said]
    assert not missing


def test_labels_are_in_the_patients_language() -> None:
    said = text_of(HINDI)
    assert not [word for word in ("Prescription", "Advice", "Total:", "Valid until") if word in said]


def test_the_code_on_it_leads_to_where_it_is_checked() -> None:
    document = pypdfium2.PdfDocument(prescription_pdf(ENGLISH, made_at=MADE_AT))
    modules = [list(row) for row in segno.make(URL, error="m", micro=False).matrix]
    picture = document[0].render(scale=6).to_pil().convert("1")
    dot = QR / len(modules) / 25.4 * 72 * 6
    left = round(16 / 25.4 * 72 * 6)
    column = [picture.getpixel((left + int(dot / 2), y)) == 0 for y in range(picture.height)]
    tops = [
        y for y in range(picture.height - int(dot * len(modules)))
        if all(column[y + 1 : y + int(dot * 7) - 1]) and not column[y - 1]
    ]  # fmt: skip
    assert tops, "no finder pattern at the left margin"
    seen = [
        [
            int(picture.getpixel((int(left + (x + 0.5) * dot), int(tops[0] + (y + 0.5) * dot))) == 0)
            for x in range(len(modules))
        ]
        for y in range(len(modules))
    ]
    assert seen == modules


def test_a_draft_says_so_and_cannot_be_checked() -> None:
    said = text_of(replace(ENGLISH, is_draft=True))
    assert "DRAFT, not signed" in said
    assert ENGLISH.verify_code not in said
    assert "Signed electronically" not in said


def test_one_that_no_longer_holds_says_why() -> None:
    said = text_of(replace(ENGLISH, withdrawn="Stopped on 25 Nov 2026: rash"))
    assert "No longer valid" in said
    assert "Stopped on 25 Nov 2026: rash" in said


def test_a_medicine_is_not_torn_apart_by_the_end_of_a_page() -> None:
    many = tuple(
        replace(ENGLISH.general[0], number=number, name=f"MEDICINE {number}") for number in range(1, 15)
    )
    document = pypdfium2.PdfDocument(prescription_pdf(replace(ENGLISH, general=many), made_at=MADE_AT))
    pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) > 1
    for page in pages:
        assert page.count("MEDICINE ") == page.count("Measure twice a week.") == page.count("30 tablets")
    assert all("Meenakshi Iyer" in page for page in pages)


def test_an_instruction_longer_than_a_page_is_all_there() -> None:
    words = " ".join(f"word{number}" for number in range(3000))
    said = text_of(replace(ENGLISH, general=(replace(ENGLISH.general[0], instructions=words),)))
    assert "word0 " in said
    assert "word2999" in said
