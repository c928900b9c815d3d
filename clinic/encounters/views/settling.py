"""Two texts of one note: shown side by side, chosen field by field."""

from __future__ import annotations

from flask import Response, make_response, render_template, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, say
from clinic.encounters import policy, queries, service
from clinic.encounters.comparing import differences
from clinic.encounters.models import Note, NoteConflict
from clinic.encounters.service import late_text
from clinic.encounters.views.blueprint import bp, load_note

CHOICES = ("yours", "theirs", "both")


@bp.get("/notes/<id:note_id>/conflict")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def conflict(note_id: int) -> Response:
    """The first text of this note that nobody has chosen about yet, beside the one that was saved."""
    actor = current_actor()
    note = _own_note(note_id)
    waiting = queries.open_conflicts(note.id) if policy.is_author(actor, note) else []
    if not waiting:
        return go_to(url_for("encounters.show", note_id=note_id))
    return _page(note, waiting[0])


@bp.post("/notes/<id:note_id>/conflict")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def settle(note_id: int) -> Response:
    """Make one text of two; then the next pair, if there is one."""
    actor = current_actor()
    note = _own_note(note_id)
    wanted = request.form.get("conflict", "")
    waiting = queries.open_conflicts(note.id)
    chosen = next((item for item in waiting if str(item.id) == wanted), None)
    if chosen is None:
        return go_to(url_for("encounters.conflict" if waiting else "encounters.show", note_id=note_id))
    choices = {name: value for name, value in request.form.items() if value in CHOICES}
    seen = request.form.get("version", "")
    try:
        with unit_of_work():
            if note.status == "signed":
                service.settle_as_addendum(actor, note, chosen)
            else:
                version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 18 else 0
                service.settle_conflict(actor, note, chosen, choices, version=version)
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("encounters.conflict", note_id=note_id))
    more = len(waiting) > 1
    say(_("Kept. There is one more pair of texts.") if more else _("Kept: the note holds what you chose."))
    return go_to(url_for("encounters.conflict" if more else "encounters.show", note_id=note_id))


def conflict_fragment(note: Note, conflict_id: int) -> Response:
    """Both texts, for the page that was just writing."""
    kept = next(item for item in queries.open_conflicts(note.id) if item.id == conflict_id)
    return make_response(render_template("encounters/_conflict.html", **_values(note, kept)), 409)


def _page(note: Note, kept: NoteConflict) -> Response:
    return make_response(render_template("encounters/conflict.html", **_values(note, kept)), 200)


def _values(note: Note, kept: NoteConflict) -> dict[str, object]:
    return {
        "note": note,
        "kept": kept,
        "facility": note.appointment.facility,
        "lines": differences(note, kept),
        "late": late_text(note, kept) if note.status == "signed" else "",
    }


def _own_note(note_id: int) -> Note:
    actor = current_actor()
    note = load_note(actor, note_id)
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who wrote this note settles it."))
    return note
