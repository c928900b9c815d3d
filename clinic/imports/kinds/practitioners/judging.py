"""Whether a line is somebody new, somebody who is here already, or maybe that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.comparing import changes
from clinic.imports.kinds.known import brought_in_before
from clinic.imports.kinds.people import TITLES, are_alike, bare
from clinic.imports.models import ImportRow, Outcome
from clinic.practitioners.models import Practitioner

COMPARED = (
    "name", "sex", "specialization", "qualification", "experience_years", "licence_number",
    "registration_number", "default_minutes", "phone", "email", "line", "city", "state", "postal_code",
    "country", "active",
)  # fmt: skip
"""What a line can fill in, or say otherwise."""


class _Like(NamedTuple):
    """Why a line is like somebody, and whether that is enough to know them."""

    sure: bool
    score: int
    reasons: list[str]


def judge(context: Context, rows: Sequence[ImportRow]) -> None:
    """Set outcome and match of lines without faults. Three statements."""
    known = brought_in_before(context, "practitioners", Practitioner, rows)
    kept = _candidates(rows)
    earlier = _earlier_lines(context, rows)
    for row in rows:
        row.outcome, row.match = Outcome.NEW, None
        if row.fingerprint in known:
            row.outcome = Outcome.PRESENT
            row.match = {"id": known[row.fingerprint], "known_line": True}
            continue
        best = _likest(row.values, ((one, _said(one)) for one in kept))
        if best is not None:
            practitioner, like = best
            fills, differs = changes(row.values, practitioner, COMPARED)
            row.match = {"id": practitioner.id, "fills": fills, "differs": differs}
        else:
            best = _likest(row.values, ((line, line.values) for line in earlier if line.number < row.number))
            if best is None:
                continue
            line, like = best
            row.match = {"line": line.number}
            if line.fingerprint == row.fingerprint:
                row.match["known_line"] = True
                like = like._replace(sure=True)
        row.match |= {"score": like.score, "reasons": like.reasons}
        row.outcome = Outcome.PRESENT if like.sure else Outcome.DUPLICATE


def _likest(
    said: Mapping[str, Any], among: Iterable[tuple[Any, Mapping[str, Any]]]
) -> tuple[Any, _Like] | None:
    found = [(one, like) for one, other in among if (like := _compare(said, other)) is not None]
    return max(found, key=lambda pair: pair[1].score, default=None)


def _compare(said: Mapping[str, Any], other: Mapping[str, Any]) -> _Like | None:
    """The licence or the registration settles it where the names are alike; a name needs a telephone or an
    e-mail beside it.
    """
    alike = are_alike(said["name"], other["name"])
    if _equal(said, other, "licence_number"):
        if alike:
            return _Like(True, 100, [_("Same licence number")])
        return _Like(False, 60, [_("Same licence number, another name")])
    if alike and _equal(said, other, "registration_number"):
        return _Like(True, 95, [_("Same registration number")])
    return _compare_names(said, other) if bare(said["name"]) == bare(other["name"]) else None


def _compare_names(said: Mapping[str, Any], other: Mapping[str, Any]) -> _Like:
    if _same_phone(said.get("phone"), other.get("phone")):
        return _Like(True, 90, [_("Same name"), _("Same telephone")])
    if _equal(said, other, "email"):
        return _Like(True, 90, [_("Same name"), _("Same e-mail")])
    return _Like(False, 70, [_("Same name")])


def _equal(said: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    mine, kept = said.get(name), other.get(name)
    return bool(mine and kept) and _number(mine) == _number(kept)


def _number(text: Any) -> str:
    """A number as it is compared: ``KA 1234`` and ``ka1234`` are one."""
    return "".join(str(text).split()).lower()


def _same_phone(one: Any, other: Any) -> bool:
    mine, kept = (re.sub(r"\D", "", str(number or ""))[-10:] for number in (one, other))
    return len(mine) == 10 and mine == kept


def _said(practitioner: Practitioner) -> dict[str, Any]:
    names = ("name", "licence_number", "registration_number", "phone", "email")
    return {name: getattr(practitioner, name) for name in names}


def _candidates(rows: Sequence[ImportRow]) -> list[Practitioner]:
    """Everybody with a number or the name of one of the lines."""
    titles = "|".join(TITLES)
    untitled = func.regexp_replace(Practitioner.search_name, f"^(({titles}) )+", "")
    conditions: list[ColumnElement[bool]] = [untitled.in_({row.match_name for row in rows})]
    for column in (Practitioner.licence_number, Practitioner.registration_number):
        numbers = {_number(row.values[column.key]) for row in rows if row.values.get(column.key)}
        if numbers:
            conditions.append(func.lower(func.regexp_replace(column, r"\s", "", "g")).in_(numbers))
    return list(db.session.scalars(select(Practitioner).where(or_(*conditions)).order_by(Practitioner.id)))


def _earlier_lines(context: Context, rows: Sequence[ImportRow]) -> list[ImportRow]:
    """Lines of the same file with a number or the name of one of these, those that are refused left out."""
    conditions: list[ColumnElement[bool]] = [ImportRow.match_name.in_({row.match_name for row in rows})]
    for name in ("licence_number", "registration_number"):
        numbers = {row.values[name] for row in rows if row.values.get(name)}
        if numbers:
            conditions.append(ImportRow.values[name].astext.in_(numbers))
    found = db.session.scalars(
        select(ImportRow)
        .where(
            ImportRow.import_id == context.import_id,
            func.coalesce(ImportRow.outcome, Outcome.NEW) != Outcome.REFUSED,
            or_(*conditions),
        )
        .order_by(ImportRow.number)
        .execution_options(populate_existing=True)
    ).all()
    for line in found:
        db.session.expunge(line)
    return list(found)
