"""Measurements of a patient: typed in a row, drawn over time, corrected by a new row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Response, request, session, url_for

from clinic.core import clock
from clinic.core.access import CLINICAL, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import locale_tag
from clinic.core.web import current_actor, go_to, read_id, say
from clinic.desk.patient_views import patient_bp, patient_tab
from clinic.encounters.service.measuring import (
    UNDO_WITHIN,
    correct_vitals,
    record_vitals,
    strike_vitals,
    take_back_vitals,
)
from clinic.encounters.vitals import Reading
from clinic.encounters.vitals_rows import Measured, series_of
from clinic.encounters.vitals_shown import boxes, chart_data, table, typed_again, used_measures
from clinic.encounters.vitals_typed import Unreadable, read_typed, read_when, typed_parts
from clinic.patients import policy
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient

PAGE_ROWS = 50
RANGES: dict[str, tuple[Any, timedelta | None]] = {
    "3-months": (_l("3 months"), timedelta(days=92)),
    "year": (_l("Year"), timedelta(days=366)),
    "all": (_l("All"), None),
}
USUAL_RANGE = "year"


@dataclass(frozen=True, kw_only=True)
class Typing:
    """A row of boxes as typed: ``errors`` by field (``measured_on``, ``measured_time``, ``reason``, and
    ``""`` for the whole), ``correcting`` the row it is to replace.
    """

    parts: dict[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    measured_on: str = ""
    measured_time: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    correcting: int | None = None


@patient_bp.get("/patients/<id:patient_id>/vitals")
@allow(*CLINICAL)
def vitals(patient_id: int) -> Response:
    """The row of boxes, the lines over time, and the table behind them."""
    return _show(_patient(patient_id), Typing())


@patient_bp.post("/patients/<id:patient_id>/vitals")
@allow(*CLINICAL)
def record(patient_id: int) -> Response:
    """Write down what was measured; what cannot be comes back beside its box."""
    patient = _patient(patient_id)
    typed = _typed()
    try:
        when = read_when(typed.measured_on, typed.measured_time, patient.facility.zone)
        with unit_of_work():
            kept = record_vitals(current_actor(), patient.id, typed.parts, measured_at=when).id
    except DomainError as error:
        return _refused(patient, typed, error)
    session["vitals_kept"] = kept
    return go_to(url_for("patient_page.vitals", patient_id=patient_id))


@patient_bp.get("/patients/<id:patient_id>/vitals/<id:vitals_id>/correct")
@allow(*CLINICAL)
def correcting(patient_id: int, vitals_id: int) -> Response:
    """A row of the table in the boxes, to be put right."""
    patient = _patient(patient_id)
    row = _row(patient, vitals_id)
    zone = clock.zone(patient.facility.zone)
    then = row.measured_at.astimezone(zone)
    parts = typed_again(row)
    typing = Typing(
        parts=parts,
        reading=read_typed(parts),
        measured_on=then.date().isoformat(),
        measured_time=f"{then:%H:%M}",
        correcting=vitals_id,
    )
    return _show(patient, typing)


@patient_bp.post("/patients/<id:patient_id>/vitals/<id:vitals_id>/correct")
@allow(*CLINICAL)
def correct(patient_id: int, vitals_id: int) -> Response:
    """Put right numbers in the place of a row; the old one stays, struck through, with the reason."""
    patient = _patient(patient_id)
    row = _row(patient, vitals_id)
    typed = _typed(correcting=vitals_id)
    zone = patient.facility.zone
    then = row.measured_at.astimezone(clock.zone(zone))
    as_it_was = ((then.date().isoformat(), f"{then:%H:%M}"), ("", ""))
    unmoved = (typed.measured_on, typed.measured_time) in as_it_was
    try:
        when = None if unmoved else read_when(typed.measured_on, typed.measured_time, zone)
        with unit_of_work():
            correct_vitals(
                current_actor(), patient.id, vitals_id, typed.parts, measured_at=when, reason=typed.reason
            )
    except NotFound:
        raise
    except DomainError as error:
        return _refused(patient, typed, error)
    say(_("Corrected. The old numbers stay, struck through."))
    return go_to(url_for("patient_page.vitals", patient_id=patient_id))


@patient_bp.post("/patients/<id:patient_id>/vitals/<id:vitals_id>/strike")
@allow(*CLINICAL)
def strike(patient_id: int, vitals_id: int) -> Response:
    """Mark a row as entered in error, with nothing in its place."""
    patient = _patient(patient_id)
    typed = _typed(correcting=vitals_id)
    try:
        with unit_of_work():
            strike_vitals(current_actor(), patient.id, vitals_id, reason=typed.reason)
    except NotFound:
        raise
    except DomainError as error:
        return _refused(patient, typed, error)
    say(_("Struck through. It no longer counts, and stays readable."))
    return go_to(url_for("patient_page.vitals", patient_id=patient_id))


@patient_bp.post("/patients/<id:patient_id>/vitals/<id:vitals_id>/undo")
@allow(*CLINICAL)
def take_back(patient_id: int, vitals_id: int) -> Response:
    """Take back what one wrote down a moment ago."""
    patient = _patient(patient_id)
    try:
        with unit_of_work():
            take_back_vitals(current_actor(), patient.id, vitals_id)
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "warn")
    else:
        say(_("Taken back."))
    return go_to(url_for("patient_page.vitals", patient_id=patient_id))


def _patient(patient_id: int) -> Patient:
    """The patient for whoever reads about them clinically. Raises NotFound."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    if not policy.sees_clinical(actor, patient):
        raise NotFound(_("There is no such patient."))
    return patient


