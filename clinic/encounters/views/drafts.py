"""One's drafts of all days, and what an earlier note says taken over into one."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.encounters import drafts_waiting, policy, queries, service
from clinic.encounters.note_page import summary_of
from clinic.encounters.service.copying import take_over, takeable
from clinic.encounters.views.blueprint import bp, load_note
from clinic.facilities.queries import facility_of


@bp.get("/drafts")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def drafts() -> Response:
    """Notes somebody began and did not sign, the oldest first."""
    actor = current_actor()
    facility = facility_of(actor)
    waiting = drafts_waiting.drafts_of(actor)
    audit.read(
        actor,
        "note.listed",
        subject_type="note",
        facility_id=facility.id,
        detail={"notes": [draft.note.id for draft in waiting]},
    )
    return page("encounters/drafts.html", drafts=waiting, facility=facility, now=clock.now())


@bp.post("/notes/<id:note_id>/discard")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def discard(note_id: int) -> Response:
    """Take away a draft in which nothing was written."""
    actor = current_actor()
    note = load_note(actor, note_id)
    try:
        with unit_of_work():
            service.discard_empty(actor, note)
    except (Conflict, Invalid) as error:
        say(error.message, "danger")
    else:
        say(_("The empty draft is gone."))
    return go_to(url_for("encounters.drafts"))


@bp.get("/notes/<id:note_id>/take-over")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def choose_old(note_id: int) -> Response:
    """What an earlier note of the patient says, to choose what still holds."""
    actor = current_actor()
    note = load_note(actor, note_id)
    if not policy.can_edit(actor, note):
        return go_to(url_for("encounters.show", note_id=note_id))
    earlier = [one for one in queries.earlier_notes(actor, note) if not one.retracted]
    wanted = read_id(request.args.get("from"))
    source = next((one for one in earlier if one.id == wanted), earlier[0] if earlier else None)
    return page(
        "encounters/take_over.html",
        note=note,
        earlier=earlier,
        source=source,
        sections=drafts_waiting.choices_from(note, source) if source else [],
        can_take={field.code for field in takeable(note, source)} if source else set(),
        facility=note.appointment.facility,
        summary_of=summary_of,
    )


@bp.post("/notes/<id:note_id>/take-over")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def take_old(note_id: int) -> Response:
    """Take the chosen texts over, marked as old."""
    actor = current_actor()
    note = load_note(actor, note_id)
    source = load_note(actor, read_id(request.form.get("source")) or 0)
    try:
        with unit_of_work():
            taken = take_over(actor, note, source, set(request.form.getlist("field")))
    except (Conflict, Invalid) as error:
        say(error.message, "danger")
        return go_to(url_for("encounters.show", note_id=note_id))
    if not taken:
        say(_("Nothing was chosen, so nothing was taken over."), "warn")
    else:
        say(
            ngettext(
                "%(num)s text taken over. It is marked until you change or confirm it.",
                "%(num)s texts taken over. They are marked until you change or confirm them.",
                taken,
            )
        )
    return go_to(url_for("encounters.show", note_id=note_id))
