"""Two patients' prescriptions: one in English, one in Hindi with the older version that it replaced."""

from __future__ import annotations

from clinic.core.access import Actor, Role
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.prescriptions import queries, service
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.service import Seen
from clinic.prescriptions.suggesting import typed_line

ENGLISH = ("Maharasnadi kashaya", "Yogaraja guggulu 1 tablet 1-0-1 x 14 days", "Mahanarayana taila")
HINDI = ("Dashamularishta", "Triphala churna 3 g hs x 30 days")
GENERAL = "Tab Telmisartan 40 mg OD x 30 days"


def add_prescriptions(facility: Facility, practitioner: Practitioner, patients: list[Patient]) -> None:
    """Sign them as their practitioner would, and keep one of them as a set."""
    actor = Actor(
        user_id=practitioner.user_id,
        name=practitioner.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    first, second = patients[0], next((one for one in patients[1:] if one.locale == "hi"), patients[1])
    written = _written(
        actor, first, [*ENGLISH, GENERAL], review="Stiffness in the morning: warm oil before the bath."
    )
    service.save_set(actor, written, "Low back pain", shared=True)
    _sign(actor, written)
    second.locale = "hi"
    old = _written(actor, second, [HINDI[0]], review="रात को हल्का भोजन करें।")
    _sign(actor, old)
    newer = service.repeat(actor, old, key=None, replace=True)
    service.add_line(actor, newer, typed_line(actor, HINDI[1]), version=newer.version)
    _sign(actor, newer)


def _written(actor: Actor, patient: Patient, medicines: list[str], *, review: str) -> Prescription:
    draft = service.begin(actor, patient)
    lines = [typed_line(actor, text) for text in medicines]
    service.add_lines(actor, draft, lines, version=draft.version)
    texts = {
        "advice": review,
        "pathya": "Warm water\nMung soup with rice in the evening",
        "apathya": "Curd at night\nSleep by day",
    }
    service.save(actor, draft, texts, seen=Seen(version=draft.version))
    return draft


def _sign(actor: Actor, draft: Prescription) -> None:
    """Fill in the quantity that nobody can reckon, set aside what is found, and sign."""
    bottle = {
        f"line-{row.id}-quantity": "1 bottle"
        for row in queries.lines_of(draft.id, fresh=True)
        if row.kalpana == "taila"
    }
    service.save(actor, draft, bottle, seen=Seen(version=draft.version))
    for finding in service.open_findings(actor, draft):
        service.accept(actor, draft, finding.key, "Weighed with the patient")
    service.sign(actor, draft, version=draft.version)
