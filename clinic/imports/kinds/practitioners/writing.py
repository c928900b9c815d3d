"""Lines of a list into the clinic's practitioners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.imports.kinds.base import Context
from clinic.imports.kinds.comparing import as_kept, changes
from clinic.imports.kinds.known import by_itself, records_of_lines, refuse, target_of
from clinic.imports.kinds.practitioners.judging import COMPARED
from clinic.imports.models import Decision, ImportRow
from clinic.practitioners import service
from clinic.practitioners.models import Practitioner
from clinic.practitioners.service import PractitionerDetails

DETAILS = tuple(entry.name for entry in fields(PractitionerDetails))
WATCHED = (*DETAILS, "active", "verified_at", "user_id")
"""What an import finds changed when somebody has worked on a practitioner."""


def write_rows(context: Context, rows: Sequence[ImportRow]) -> None:
    """Enter those who are new, and give them a place at the facility; fill in what is missing of others."""
    lines = records_of_lines(context, rows)
    made: dict[int, int | None] = {}
    for row in rows:
        target = target_of(row, lines)
        with by_itself(row):
            if target is None:
                _add(context, row)
            else:
                _fill(context, row, made.get(-target) if target < 0 else target)
        made[row.number] = row.record_id


def _add(context: Context, row: ImportRow) -> None:
    said: dict[str, Any] = {name: row.values.get(name) for name in DETAILS}
    said["default_minutes"] = said["default_minutes"] or PractitionerDetails.default_minutes
    practitioner = service.create(context.actor, PractitionerDetails(**said))
    service.affiliate(context.actor, practitioner, context.facility.id)
    if row.values.get("active") == "no":
        service.set_active(context.actor, practitioner, False)
    row.record_id, row.added, row.written_at = practitioner.id, True, clock.now()
    row.before = {"after": as_kept(practitioner, WATCHED)}


def _fill(context: Context, row: ImportRow, practitioner_id: int | None) -> None:
    practitioner = db.session.get(Practitioner, practitioner_id or 0, with_for_update=True)
    if practitioner is None:
        refuse(row, _("The line it belongs to was not brought in."))
        return
    row.record_id, row.written_at = practitioner.id, clock.now()
    if (row.match or {}).get("known_line"):
        return
    fills, differs = changes(row.values, practitioner, COMPARED)
    wanted = {**fills, **differs} if row.decision == Decision.REPLACE else fills
    if not wanted:
        return
    before = {name: _plain(getattr(practitioner, name)) for name in wanted}
    change(context, practitioner, wanted)
    row.before = {"columns": before, "after": as_kept(practitioner, WATCHED)}


def change(context: Context, practitioner: Practitioner, wanted: Mapping[str, Any]) -> None:
    """Change a practitioner's columns; ``active`` is ``yes`` or ``no``, as lines say it."""
    kept = {name: getattr(practitioner, name) for name in DETAILS}
    told = {name: value for name, value in wanted.items() if name in DETAILS}
    service.update(context.actor, practitioner, PractitionerDetails(**{**kept, **told}))
    if "active" in wanted:
        service.set_active(context.actor, practitioner, wanted["active"] == "yes")
    db.session.flush()


def _plain(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value
