"""What every kind of list has in common: fields that columns fill; how a line is read, judged and written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from clinic.core.access import Actor, Role
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.facilities.models import Facility
from clinic.imports import values
from clinic.imports.models import Import, ImportRow
from clinic.imports.values import Order

LINE = "_line"
"""The field of a fault that is about the whole line: torn, unreadable, too long."""
Address = tuple[str, dict[str, Any]]
"""A page of the clinic: its endpoint and the values that belong to it."""
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something a column can fill.

    ``heading`` is what our own lists call it; ``words`` are other headings for it, folded. ``looks`` tells
    from a cell whether a column without a telling heading may be this, ``column`` the same from all its
    cells; ``only_nameless`` asks where there is no heading at all. Several columns may fill a field with a
    ``joiner``; of one with ``parts`` only columns with such headings. ``needed`` fields must be filled by a
    column; without ``essential`` ones a line says nothing, though another column may say the same.

    A heading that only holds one of the ``words`` is this field ``unless`` one of those stands in it too. A
    field is guessed only where a column for one of those ``beside`` it is.
    """

    name: str
    label: Any
    heading: str
    words: tuple[str, ...] = ()
    needed: bool = False
    essential: bool = False
    looks: Callable[[str], bool] | None = None
    joiner: str | None = None
    column: Callable[[Sequence[str]], bool] | None = None
    only_nameless: bool = False
    parts: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def may_be_left_out(self) -> bool:
        """Whether a line can be taken without a value that is wrong."""
        return not (self.needed or self.essential)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a line is read and judged against. ``today`` is the facility's date."""

    import_id: int
    facility: Facility
    actor: Actor
    today: date
    counted_from: date
    order: Order
    lenient: frozenset[str]
    locale: str

    @classmethod
    def of(cls, row: Import, facility: Facility, actor: Actor, *, today: date) -> Context:
        """The context of an import."""
        return cls(
            import_id=row.id,
            facility=facility,
            actor=actor,
            today=today,
            counted_from=row.counted_from,
            order=Order(row.day_order),
            lenient=frozenset(row.lenient),
            locale=row.locale,
        )


@dataclass(kw_only=True)
class Reading:
    """What a line says. ``values`` are as JSON keeps them; ``name`` and ``contact`` find its like in the
    file.
    """

    values: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    name: str | None = None
    contact: str | None = None


class Reader:
    """Reads the cells of one line, and collects what is wrong or worth knowing with each."""

    def __init__(self, cells: Mapping[str, str], context: Context) -> None:
        self.cells = cells
        self.context = context
        self.reading = Reading()
        self.left_out: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The cell of a field, "" where there is none."""
        return self.cells.get(name, "")

    def line(self, name: str, most: int) -> str | None:
        """The cell in one line, None where it says nothing; a fault beside it above ``most`` characters."""
        text = one_line(self.text(name))
        if values.is_blank(text):
            return None
        if len(text) > most:
            self.refuse(name, _("At most %(max)d characters.", max=most))
            return None
        return text

    def take(self, name: str, read: Callable[[str], Value | None]) -> Value | None:
        """What ``read`` makes of the field's cell; None, and a fault beside the field, for what is wrong."""
        text = self.text(name)
        if not text:
            return None
        try:
            value = read(text)
        except Invalid as wrong:
            self.refuse(name, wrong.message)
            return None
        note = getattr(value, "note", None)
        if note:
            self.note(name, note)
        return value

    def refuse(self, name: str, message: str) -> None:
        """Put a fault beside a field, or a note where its wrong values are left out."""
        if name in self.context.lenient:
            self.note(name, _("Left out: “%(words)s”.", words=self.text(name)[:80]))
            self.left_out[name] = self.text(name)
        else:
            self.reading.faults.append({"field": name, "message": message})

    def note(self, name: str, message: str) -> None:
        """Say beside a field how it was read."""
        self.reading.notes.append({"field": name, "message": message})


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A record somebody has worked on since it came in: it stands in the way of taking an import back."""

    record_id: int
    name: str
    url: Address | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """Somebody or something already kept, as the preview shows it; ``said`` has the values by the names lines
    use.
    """

    id: int
    title: str
    facts: str
    said: Mapping[str, Any]
    url: Address | None = None


class Stopped(Exception):
    """Somebody asked to stop: whatever was begun is rolled back."""


class Kind(Protocol):
    """One kind of list that can be brought in; the kinds there are derive from it.

    ``read`` looks at one line alone. ``judge`` sets outcome and match of lines without faults, looking at
    the records and at earlier lines. ``write`` brings lines in, in the caller's transaction, and notes on
    each what it did; a line that meanwhile cannot be written becomes refused. ``finish`` ends that work,
    where anything is left to do.
    ``worked_on`` and ``undo`` take an import back. ``records`` are those that lines may be about, as
    far as the actor may see them; ``shown`` are the values compared, with their labels. At most
    ``batch`` lines are judged or written at once; after each batch somebody may stop the work.
    """

    name: str
    label: Any
    batch: int
    roles: Collection[Role]
    fields: tuple[Field, ...]
    shown: tuple[tuple[str, Any], ...]
    sample: Sequence[Sequence[str]]

    def read(self, cells: Mapping[str, str], context: Context) -> Reading: ...

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None: ...

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None: ...

    def finish(self, context: Context) -> None:  # noqa: ARG002 - a kind's
        return None

    def worked_on(self, context: Context) -> list[Touched]: ...

    def undo(self, context: Context) -> int: ...

    def records(self, context: Context, ids: Sequence[int]) -> dict[int, Record]: ...

    def title(self, row: ImportRow) -> str:
        return str(row.values.get("name") or "")

    def facts(self, row: ImportRow, context: Context) -> list[str]: ...

    def worded(self, field: str, value: Any, said: Mapping[str, Any] | None = None) -> str: ...


def field_of(kind: Kind, name: str) -> Field | None:
    """The field of that name, None for none."""
    return next((entry for entry in kind.fields if entry.name == name), None)


def cells_by_field(kind: Kind, mapping: Sequence[str], row: ImportRow) -> dict[str, str]:
    """The texts of a line by the field they fill: what a person typed instead counts before the file."""
    joiners = {entry.name: entry.joiner for entry in kind.fields}
    found: dict[str, str] = {}
    for name, text in zip(mapping, row.cells, strict=False):
        if not name or not text or name not in joiners:
            continue
        joiner = joiners[name]
        if name not in found:
            found[name] = text
        elif joiner is not None:
            found[name] += joiner + text
    return {**found, **{name: text for name, text in row.mended.items() if name in joiners}}


def words(*texts: str) -> tuple[str, ...]:
    """Headings written one after the other, apart by bars: ``words("mob|mobile no|phone")``."""
    return tuple(word.strip() for text in texts for word in text.split("|"))


def mostly(cells: Iterable[str], looks: Callable[[str], bool], *, share: float = 0.7) -> bool:
    """Whether enough of the cells that say something look like it; at least one must."""
    said = [cell for cell in cells if cell]
    return bool(said) and sum(map(looks, said)) >= share * len(said)
