"""What can be done with a signed note: mark it as entered in error, share it, see who read it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, g, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.paging import read_page
from clinic.core.web import current_actor, go_to, page, say
from clinic.encounters import policy, queries, service
from clinic.encounters.after_signing import retractions_of, seen_by
from clinic.encounters.forms import ReasonForm
from clinic.encounters.models import Note
from clinic.encounters.views.blueprint import bp, load_note

SEEN_AT_ONCE = 20


@bp.get("/notes/<id:note_id>/error")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def ask_error(note_id: int) -> Response:
    """Ask why the note is entered in error, or why it holds after all."""
    note = load_note(current_actor(), note_id)
    if not policy.can_retract(whole_person(), note):
        raise Forbidden(
            _("Only its author, or a practitioner who also runs the clinic, marks a signed note.")
        )
    return _ask(note, ReasonForm(formdata=None))


@bp.post("/notes/<id:note_id>/error")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def enter_in_error(note_id: int) -> Response:
    """Mark the note; it stays readable."""
    return _mark(note_id, service.enter_in_error, _("Marked as entered in error."))


@bp.post("/notes/<id:note_id>/reinstate")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def reinstate(note_id: int) -> Response:
    """Say that the note holds after all."""
    return _mark(note_id, service.reinstate, _("The note holds again."))


@bp.post("/notes/<id:note_id>/share")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def share(note_id: int) -> Response:
    """Show the note to the patient."""
    note = load_note(current_actor(), note_id)
    try:
        with unit_of_work():
            service.share_note(current_actor(), note)
    except Conflict as error:
        say(error.message, "warn")
    return _back(note_id, "sharing")


@bp.post("/notes/<id:note_id>/unshare")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def unshare(note_id: int) -> Response:
    """No longer show the note to the patient; within a minute of sharing nobody was told."""
    note = load_note(current_actor(), note_id)
    told = not service.undo_left(note)
    with unit_of_work():
        service.unshare_note(current_actor(), note)
    say(_("The patient no longer sees this note.") if told else _("Undone. The patient was not told."))
    return _back(note_id, "sharing")


@bp.get("/notes/<id:note_id>/seen")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def seen(note_id: int) -> Response:
    """Who read the note, for its author and those who may add to it."""
    note = load_note(current_actor(), note_id)
    if not policy.can_add_to(current_actor(), note):
        raise Forbidden(_("Who read a note is shown to its author and to those who may add to it."))
    wanted = read_page(request.args.get("page"), default_limit=SEEN_AT_ONCE)
    audit.read(
        current_actor(),
        "note.readers_listed",
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
    )
    return page(
        "encounters/seen.html",
        "encounters/_seen.html",
        note=note,
        facility=note.appointment.facility,
        seen=seen_by(note, wanted),
    )


def whole_person() -> Actor:
    """The reader with all their roles: who runs the clinic marks notes as that, on a practitioner's page."""
    person: Actor = g.person
    return person


def _mark(note_id: int, mark: Callable[..., object], said: str) -> Response:
    note = load_note(current_actor(), note_id)
    form = ReasonForm()
    try:
        with unit_of_work():
            mark(whole_person(), note, form.reason.data or "")
    except Invalid as error:
        form.refuse(error)
        return _ask(queries.get_note(current_actor(), note_id, fresh=True), form, status=422)
    except Conflict as error:
        say(error.message, "warn")
        return _back(note_id)
    say(said)
    return _back(note_id)


def _ask(note: Note, form: ReasonForm, status: int = 200) -> Response:
    return page(
        "encounters/error.html",
        status=status,
        note=note,
        facility=note.appointment.facility,
        marks=retractions_of(note.id),
        form=form,
    )


def _back(note_id: int, anchor: str | None = None) -> Response:
    return go_to(url_for("encounters.show", note_id=note_id, _anchor=anchor))
