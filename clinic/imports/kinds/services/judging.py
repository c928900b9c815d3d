"""Whether a line is a new service, or one that the clinic has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.comparing import changes
from clinic.imports.kinds.known import brought_in_before, refuse, remark
from clinic.imports.models import ImportRow, Outcome
from clinic.scheduling.models import Service
from clinic.scheduling.queries import setup

COMPARED = (
    "name", "name_hi", "minutes", "fee", "hue", "room_kind", "note_template", "online_booking",
    "needs_confirmation", "before_you_come", "before_you_come_hi", "buffer_before", "buffer_after",
    "in_person", "online", "therapists", "same_sex", "equipment", "capacity", "notice_minutes",
    "horizon_days", "change_minutes", "active",
)  # fmt: skip
"""What a line can fill in, or say otherwise. The code is how others know a service: it stays."""


def judge(context: Context, rows: Sequence[ImportRow]) -> None:
    """Set outcome and match of lines without faults. Five statements."""
    known = brought_in_before(context, "services", Service, rows)
    kept = setup.all_services(context.facility.id)
    by_code = {service.code.casefold(): service for service in kept}
    by_name = {fold(service.name): service for service in reversed(kept)}
    rooms = {fold(kind) for kind in setup.room_kinds(context.facility.id)}
    pieces = {fold(kind) for kind in setup.equipment_kinds(context.facility.id)}
    earlier = _earlier_lines(context, rows)
    for row in rows:
        row.outcome, row.match = Outcome.NEW, None
        said = row.values
        kind = said.get("room_kind")
        if kind and fold(kind) not in rooms:
            remark(row, "room_kind", _("There is no such room yet; until there is, nobody can be booked."))
        if any(fold(one) not in pieces for one in (said.get("equipment") or "").split(", ") if one):
            remark(
                row, "equipment", _("There is no such equipment yet; until there is, nobody can be booked.")
            )
        if row.fingerprint in known:
            row.outcome = Outcome.PRESENT
            row.match = {"id": known[row.fingerprint], "known_line": True}
            continue
        service = None if said["made"] else by_code.get(said["code"].casefold())
        service = service or by_name.get(row.match_name or "")
        if service is not None:
            fills, differs = changes(said, service, COMPARED)
            row.outcome = Outcome.PRESENT
            row.match = {"id": service.id, "fills": fills, "differs": differs}
        else:
            _compare_lines(row, [line for line in earlier if line.number < row.number])


def _compare_lines(row: ImportRow, earlier: Sequence[Any]) -> None:
    """The same line twice is one service; two that differ need names or codes that do."""
    for line in earlier:
        if line.fingerprint == row.fingerprint:
            row.outcome, row.match = Outcome.PRESENT, {"line": line.number, "known_line": True}
            return
        made = row.values["made"] or line.values["made"]
        if not made and line.values["code"].casefold() == row.values["code"].casefold():
            refuse(row, _("Line %(number)d has this code already.", number=line.number), "code")
            return
        if made and line.match_name == row.match_name:
            refuse(
                row,
                _("Line %(number)d has this name already. Say what is different.", number=line.number),
                "name",
            )
            return


def _earlier_lines(context: Context, rows: Sequence[ImportRow]) -> Sequence[Any]:
    """Lines of the same file with the name or the code of one of these, refused ones left out."""
    return db.session.execute(
        select(ImportRow.number, ImportRow.values, ImportRow.match_name, ImportRow.fingerprint)
        .where(
            ImportRow.import_id == context.import_id,
            func.coalesce(ImportRow.outcome, Outcome.NEW) != Outcome.REFUSED,
            or_(
                ImportRow.match_name.in_({row.match_name for row in rows}),
                func.lower(ImportRow.values["code"].astext).in_({row.values["code"].lower() for row in rows}),
            ),
        )
        .order_by(ImportRow.number)
    ).all()
