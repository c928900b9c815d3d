"""Your health profile: what the clinic knows, what one adds oneself, and what was measured at home."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.encounters.service.measuring import record_vitals
from clinic.encounters.vitals import MEASURES, Reading
from clinic.encounters.vitals_shown import boxes, newest_words
from clinic.encounters.vitals_typed import Unreadable, read_typed, read_when, typed_parts
from clinic.patients.health_kinds import KINDS, HealthKind
from clinic.patients.health_words import Unfit, asks_pregnancy, habits_of, typed_entry
from clinic.patients.models import Patient
from clinic.patients.queries import active_allergies
from clinic.patients.queries.health import Entry, profile_of
from clinic.patients.service import health as service
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import Household, choose, household

CODES = ", ".join(KINDS)
LONGEST = 2000
AT_HOME = ("blood_pressure", "pulse", "weight", "glucose", "temperature", "spo2")


@bp.get("/profile")
@allow(Role.PATIENT)
def profile() -> Response:
    """The chosen member's profile, section by section."""
    family = household()
    patient = family.chosen
    audit.read(
        current_actor(),
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": "portal profile"},
    )
    kinds = _kinds(patient)
    return page(
        "portal/profile.html",
        family=family,
        patient=patient,
        kinds=kinds,
        entries=profile_of(patient.id, [kind.code for kind in kinds]).now,
        allergies=active_allergies(patient.id),
        habits_of=habits_of,
        measured=newest_words(patient.id),
        zone=patient.facility.zone,
    )


@bp.route(f"/family/<id:patient_id>/profile/<any({CODES}):health_kind>/new", methods=["GET", "POST"])
@allow(Role.PATIENT)
def say_entry(patient_id: int, health_kind: str) -> Response:
    """Say one more thing of this kind."""
    family, kind = _member(patient_id, health_kind)
    patient = family.chosen
    if request.method == "GET":
        standing = profile_of(patient.id, (health_kind,)).now[health_kind] if kind.alone else ()
        typed = typed_entry(kind, standing[0].values) if standing else {}
        return _form(family, kind, typed)
    typed = _typed(kind)
    return _save(
        family, kind, typed, lambda: service.add_entry(current_actor(), patient.id, kind.code, typed)
    )


@bp.route(
    f"/family/<id:patient_id>/profile/<any({CODES}):health_kind>/<id:health_id>/change",
    methods=["GET", "POST"],
)
@allow(Role.PATIENT)
def change_said(patient_id: int, health_kind: str, health_id: int) -> Response:
    """Change what one said oneself, while nobody at the clinic has confirmed it."""
    family, kind = _member(patient_id, health_kind)
    patient = family.chosen
    entry = _own(patient, kind, health_id)
    if request.method == "GET":
        return _form(family, kind, typed_entry(kind, entry.values), health_id)
    typed = _typed(kind)
    change = lambda: service.change_entry(current_actor(), patient.id, kind.code, health_id, typed)  # noqa: E731
    return _save(family, kind, typed, change, health_id)


@bp.post(f"/family/<id:patient_id>/profile/<any({CODES}):health_kind>/<id:health_id>/withdraw")
@allow(Role.PATIENT)
def withdraw_said(patient_id: int, health_kind: str, health_id: int) -> Response:
    """Take back what one said oneself."""
    family, kind = _member(patient_id, health_kind)
    patient = family.chosen
    _own(patient, kind, health_id)
    try:
        with unit_of_work():
            why = _("Taken back by the patient")
            service.strike_entry(current_actor(), patient.id, kind.code, health_id, why)
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "warn")
    else:
        say(_("Taken back."))
    return go_to(url_for("portal.profile", _anchor=kind.code))


@bp.route("/family/<id:patient_id>/profile/measured", methods=["GET", "POST"])
@allow(Role.PATIENT)
def say_measured(patient_id: int) -> Response:
    """Write down what was measured at home."""
    family = _showing(patient_id)
    patient = family.chosen
    if request.method == "GET":
        return _measuring(family, {}, None, {})
    home = {part.code for code in AT_HOME for part in MEASURES[code].parts}
    parts = {code: text for code, text in typed_parts(request.form).items() if code in home}
    on, at = request.form.get("measured_on", "")[:20], request.form.get("measured_time", "")[:20]
    try:
        when = read_when(on, at, patient.facility.zone)
        with unit_of_work():
            record_vitals(current_actor(), patient.id, parts, measured_at=when)
    except NotFound:
        raise
    except DomainError as error:
        known = error.field if error.field in ("measured_on", "measured_time") else ""
        problems = {} if isinstance(error, Unreadable) else {known: error.message}
        return _measuring(family, parts, read_typed(parts), problems, status=error.status)
    say(_("Saved. The clinic sees it marked as yours."))
    return go_to(url_for("portal.profile"))


def _measuring(
    family: Household,
    parts: dict[str, str],
    reading: Reading | None,
    problems: dict[str, str],
    *,
    status: int = 200,
) -> Response:
    return page(
        "portal/profile_measure.html",
        family=family,
        patient=family.chosen,
        boxes=[shown for shown in boxes(parts, reading) if shown.measure.code in AT_HOME],
        problems=problems,
        measured_on=request.form.get("measured_on", "")[:20],
        measured_time=request.form.get("measured_time", "")[:20],
        today=clock.today(family.chosen.facility.zone),
        status=status,
    )


def _kinds(patient: Patient) -> list[HealthKind]:
    asked = asks_pregnancy(patient, clock.today(patient.facility.zone))
    return [kind for kind in KINDS.values() if kind.code != "pregnancy" or asked]


def _showing(patient_id: int) -> Household:
    """The household with this member in front. Raises NotFound for anybody else."""
    family = household()
    patient = family.member(patient_id)
    choose(patient)
    return family.showing(patient)


def _member(patient_id: int, health_kind: str) -> tuple[Household, HealthKind]:
    return _showing(patient_id), KINDS[health_kind]


def _own(patient: Patient, kind: HealthKind, health_id: int) -> Entry:
    """An entry that the household said and nobody confirmed. Raises NotFound."""
    for entry in profile_of(patient.id, (kind.code,)).now[kind.code]:
        if entry.id == health_id and entry.unconfirmed:
            return entry
    raise NotFound(_("There is no such entry."))


def _typed(kind: HealthKind) -> dict[str, str]:
    return {one.name: request.form.get(one.name, "")[:LONGEST] for one in kind.fields}


def _save(
    family: Household,
    kind: HealthKind,
    typed: dict[str, str],
    change: Callable[[], Any],
    health_id: int | None = None,
) -> Response:
    try:
        with unit_of_work():
            change()
    except NotFound:
        raise
    except DomainError as error:
        problems = error.problems if isinstance(error, Unfit) else {"": error.message}
        return _form(family, kind, typed, health_id, problems=problems, status=error.status)
    say(_("Saved. The clinic sees it marked as yours."))
    return go_to(url_for("portal.profile", _anchor=kind.code))


def _form(
    family: Household,
    kind: HealthKind,
    typed: dict[str, str],
    health_id: int | None = None,
    *,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return page(
        "portal/profile_entry.html",
        family=family,
        patient=family.chosen,
        kind=kind,
        typed=typed,
        problems=problems or {},
        health_id=health_id,
        status=status,
    )
