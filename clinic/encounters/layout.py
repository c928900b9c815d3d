"""What a note is written in: sections and fields, read from a template's data, and what was typed into
them.

A layout is JSON so that a clinic can change it: ``{"sections": [{"code", "title", "kind": "fields",
"fields": [...]} | {"code", "title", "kind": "vitals", "moment", "measures": [...]} | {"code", "title",
"kind": "next", "fields": [...]}]}``. A field has ``code, label, kind`` and may have ``unit, hint, options
([value, label, word]), phrases, required, wide, default`` (a text, or a list of option values), ``most`` and
``ends`` (a scale's highest number and what its ends are called). clinic.encounters.layout_schema says which
layouts are whole. What was typed is kept exactly as typed: ``{field code: text or list of texts, "vitals":
{moment: {measure: text}}, "_marks": …}``; clinic.encounters.copied explains the marks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters.vitals import DEVANAGARI_DIGITS, MEASURES, MOMENTS
from clinic.encounters.wording import said

Body = dict[str, Any]
Kind = TypeVar("Kind", bound=StrEnum)
LONGEST_TEXT = 2_000_000
"""Characters in one field; more is refused as a whole, never cut."""
MOST_CHOICES = 60
MARKS = "_marks"
"""Where a body keeps which of its texts nobody wrote for this visit."""
STILL = "still-"
"""A form name that says of the field after it: this still holds."""
_NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,3})?")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")


class FieldKind(StrEnum):
    LINE = "line"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


SCALE = "scale"
"""A kind in data: a choice of the numbers from 0 to ``most``."""


class SectionKind(StrEnum):
    FIELDS = "fields"
    VITALS = "vitals"
    NEXT = "next"


@dataclass(frozen=True)
class Option:
    """One answer to pick: what is stored, what it is called, and the term of the trade under it."""

    value: str
    label: str
    term: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteField:
    """One thing to write down. ``label`` and the other words are untranslated; translate when shown."""

    code: str
    label: str
    kind: FieldKind
    unit: str = ""
    hint: str = ""
    options: tuple[Option, ...] = ()
    phrases: tuple[str, ...] = ()
    required: bool = False
    wide: bool = False
    default: str | tuple[str, ...] = ""
    most: int = 0
    """The highest number of a scale, whose options are 0 to it; 0 when it is none."""
    ends: tuple[str, str] = ("", "")

    @property
    def name(self) -> str:
        """Its name in the form."""
        return f"note-{self.code}"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A step of the note: fields, or measurements at one moment, or what comes next with fields under it."""

    code: str
    title: str
    kind: SectionKind
    fields: tuple[NoteField, ...] = ()
    moment: str = ""
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The sections of a note in order."""

    sections: tuple[Section, ...]

    def fields(self) -> Iterator[NoteField]:
        """Every field, in order."""
        for section in self.sections:
            yield from section.fields

    def measures(self) -> Iterator[tuple[str, str]]:
        """Every (moment, measure) that the note has a place for."""
        for section in self.sections:
            for measure in section.measures:
                yield section.moment, measure


def read_layout(data: Mapping[str, Any]) -> Layout:
    """The layout a template's data describes. Unknown kinds, moments and measures are left out rather than
    fatal.
    """
    sections = []
    for item in data.get("sections", ()):
        kind = _known_kind(SectionKind, item.get("kind"), SectionKind.FIELDS)
        moment = item.get("moment", "before") if kind is SectionKind.VITALS else ""
        measures = tuple(code for code in item.get("measures", ()) if code in MEASURES and moment in MOMENTS)
        fields = tuple(_read_field(field) for field in item.get("fields", ()))
        sections.append(
            Section(
                code=item["code"],
                title=item["title"],
                kind=kind,
                fields=fields,
                moment=moment,
                measures=measures,
            )
        )
    return Layout(tuple(sections))


def _known_kind(kinds: type[Kind], word: object, otherwise: Kind) -> Kind:
    return next((kind for kind in kinds if kind.value == word), otherwise)


def _read_field(data: Mapping[str, Any]) -> NoteField:
    options = tuple(Option(*option) for option in data.get("options", ()))
    most = int(data.get("most") or 0) if data.get("kind") == SCALE else 0
    low, high = tuple(data.get("ends") or ("", ""))[:2]
    if most:
        options = tuple(Option(str(step), str(step)) for step in range(most + 1))
    default = data.get("default", "")
    kind = FieldKind.CHOICE if most else _known_kind(FieldKind, data.get("kind"), FieldKind.LINE)
    return NoteField(
        code=data["code"],
        label=data["label"],
        kind=kind,
        unit=data.get("unit", ""),
        hint=data.get("hint", ""),
        options=options,
        phrases=tuple(data.get("phrases", ())),
        required=bool(data.get("required", False)),
        wide=bool(data.get("wide", False)),
        default=tuple(default) if isinstance(default, list) else str(default),
        most=most,
        ends=(low, high),
    )


def read_body(layout: Layout, typed: Mapping[str, Sequence[str]], before: Body) -> Body:
    """What a note says once ``typed`` (form names to values) is put over ``before``.

    A field the form did not carry stays as it was. Text is kept as typed, but for what no database can store.
    """
    body: Body = dict(before)
    for field in layout.fields():
        if field.name not in typed:
            continue
        values = [clean(value) for value in typed[field.name][:MOST_CHOICES]]
        if field.kind is FieldKind.CHOICES:
            body[field.code] = _known(field, values)
        elif field.kind is FieldKind.CHOICE:
            body[field.code] = next(iter(_known(field, values)), "")
        else:
            body[field.code] = values[-1] if values else ""
    vitals = {moment: dict(values) for moment, values in before.get("vitals", {}).items()}
    for moment, measure in layout.measures():
        for part in MEASURES[measure].parts:
            name = f"{moment}-{part.code}"
            if name in typed:
                vitals.setdefault(moment, {})[part.code] = clean(typed[name][-1]) if typed[name] else ""
    body["vitals"] = vitals
    marks = _marks_left(layout, typed, before, body)
    body.pop(MARKS, None)
    return body | {MARKS: marks} if marks else body


def _marks_left(layout: Layout, typed: Mapping[str, Sequence[str]], before: Body, body: Body) -> Body:
    """The marks once ``body`` is written: what was changed loses its own, what was confirmed says so."""
    left: Body = {}
    for field in layout.fields():
        mark = before.get(MARKS, {}).get(field.code)
        if mark is None or (body.get(field.code) or "") != (before.get(field.code) or ""):
            continue
        said_so = typed.get(STILL + field.name)
        left[field.code] = mark if said_so is None else {**mark, "confirmed": said_so[-1] == "1"}
    return left


def says_the_same(layout: Layout, left: Body, right: Body) -> bool:
    """Whether two bodies hold the same texts, and the same of them are confirmed."""
    return flat(layout, left) == flat(layout, right) and left.get(MARKS) == right.get(MARKS)


def _known(field: NoteField, values: Sequence[str]) -> list[str]:
    allowed = {option.value for option in field.options}
    return [value for value in dict.fromkeys(values) if value in allowed]


def too_long(body: Body) -> str | None:
    """The code of a field with more than LONGEST_TEXT characters, if there is one."""
    return next(
        (code for code, value in body.items() if isinstance(value, str) and len(value) > LONGEST_TEXT), None
    )


def is_blank(value: object) -> bool:
    """Whether nothing was written: no text, nothing picked."""
    if isinstance(value, str):
        return not value.strip()
    return not value


def missing_fields(layout: Layout, body: Body) -> list[NoteField]:
    """The fields that must be filled before signing and are not. What the template began with is nobody's
    answer until somebody has confirmed or changed it.
    """
    return [
        field
        for field in layout.fields()
        if field.required and (is_blank(body.get(field.code)) or is_untouched(field, body))
    ]


def is_untouched(field: NoteField, body: Body) -> bool:
    """Whether a field still holds what the template began with, and nobody has said that this is right."""
    mark = body.get(MARKS, {}).get(field.code, {})
    return mark.get("kind") == "default" and not mark.get("confirmed")


def field_problems(layout: Layout, body: Body) -> dict[str, str]:
    """Numbers and times that are none, by field code, in words. They are kept as typed, and stand in the
    way of signing.
    """
    problems = {}
    for field in layout.fields():
        text = str(body.get(field.code) or "").strip().translate(DEVANAGARI_DIGITS)
        if not text:
            continue
        if field.kind is FieldKind.NUMBER and not _NUMBER.fullmatch(text):
            problems[field.code] = _("A number, please")
        elif field.kind is FieldKind.TIME and not _TIME.fullmatch(text):
            problems[field.code] = _("A time such as 10:30")
        elif field.kind is FieldKind.DATE and read_day(text) is None:
            problems[field.code] = _("A day such as 2026-11-24")
    return problems


def read_day(text: str) -> date | None:
    """A day as a date field keeps it (``2026-11-24``); None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def flat(layout: Layout, body: Body) -> dict[str, str]:
    """What was typed, by form name, as single texts that can be compared. Empty fields are there as empty
    texts.
    """
    values: dict[str, str] = {}
    for field in layout.fields():
        value = body.get(field.code) or ""
        values[field.name] = value if isinstance(value, str) else "\n".join(value)
    for moment, measure in layout.measures():
        for part in MEASURES[measure].parts:
            values[f"{moment}-{part.code}"] = body.get("vitals", {}).get(moment, {}).get(part.code, "")
    return values


