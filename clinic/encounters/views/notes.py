"""One note: opened, shown, saved while it is written, signed, added to, printed."""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment, show_time
from clinic.core.limits import limiter
from clinic.core.web import current_actor, go_to, page, say
from clinic.encounters import policy, queries, service
from clinic.encounters.coding import SYSTEM_NAMES
from clinic.encounters.copied import unconfirmed as open_marks
from clinic.encounters.forms import AddendumForm
from clinic.encounters.models import Note
from clinic.encounters.note_page import note_page, note_stamp, sections_of, wrong_labels
from clinic.encounters.signed_page import after_signing, copy_of
from clinic.encounters.stamps import Stamp, read_stamp
from clinic.encounters.views.after_signing import whole_person
from clinic.encounters.views.blueprint import bp, load_note
from clinic.encounters.views.my_day import load_visit
from clinic.encounters.views.settling import conflict_fragment
from clinic.records.wording import KINDS


@bp.post("/appointments/<reference>/note")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def open(reference: str) -> Response:  # noqa: A001  (the endpoint's name)
    """Begin the note of a visit, or go on with it."""
    actor = current_actor()
    visit = load_visit(actor, reference)
    try:
        with unit_of_work():
            note_id = service.open_note(actor, visit, request.form.get("template") or None).id
    except Invalid as error:
        say(error.message, "danger")
        return go_to(url_for("encounters.my_day"))
    return go_to(url_for("encounters.show", note_id=note_id))


@bp.get("/notes/<id:note_id>")
@bp.get("/notes/<id:note_id>/sign", endpoint="sign_again")
@bp.get("/notes/<id:note_id>/addenda", endpoint="add_again")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def show(note_id: int) -> Response:
    """The note: a form while it is its author's draft, a page to read once it is signed.

    Also where a refused form was sent to, so that reloading that page shows the note.
    """
    actor = current_actor()
    note = load_note(actor, note_id)
    audit.read(
        actor,
        "note.viewed",
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
    )
    return render_note(note)


@bp.post("/notes/<id:note_id>")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def save(note_id: int) -> Response:
    """Save without scripts, and come back to the page."""
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed(), stamp=typed_stamp(), sent=typed_sent())
    if saved.conflict_id is not None:
        return go_to(url_for("encounters.conflict", note_id=note_id))
    if request.form.get("then") == "take-over":
        return go_to(url_for("encounters.choose_old", note_id=note_id))
    say(_("Saved."))
    return go_to(url_for("encounters.show", note_id=note_id))


@bp.post("/notes/<id:note_id>/draft")
@allow(Role.PRACTITIONER, Role.THERAPIST)
@limiter.exempt
def draft(note_id: int) -> Response:
    """Save while somebody writes: JSON with the new version and the time, or both texts when another tab
    was first.
    """
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed(), stamp=typed_stamp(), sent=typed_sent())
    note = queries.get_note(actor, note_id, fresh=True)
    if saved.conflict_id is not None:
        return conflict_fragment(note, saved.conflict_id)
    problems, missing = service.readiness(note)
    seen = typed_stamp()
    unchanged = saved.version == seen.version != note.version
    zone = note.appointment.facility.zone
    return jsonify(
        version=request.form["version"] if unchanged else note_stamp(note),
        saved_at=show_time(note.saved_at, zone),
        missing=missing,
        wrong=wrong_labels(note, problems, missing),
    )


@bp.post("/notes/<id:note_id>/template")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def change_template(note_id: int) -> Response:
    """Keep what was typed, then go on in another template."""
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed(), stamp=typed_stamp(), sent=typed_sent())
    if saved.conflict_id is not None:
        return go_to(url_for("encounters.conflict", note_id=note_id))
    with unit_of_work():
        note = queries.get_note(actor, note_id, fresh=True)
        service.change_template(actor, note, request.form.get("template", ""))
    return go_to(url_for("encounters.show", note_id=note_id))


@bp.post("/notes/<id:note_id>/sign")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def sign(note_id: int) -> Response:
    """Keep what was typed, then sign it; what is missing comes back beside its field, and nothing typed is
    lost.
    """
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed(), stamp=typed_stamp(), sent=typed_sent())
    if saved.conflict_id is not None:
        return go_to(url_for("encounters.conflict", note_id=note_id))
    note = queries.get_note(actor, note_id, fresh=True)
    old = open_marks(note)
    if old and not service.readiness(note)[0] and request.form.get("anyway") != "1":
        return render_note(note, unconfirmed=old, status=422)
    try:
        with unit_of_work():
            service.sign(actor, note, version=saved.version)
    except service.NotReady as error:
        return render_note(queries.get_note(actor, note_id, fresh=True), problems=error.problems, status=422)
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("encounters.show", note_id=note_id))
    say(_("Signed."))
    return go_to(url_for("encounters.show", note_id=note_id))


@bp.post("/notes/<id:note_id>/addenda")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def add(note_id: int) -> Response:
    """Add something to a signed note."""
    actor = current_actor()
    note = load_note(actor, note_id)
    form = AddendumForm()
    if form.validate():
        try:
            with unit_of_work():
                service.add_addendum(actor, note, form.text.data or "")
            say(_("Added."))
            return go_to(url_for("encounters.show", note_id=note_id, _anchor="addenda"))
        except Invalid as error:
            form.refuse(error)
    return render_note(queries.get_note(actor, note_id, fresh=True), addendum=form, status=422)


@bp.get("/notes/<id:note_id>/print")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def print_sheet(note_id: int) -> Response:
    """The note as a sheet of paper."""
    actor = current_actor()
    note = load_note(actor, note_id)
    audit.read(
        actor,
        "note.printed",
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
    )
    return page(
        "encounters/print.html",
        note=note,
        sections=sections_of(note, {}),
        copy=copy_of(note),
        systems=SYSTEM_NAMES,
        paper_words=dict(KINDS),
        printed_at=show_moment(clock.now(), note.appointment.facility.zone),
    )


def render_note(
    note: Note,
    *,
    problems: dict[str, str] | None = None,
    addendum: AddendumForm | None = None,
    unconfirmed: list[str] | None = None,
    status: int = 200,
) -> Response:
    """The note's page as it stands, with what is wrong beside its fields."""
    actor = current_actor()
    shown = note_page(actor, note, problems)
    facility = note.appointment.facility
    template = "encounters/note.html" if shown.can_edit else "encounters/signed.html"
    html = render_template(
        template,
        view=shown,
        unconfirmed=unconfirmed or [],
        note=note,
        facility=facility,
        today=clock.today(facility.zone),
        form=addendum or AddendumForm(formdata=None),
        after=after_signing(actor, note, can_retract=policy.can_retract(whole_person(), note))
        if note.status == "signed"
        else None,
    )
    return make_response(html, status)


def typed() -> dict[str, list[str]]:
    """Everything the form carried, each name with all its values."""
    return request.form.to_dict(flat=False)


def typed_sent() -> service.Sent:
    """Which open page sent the form, and the how many-eth time; nothing without scripts."""
    turn = request.form.get("turn", "")
    known = turn.isascii() and turn.isdigit() and len(turn) < 16
    return service.Sent(request.form.get("page", "")[:40], int(turn)) if known else service.Sent()


def typed_stamp() -> Stamp:
    """Which version of the note the form was drawn from."""
    return read_stamp(request.form.get("version", ""))
