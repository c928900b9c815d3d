"""Writing notes: begun, saved as a draft, settled when two tabs differ, signed for good, added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters import policy, queries
from clinic.encounters.layout import (
    LONGEST_TEXT,
    Body,
    Layout,
    contains,
    field_problems,
    flat,
    is_blank,
    missing_fields,
    multiple,
    read_body,
    read_layout,
    take_fields,
    too_long,
)
from clinic.encounters.models import Addendum, Note, NoteConflict, NoteTemplate, VitalSigns
from clinic.encounters.stamps import Stamp, typed_here
from clinic.encounters.templates_data import ALIASES, SHIPPED
from clinic.encounters.vitals import MEASURES, read_vitals
from clinic.encounters.wording import said
from clinic.practitioners.queries import practitioner_of
from clinic.scheduling.models import Appointment

Typed = Mapping[str, Sequence[str]]
DID_NOT_HAPPEN = frozenset({"cancelled", "rejected", "no_show"})
TRIES = 5


class NoteLocked(Conflict):
    """The note is signed: it can only be added to."""

    code = "note_locked"

    def __init__(self) -> None:
        super().__init__(_("This note is signed and can no longer change. Write an addendum instead."))


class NotReady(Invalid):
    """A note cannot be signed yet. ``problems`` maps form names to words; ``missing`` are the labels of
    empty fields.
    """

    code = "not_ready"

    def __init__(self, problems: Mapping[str, str], missing: Sequence[str]) -> None:
        super().__init__(
            _("This cannot be signed yet. Look at what is marked."), field=next(iter(problems), None)
        )
        self.problems = dict(problems)
        self.missing = list(missing)


constraint_means("notes_signed_locked", NoteLocked)


@dataclass(frozen=True)
class Saved:
    """What became of a save. ``conflict_id`` is set when the text was kept aside: another version came
    first, or the note was signed meanwhile.
    """

    version: int
    conflict_id: int | None = None


def ensure_templates() -> int:
    """Put the shipped note templates into the database where they are not there yet; says how many were
    new.
    """
    rows = [
        {"code": t.code, "version": t.version, "name": t.name, "layout": t.layout, "active": True}
        for t in SHIPPED
    ]
    for row in rows:
        row["created_at"] = clock.now()
    added = db.session.execute(
        insert(NoteTemplate)
        .values(rows)
        .on_conflict_do_nothing(constraint="uq_note_templates_code_version")
        .returning(NoteTemplate.id)
    )
    return len(added.all())


def template_for(code: str) -> NoteTemplate:
    """The newest active template called ``code``; the consultation's when there is none. Loads the shipped
    ones at need.
    """
    templates = {template.code: template for template in queries.active_templates()}
    if not templates:
        ensure_templates()
        templates = {template.code: template for template in queries.active_templates()}
    found = (
        templates.get(code)
        or templates.get(ALIASES.get(code, "soap"))
        or next(iter(templates.values()), None)
    )
    if found is None:
        raise Invalid(_("There is no note template yet."))
    return found


def open_note(actor: Actor, appointment: Appointment, template_code: str | None = None) -> Note:
    """The person's note about a visit, begun now if there is none. Raises Forbidden, and Invalid for a
    visit that never was.
    """
    author = practitioner_of(actor)
    if author is None or not policy.can_read_notes(actor):
        raise Forbidden(_("Only practitioners and therapists write notes."))
    existing = queries.note_of_visit(appointment.id, author.id)
    if existing is not None:
        return existing
    if appointment.status in DID_NOT_HAPPEN:
        raise Invalid(_("This visit did not take place, so there is nothing to write about."))
    template = template_for(template_code or appointment.service.note_template)
    made = db.session.scalar(
        insert(Note)
        .values(
            group_id=appointment.group_id,
            facility_id=appointment.facility_id,
            appointment_id=appointment.id,
            patient_id=appointment.patient_id,
            practitioner_id=author.id,
            template_id=template.id,
            body={},
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
        _log(actor, "note.opened", note)
    return note


def save_draft(
    actor: Actor, note: Note, typed: Typed, *, version: int | None = None, stamp: Stamp | None = None
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
        body = _typed_body(layout, note, typed)
        if flat(layout, body) == flat(layout, note.body):
            return Saved(note.version)
        late = note.status != "draft" or (
            seen.version != note.version and not contains(layout, body, note.body)
        )
        if late:
            return _keep_late(actor, layout, note, body, seen)
        saved = _put(actor, note, body)
        if saved is not None:
            return Saved(saved)
        note = queries.get_note(actor, note.id, fresh=True)
    return _keep_late(actor, layout, note, _typed_body(layout, note, typed), seen)


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
    return Saved(note.version, _keep_aside(actor, note, mine, seen.version))


def _typed_body(layout: Layout, note: Note, typed: Typed) -> Body:
    body = read_body(layout, typed, note.body)
    long_one = too_long(body)
    if long_one is not None:
        raise Invalid(
            _("At most %(count)s characters in one field.", count=LONGEST_TEXT), field=f"note-{long_one}"
        )
    return body


def _put(actor: Actor, note: Note, body: Body) -> int | None:
    """The one conditional UPDATE: the new version's number, or None when the note had moved on."""
    version: int | None = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.version == note.version, Note.status == "draft")
        .values(body=body, version=Note.version + 1, saved_at=clock.now(), saved_by=actor.user_id)
        .returning(Note.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        return None
    if body.get("vitals") != note.body.get("vitals"):
        _write_vitals(note, body)
    if not queries.was_logged_lately(actor, "note.saved", note.id):
        _log(actor, "note.saved", note, version=version)
    db.session.expire(note, ["body", "version", "saved_at", "saved_by"])
    return version


def _keep_aside(actor: Actor, note: Note, body: Body, version: int) -> int:
    """Keep a text that came too late; the same text sent again, or grown, is one text."""
    layout = read_layout(note.template.layout)
    vitals = body.get("vitals", {})
    for kept in queries.open_conflicts(note.id):
        if (
            kept.saved_by == actor.user_id
            and kept.based_on_version == version
            and contains(layout, body, kept.body)
        ):
            kept.body, kept.vitals = body, vitals
            db.session.flush()
            return kept.id
    conflict = NoteConflict(
        note_id=note.id, based_on_version=version, body=body, vitals=vitals, saved_by=actor.user_id
    )
    db.session.add(conflict)
    db.session.flush()
    _log(actor, "note.conflicted", note, based_on=version, version=note.version)
    return conflict.id


def settle_conflict(
    actor: Actor, note: Note, conflict: NoteConflict, choices: Mapping[str, str], *, version: int
) -> int:
    """Make a new version of two texts: per form name ``yours`` (the one kept aside), ``theirs`` or
    ``both``.

    Fields nobody chose about keep both texts where both are written. Raises Conflict when the note has
    moved on since.
    """
    if not policy.can_edit(actor, note):
        raise NoteLocked
    if conflict.settled_at is not None:
        return note.version
    if note.version != version:
        raise Conflict(_("The note was saved again meanwhile. Look at both texts once more."))
    layout = read_layout(note.template.layout)
    body = _merged(layout, note.body, conflict.body, choices)
    conflict.settled_at = clock.now()
    if body != note.body:
        saved = _put(actor, note, body)
        if saved is None:
            raise Conflict(_("The note was saved again meanwhile. Look at both texts once more."))
        version = saved
    _log(actor, "note.settled", note, version=version)
    db.session.flush()
    return version


def _merged(layout: Layout, theirs: Body, yours: Body, choices: Mapping[str, str]) -> Body:
    mine, other = flat(layout, yours), flat(layout, theirs)
    chosen: dict[str, list[str]] = {}
    many = multiple(layout)
    texts = {field.name for field in layout.fields() if field.kind in ("text", "line")}
    for name in mine:
        if mine[name] == other[name]:
            continue
        choice = choices.get(name, "both")
        if choice == "both" and name in texts and not is_blank(mine[name]) and not is_blank(other[name]):
            text = "\n".join((other[name], mine[name]))
        elif choice == "both" and name in many:
            text = "\n".join((other[name], mine[name])).strip("\n")
        else:
            text = (
                other[name]
                if choice == "theirs" or (choice == "both" and is_blank(mine[name]))
                else mine[name]
            )
        chosen[name] = text.split("\n") if name in many else [text]
    return read_body(layout, chosen, theirs)


def settle_as_addendum(actor: Actor, note: Note, conflict: NoteConflict) -> Addendum | None:
    """Add to a signed note what was typed too late for it; None when that says nothing the note does not."""
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who wrote this note adds what they typed."))
    if conflict.settled_at is not None:
        return None
    conflict.settled_at = clock.now()
    text = late_text(note, conflict)
    db.session.flush()
    return add_addendum(actor, note, text) if text else None


def late_text(note: Note, conflict: NoteConflict) -> str:
    """What a text kept aside says that the note does not, a line or more per field under its label."""
    layout = read_layout(note.template.layout)
    mine, theirs = flat(layout, conflict.body), flat(layout, note.body)
    labels = form_labels(layout)
    return "\n".join(
        f"{labels[name]}: {mine[name]}"
        for name in mine
        if mine[name] != theirs[name] and not is_blank(mine[name])
    )


def form_labels(layout: Layout) -> dict[str, str]:
    """What each form name is called, in the reader's language."""
    labels = {field.name: said(field.label) for field in layout.fields()}
    for moment, measure in layout.measures():
        for part in MEASURES[measure].parts:
            labels[f"{moment}-{part.code}"] = said(part.label)
    return labels


def sign(actor: Actor, note: Note, *, version: int) -> Note:
    """Sign a note as it stands at ``version``; from then on it is locked.

    Raises Forbidden, NoteLocked, Conflict when it has moved on or two texts are unsettled, and NotReady
    with what is missing.
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
    at = clock.now()
    signed = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.version == version, Note.status == "draft")
        .values(status="signed", signed_at=at, signed_by=actor.user_id)
        .returning(Note.id)
        .execution_options(synchronize_session=False)
    )
    if signed is None:
        raise Conflict(_("The note changed while you were signing. Look at it once more."))
    _log(actor, "note.signed", note, version=version)
    db.session.expire(note)
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
                problems[field.name] = _("Still empty")
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
    addendum = Addendum(note_id=note.id, text=text, author_id=actor.user_id, author_name=actor.name)
    db.session.add(addendum)
    db.session.flush()
    _log(actor, "note.addendum", note, addendum=addendum.id)
    return addendum


def _write_vitals(note: Note, body: Body) -> None:
    """Keep the measurements that are right as numbers; what is wrong or half typed stays as text in the
    note.
    """
    for moment, typed in body.get("vitals", {}).items():
        values = read_vitals(typed).values
        if not values:
            db.session.execute(
                delete(VitalSigns).where(VitalSigns.note_id == note.id, VitalSigns.moment == moment)
            )
            continue
        columns = {part.column: values.get(part.column) for m in MEASURES.values() for part in m.parts}
        statement = insert(VitalSigns).values(
            note_id=note.id,
            patient_id=note.patient_id,
            moment=moment,
            measured_at=clock.now(),
            created_at=clock.now(),
            **columns,
        )
        db.session.execute(
            statement.on_conflict_do_update(constraint="uq_vital_signs_note_moment", set_=columns)
        )


def _log(actor: Actor, action: str, note: Note, **detail: int) -> None:
    record(
        actor,
        action,
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
        detail=detail,
    )
