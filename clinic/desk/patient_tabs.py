"""The tabs of a patient's page: each an address of its own, in one order, shown to whom they concern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic.core.access import Actor, Role
from clinic.core.i18n import lazy as _l
from clinic.patients.models import Patient

Sees = Callable[[Actor, Patient, bool], bool]
"""Asked with who reads, whose page it is, and whether they read clinical things about this patient."""


def everybody(_actor: Actor, _patient: Patient, _clinical: bool) -> bool:
    """Whoever sees the patient."""
    return True


def clinical_only(_actor: Actor, _patient: Patient, clinical: bool) -> bool:
    """Whoever reads what is written in treatment."""
    return clinical


def practitioners_only(actor: Actor, _patient: Patient, clinical: bool) -> bool:
    """Whoever reads what only practitioners read."""
    return clinical and actor.has(Role.PRACTITIONER)


@dataclass(frozen=True)
class Tab:
    """One tab: ``code`` names its template ``desk/_patient_<code>.html``, ``label`` is lazy, ``endpoint``
    takes the patient's id.
    """

    code: str
    label: Any
    endpoint: str
    sees: Sees = everybody


TABS: tuple[Tab, ...] = (
    Tab("timeline", _l("Timeline"), "patient_page.show"),
    Tab("visits", _l("Visits"), "patient_page.visits"),
    Tab("notes", _l("Notes"), "patient_page.notes", clinical_only),
    Tab("vitals", _l("Vitals"), "patient_page.vitals", clinical_only),
    Tab("assessments", _l("Assessments"), "patient_page.assessments", practitioners_only),
    Tab("prescriptions", _l("Prescriptions"), "patient_page.prescriptions", practitioners_only),
    Tab("papers", _l("Papers"), "patient_page.papers"),
    Tab("health", _l("Health"), "patient_page.health"),
    Tab("messages", _l("Messages"), "patient_page.messages"),
    Tab("consents", _l("Consents"), "patient_page.consents"),
    Tab("details", _l("Details"), "patient_page.details"),
)
"""In the order they stand in: timeline, visits, notes, vitals, assessments, prescriptions, papers, health,
messages, consents, details."""


def tabs_for(actor: Actor, patient: Patient, *, clinical: bool) -> list[Tab]:
    """The tabs that a reader of this patient's page gets."""
    return [tab for tab in TABS if tab.sees(actor, patient, clinical)]
