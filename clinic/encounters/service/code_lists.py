"""Code lists brought in: what is new is added, what changed is written over, what is gone is retired."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

from clinic.audit.service import record
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.text import fold
from clinic.encounters.models import Code, CodeSystem

AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeLine:
    """One code as a list gives it: English name, Hindi name, Sanskrit term, other words it is known by."""

    code: str
    display: str
    display_hi: str = ""
    term: str = ""
    synonyms: str = ""

    @property
    def search_text(self) -> str:
        """Every word it is found by, folded, each once."""
        words = fold(" ".join((self.display, self.display_hi, self.term, self.synonyms))).split()
        return " ".join(dict.fromkeys(words))


@dataclass(frozen=True, kw_only=True)
class Brought:
    """How many codes an import added, changed, left as they were, and retired."""

    new: int
    changed: int
    same: int
    retired: int


def compare_list(
    system: str, lines: Sequence[CodeLine], mentioned: Collection[str], *, whole: bool
) -> Brought:
    """What bringing the list in would do, without doing it. ``mentioned`` are all codes the file names, also
    those whose lines are refused: they are not retired. ``whole`` says that the file is the whole list.
    """
    known = {
        row.code: (row.display, row.display_hi, row.term, row.synonyms, row.active)
        for row in db.session.execute(
            select(Code.code, Code.display, Code.display_hi, Code.term, Code.synonyms, Code.active).where(
                Code.system == system
            )
        )
    }
    new = sum(line.code not in known for line in lines)
    same = sum(
        known.get(line.code) == (line.display, line.display_hi, line.term, line.synonyms, True)
        for line in lines
    )
    named = {*mentioned, *(line.code for line in lines)}
    gone = sum(values[4] and code not in named for code, values in known.items()) if whole else 0
    return Brought(new=new, changed=len(lines) - new - same, same=same, retired=gone)


def bring_in(
    actor: Actor,
    system: str,
    lines: Sequence[CodeLine],
    mentioned: Collection[str],
    *,
    whole: bool,
    list_version: str,
    licence: str,
    file_name: str,
) -> Brought:
    """Bring a list in. A second time it adds nothing twice: codes are known by system and code.

    Diagnoses keep the words and the edition they were made with, whatever a list says later.
    """
    brought = compare_list(system, lines, mentioned, whole=whole)
    now = clock.now()
    header = {
        "list_version": list_version,
        "licence": licence,
        "file_name": file_name,
        "imported_at": now,
        "imported_by": actor.user_id,
    }
    db.session.execute(
        insert(CodeSystem)
        .values(code=system, **header)
        .on_conflict_do_update(index_elements=[CodeSystem.code], set_=header)
    )
    for at in range(0, len(lines), AT_ONCE):
        _put(system, lines[at : at + AT_ONCE], list_version)
    if whole:
        named = sorted({*mentioned, *(line.code for line in lines)})
        listed = func.unnest(bindparam("named", named, type_=ARRAY(TEXT))).column_valued("listed")
        db.session.execute(
            update(Code)
            .where(Code.system == system, Code.active, Code.code.not_in(select(listed)))
            .values(active=False)
            .execution_options(synchronize_session=False)
        )
    db.session.execute(text("ANALYZE codes, code_words"))
    record(
        actor,
        "codes.imported",
        subject_type="code_system",
        detail={
            "system": system,
            "new": brought.new,
            "changed": brought.changed,
            "retired": brought.retired,
        },
    )
    return brought


def _put(system: str, lines: Sequence[CodeLine], list_version: str) -> None:
    rows = [
        {
            "system": system,
            "code": line.code,
            "display": line.display,
            "display_hi": line.display_hi,
            "term": line.term,
            "synonyms": line.synonyms,
            "search_text": line.search_text,
            "active": True,
            "list_version": list_version,
        }
        for line in lines
    ]
    written = insert(Code)
    again = written.excluded
    db.session.execute(
        written.on_conflict_do_update(
            constraint="uq_codes_system_code",
            set_={
                name: again[name]
                for name in (
                    "display",
                    "display_hi",
                    "term",
                    "synonyms",
                    "search_text",
                    "active",
                    "list_version",
                )
            },
        ),
        rows,
    )
