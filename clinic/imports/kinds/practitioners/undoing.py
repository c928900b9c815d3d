"""Taking an import of practitioners back, as long as nobody works with them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, or_, select

from clinic.audit import service as audit
from clinic.core.db import Base, db
from clinic.core.references import referring_to
from clinic.imports.kinds.base import Context, Touched
from clinic.imports.kinds.comparing import changed_since
from clinic.imports.kinds.known import added_by
from clinic.imports.kinds.practitioners.writing import WATCHED, change
from clinic.imports.models import ImportRow
from clinic.practitioners.models import Affiliation, Practitioner
from clinic.scheduling.models import Resource, ResourceUnit

MOST_SHOWN = 20


def worked_on(context: Context) -> list[Touched]:
    """Up to 20 practitioners who were changed, verified, given hours, a sign-in or visits since."""
    found = {one.id: one for one in changed_since(context, Practitioner, WATCHED)}
    for one in db.session.scalars(
        select(Practitioner)
        .where(Practitioner.id.in_(added_by(context)), or_(*_reasons(context)))
        .order_by(Practitioner.id)
        .limit(MOST_SHOWN)
    ):
        found[one.id] = one
    return [
        Touched(record_id=one.id, name=one.name, url=("practitioners.show", {"practitioner_id": one.id}))
        for one in sorted(found.values(), key=lambda one: one.id)[:MOST_SHOWN]
    ]


def undo(context: Context) -> int:
    """Take out who came in, with their places, and put back what was filled in; how many are gone."""
    filled = db.session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == context.import_id, ~ImportRow.added, ImportRow.before.is_not(None))
        .order_by(ImportRow.number.desc())
    ).all()
    for row in filled:
        change(context, db.session.get_one(Practitioner, row.record_id), (row.before or {})["columns"])
    ids = list(db.session.scalars(added_by(context)))
    places = select(Resource.id).where(Resource.practitioner_id.in_(ids))
    for statement in (
        delete(ResourceUnit).where(ResourceUnit.resource_id.in_(places)),
        delete(Resource).where(Resource.practitioner_id.in_(ids)),
        delete(Affiliation).where(Affiliation.practitioner_id.in_(ids)),
        delete(Practitioner).where(Practitioner.id.in_(ids)),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))
    for practitioner_id in ids:
        audit.record(
            context.actor,
            "practitioner.taken_back",
            subject_type="practitioner",
            subject_id=practitioner_id,
            facility_id=context.facility.id,
            detail={"import": context.import_id},
        )
    return len(ids)


def _reasons(context: Context) -> list[ColumnElement[bool]]:
    """Why somebody who came in stays: named by a visit or a note, at work elsewhere, or with hours, time off
    or claims on their time.
    """
    tables, mine = Base.metadata.tables, added_by(context)
    places = select(Resource.id).where(Resource.practitioner_id.in_(mine))
    units = select(ResourceUnit.id).where(ResourceUnit.resource_id.in_(places))
    owners = select(Resource.practitioner_id)
    reasons: list[ColumnElement[bool]] = [
        Practitioner.id.in_(
            select(Affiliation.practitioner_id).where(
                or_(Affiliation.facility_id != context.facility.id, ~Affiliation.active)
            )
        )
    ]
    if (named := referring_to(tables["practitioners"], mine, but=("affiliations", "resources"))) is not None:
        reasons.append(Practitioner.id.in_(named))
    if (used := referring_to(tables["resources"], places, but=("resource_units",))) is not None:
        reasons.append(Practitioner.id.in_(owners.where(Resource.id.in_(used))))
    if (claimed := referring_to(tables["resource_units"], units)) is not None:
        held = select(ResourceUnit.resource_id).where(ResourceUnit.id.in_(claimed))
        reasons.append(Practitioner.id.in_(owners.where(Resource.id.in_(held))))
    return reasons
