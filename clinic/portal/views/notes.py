"""The notes the clinic shares with a member of the household, to read."""

from __future__ import annotations

from flask import Response, request

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.errors import NotFound
from clinic.core.paging import read_page
from clinic.core.web import current_actor, page
from clinic.encounters.after_signing import content_of, retractions_of, shared_note, shared_notes
from clinic.encounters.coding import SYSTEM_NAMES
from clinic.encounters.note_page import sections_of
from clinic.encounters.printed import signer_of
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household

AT_ONCE = 20


@bp.get("/notes")
@allow(Role.PATIENT)
def notes() -> Response:
    """The chosen member's notes that are shared, the latest visit first."""
    family = household()
    found = shared_notes(family.chosen.id, read_page(request.args.get("page"), default_limit=AT_ONCE))
    audit.read(
        current_actor(),
        "note.listed",
        subject_type="note",
        patient_id=family.chosen.id,
        facility_id=family.chosen.facility_id,
        detail={"ids": [note.id for note in found.items], "page": found.number},
    )
    return page("portal/notes.html", family=family, notes=found, now=clock.now())


@bp.get("/notes/<id:note_id>")
@allow(Role.PATIENT)
def note(note_id: int) -> Response:
    """One shared note of anybody in the household, with what was added. Raises NotFound, and notes it."""
    family = household()
    actor = current_actor()
    try:
        found = shared_note([member.id for member in family.patients], note_id)
    except NotFound:
        audit.read(actor, "note.viewed", subject_type="note", subject_id=note_id, outcome="refused")
        raise
    audit.read(
        actor,
        "note.viewed",
        subject_type="note",
        subject_id=found.id,
        patient_id=found.patient_id,
        facility_id=found.facility_id,
    )
    return page(
        "portal/note.html",
        family=family.showing(family.member(found.patient_id)),
        note=found,
        zone=found.appointment.facility.zone,
        signer=signer_of(found),
        sections=sections_of(found, {}),
        content=content_of(found.id),
        marks=retractions_of(found.id) if found.last_mark else [],
        systems=SYSTEM_NAMES,
    )
