"""What the letters of a medicine may become: one's favourites, what one wrote before, the clinic's list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.text import LIKE_ESCAPE, fold, like_prefix
from clinic.prescriptions.dosing import read_dosing
from clinic.prescriptions.models import Favourite, Medicine, Prescription, PrescriptionLine
from clinic.prescriptions.policy import own_practitioner
from clinic.prescriptions.reading import LineRead, line_of, quick_line, read_line, texts_of
from clinic.prescriptions.words import FOOD

MOST = 8
FAVOURITE, USED, LISTED = "f", "u", "m"


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One medicine to pick: ``pick`` is what the form sends (``f:12``), ``line`` what it would add."""

    pick: str
    line: LineRead
    favourite: bool = False
    used: bool = False


def suggestions(actor: Actor, typed: str) -> list[Suggestion]:
    """At most eight, those one uses first; each medicine once. One statement."""
    words = fold(quick_line(typed)["name"] or typed).split()[:6]
    if not words:
        return []
    mine = own_practitioner(actor)
    favourites = select(
        literal(0).label("rank"),
        literal(FAVOURITE).label("source"),
        Favourite.id.label("id"),
        Favourite.search_name.label("name"),
        func.jsonb_build_object("line", Favourite.line).label("data"),
    ).where(Favourite.practitioner_id == mine, *begins(Favourite.search_name, words))
    line, own = aliased(PrescriptionLine), aliased(Prescription)
    used = (
        select(
            literal(1).label("rank"),
            literal(USED).label("source"),
            func.max(line.id).label("id"),
            func.lower(line.name).label("name"),
            func.jsonb_build_object().label("data"),
        )
        .join(own, own.id == line.prescription_id)
        .where(
            own.practitioner_id == mine,
            own.signed_at.is_not(None),
            line.removed_at.is_(None),
            *begins(func.lower(line.name), words),
        )
        .group_by(func.lower(line.name))
        .limit(MOST)
    )
    listed = (
        select(
            literal(2).label("rank"),
            literal(LISTED).label("source"),
            Medicine.id.label("id"),
            func.lower(Medicine.name).label("name"),
            func.jsonb_build_object(
                "line",
                Medicine.usual.concat(
                    func.jsonb_build_object(
                        "kind", Medicine.kind, "name", Medicine.name, "ingredients", Medicine.ingredients
                    )
                ),
            ).label("data"),
        )
        .where(Medicine.active, *begins(Medicine.search_name, words))
        .limit(MOST * 2)
    )
    rows = db.session.execute(
        select(union_all(favourites, used.subquery().select(), listed.subquery().select()).subquery())
    ).all()
    first = words[0]
    rows = sorted(rows, key=lambda row: (row.rank, not row.name.startswith(first), row.name))
    lines = _used_lines([row.id for row in rows if row.source == USED])
    found: dict[str, Suggestion] = {}
    for row in rows:
        read = lines.get(row.id) if row.source == USED else read_line(row.data["line"])
        if read is None or fold(read.name) in found:
            continue
        found[fold(read.name)] = Suggestion(
            pick=f"{row.source}:{row.id}",
            line=_with_typed(read, typed),
            favourite=row.source == FAVOURITE,
            used=row.source == USED,
        )
    return list(found.values())[:MOST]


def picked(actor: Actor, pick: str, typed: str) -> LineRead | None:
    """The line that a suggestion stands for, with the dosing that was typed behind the name; None for none of
    theirs.
    """
    source, _colon, text = pick.partition(":")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    number, mine = int(text), own_practitioner(actor)
    line: LineRead | None = None
    if source == FAVOURITE:
        data = db.session.scalar(
            select(Favourite.line).where(Favourite.id == number, Favourite.practitioner_id == mine)
        )
        line = read_line(data) if data else None
    elif source == LISTED:
        medicine = db.session.get(Medicine, number)
        if medicine is not None and medicine.active:
            line = read_line(medicine_texts(medicine))
    elif source == USED:
        line = _used_lines([number], mine).get(number)
    return _with_typed(line, typed) if line else None


def typed_line(actor: Actor, typed: str) -> LineRead:
    """The line of a medicine typed out: as it is usually given where the name is one of the known, or the
    beginning of no more than one.
    """
    quick = quick_line(typed)
    found = suggestions(actor, typed)
    for item in found:
        if fold(item.line.name) == fold(quick["name"]):
            return item.line
    if len(found) == 1 and fold(found[0].line.name).startswith(fold(quick["name"])):
        return found[0].line
    return read_line(quick)


def medicine_texts(medicine: Medicine) -> dict[str, Any]:
    """The texts of a line as the clinic's list proposes it."""
    return {
        **medicine.usual,
        "kind": medicine.kind,
        "name": medicine.name,
        "ingredients": medicine.ingredients,
    }


def _with_typed(line: LineRead, typed: str) -> LineRead:
    """What was typed behind the name goes before what is usual."""
    said = read_dosing(quick_line(typed)["dosing"])
    if said is None:
        return line
    texts = texts_of(line)
    texts["dosing"] = said.dosing.notation
    if said.dose:
        texts["dose"] = said.dose.text
    if said.duration:
        texts["duration"] = said.duration.text
    if said.food:
        texts["food" if line.kind == "general" else "sevana_kala"] = ""
        texts["dosing"] += f" {FOOD[said.food].typed[0]}"
    return read_line(texts)


def _used_lines(ids: list[int], mine: Any = None) -> dict[int, LineRead]:
    if not ids:
        return {}
    statement = select(PrescriptionLine).where(PrescriptionLine.id.in_(ids))
    if mine is not None:
        statement = statement.join(Prescription, Prescription.id == PrescriptionLine.prescription_id).where(
            Prescription.practitioner_id == mine
        )
    return {row.id: line_of(row) for row in db.session.scalars(statement)}


def begins(column: Any, words: list[str]) -> list[Any]:
    """Every word typed begins a word of the name."""
    conditions = []
    for word in words:
        starts = like_prefix(word)
        conditions.append(
            or_(column.like(starts, escape=LIKE_ESCAPE), column.like("% " + starts, escape=LIKE_ESCAPE))
        )
    return conditions
