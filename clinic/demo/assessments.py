"""What the demo's vaidya assessed: a confirmed constitution and two imbalances of one patient, and another
patient's answers that wait.
"""

from __future__ import annotations

from datetime import timedelta

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.encounters.assessments import queries, service
from clinic.encounters.assessments.definitions import instrument
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner

NATURE = "vp v vp v vp p v pv p v kp vp v p p v k pk"
"""First and perhaps second tendency of each question, in order: vata leads, pitta follows."""
WAITING = "k kp k k k kp k pk k k kp k k k k k p k"
BEFORE = {
    "vata": "vriddhi-3", "pitta": "vriddhi-1", "kapha": "sama-0", "ama": "sama", "agni": "vishama",
    "koshtha": "krura", "stage": "sthanasamshraya", "prognosis": "kricchrasadhya",
}  # fmt: skip
NOW = {**BEFORE, "vata": "vriddhi-2", "pitta": "sama-0", "ama": "nirama", "agni": "sama", "stage": "vyakti"}
_DOSHA = {"v": "vata", "p": "pitta", "k": "kapha"}


def add_assessments(
    facility: Facility, vaidya: Practitioner, *, assessed: Patient, answering: Patient
) -> None:
    """Assess one patient, and let another answer."""
    if vaidya.user_id is None:
        return
    author = Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    nature = _answers(NATURE) | {"result": ["vata_pitta"]}
    _assess(author, assessed, "prakriti", nature, days_ago=40)
    for typed, days_ago in ((BEFORE, 40), (NOW, 12)):
        lists = {"dushya": ["asthi", "majja"], "srotas": ["asthivaha"]}
        found = {code: [value] for code, value in typed.items()} | lists
        _assess(author, assessed, "vikriti", found, days_ago=days_ago)
    _answer(answering)


def _assess(
    author: Actor, patient: Patient, kind: str, typed: dict[str, list[str]], *, days_ago: int
) -> None:
    """Begun, written and confirmed some days ago; of these a patient reads their constitution."""
    begun = service.begin(author, patient, kind)
    found = queries.get_assessment(author, begun.id, fresh=True)
    saved = service.save(author, found, typed, version=found.version)
    found = queries.get_assessment(author, begun.id, fresh=True)
    at = clock.now() - timedelta(days=days_ago)
    service.confirm(author, found, version=saved.version, share=kind == "prakriti", at=at)


def _answer(patient: Patient) -> None:
    """The patient's own answers, sent in."""
    themselves = Actor(user_id=None, name=patient.name, roles=frozenset({Role.PATIENT}))
    begun = service.begin_answers(themselves, patient)
    for item, given in _answers(WAITING).items():
        code, _dash, place = item.rpartition("-")
        if place == "first":
            second = _answers(WAITING).get(f"{code}-second", [""])[0]
            service.save_answer(themselves, begun, code, given[0], second)
    service.submit(themselves, begun)


def _answers(letters: str) -> dict[str, list[str]]:
    typed = {}
    for item, given in zip(instrument().items, letters.split(), strict=True):
        for letter, place in zip(given, ("first", "second"), strict=False):
            typed[f"{item.code}-{place}"] = [_DOSHA[letter]]
    return typed
