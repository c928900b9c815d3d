"""The audit as administrators read it: who did what, when and from where; never what a record says."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from clinic.audit import nightly, queries, service
from clinic.audit.models import AuditCheck
from clinic.audit.verifying import Finding
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.desk.audit_details import details_of
from clinic.desk.audit_reading import (
    COLUMNS,
    OUTCOMES,
    Asked,
    by_day,
    patients_named,
    read_asked,
    staff_names,
)
from clinic.desk.audit_words import NOUNS, action_word, noun_word
from clinic.desk.navigation import here
from clinic.exports.views.blueprint import send
from clinic.exports.writing import csv_chunks
from clinic.facilities.queries import active_facilities
from clinic.patients.emergency_forms import URGENCIES, ReviewForm
from clinic.patients.queries.emergency import accesses, exactly
from clinic.patients.service import emergency

audit_bp = Blueprint("audit", __name__)


@audit_bp.context_processor
def words() -> dict[str, object]:
    """What codes are called."""
    return {"action_word": action_word, "noun_word": noun_word}


@audit_bp.get("/audit")
@allow(Role.ADMIN)
def index() -> Response:
    """What was done, the newest first, as the address asks; and how the sealing stands."""
    asked = _asked(request.args)
    before = read_id(request.args.get("before"))
    found = queries.events(asked.wanted, before=before)
    service.read(
        current_actor(),
        "audit.listed",
        subject_type="audit",
        patient_id=asked.wanted.patient_id,
        detail={"filter": asked.address, "before": before},
    )
    ids = [event.patient_id for event in found.items if event.patient_id]
    wanted_patient = [asked.wanted.patient_id] if asked.wanted.patient_id else []
    return page(
        "audit/index.html",
        found=found,
        asked=asked,
        before=before,
        patients=patients_named([*ids, *wanted_patient]),
        people=staff_names(),
        nouns=sorted(((code, str(word)) for code, word in NOUNS.items()), key=lambda pair: pair[1]),
        outcomes=OUTCOMES,
        facilities=active_facilities(),
        sealed=queries.sealed(),
        sentence=_sentence,
    )


@audit_bp.post("/audit")
@allow(Role.ADMIN)
def search() -> Response:
    """Turn what was typed into an address without names and numbers in it."""
    asked = _asked(request.form)
    address = asked.address
    if number := request.form.get("patient_number", "").strip():
        found = exactly(number, "")
        if len(found) != 1:
            say(_("No one patient has this number."), "warn")
        else:
            address["patient"] = found[0].id
    return go_to(url_for("audit.index", **address))  # type: ignore[arg-type]


@audit_bp.get("/audit/rows.csv")
@allow(Role.ADMIN)
def take() -> Response:
    """The rows that were asked for, as a file."""
    asked = _asked(request.args)
    service.read(
        current_actor(),
        "audit.taken_out",
        subject_type="audit",
        patient_id=asked.wanted.patient_id,
        detail={"filter": asked.address, "format": "csv"},
    )
    batches = queries.batches_of(asked.wanted, last_id=queries.newest_id())
    name = f"audit-{clock.today(clock.HOME_ZONE):%Y-%m-%d}.csv"
    return send(csv_chunks(COLUMNS, batches), name, "text/csv; charset=utf-8")


@audit_bp.get("/audit/rows/<id:event_id>")
@allow(Role.ADMIN)
def row(event_id: int) -> Response:
    """One row, all of it."""
    event, batch = queries.get_event(event_id)
    service.read(
        current_actor(),
        "audit.viewed",
        subject_type="audit",
        subject_id=event_id,
        patient_id=event.patient_id,
    )
    named = patients_named([event.patient_id] if event.patient_id else [])
    return page("audit/row.html", event=event, batch=batch, detail=details_of(event), patients=named)


@audit_bp.post("/audit/verify")
@allow(Role.ADMIN)
def verify_now() -> Response:
    """Ask a worker to verify everything sealed."""
    with unit_of_work():
        service.record(current_actor(), "audit.verification_asked", subject_type="audit")
    if nightly.ask():
        say(_("Asked for. What was found stands here when it is done."))
    else:
        say(_("The queue is away; try again in a minute."), "warn")
    return go_to(url_for("audit.index"))


@audit_bp.get("/audit/patients/<id:patient_id>")
@allow(Role.ADMIN)
def patient_log(patient_id: int) -> Response:
    """Who did what with one patient's data, by day and person; of the patient only name and number."""
    named = patients_named([patient_id])
    if patient_id not in named:
        raise NotFound(_("There is no such patient."))
    before = read_id(request.args.get("before"))
    found = queries.lookings(patient_id, before=before, limit=200)
    service.read(
        current_actor(),
        "patient.log_read",
        subject_type="patient",
        subject_id=patient_id,
        patient_id=patient_id,
    )
    zone = _zone()
    return page(
        "audit/patient.html",
        patient_id=patient_id,
        name=named[patient_id][0],
        mrn=named[patient_id][1],
        days=by_day(found.items, zone),
        found=found,
        log_zone=zone,
    )


