"""Texts in a note that nobody wrote for this visit: taken over from an earlier note, or what the template
begins with.

Each stands in the body's marks until somebody changes the text: ``{field code: {"kind": "copied" | "default",
"note": id, "day": "2026-11-18", "by": name, "confirmed": bool}}``. Confirming keeps the mark and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.encounters.layout import MARKS, Body, Layout, NoteField, is_blank, read_layout
from clinic.encounters.models import Note
from clinic.encounters.wording import said


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where the text of one field comes from. ``words`` say it: ``From 18 Nov 2026, Dr Kulkarni``."""

    code: str
    name: str
    label: str
    kind: str
    words: str
    confirmed: bool
    note_id: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has said that it holds for this visit."""
        return not self.confirmed


def marks_of(note: Note) -> dict[str, Mark]:
    """The marks of a note's fields by field code, in the note's order; of empty fields there are none."""
    layout = read_layout(note.template.layout)
    return marks_in(layout, note.body)


def marks_in(layout: Layout, body: Body) -> dict[str, Mark]:
    """The marks of a body."""
    kept = body.get(MARKS, {})
    return {
        field.code: _mark(field, kept[field.code])
        for field in layout.fields()
        if field.code in kept and not is_blank(body.get(field.code))
    }


def unconfirmed(note: Note) -> list[str]:
    """The labels of fields whose text is taken over and not confirmed, for the question before signing."""
    return [mark.label for mark in marks_of(note).values() if mark.is_open]


def begun_with(layout: Layout) -> Body:
    """What a note begins with: each field's default, marked as nobody's words."""
    body: Body = {}
    marks: Body = {}
    for field in layout.fields():
        if not field.default:
            continue
        body[field.code] = list(field.default) if isinstance(field.default, tuple) else field.default
        marks[field.code] = {"kind": "default", "confirmed": False}
    return body | {MARKS: marks} if marks else body


def copied_mark(source: Note, day: date) -> dict[str, Any]:
    """The mark of a text taken over from ``source``, whose visit was on ``day``."""
    return {
        "kind": "copied",
        "note": source.id,
        "day": day.isoformat(),
        "by": source.practitioner.name,
        "confirmed": False,
    }


def _mark(field: NoteField, kept: Body) -> Mark:
    copied = kept.get("kind") == "copied"
    confirmed = bool(kept.get("confirmed"))
    if copied:
        values = {"day": show_date(date.fromisoformat(kept["day"])), "name": kept["by"]}
        words = _("From %(day)s, %(name)s; confirmed", **values)
        if not confirmed:
            words = _("From %(day)s, %(name)s", **values)
    else:
        words = _("As the template begins it; confirmed") if confirmed else _("As the template begins it")
    return Mark(
        code=field.code,
        name=field.name,
        label=said(field.label),
        kind="copied" if copied else "default",
        words=words,
        confirmed=confirmed,
        note_id=kept.get("note"),
    )
