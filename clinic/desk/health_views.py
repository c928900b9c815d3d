"""A patient's health profile: entries added, changed, struck through, ended and confirmed in their section.

Every form has an address of its own, so that it works without scripts; with them only its section changes.
"""

from __future__ import annotations

from flask import Response, request

from clinic.core.access import CLINICAL, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, go_to, say
from clinic.desk.health_page import LONGEST, Opened, address, changed, section
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp
from clinic.patients.health_kinds import KINDS, HealthKind
from clinic.patients.health_words import typed_entry
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient
from clinic.patients.queries.health import Entry, history_of, profile_of
from clinic.patients.service import health as service
from clinic.patients.service.history_text import take_pieces

CODES = ", ".join(KINDS)


@patient_bp.route(f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/new", methods=["GET", "POST"])
@allow(*STAFF_OF_PATIENTS)
def new_entry(patient_id: int, health_kind: str) -> Response:
    """One more entry of a kind, or the answer that holds from now on."""
    patient, kind = _allowed(patient_id, health_kind)
    if request.method == "GET":
        return section(patient, Opened(section=health_kind, mode="new", typed=_standing(patient, kind)))
    typed = _typed(kind)
    opened = Opened(section=health_kind, mode="new", typed=typed)
    return changed(
        patient, opened, lambda: service.add_entry(current_actor(), patient.id, health_kind, typed)
    )


@patient_bp.route(
    f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/<id:health_id>/change",
    methods=["GET", "POST"],
)
@allow(*STAFF_OF_PATIENTS)
def change_entry(patient_id: int, health_kind: str, health_id: int) -> Response:
    """Put an entry right; what it said before stays readable."""
    patient, kind = _allowed(patient_id, health_kind)
    if request.method == "GET":
        entry = _one(patient, kind, health_id)
        typed = typed_entry(kind, entry.values)
        return section(patient, Opened(section=health_kind, mode="change", entry_id=health_id, typed=typed))
    typed = _typed(kind)
    opened = Opened(section=health_kind, mode="change", entry_id=health_id, typed=typed)
    return changed(
        patient,
        opened,
        lambda: service.change_entry(current_actor(), patient.id, health_kind, health_id, typed),
    )


@patient_bp.get(f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/<id:health_id>/history")
@allow(*STAFF_OF_PATIENTS)
def entry_history(patient_id: int, health_kind: str, health_id: int) -> Response:
    """What an entry said, who wrote it and when."""
    patient, kind = _allowed(patient_id, health_kind)
    found = history_of(patient.id, kind, health_id)
    if not found:
        raise NotFound(_("There is no such entry."))
    return section(patient, Opened(section=health_kind, mode="history", entry_id=health_id, history=found))


@patient_bp.route(
    f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/<id:health_id>/strike",
    methods=["GET", "POST"],
)
@allow(*STAFF_OF_PATIENTS)
def strike_entry(patient_id: int, health_kind: str, health_id: int) -> Response:
    """It never was true: struck through, with the reason."""
    patient, kind = _allowed(patient_id, health_kind)
    opened = Opened(section=health_kind, mode="strike", entry_id=health_id)
    if request.method == "GET":
        _one(patient, kind, health_id)
        return section(patient, opened)
    reason = request.form.get("reason", "")[:LONGEST]
    opened = Opened(section=health_kind, mode="strike", entry_id=health_id, typed={"reason": reason})
    return changed(
        patient,
        opened,
        lambda: service.strike_entry(current_actor(), patient.id, health_kind, health_id, reason),
    )


@patient_bp.post(f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/<id:health_id>/end")
@allow(*STAFF_OF_PATIENTS)
def end_entry(patient_id: int, health_kind: str, health_id: int) -> Response:
    """It is over: a medicine no longer taken."""
    patient, _kind = _allowed(patient_id, health_kind)
    return changed(
        patient,
        Opened(section=health_kind),
        lambda: service.stop_entry(current_actor(), patient.id, health_kind, health_id),
        said=_("It is off the list; the record keeps it."),
    )


@patient_bp.post(f"/patients/<id:patient_id>/health/<any({CODES}):health_kind>/<id:health_id>/confirm")
@allow(*CLINICAL)
def confirm_entry(patient_id: int, health_kind: str, health_id: int) -> Response:
    """What the patient said is so."""
    patient, _kind = _allowed(patient_id, health_kind)
    return changed(
        patient,
        Opened(section=health_kind),
        lambda: service.confirm_entry(current_actor(), patient.id, health_kind, health_id),
        said=_("Confirmed."),
    )


@patient_bp.post("/patients/<id:patient_id>/health/take")
@allow(*CLINICAL)
def take_history(patient_id: int) -> Response:
    """Take what the patient wrote of their history into the list, the pieces that were chosen."""
    patient, _kind = _allowed(patient_id, "condition")
    pieces = [piece[:LONGEST] for piece in request.form.getlist("piece")]
    with unit_of_work():
        taken = take_pieces(current_actor(), patient.id, pieces)
    if taken:
        say(ngettext("%(num)s entry taken over.", "%(num)s entries taken over.", taken))
    else:
        say(_("Nothing was chosen."), "warn")
    return go_to(address(patient, "condition"))


def _allowed(patient_id: int, code: str) -> tuple[Patient, HealthKind]:
    """The patient and the kind, for whoever sees both. Raises NotFound."""
    actor = current_actor()
    patient, kind = get_patient(actor, patient_id), KINDS[code]
    if not service.may_write(actor, patient, kind):
        raise NotFound(_("There is no such patient."))
    return patient, kind


def _one(patient: Patient, kind: HealthKind, entry_id: int) -> Entry:
    profile = profile_of(patient.id, (kind.code,))
    for entry in (*profile.now[kind.code], *profile.past[kind.code]):
        if entry.id == entry_id:
            return entry
    raise NotFound(_("There is no such entry."))


def _standing(patient: Patient, kind: HealthKind) -> dict[str, str]:
    """What a new answer begins with: the one that holds, where only one does."""
    entries = profile_of(patient.id, (kind.code,)).now[kind.code] if kind.alone else ()
    if entries:
        return typed_entry(kind, entries[0].values)
    return {one.name: one.usual for one in kind.fields if one.usual}


def _typed(kind: HealthKind) -> dict[str, str]:
    return {one.name: request.form.get(one.name, "")[:LONGEST] for one in kind.fields}
