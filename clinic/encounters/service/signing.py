"""A note signed for good, and what is added to it afterwards."""

from __future__ import annotations

from sqlalchemy import select, update

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters import policy, queries
from clinic.encounters.errors import NoteLocked, NotReady
from clinic.encounters.layout import LONGEST_TEXT, field_problems, is_untouched, missing_fields, read_layout
from clinic.encounters.models import Addendum, Note
from clinic.encounters.printed import snapshot
from clinic.encounters.service.copies import issue_code
from clinic.encounters.service.journal import log
from clinic.encounters.signals import note_signing
from clinic.encounters.vitals import MEASURES, read_vitals
from clinic.encounters.wording import said


def sign(actor: Actor, note: Note, *, version: int) -> Note:
    """Sign a note as it stands at ``version``; from then on it is locked.

    Raises Forbidden, NoteLocked, Conflict when it has moved on or two texts are unsettled, and NotReady
    with what is missing; and whatever a handler of ``note_signing`` refuses with.
    """
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who wrote this note signs it."))
    if note.status != "draft":
        raise NoteLocked
    if queries.open_conflicts(note.id):
        raise Conflict(_("There are two texts of this note. Choose between them, then sign."))
    problems, missing = readiness(note)
    if problems:
        raise NotReady(problems, missing)
    note_signing.send(actor, note=note)
    at = clock.now()
    signed = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.version == version, Note.status == "draft")
        .values(status="signed", signed_at=at, signed_by=actor.user_id, printed=snapshot(note))
        .returning(Note.id)
        .execution_options(synchronize_session=False)
    )
    if signed is None:
        raise Conflict(_("The note changed while you were signing. Look at it once more."))
    log(actor, "note.signed", note, version=version)
    db.session.expire(note)
    issue_code(actor, note)
    return note


def readiness(note: Note) -> tuple[dict[str, str], list[str]]:
    """What stands in the way of signing: words by form name in the note's order, and the labels of empty
    fields.
    """
    layout = read_layout(note.template.layout)
    body = note.body
    empty = {field.name: said(field.label) for field in missing_fields(layout, body)}
    wrong = field_problems(layout, body)
    problems: dict[str, str] = {}
    for section in layout.sections:
        if section.moment:
            found = read_vitals(body.get("vitals", {}).get(section.moment, {})).problems
            for measure in section.measures:
                for part in MEASURES[measure].parts:
                    if part.code in found:
                        problems[f"{section.moment}-{part.code}"] = found[part.code]
        for field in section.fields:
            if field.name in empty:
                untouched = is_untouched(field, body)
                problems[field.name] = (
                    _("Still as the template begins it: change or confirm it")
                    if untouched
                    else _("Still empty")
                )
            elif field.code in wrong:
                problems[field.name] = wrong[field.code]
    return problems, list(empty.values())


def add_addendum(actor: Actor, note: Note, text: str) -> Addendum:
    """Add something to a signed note. Raises Forbidden, and Invalid for nothing or too much."""
    if not policy.can_add_to(actor, note) or actor.user_id is None:
        raise Forbidden(_("Only a signed note can be added to, by those who care for the patient."))
    text = clean(text).strip()
    if not text:
        raise Invalid(_("Write what you want to add."), field="text")
    if len(text) > LONGEST_TEXT:
        raise Invalid(_("At most %(count)s characters in one field.", count=LONGEST_TEXT), field="text")
    # Two at once wait for each other: the second's copy holds the first as well, and has a code.
    db.session.execute(select(Note.id).where(Note.id == note.id).with_for_update(key_share=True))
    addendum = Addendum(note_id=note.id, text=text, author_id=actor.user_id, author_name=actor.name)
    db.session.add(addendum)
    db.session.flush()
    log(actor, "note.addendum", note, addendum=addendum.id)
    issue_code(actor, note)
    return addendum