def says_nothing(layout: Layout, body: Body) -> bool:
    """Whether nobody wrote anything: every field is empty, or still what the template began with."""
    untouched = {field.name for field in layout.fields() if is_untouched(field, body)}
    return all(is_blank(text) for name, text in flat(layout, body).items() if name not in untouched)


def form_labels(layout: Layout) -> dict[str, str]:
    """What each form name is called, in the reader's language."""
    labels = {field.name: said(field.label) for field in layout.fields()}
    for moment, measure in layout.measures():
        for part in MEASURES[measure].parts:
            labels[f"{moment}-{part.code}"] = said(part.label)
    return labels


def in_words(layout: Layout, name: str, text: str) -> str:
    """A compared text as it reads: the labels of what was picked, anything else as typed."""
    options = next((field.options for field in layout.fields() if field.name == name), ())
    picked = text.split("\n")
    return ", ".join(said(option.label) for option in options if option.value in picked) if options else text


def multiple(layout: Layout) -> set[str]:
    """The form names of fields with several answers."""
    return {field.name for field in layout.fields() if field.kind is FieldKind.CHOICES}


def take_fields(layout: Layout, base: Body, other: Body, names: Collection[str]) -> Body:
    """``base`` with the fields called ``names`` as they are in ``other``."""
    many = multiple(layout)
    values = flat(layout, other)
    return read_body(
        layout, {name: values[name].split("\n") if name in many else [values[name]] for name in names}, base
    )


def contains(layout: Layout, newer: Body, older: Body) -> bool:
    """Whether ``newer`` holds everything ``older`` says: each field the same, or grown at its end, or newly
    filled.

    Then saving it over ``older`` loses nothing, whichever tab it came from.
    """
    texts = {field.name for field in layout.fields() if field.kind in (FieldKind.TEXT, FieldKind.LINE)}
    new, old = flat(layout, newer), flat(layout, older)
    return all(
        new[name] == old[name] or is_blank(old[name]) or (name in texts and new[name].startswith(old[name]))
        for name in old
    )
