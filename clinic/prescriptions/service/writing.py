"""A draft saved while it is written: its texts, its lines, their order. One conditional UPDATE decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.prescriptions import policy, queries
from clinic.prescriptions.errors import Moved, PrescriptionLocked
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.models.prescription import LONGEST_TEXT
from clinic.prescriptions.reading import FIELDS, LineRead, columns_of, line_of, read_line, texts_of
from clinic.prescriptions.service.journal import log, was_saved_lately

TEXTS = ("advice", "pathya", "apathya", "tests")
DATES = ("valid_until", "review_on")
MOST_LINES = 40
Typed = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a page showed: the ``version``, and which page it is (``page``, its random name) sending for the
    ``turn``-th time. A page that saved last itself is up to date whatever version it still shows; what it
    sent before that and comes late is old.
    """

    version: int
    page: str = ""
    turn: int = 0


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What became of what was typed: the version that holds it, and the line that was added or taken off."""

    version: int
    line_id: int | None = None


def save(actor: Actor, prescription: Prescription, typed: Typed, *, seen: Seen) -> Saved:
    """Keep what was typed over the version that the page showed; what a form did not carry stays.

    Raises Forbidden, PrescriptionLocked, Moved when another page came first, and Invalid for a text too long
    to keep. Two requests of one page at once are not in each other's way.
    """
    try:
        return _save(actor, prescription, typed, seen)
    except Moved:
        db.session.refresh(prescription)
        if not seen.page or prescription.saved_page != seen.page:
            raise
        return _save(actor, prescription, typed, seen)


def _save(actor: Actor, prescription: Prescription, typed: Typed, seen: Seen) -> Saved:
    _check_author(actor, prescription)
    version = seen.version
    if seen.page and prescription.saved_page == seen.page:
        if seen.turn <= (prescription.saved_turn or 0):
            return Saved(version=prescription.version)
        version = prescription.version
    values = read_header(typed, prescription)
    changed_lines = _changed_lines(prescription, typed)
    changed = {name: value for name, value in values.items() if getattr(prescription, name) != value}
    if not changed and not changed_lines:
        return Saved(version=version)
    turn = {"saved_page": seen.page[:64] or None, "saved_turn": seen.turn}
    new = _take_version(actor, prescription, version, changed | turn)
    for line_id, columns in changed_lines.items():
        db.session.execute(
            update(PrescriptionLine)
            .where(PrescriptionLine.id == line_id)
            .values(**columns)
            .execution_options(synchronize_session=False)
        )
    return Saved(version=new)


def add_line(
    actor: Actor, prescription: Prescription, line: LineRead, *, version: int, key: str | None = None
) -> Saved:
    """Put a medicine at the end; the same ``key`` sent again is the line it made. Raises Moved, Invalid."""
    return add_lines(actor, prescription, [line], version=version, key=key)


def add_lines(
    actor: Actor, prescription: Prescription, lines: list[LineRead], *, version: int, key: str | None = None
) -> Saved:
    """Put several medicines at the end, in their order; see ``add_line``."""
    _check_author(actor, prescription)
    if key and (known := _by_key(prescription.id, f"{key}:0")) is not None:
        return Saved(version=prescription.version, line_id=known)
    if any(not line.name for line in lines):
        raise Invalid(_("Write the name of the medicine."), field="new-name")
    count, last = db.session.execute(
        select(func.count(), func.max(PrescriptionLine.position)).where(
            PrescriptionLine.prescription_id == prescription.id, PrescriptionLine.removed_at.is_(None)
        )
    ).one()
    if count + len(lines) > MOST_LINES:
        raise Invalid(
            _("At most %(count)s medicines on one prescription.", count=MOST_LINES), field="new-name"
        )
    new = _take_version(actor, prescription, version, {})
    first = (last if last is not None else -1) + 1
    ids = [
        db.session.scalar(
            insert(PrescriptionLine)
            .values(
                prescription_id=prescription.id,
                position=first + at,
                submission_key=f"{key}:{at}" if key else None,
                created_at=clock.now(),
                **columns_of(line),
            )
            .returning(PrescriptionLine.id)
        )
        for at, line in enumerate(lines)
    ]
    return Saved(version=new, line_id=ids[0] if ids else None)


def remove_line(actor: Actor, prescription: Prescription, line_id: int, *, version: int) -> Saved:
    """Take a medicine off the draft; ``restore_line`` puts it back where it was."""
    return _set_removed(actor, prescription, line_id, version, removed=True)


def restore_line(actor: Actor, prescription: Prescription, line_id: int, *, version: int) -> Saved:
    """Put back what was taken off."""
    return _set_removed(actor, prescription, line_id, version, removed=False)


def move_line(actor: Actor, prescription: Prescription, line_id: int, *, version: int, down: bool) -> Saved:
    """Change places with the medicine above or below; at the end of the list nothing happens."""
    _check_author(actor, prescription)
    ids = [line.id for line in queries.lines_of(prescription.id)]
    if line_id not in ids:
        return Saved(version=prescription.version)
    at = ids.index(line_id)
    other = at + (1 if down else -1)
    if not 0 <= other < len(ids):
        return Saved(version=prescription.version, line_id=line_id)
    ids[at], ids[other] = ids[other], ids[at]
    new = _take_version(actor, prescription, version, {})
    for position, moved in enumerate(ids):
        db.session.execute(
            update(PrescriptionLine)
            .where(PrescriptionLine.id == moved, PrescriptionLine.position != position)
            .values(position=position)
            .execution_options(synchronize_session=False)
        )
    return Saved(version=new, line_id=line_id)


def discard(actor: Actor, prescription: Prescription) -> None:
    """Put a draft aside for good: it is kept, and nobody meets it again. Raises PrescriptionLocked."""
    _check_author(actor, prescription)
    _take_version(actor, prescription, prescription.version, {"status": "discarded"})
    log(actor, "prescription.discarded", prescription)


def read_header(typed: Typed, prescription: Prescription) -> dict[str, Any]:
    """The columns of a form's texts beside its lines; what it did not carry, or what is no date, stays."""
    values: dict[str, Any] = {}
    for name in TEXTS:
        if name in typed:
            values[name] = clean(typed[name]).strip()
            if len(values[name]) > LONGEST_TEXT:
                raise Invalid(_("At most %(count)s characters in one field.", count=LONGEST_TEXT), field=name)
    for name in DATES:
        if name in typed:
            values[name] = read_day(typed[name], getattr(prescription, name))
    if typed.get("locale") in LOCALES:
        values["locale"] = typed["locale"]
    if "share_shown" in typed:
        values["share"] = typed.get("share") in ("y", "on", "1")
    return values


