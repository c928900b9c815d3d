"""Papers of the first patient: a blood report as a picture, a letter as PDF, and what the patient sent."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.records import keeping
from clinic.records.models import Paper, PaperSource, Scan
from clinic.records.service import Details, add_papers
from clinic.records.service.changing import verify
from clinic.records.uploads import Looked

BLOOD = (
    ("Haemoglobin", "12.1 g/dL", "12.0 - 15.0"),
    ("Fasting glucose", "104 mg/dL", "70 - 100"),
    ("HbA1c", "5.9 %", "below 5.7"),
    ("TSH", "3.2 mIU/L", "0.4 - 4.0"),
    ("Vitamin D", "17 ng/mL", "30 - 100"),
)
LETTER = (
    "To whom it may concern,",
    "Mrs Iyer was seen for low back pain of two months. X-ray of the lumbar spine: mild",
    "degenerative change, no fracture. Advised physiotherapy; no surgery is needed.",
    "Please see her again in six weeks.",
    "Dr S. Mehta, orthopaedics",
)


def add_papers_of_demo(facility: Facility, vaidya: Practitioner, patient: Patient) -> None:
    """Put three papers into the patient's record; the blood report is verified."""
    if vaidya.user_id is None:
        return
    actor = Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    today = clock.today(facility.zone)
    blood = Details(
        kind="lab_report",
        title="Blood tests",
        document_date=today - timedelta(days=9),
        doctor="City Diagnostics, Indiranagar",
    )
    letter = Details(
        kind="doctors_note",
        title="Letter from orthopaedics",
        document_date=today - timedelta(days=30),
        doctor="Dr S. Mehta",
    )
    photo = Details(kind="prescription", title="Earlier prescription")
    _add(actor, patient, _letter(), letter, PaperSource.STAFF)
    _add(actor, patient, _picture("rx.jpg", "Prescription", ()), photo, PaperSource.PATIENT)
    paper = _add(actor, patient, _picture("blood.jpg", "City Diagnostics", BLOOD), blood, PaperSource.STAFF)
    verify(actor, paper)


def _add(actor: Actor, patient: Patient, looked: Looked, details: Details, source: PaperSource) -> Paper:
    with keeping.put([(looked, Scan.CLEAN)]) as files:
        return add_papers(actor, patient, files, details, source=source).papers[0]


def _picture(name: str, head: str, lines: tuple[tuple[str, ...], ...]) -> Looked:
    image = Image.new("RGB", (620, 877), "white")
    drawing = ImageDraw.Draw(image)
    drawing.text((50, 50), head, fill="#1c5a3a", font=ImageFont.load_default(30))
    drawing.text((50, 100), "Meenakshi Iyer", fill="black", font=ImageFont.load_default(18))
    for number, line in enumerate(lines or (("Tab. paracetamol 500 mg", "1-0-1", "3 days"),)):
        for column, text in zip((50, 280, 430), line, strict=False):
            drawing.text((column, 160 + number * 38), text, fill="black", font=ImageFont.load_default(17))
        drawing.line((50, 188 + number * 38, 570, 188 + number * 38), fill="#cccccc")
    data = _jpeg(image)
    image.thumbnail((360, 360))
    return Looked(
        name=name,
        data=data,
        thumb=_jpeg(image),
        media_type="image/jpeg",
        sha256=hashlib.sha256(data).hexdigest(),
        width=620,
        height=877,
    )


def _letter() -> Looked:
    from fpdf import FPDF  # every command loads this module, and hardly one needs it

    document = FPDF()
    document.set_creation_date(clock.now())
    document.add_page()
    document.set_font("helvetica", size=12)
    for line in LETTER:
        document.cell(text=line, new_x="LMARGIN", new_y="NEXT", h=9)
    data = bytes(document.output())
    small = Image.new("RGB", (254, 360), "white")
    drawing = ImageDraw.Draw(small)
    for number in range(5):
        drawing.line((24, 40 + number * 13, 220 - number * 8, 40 + number * 13), fill="#888888", width=3)
    return Looked(
        name="letter.pdf",
        data=data,
        thumb=_jpeg(small),
        media_type="application/pdf",
        sha256=hashlib.sha256(data).hexdigest(),
        pages=1,
    )


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()