@audit_bp.get("/audit/emergencies")
@allow(Role.ADMIN)
def emergencies() -> Response:
    """Records opened in an emergency, and whether somebody looked that over."""
    return _emergencies(ReviewForm(formdata=None), None)


@audit_bp.post("/audit/emergencies/<id:access_id>/review")
@allow(Role.ADMIN)
def review(access_id: int) -> Response:
    """Mark one as looked over, with a note."""
    form = ReviewForm()
    try:
        with unit_of_work():
            emergency.review(current_actor(), access_id, note=form.note.data or "")
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _emergencies(form, access_id, status=error.status)
    say(_("Looked over."))
    return go_to(url_for("audit.emergencies", show="open"))


@audit_bp.post("/audit/emergencies/<id:access_id>/end")
@allow(Role.ADMIN)
def end_access(access_id: int) -> Response:
    """End somebody's access before its time."""
    try:
        with unit_of_work():
            emergency.end_for(current_actor(), access_id)
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "warn")
    else:
        say(_("The emergency access has ended."))
    return go_to(url_for("audit.emergencies"))


def _emergencies(form: ReviewForm, at: int | None, status: int = 200) -> Response:
    to_review = request.args.get("show") == "open"
    before = read_id(request.args.get("before"))
    found = accesses(to_review=to_review, before=before)
    service.read(
        current_actor(),
        "emergency.listed",
        subject_type="emergency_access",
        detail={"ids": [line.access.id for line in found.lines], "open": to_review},
    )
    return page(
        "audit/emergencies.html",
        None,
        status,
        found=found,
        to_review=to_review,
        form=form,
        at=at,
        urgencies=URGENCIES,
        me=current_actor().user_id,
    )


def _asked(args: object) -> Asked:
    return read_asked(args, _zone(), NOUNS.__contains__)  # type: ignore[arg-type]


def _zone() -> str:
    """The zone days are counted in: that of the clinic this page stands in."""
    try:
        return here().zone
    except NotFound:
        return clock.HOME_ZONE


def _sentence(check: AuditCheck) -> str:
    """What a verification found, in words; empty where all is well."""
    if check.finding is None:
        return ""
    return str(_FOUND[Finding(check.finding)]) % {"row": check.event_id, "batch": check.batch}


_FOUND = {
    Finding.ROW_ALTERED: _l("Row %(row)s was altered after it was sealed."),
    Finding.ROW_REMOVED: _l("Row %(row)s was removed after it was sealed."),
    Finding.ROW_INSERTED: _l("Row %(row)s was put in after its range was sealed."),
    Finding.BATCH_ALTERED: _l("Batch %(batch)s was altered."),
    Finding.BATCH_REMOVED: _l("Batch %(batch)s was removed."),
    Finding.BATCHES_CUT_OFF: _l("The end was cut off, from batch %(batch)s on."),
    Finding.HEAD_DIFFERS: _l("Batch %(batch)s is not the one whose head is kept outside."),
    Finding.KEY_UNKNOWN: _l("The key of batch %(batch)s is missing in the settings."),
}
