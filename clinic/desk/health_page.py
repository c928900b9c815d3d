"""The tab of a patient's health profile, and one section of it: what they show, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.forms import Form
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, fragment, go_to, is_fragment, say, trigger_toast
from clinic.desk.patient_views import patient_tab
from clinic.patients import policy
from clinic.patients.births import write_birth
from clinic.patients.body import index_text
from clinic.patients.display import years_between
from clinic.patients.health_kinds import CLINICAL_KINDS, DESK_KINDS, KINDS
from clinic.patients.health_words import Unfit, asks_pregnancy, habits_of
from clinic.patients.models import BirthPrecision, Patient
from clinic.patients.queries import get_patient
from clinic.patients.queries.health import allergies_column, profile_of, read_allergies
from clinic.patients.queries.said import Said, read_said, said_columns
from clinic.patients.said_forms import InsurerForm, MeasuresForm
from clinic.patients.service.history_text import pieces_of

LONGEST = 2000
ALLERGY_CHOICES: dict[str, tuple[tuple[str, Any], ...]] = {
    "category": (
        ("", "–"),
        ("medication", _l("Medicine")),
        ("food", _l("Food")),
        ("environment", _l("Surroundings")),
        ("biologic", _l("Vaccine or serum")),
    ),
    "severity": (("", "–"), ("mild", _l("Mild")), ("moderate", _l("Moderate")), ("severe", _l("Severe"))),
    "criticality": (
        ("", "–"),
        ("low", _l("Low risk")),
        ("high", _l("High risk")),
        ("unable_to_assess", _l("Cannot be said")),
    ),
    "status": (
        ("active", _l("Active")),
        ("inactive", _l("No longer active")),
        ("resolved", _l("Resolved")),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What is open in a section: ``mode`` is ``new``, ``change``, ``strike`` or ``history``; ``typed`` by
    field name, ``problems`` beside the fields (``""`` over the form).
    """

    section: str = ""
    mode: str = ""
    entry_id: int | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    history: list[Any] = field(default_factory=list)


def show_health(
    patient_id: int, status: int = 200, *, opened: Opened | None = None, **forms: Form
) -> Response:
    """The whole tab, with what is open in a section or what was refused in a form."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    sections = health_values(actor, patient, opened)
    said = read_said(*sections["profile"].more[:-1])
    filled: dict[str, Form] = {
        "measures_form": MeasuresForm(formdata=None),
        "insurer_form": _insurer_form(said),
        **forms,
    }
    measured = said.measured
    values: dict[str, Any] = {
        "said": said,
        "body_index": index_text(measured.height_cm, measured.weight_kg, years=_years(patient)),
        "errors": bool(forms),
        **filled,
        **sections,
    }
    return patient_tab(actor, patient, "health", status=status, **values)


def _insurer_form(said: Said) -> InsurerForm:
    form = InsurerForm(formdata=None)
    if said.insurance is not None:
        form.insurer.data = said.insurance.insurer
        form.policy_number.data = said.insurance.policy_number
        form.insured_until.data = write_birth(said.insurance.valid_until, BirthPrecision.DAY)
    return form


def _years(patient: Patient) -> int | None:
    if patient.birth_date is None:
        return None
    return years_between(patient.birth_date, clock.today(patient.facility.zone))


def kinds_for(actor: Actor, patient: Patient) -> tuple[str, ...]:
    """The kinds of entries that somebody who sees the patient reads."""
    return (*DESK_KINDS, *CLINICAL_KINDS) if policy.sees_clinical(actor, patient) else DESK_KINDS


def health_values(actor: Actor, patient: Patient, opened: Opened | None = None) -> dict[str, Any]:
    """What the sections show."""
    kinds = kinds_for(actor, patient)
    if not asks_pregnancy(patient, clock.today(patient.facility.zone)):
        kinds = tuple(code for code in kinds if code != "pregnancy")
    asked = kinds if "pregnancy" in kinds else (*kinds, "pregnancy")
    profile = profile_of(patient.id, asked, more=(*said_columns(patient.id), allergies_column(patient.id)))
    if "pregnancy" not in kinds and profile.now["pregnancy"] and "condition" in kinds:
        kinds = (*kinds, "pregnancy")
    return {
        "profile": profile,
        "kinds": [KINDS[code] for code in kinds],
        "opened": opened or Opened(),
        "allergies": read_allergies(profile.more[-1]),
        "allergy_choices": ALLERGY_CHOICES,
        "habits_of": habits_of,
        "confirms": policy.sees_clinical(actor, patient),
        "unlisted": pieces_of(patient.medical_history or "", profile.now["condition"])
        if "condition" in kinds
        else [],
    }


def changed(patient: Patient, opened: Opened, change: Callable[[], Any], *, said: str = "") -> Response:
    """Change something and show its section again; what cannot be comes back beside its field."""
    try:
        with unit_of_work():
            made = change()
    except NotFound:
        raise
    except DomainError as error:
        problems = error.problems if isinstance(error, Unfit) else {error.field or "": error.message}
        if not opened.mode:
            say(error.message, "warn")
            return go_to(address(patient, opened.section))
        again = Opened(**{**vars(opened), "problems": problems})
        return section(patient, again, error.status)
    words = said or (_("That is written down already.") if made in (None, False) else _("Saved."))
    if opened.mode == "strike":
        words = _("Struck through. It no longer counts, and stays readable.")
    elif opened.section == "allergies" and not opened.mode and not said:
        words = _("Saved.")
    if not is_fragment():
        say(words)
        return go_to(address(patient, opened.section))
    return trigger_toast(section(patient, Opened(section=opened.section)), words)


def address(patient: Patient, section: str) -> str:
    return url_for("patient_page.health", patient_id=patient.id, _anchor=section)


def section(patient: Patient, opened: Opened, status: int = 200) -> Response:
    """One section as a fragment, or the whole tab with it open."""
    actor = current_actor()
    if not is_fragment():
        return show_health(patient.id, status, opened=opened)
    if opened.mode == "history":
        audit.read(
            actor,
            "patient.viewed",
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            detail={"tab": "health history"},
        )
    return fragment(
        "desk/_health_section.html",
        status,
        patient=patient,
        zone=patient.facility.zone,
        today=clock.today(patient.facility.zone),
        code=opened.section,
        **health_values(actor, patient, opened),
    )
