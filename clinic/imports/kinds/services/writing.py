"""Lines of a price list into the services of the clinic, and out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import Base, db
from clinic.core.i18n import gettext as _
from clinic.core.references import referring_to
from clinic.core.text import fold
from clinic.imports.kinds.base import Context, Touched
from clinic.imports.kinds.comparing import as_kept, changed_since, changes
from clinic.imports.kinds.known import added_by, by_itself, records_of_lines, refuse, target_of
from clinic.imports.kinds.services.judging import COMPARED
from clinic.imports.kinds.services.reading import LONGEST_CODE, USUAL_MINUTES, YES_OR_NO
from clinic.imports.models import Decision, ImportRow
from clinic.scheduling.models import Service
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import ServiceDetails

DETAILS = tuple(entry.name for entry in fields(ServiceDetails))
MOST_SHOWN = 20


def write_rows(context: Context, rows: Sequence[ImportRow]) -> None:
    """Add the services that are new; fill in what is missing of others."""
    lines = records_of_lines(context, rows)
    taken = _codes(context)
    made: dict[int, int | None] = {}
    for row in rows:
        target = target_of(row, lines)
        with by_itself(row):
            if target is None:
                _add(context, row, taken)
            else:
                _fill(context, row, made.get(-target) if target < 0 else target)
        made[row.number] = row.record_id


def worked_on(context: Context) -> list[Touched]:
    """Up to 20 services that were booked or changed since."""
    found = {one.id: one for one in changed_since(context, Service, DETAILS)}
    named = referring_to(Base.metadata.tables["services"], added_by(context))
    if named is not None:
        for one in db.session.scalars(
            select(Service).where(Service.id.in_(named)).order_by(Service.id).limit(MOST_SHOWN)
        ):
            found[one.id] = one
    return [
        Touched(record_id=one.id, name=one.name, url=("scheduling.service", {"service_id": one.id}))
        for one in sorted(found.values(), key=lambda one: one.id)[:MOST_SHOWN]
    ]


def undo(context: Context) -> int:
    """Take out the services that came in, and put back what was changed; how many are gone."""
    changed = db.session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == context.import_id, ~ImportRow.added, ImportRow.before.is_not(None))
        .order_by(ImportRow.number.desc())
    ).all()
    for row in changed:
        _change(context, db.session.get_one(Service, row.record_id), (row.before or {})["columns"])
    ids = list(db.session.scalars(added_by(context)))
    db.session.execute(
        delete(Service).where(Service.id.in_(ids)).execution_options(synchronize_session=False)
    )
    for service_id in ids:
        audit.record(
            context.actor,
            "service.taken_back",
            subject_type="service",
            subject_id=service_id,
            facility_id=context.facility.id,
            detail={"import": context.import_id},
        )
    return len(ids)


def _codes(context: Context) -> set[str]:
    """The codes of the facility, and those that the file gives itself."""
    kept = db.session.scalars(select(Service.code).where(Service.facility_id == context.facility.id))
    given = db.session.scalars(
        select(ImportRow.values["code"].astext).where(
            ImportRow.import_id == context.import_id, ImportRow.values["made"] == func.to_jsonb(False)
        )
    )
    return {code for code in (*kept, *given) if code}


def _free(code: str, taken: set[str]) -> str:
    """The code, or the next like it that nobody has: ``abhyanga-2``."""
    number, free = 1, code
    while free in taken:
        number += 1
        ending = f"-{number}"
        free = code[: LONGEST_CODE - len(ending)] + ending
    taken.add(free)
    return free


def _add(context: Context, row: ImportRow, taken: set[str]) -> None:
    said = {name: value for name, value in row.values.items() if value is not None}
    said.setdefault("minutes", USUAL_MINUTES)
    if said["made"]:
        said["code"] = _free(said["code"], taken)
    service = arrange.save_service(context.actor, context.facility, _details(context, {}, said))
    row.record_id, row.added, row.written_at = service.id, True, clock.now()
    row.before = {"after": as_kept(service, DETAILS)}


def _fill(context: Context, row: ImportRow, service_id: int | None) -> None:
    service = db.session.get(Service, service_id or 0, with_for_update=True)
    if service is None:
        refuse(row, _("The line it belongs to was not brought in."))
        return
    row.record_id, row.written_at = service.id, clock.now()
    if (row.match or {}).get("known_line"):
        return
    fills, differs = changes(row.values, service, COMPARED)
    wanted = {**fills, **differs} if row.decision == Decision.REPLACE else fills
    if not wanted:
        return
    before = {name: _plain(getattr(service, name)) for name in wanted}
    _change(context, service, wanted)
    row.before = {"columns": before, "after": as_kept(service, DETAILS)}


def _change(context: Context, service: Service, wanted: Mapping[str, Any]) -> None:
    kept = {name: getattr(service, name) for name in DETAILS}
    arrange.save_service(context.actor, context.facility, _details(context, kept, wanted), service)


def _details(context: Context, kept: Mapping[str, Any], said: Mapping[str, Any]) -> ServiceDetails:
    """A service as it is kept, with what a line says instead; a room's kind as the clinic spells it."""
    told: dict[str, Any] = {name: value for name, value in said.items() if name in DETAILS}
    for name in YES_OR_NO:
        if isinstance(told.get(name), str):
            told[name] = told[name] == "yes"
    if told.get("fee") is not None:
        told["fee"] = Decimal(told["fee"])
    if told.get("room_kind"):
        kinds = {fold(kind): kind for kind in setup.room_kinds(context.facility.id)}
        told["room_kind"] = kinds.get(fold(told["room_kind"]), told["room_kind"])
    if isinstance(told.get("equipment"), str):
        kinds = {fold(kind): kind for kind in setup.equipment_kinds(context.facility.id)}
        named = [one.strip() for one in told["equipment"].split(",") if one.strip()]
        told["equipment"] = tuple(kinds.get(fold(one), one) for one in named)
    return ServiceDetails(**{**kept, **told})


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value) if isinstance(value, Decimal) else value
