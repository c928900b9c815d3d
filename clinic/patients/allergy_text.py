"""Allergies in one cell of a list: as people write them, and as an export does so that nothing is lost.

The export's form is ``Penicillin (reaction: rash; severity: severe); Peanuts (status: resolved)``. A
backslash before a mark or the first letter of a word takes its meaning away: the substance ``Nil`` is written
``\\Nil``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.patients.allergy_words import end_of_denial, names_a_sort, only_says_yes, status_said
from clinic.patients.details import SEVERITIES, AllergyEntry
from clinic.patients.models import AllergyStatus

STATUSES = ("active", "inactive", "resolved", "entered_in_error")


class Entry(Protocol):
    """Anything that says what an allergy says: ``Allergy`` rows and ``AllergyEntry`` do."""

    @property
    def substance(self) -> str: ...
    @property
    def reaction(self) -> str | None: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class AllergyAnswer:
    """What a cell says about allergies. Beside entries that are over stands a status other than RECORDED."""

    status: AllergyStatus
    entries: tuple[AllergyEntry, ...] = ()


class _Mark(NamedTuple):
    """One character and whether it only stands for itself; in brackets it has no part in splitting."""

    char: str
    literal: bool = False
    inside: bool = False


_WRITTEN = {
    AllergyStatus.NOT_ASKED: "Not asked",
    AllergyStatus.NONE_STATED: "Nil",
    AllergyStatus.NONE_KNOWN: "None known",
}
_AND = frozenset(("and", "और", "एवं", "तथा", "व"))
_SEPARATORS = frozenset(",;/&\n\r।")
_OPENING = {"(": ")", "[": "]"}
_CLOSING = frozenset(_OPENING.values())
_SPECIAL = _SEPARATORS | set(_OPENING) | _CLOSING | {"\\"}
_SPECIAL_INSIDE = frozenset(";\\") | set(_OPENING) | _CLOSING
_DETAIL = re.compile(r"\s*(reaction|severity|status)\s*:\s*", re.IGNORECASE)
_REACTS = re.compile(r"\s+(?:-{1,2}>?|\u2013|\u2014)\s+|\s*(?:\u2192|=>)\s*|\s*:\s+")
"""Between a substance and its reaction: ``Penicillin - rash``, but not ``co-trimoxazole``."""


def read_allergies(text: str) -> AllergyAnswer:
    """The allergies in a cell. Raises Invalid for one that says there are some and not which: ``Yes``.

    Empty is not asked, "nil" and other denials stated by nobody in particular, "nil known" asked and none
    known. Otherwise substances stand apart by ``, ; / & and`` or line ends, their reactions behind them in
    brackets or behind a dash.
    """
    said = status_said(text.strip(), several=True)
    if said is not None:
        return AllergyAnswer(status=said)
    statuses: list[AllergyStatus] = []
    entries: dict[tuple[str | None, ...], AllergyEntry] = {}
    unnamed = False
    for item in _items(_marks(text)):
        read = _read_item(item)
        if isinstance(read, AllergyStatus):
            statuses.append(read)
        elif isinstance(read, AllergyEntry):
            key = (read.substance.casefold(), read.reaction, read.severity, read.status)
            entries.setdefault(key, read)
        unnamed = unnamed or read is _UNNAMED
    found = tuple(entries.values())
    if any(entry.status == "active" for entry in found) or (found and not statuses):
        return AllergyAnswer(status=AllergyStatus.RECORDED, entries=found)
    if unnamed:
        raise Invalid(_("Write what the allergy is."), field="allergies")
    return AllergyAnswer(status=_surest(statuses), entries=found)


_UNNAMED = object()
"""An item that says there is an allergy, not which."""


def _read_item(item: list[_Mark]) -> object:
    """An AllergyStatus or AllergyEntry, ``_UNNAMED``, or None for nothing.

    With a backslash in it an item is a substance, whatever its words seem to say.
    """
    text = _joined(item)
    if not text or any(mark.literal for mark in item):
        return _entry(item)
    if (said := _UNNAMED if only_says_yes(text) else status_said(text)) is not None:
        return said
    start = end_of_denial("".join("\0" if mark.inside else mark.char for mark in item))
    entry = _entry(item[start:])
    return _with_reaction(entry) if entry else None


def _with_reaction(entry: AllergyEntry) -> AllergyEntry | AllergyStatus:
    """``Penicillin - rash`` as substance and reaction; ``Drug: Sulfa`` and ``Yes (Sulfa)`` as Sulfa."""
    if entry.reaction is not None:
        names = only_says_yes(entry.substance) or names_a_sort(entry.substance)
        return replace(entry, substance=entry.reaction, reaction=None) if names else entry
    found = _REACTS.search(entry.substance)
    before, after = (entry.substance[: found.start()], entry.substance[found.end() :]) if found else ("", "")
    if not before.strip() or not after.strip():
        return entry
    if only_says_yes(before) or names_a_sort(before):
        return status_said(after) or _with_reaction(replace(entry, substance=after))
    if only_says_yes(after):
        return replace(entry, substance=before)
    if after.lower() in SEVERITIES and entry.severity is None:
        return replace(entry, substance=before, severity=after.lower())
    return status_said(after) or replace(entry, substance=before, reaction=after)


def _surest(statuses: Iterable[AllergyStatus]) -> AllergyStatus:
    for status in (AllergyStatus.NONE_KNOWN, AllergyStatus.NONE_STATED):
        if status in statuses:
            return status
    return AllergyStatus.NOT_ASKED


def write_allergies(status: str, entries: Sequence[Entry]) -> str:
    """The cell of an export, from which ``read_allergies`` makes the same answer again.

    A status other than RECORDED stands before entries that are over (inactive, resolved).
    """
    items = [_written(entry) for entry in entries]
    lead = _WRITTEN.get(AllergyStatus(status), "")
    if status == AllergyStatus.NOT_ASKED and not items:
        return ""
    return "; ".join([lead, *items] if lead else items)


def _written(entry: Entry) -> str:
    details = {
        "reaction": entry.reaction,
        "severity": entry.severity,
        "status": entry.status if entry.status != "active" else None,
    }
    text = "; ".join(f"{name}: {_escaped(value, inside=True)}" for name, value in details.items() if value)
    substance = _escaped(entry.substance)
    written = f"{substance} ({text})" if text else substance
    if "\\" in written or _reads_as_it_is(written, entry):
        return written
    return "\\" + written


def _reads_as_it_is(written: str, entry: Entry) -> bool:
    """Whether the words are taken for the substance alone, and not for a denial or its reaction."""
    read = _read_item(_marks(written))
    return isinstance(read, AllergyEntry) and (read.substance, read.reaction, read.severity) == (
        entry.substance,
        entry.reaction or None,
        entry.severity,
    )


def _escaped(text: str, *, inside: bool = False) -> str:
    """The text with backslashes where a mark would split it; ``inside`` brackets fewer do."""
    special = _SPECIAL_INSIDE if inside else _SPECIAL
    parts: list[str] = []
    for index, char in enumerate(text):
        before = text[index - 1] if index else " "
        blank = char.isspace() and (char != " " or before.isspace() or index + 1 == len(text))
        if char in special or blank or (not inside and before.isspace() and _and_at(text, index)):
            parts.append("\\")
        parts.append(char)
    return "".join(parts)


def _and_at(text: str, index: int) -> bool:
    """Whether a word that separates substances begins here."""
    for length in (1, 3, 4, 2):
        end = index + length
        if text[index:end].casefold() in _AND and (end >= len(text) or text[end].isspace()):
            return True
    return False


def _marks(text: str) -> list[_Mark]:
    """The characters of a cell, escapes undone, those in brackets that close marked."""
    marks: list[_Mark] = []
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and index + 1 < len(text) and _escapes(text, index):
            marks.append(_Mark(text[index + 1], literal=True))
            index += 2
        else:
            marks.append(_Mark(char))
            index += 1
    return _with_brackets(marks)


def _escapes(text: str, index: int) -> bool:
    """A backslash between two letters is one: ``Penicillin\\Sulpha``."""
    return not (text[index + 1].isalnum() and index > 0 and text[index - 1].isalnum())


def _with_brackets(marks: list[_Mark]) -> list[_Mark]:
    """Mark everything from an outer bracket to its end; one never closed is a character like others."""
    inside = [0] * (len(marks) + 1)
    opened: list[int] = []
    for index, mark in enumerate(marks):
        if mark.literal:
            continue
        if mark.char in _OPENING:
            opened.append(index)
        elif opened and _OPENING[marks[opened[-1]].char] == mark.char:
            inside[opened.pop()] += 1
            inside[index + 1] -= 1
    depth = 0
    result = []
    for change, mark in zip(inside, marks, strict=False):
        depth += change
        result.append(mark._replace(inside=True) if depth else mark)
    return result


def _items(marks: list[_Mark]) -> Iterator[list[_Mark]]:
    """The marks between separators, and between words that mean "and"."""
    item: list[_Mark] = []
    for part in _words(marks):
        if _is_separator(part[0]) or _is_and(part):
            yield item
            item = []
        else:
            item += part
    yield item


def _words(marks: list[_Mark]) -> Iterator[list[_Mark]]:
    """Runs of blanks, runs of other characters, and each separator alone."""
    word: list[_Mark] = []
    for mark in marks:
        separates = _is_separator(mark)
        if word and (separates or _is_plain_blank(mark) != _is_plain_blank(word[-1])):
            yield word
            word = []
        word.append(mark)
        if separates:
            yield word
            word = []
    if word:
        yield word


def _is_separator(mark: _Mark) -> bool:
    return mark.char in _SEPARATORS and not mark.literal and not mark.inside


def _is_plain_blank(mark: _Mark) -> bool:
    return mark.char.isspace() and not mark.literal and not mark.inside


def _is_and(word: list[_Mark]) -> bool:
    return (
        len(word) <= 4
        and not any(mark.literal or mark.inside for mark in word)
        and "".join(mark.char for mark in word).casefold() in _AND
    )


def _entry(item: list[_Mark]) -> AllergyEntry | None:
    """One substance with what stands in brackets behind it; None for nothing."""
    end = len(item)
    while end and _is_plain_blank(item[end - 1]):
        end -= 1
    start = end
    while start and item[start - 1].inside:
        start -= 1
    if start == end or not _joined(item[:start]):
        substance = _joined(item)
        return AllergyEntry(substance=substance) if substance else None
    opening = _last_group(item, start, end)
    return _detailed(_joined(item[:opening]), item[opening + 1 : end - 1])


def _last_group(item: list[_Mark], start: int, end: int) -> int:
    """Where the last of several brackets side by side begins: ``Sulpha (drug)(rash)``."""
    depth = 0
    for index in range(end - 1, start - 1, -1):
        mark = item[index]
        if not mark.literal:
            depth += (mark.char in _CLOSING) - (mark.char in _OPENING)
        if depth == 0:
            return index
    return start


def _detailed(substance: str, inner: list[_Mark]) -> AllergyEntry:
    details: dict[str, str] = {}
    for part in _split(inner, ";"):
        plain = "".join(mark.char if not mark.literal else "\\" for mark in part[:40])
        found = _DETAIL.match(plain)
        value = _joined(part[found.end() :]) if found else ""
        name = found[1].lower() if found else ""
        if not value or name in details or not _can_be(name, value):
            return _with_remark(substance, _joined(inner))
        details[name] = value if name == "reaction" else value.lower()
    return AllergyEntry(
        substance=substance,
        reaction=details.get("reaction"),
        severity=details.get("severity"),
        status=details.get("status", "active"),
    )


def _can_be(name: str, value: str) -> bool:
    if name == "severity":
        return value.lower() in SEVERITIES
    return name != "status" or value.lower() in STATUSES


def _with_remark(substance: str, remark: str) -> AllergyEntry:
    """What people put into brackets is the reaction, or only how bad it was."""
    if remark.lower() in SEVERITIES:
        return AllergyEntry(substance=substance, severity=remark.lower())
    return AllergyEntry(substance=substance, reaction=remark or None)


def _split(marks: list[_Mark], separator: str) -> Iterator[list[_Mark]]:
    part: list[_Mark] = []
    for mark in marks:
        if mark.char == separator and not mark.literal:
            yield part
            part = []
        else:
            part.append(mark)
    yield part


def _joined(marks: list[_Mark]) -> str:
    """The text of marks: runs of blanks as one, none at the ends, unless a backslash keeps them."""
    kept: list[_Mark] = []
    for mark in marks:
        if mark.literal or not mark.char.isspace():
            kept.append(mark)
        elif kept and not (kept[-1].char == " " and not kept[-1].literal):
            kept.append(_Mark(" "))
    if kept and kept[-1].char == " " and not kept[-1].literal:
        kept.pop()
    return "".join(mark.char for mark in kept)