def _row(patient: Patient, vitals_id: int) -> Measured:
    """A row of the table outside notes that still holds. Raises NotFound."""
    for row in series_of(current_actor(), patient.id).rows:
        if row.id == vitals_id and row.note_id is None and not row.struck:
            return row
    raise NotFound(_("There is no such measurement."))


def _typed(correcting: int | None = None) -> Typing:
    parts = typed_parts(request.form)
    return Typing(
        parts=parts,
        reading=read_typed(parts),
        measured_on=request.form.get("measured_on", "").strip()[:20],
        measured_time=request.form.get("measured_time", "").strip()[:20],
        reason=request.form.get("reason", "").strip()[:400],
        correcting=correcting,
    )


def _refused(patient: Patient, typed: Typing, error: DomainError) -> Response:
    if isinstance(error, NotFound):
        raise error
    known = {"measured_on", "measured_time", "reason"}
    place = error.field if error.field in known else ""
    errors = {place: error.message}
    if isinstance(error, Unreadable):
        errors = {"": _("Some measurements cannot be right. Look at the marked boxes.")}
    fields = {name: getattr(typed, name) for name in Typing.__dataclass_fields__}
    return _show(patient, Typing(**{**fields, "errors": errors}), error.status)


def _show(patient: Patient, typing: Typing, status: int = 200) -> Response:
    actor = current_actor()
    chosen = request.args.get("range", USUAL_RANGE)
    chosen = chosen if chosen in RANGES else USUAL_RANGE
    reach = RANGES[chosen][1]
    series = series_of(actor, patient.id, since=None if reach is None else clock.now() - reach)
    rows, further = _page_of(series.rows)
    kept = _just_kept(series.rows)
    return patient_tab(
        actor,
        patient,
        "vitals",
        status=status,
        typing=typing,
        boxes=boxes(typing.parts, typing.reading),
        today_there=clock.today(patient.facility.zone),
        ranges=[(code, label) for code, (label, _days) in RANGES.items()],
        chosen=chosen,
        series=series,
        columns=used_measures(series.rows),
        rows=table(series, rows),
        further=further,
        charts=chart_data(series),
        chart_locale=locale_tag(),
        kept=kept,
        undo_seconds=clock.seconds_until(kept.created_at + UNDO_WITHIN) if kept else 0,
    )


def _page_of(rows: list[Measured]) -> tuple[list[Measured], int | None]:
    """The rows after the one named in the address, and the key of the next page."""
    after = read_id(request.args.get("after"))
    start = next((place + 1 for place, row in enumerate(rows) if row.id == after), 0)
    shown = rows[start : start + PAGE_ROWS]
    more = len(rows) > start + PAGE_ROWS
    return shown, shown[-1].id if more and shown else None


def _just_kept(rows: list[Measured]) -> Measured | None:
    """What this browser has just written down."""
    kept = session.pop("vitals_kept", None)
    return next((row for row in rows if row.id == kept and not row.struck), None)
