"""A code list's file: which column is what, and which lines are codes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.text import fold, one_line
from clinic.encounters.models import CodeSystemName
from clinic.encounters.service.code_lists import CodeLine
from clinic.imports.reading import Unreadable, look, read_lines

MOST_BYTES = 20_000_000
LONGEST_NAME = 500
LONGEST_WORDS = 2_000
MOST_SHOWN = 50
SAMPLED = 200
SHAPES: Mapping[str, re.Pattern[str]] = {
    CodeSystemName.ICD10: re.compile(r"[A-Z]\d\d(\.\d{1,2})?"),
    CodeSystemName.NAMASTE: re.compile(r"[A-Z]{1,4}-\d+(\.\d+)*"),
    CodeSystemName.TM2: re.compile(r"S[K-T][0-9][0-9A-Z]"),
    CodeSystemName.OWN: re.compile(r".{1,40}"),
}
"""What a code of each system looks like."""
SHAPE_WORDS: Mapping[str, str] = {
    CodeSystemName.ICD10: "A00, A00.1, A00.12",
    CodeSystemName.NAMASTE: "A-1, AAA-2.1",
    CodeSystemName.TM2: "SK00, SP9Z",
}
COLUMNS: Mapping[str, Any] = {
    "code": _l("Code"),
    "display": _l("Name in English"),
    "display_hi": _l("Name in Hindi"),
    "term": _l("Sanskrit term"),
    "synonyms": _l("Other words"),
}
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "code", "namc code", "namaste code", "icd code", "icd 10 code", "icd10", "tm2 code", "कोड", "कूट",
    ),
    "display": (
        "display", "name", "title", "english", "english name", "name english", "description", "term english",
        "short definition", "long description", "short description", "diagnosis", "disease", "नाम",
        "अंग्रेज़ी नाम",
    ),
    "display_hi": (
        "hindi", "hindi name", "name hindi", "display hindi", "हिन्दी", "हिंदी", "हिन्दी नाम", "हिंदी नाम",
    ),
    "term": (
        "sanskrit", "term", "namc term", "sanskrit term", "namc term devanagari", "term diacritical",
        "namc term diacritical", "संस्कृत", "संस्कृत नाम",
    ),
    "synonyms": ("synonyms", "synonym", "other names", "also known as", "keywords", "inclusions", "पर्याय"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A line that does not come in, and why."""

    number: int
    code: str
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CodeFile:
    """A file as it was understood: ``mapping`` names the column of each heading, "" for none.

    ``mentioned`` are the codes of all lines whose code has the system's shape, the refused ones too.
    """

    headings: tuple[str, ...]
    mapping: tuple[str, ...]
    lines: list[CodeLine] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    @property
    def is_mapped(self) -> bool:
        """Whether it is known where codes and names stand."""
        return {"code", "display"} <= set(self.mapping)


def read_codes(data: bytes, *, name: str, system: str, mapping: Sequence[str] | None = None) -> CodeFile:
    """Read a list's file. ``mapping`` is what somebody chose for each heading; guessed when it is None or
    does not fit. Raises Unreadable.
    """
    with tempfile.TemporaryDirectory(prefix="sutra-codes-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        shape = look(path, name=name, known=lambda heading: _column_of(heading) != "")
        rows = [(line.number, line.cells, line.fault) for line in read_lines(path, shape)]
    if not rows:
        raise Unreadable(_("There is nothing in this file."))
    chosen = _fitting(mapping, len(shape.headings))
    if chosen is None:
        chosen = guess_columns(shape.headings, [cells for _number, cells, _fault in rows[:SAMPLED]], system)
    found = CodeFile(headings=shape.headings, mapping=chosen)
    if not found.is_mapped:
        return found
    for number, cells, fault in rows:
        _judge(found, system, number, cells, fault)
    return found


def guess_columns(headings: Sequence[str], sample: Sequence[Sequence[str]], system: str) -> tuple[str, ...]:
    """What each column holds: by its heading, the first that fits; failing that, codes are where most cells
    have the system's shape and names in the widest of the columns that are left.
    """
    found = [""] * len(headings)
    for column in COLUMNS:
        fitting = [at for at, heading in enumerate(headings) if _column_of(heading) == column]
        if fitting:
            found[fitting[0]] = column
    free = [at for at, column in enumerate(found) if not column]
    if "code" not in found and system != CodeSystemName.OWN:
        fits = {at: sum(_is_code(system, cells[at]) for cells in sample) for at in free}
        best = max(fits, key=fits.__getitem__, default=None)
        if best is not None and fits[best] * 2 > len(sample):
            found[best] = "code"
            free.remove(best)
    if "display" not in found and free and "code" in found:
        widest = max(free, key=lambda at: sum(len(cells[at]) for cells in sample))
        if any(cells[widest].strip() for cells in sample):
            found[widest] = "display"
    return tuple(found)


def _judge(found: CodeFile, system: str, number: int, cells: Sequence[str], fault: str | None) -> None:
    values = {column: one_line(cells[at]) for at, column in enumerate(found.mapping) if column}
    code, display = _clean_code(system, values["code"]), values["display"]
    if SHAPES[system].fullmatch(code):
        found.mentioned.add(code)
    why = _("The line did not arrive whole.") if fault else _why_not(system, code, values)
    if not why and code in found.taken:
        why = _("This code stands further up already.")
    if why:
        found.refused.append(Refused(number=number, code=values["code"][:60], name=display[:120], why=why))
        return
    found.taken.add(code)
    rest = {column: values.get(column, "") for column in ("display_hi", "term", "synonyms")}
    found.lines.append(CodeLine(code=code, display=display, **rest))


def _why_not(  # noqa: PLR0911 - one line for each reason
    system: str, code: str, values: Mapping[str, str]
) -> str:
    if not code:
        return _("There is no code.")
    if not SHAPES[system].fullmatch(code):
        if system == CodeSystemName.OWN:
            return _("The code has more than %(count)s characters.", count=40)
        return _("This is no code of this list; they look like %(examples)s.", examples=SHAPE_WORDS[system])
    if not values["display"]:
        return _("There is no name.")
    if len(values["display"]) > LONGEST_NAME:
        return _("The name has more than %(count)s characters.", count=LONGEST_NAME)
    if any(len(value) > LONGEST_WORDS for value in values.values()):
        return _("A cell has more than %(count)s characters.", count=LONGEST_WORDS)
    return ""


def _fitting(mapping: Sequence[str] | None, width: int) -> tuple[str, ...] | None:
    if mapping is None or len(mapping) != width:
        return None
    known = [column if column in COLUMNS else "" for column in mapping]
    return tuple(column if column not in known[:at] else "" for at, column in enumerate(known))


def _column_of(heading: str) -> str:
    key = fold(heading)
    return next((column for column, words in _FOLDED.items() if key in words), "")


def _clean_code(system: str, cell: str) -> str:
    return cell if system == CodeSystemName.OWN else cell.upper().replace(" ", "")


def _is_code(system: str, cell: str) -> bool:
    return SHAPES[system].fullmatch(_clean_code(system, one_line(cell))) is not None


_FOLDED = {column: frozenset(fold(word) for word in words) for column, words in _HEADINGS.items()}