def read_day(text: str, before: date | None) -> date | None:
    """A day as a date field sends it; nothing for an empty field, the one before for what is no day."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return before
    return day if date(2000, 1, 1) <= day <= date(2200, 1, 1) else before


def line_texts(typed: Typed, line_id: int, line: LineRead) -> dict[str, str]:
    """The texts of a line as the form has them, those it did not carry as they are kept."""
    texts = texts_of(line)
    prefix = f"line-{line_id}-"
    texts |= {name: typed[prefix + name] for name in FIELDS if prefix + name in typed}
    if f"{prefix}shown" in typed:
        texts["no_substitution"] = typed.get(f"{prefix}no_substitution", "")
    return texts


def _changed_lines(prescription: Prescription, typed: Typed) -> dict[int, dict[str, Any]]:
    changed = {}
    for row in queries.lines_of(prescription.id):
        line = line_of(row)
        columns = columns_of(read_line(line_texts(typed, row.id, line)))
        if columns != columns_of(line):
            changed[row.id] = columns
    return changed


def _set_removed(
    actor: Actor, prescription: Prescription, line_id: int, version: int, *, removed: bool
) -> Saved:
    _check_author(actor, prescription)
    new = _take_version(actor, prescription, version, {})
    db.session.execute(
        update(PrescriptionLine)
        .where(PrescriptionLine.id == line_id, PrescriptionLine.prescription_id == prescription.id)
        .values(removed_at=clock.now() if removed else None)
        .execution_options(synchronize_session=False)
    )
    return Saved(version=new, line_id=line_id)


def _check_author(actor: Actor, prescription: Prescription) -> None:
    if not policy.is_author(actor, prescription):
        raise Forbidden(_("Only the person who began this prescription writes in it."))
    if prescription.status != "draft":
        raise PrescriptionLocked


def _take_version(actor: Actor, prescription: Prescription, version: int, values: Mapping[str, Any]) -> int:
    """The one conditional UPDATE. Raises PrescriptionLocked or Moved when it meets no row."""
    new: int | None = db.session.scalar(
        update(Prescription)
        .where(
            Prescription.id == prescription.id,
            Prescription.version == version,
            Prescription.status == "draft",
        )
        .values(version=Prescription.version + 1, saved_at=clock.now(), saved_by=actor.user_id, **values)
        .returning(Prescription.version)
        .execution_options(synchronize_session=False)
    )
    if new is None:
        status = db.session.scalar(select(Prescription.status).where(Prescription.id == prescription.id))
        raise Moved if status == "draft" else PrescriptionLocked
    if not was_saved_lately(actor, prescription.id):
        log(actor, "prescription.saved", prescription, version=new)
    db.session.expire(prescription)
    db.session.expire_all()
    return new


def _by_key(prescription_id: int, key: str) -> int | None:
    return db.session.scalar(
        select(PrescriptionLine.id).where(
            PrescriptionLine.prescription_id == prescription_id, PrescriptionLine.submission_key == key
        )
    )
