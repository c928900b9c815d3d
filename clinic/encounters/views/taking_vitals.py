"""Taking measurements of the day over into a note: one tap, what was typed meanwhile is saved first."""

from __future__ import annotations

from flask import Response, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, say
from clinic.encounters import queries, service
from clinic.encounters.service.taking_vitals import take_vitals_over
from clinic.encounters.views.blueprint import bp, load_note
from clinic.encounters.views.notes import typed, typed_sent, typed_stamp


@bp.post("/notes/<id:note_id>/vitals/<id:vitals_id>")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def take_vitals(note_id: int, vitals_id: int) -> Response:
    """Keep what was typed, then fill the empty boxes."""
    actor = current_actor()
    note = load_note(actor, note_id)
    with unit_of_work():
        saved = service.save_draft(actor, note, typed(), stamp=typed_stamp(), sent=typed_sent())
    if saved.conflict_id is not None:
        return go_to(url_for("encounters.conflict", note_id=note_id))
    try:
        with unit_of_work():
            take_vitals_over(actor, queries.get_note(actor, note_id, fresh=True), vitals_id)
    except Conflict as error:
        say(error.message, "warn")
    else:
        say(_("Taken over."))
    return go_to(url_for("encounters.show", note_id=note_id))
