"""A note begun, and saved while it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters import policy, queries
from clinic.encounters.copied import begun_with
from clinic.encounters.errors import NoteLocked
from clinic.encounters.layout import (
    LONGEST_TEXT,
    Body,
    Layout,
    contains,
    flat,
    read_body,
    read_layout,
    says_nothing,
    says_the_same,
    take_fields,
    too_long,
)
from clinic.encounters.models import Note
from clinic.encounters.service.conflicts import keep_aside
from clinic.encounters.service.journal import log
from clinic.encounters.service.templates import template_for
from clinic.encounters.service.writing import put
from clinic.encounters.stamps import Stamp, typed_here
from clinic.practitioners.queries import practitioner_of
from clinic.scheduling.models import Appointment

Typed = Mapping[str, Sequence[str]]
DID_NOT_HAPPEN = frozenset({"cancelled", "rejected", "no_show"})
TRIES = 5


@dataclass(frozen=True)
class Sent:
    """Which open page sends a text, and the how many-eth of its sendings this is.

    When an answer was lost on the way, the page sends a newer text over a version it has not heard of: the
    server sees that the last save was the page's own. A sending that comes late is not taken twice.
    """

    page: str = ""
    turn: int = 0

    def follows(self, note: Note) -> bool:
        """Whether the note as it stands is an earlier sending of the same page."""
        return bool(self.page) and note.saved_page == self.page and self.turn > (note.saved_turn or 0)

    def is_overtaken(self, note: Note) -> bool:
        """Whether a later sending of the same page was saved already."""
        return bool(self.page) and note.saved_page == self.page and self.turn <= (note.saved_turn or 0)


NOT_SAID = Sent()


@dataclass(frozen=True)
class Saved:
    """What became of a save. ``conflict_id`` is set when the text was kept aside: another version came
    first, or the note was signed meanwhile.
    """

    version: int
    conflict_id: int | None = None


def open_note(actor: Actor, appointment: Appointment, template_code: str | None = None) -> Note:
    """The person's note about a visit, begun now if there is none. Raises Forbidden, and Invalid for a
    visit that never was.
    """
    author = practitioner_of(actor)
    if author is None or not author.active or not policy.can_read_notes(actor):
        raise Forbidden(_("Only practitioners and therapists write notes."))
    existing = queries.note_of_visit(appointment.id, author.id)
    if existing is not None:
        return existing
    if appointment.status in DID_NOT_HAPPEN:
        raise Invalid(_("This visit did not take place, so there is nothing to write about."))
    template = template_for(
        template_code or appointment.service.note_template, facility_id=appointment.facility_id
    )
    made = db.session.scalar(
        insert(Note)
        .values(
            group_id=appointment.group_id,
            facility_id=appointment.facility_id,
            appointment_id=appointment.id,
            patient_id=appointment.patient_id,
            practitioner_id=author.id,
            template_id=template.id,
            body=begun_with(read_layout(template.layout)),
            status="draft",
            version=1,
            created_at=clock.now(),
            saved_at=clock.now(),
            saved_by=actor.user_id,
        )
        .on_conflict_do_nothing(constraint="uq_notes_appointment_practitioner")
        .returning(Note.id)
    )
    note = db.session.scalars(
        select(Note).where(Note.appointment_id == appointment.id, Note.practitioner_id == author.id)
    ).one()
    if made is not None:
        log(actor, "note.opened", note)
    return note


def save_draft(
    actor: Actor,
    note: Note,
    typed: Typed,
    *,
    version: int | None = None,
    stamp: Stamp | None = None,
    sent: Sent = NOT_SAID,
) -> Saved:
    """Keep what was typed over the version (or stamp) that the page showed.

    One conditional UPDATE decides. When another version came first, what was typed is kept aside as a
    conflict, unless it holds everything the other version says; so is what comes after signing. Raises
    Forbidden, and Invalid for a text too long to keep.
    """
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who began this note writes in it."))
    layout = read_layout(note.template.layout)
    seen = stamp or Stamp(version or 0)
    for _try in range(TRIES):
        if note.status == "draft" and sent.is_overtaken(note):
            return Saved(note.version)
        body = _typed_body(layout, note, typed)
        if says_the_same(layout, body, note.body):
            return Saved(note.version)
        late = note.status != "draft" or (
            seen.version != note.version and not sent.follows(note) and not contains(layout, body, note.body)
        )
        if late:
            return _keep_late(actor, layout, note, body, seen)
        saved = put(actor, note, body, page=sent.page, turn=sent.turn)
        if saved is not None:
            return Saved(saved)
        note = queries.get_note(actor, note.id, fresh=True)
    return _keep_late(actor, layout, note, _typed_body(layout, note, typed), seen)


def discard_empty(actor: Actor, note: Note) -> None:
    """Take away a draft in which nothing was written. Raises Forbidden for somebody else's, NoteLocked for a
    signed one, and Invalid when it holds something.
    """
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who began this note discards it."))
    if note.status != "draft":
        raise NoteLocked
    if not says_nothing(read_layout(note.template.layout), note.body) or queries.open_conflicts(note.id):
        raise Invalid(_("Something is written in this note. Go on with it, or sign it."))
    log(actor, "note.discarded", note)
    try:
        with db.session.begin_nested():
            gone = db.session.scalar(
                delete(Note)
                .where(Note.id == note.id, Note.status == "draft", Note.version == note.version)
                .returning(Note.id)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError as error:
        raise Invalid(_("Something hangs on this note, such as a prescription. Look at it first.")) from error
    if gone is None:
        raise Conflict(_("The note was saved again meanwhile. Look at it once more."))
    db.session.expunge(note)


def _keep_late(actor: Actor, layout: Layout, note: Note, body: Body, seen: Stamp) -> Saved:
    """Keep aside what was typed on a page that no longer shows the note; what was not typed there is as
    saved.
    """
    fresh = typed_here(layout, seen, body)
    if not fresh:
        return Saved(seen.version)
    mine = take_fields(layout, note.body, body, fresh)
    if flat(layout, mine) == flat(layout, note.body):
        return Saved(seen.version)
    return Saved(note.version, keep_aside(actor, note, mine, seen.version))


def _typed_body(layout: Layout, note: Note, typed: Typed) -> Body:
    body = read_body(layout, typed, note.body)
    long_one = too_long(body)
    if long_one is not None:
        raise Invalid(
            _("At most %(count)s characters in one field.", count=LONGEST_TEXT), field=f"note-{long_one}"
        )
    return body
