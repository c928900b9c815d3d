"""What the demo's patients live with and take, and what was measured between their visits."""

from __future__ import annotations

from datetime import timedelta

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.encounters.service.measuring import record_vitals
from clinic.facilities.models import Facility
from clinic.patients.models import Patient, Sex
from clinic.patients.service.health import add_entry, confirm_entry
from clinic.practitioners.models import Practitioner

ENTRIES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "condition",
        {
            "name": "Low back pain",
            "since": "03/2024",
            "status": "active",
            "treatment": "Kati basti, exercises",
            "treated_by": "Dr Vaidehi Kulkarni",
        },
    ),
    ("condition", {"name": "High blood pressure", "since": "2021", "treatment": "Amlodipine", "code": "I10"}),
    ("condition", {"name": "Jaundice", "since": "1998", "status": "resolved"}),
    (
        "medicine",
        {
            "name": "Amlodipine",
            "dose": "5 mg",
            "often": "in the morning",
            "since": "2021",
            "ordered_by": "Dr Shah",
        },
    ),
    ("surgery", {"operation": "Appendix taken out", "done_on": "1994", "place": "Pune"}),
    ("family", {"relation": "father", "condition": "Diabetes"}),
    ("family", {"relation": "mother", "condition": "High blood pressure"}),
    (
        "lifestyle",
        {
            "diet": "vegetarian",
            "sleep": "broken",
            "sleep_words": "wakes at three",
            "activity": "little",
            "tobacco": "never",
            "bowel": "constipated",
        },
    ),
)
MEASURED: tuple[tuple[float, dict[str, str]], ...] = (
    (84, {"systolic": "126/80", "pulse": "74", "weight": "65.2", "height": "158"}),
    (63, {"systolic": "130/82", "pulse": "76", "weight": "64.9", "glucose": "104"}),
    (41, {"systolic": "134/86", "pulse": "75", "temperature": "36.8", "spo2": "98"}),
    (20, {"systolic": "138/84", "pulse": "79", "weight": "64.5", "glucose": "112", "pain": "5"}),
    (0.1, {"systolic": "148/96", "pulse": "82", "temperature": "36.7", "spo2": "97", "pain": "3"}),
)


def add_health(facility: Facility, vaidya: Practitioner, patients: list[Patient]) -> None:
    """A whole profile of the first patient, something the second said herself, and a pregnancy."""
    if vaidya.user_id is None:
        return
    author = Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    first, second = patients[0], patients[1]
    for code, typed in ENTRIES:
        add_entry(author, first.id, code, typed)
    said = add_entry(author, second.id, "condition", {"name": "Migraine", "since": "2018"}, source="patient")
    add_entry(author, second.id, "medicine", {"name": "Triphala", "dose": "5 g"}, source="patient")
    if said is not None:
        confirm_entry(author, second.id, "condition", said)
    woman = next((one for one in patients[2:] if one.sex == Sex.FEMALE), None)
    if woman is not None:
        lmp = clock.today(facility.zone) - timedelta(days=98)
        add_entry(author, woman.id, "pregnancy", {"status": "pregnant", "lmp": f"{lmp:%d/%m/%Y}"})


def add_measurements(facility: Facility, vaidya: Practitioner, patient: Patient) -> None:
    """Measurements outside notes over three months, the last of them this morning and high."""
    if vaidya.user_id is None:
        return
    author = Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    for days_ago, typed in MEASURED:
        record_vitals(author, patient.id, typed, measured_at=clock.now() - timedelta(days=days_ago))
