"""Taking an import of patients back, as long as nobody has worked on them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, func, or_, select, update

from clinic.accounts.models import RoleGrant, User
from clinic.audit import service as audit
from clinic.core.access import Role
from clinic.core.db import Base, db
from clinic.core.references import referring_to
from clinic.imports.kinds.base import Context, Touched
from clinic.imports.kinds.patients.writing import DATES
from clinic.imports.models import ImportRow
from clinic.patients.models import Allergy, Guardianship, Patient
from clinic.patients.service.updating import record_change

OWN = ("allergies", "guardianships", "patient_words", "import_rows")
"""Tables in which an import itself leaves rows about a patient."""
MOST_SHOWN = 20


def worked_on(context: Context) -> list[Touched]:
    """Up to 20 patients that were changed, booked or written about since they came in. One statement."""
    others = referring_to(_table("patients"), _added(context), but=OWN)
    written = (
        select(
            ImportRow.record_id,
            func.max(ImportRow.version_after).label("left_at"),
            func.bool_or(ImportRow.added).label("added"),
        )
        .where(ImportRow.import_id == context.import_id, ImportRow.version_after.is_not(None))
        .group_by(ImportRow.record_id)
        .cte("written")
    )
    reasons: list[ColumnElement[bool]] = [
        written.c.left_at != Patient.version,
        exists()
        .where(Guardianship.patient_id == Patient.id, User.id == Guardianship.user_id)
        .where(or_(User.mobile.is_distinct_from(Patient.mobile), Guardianship.ended_at.is_not(None))),
    ]
    if others is not None:
        reasons.append(and_(written.c.added, Patient.id.in_(others)))
    rows = db.session.execute(
        select(Patient.id, Patient.name)
        .join(written, written.c.record_id == Patient.id)
        .where(or_(*reasons))
        .order_by(Patient.id)
        .limit(MOST_SHOWN)
    )
    return [
        Touched(record_id=patient_id, name=name, url=("patient_page.show", {"patient_id": patient_id}))
        for patient_id, name in rows
    ]


def undo(context: Context) -> int:
    """Take out what the import added, and put back what it changed; how many patients are gone."""
    for row in db.session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == context.import_id, ImportRow.before.is_not(None))
        .order_by(ImportRow.number.desc())
    ):
        _put_back(context, row)
    ids = [record_id for record_id in db.session.scalars(_added(context)) if record_id is not None]
    mobiles = select(Patient.mobile).where(Patient.id.in_(_added(context)), Patient.mobile.is_not(None))
    logins = list(db.session.scalars(select(User.id).where(User.mobile.in_(mobiles))))
    audit.record_many(
        context.actor,
        "patient.taken_back",
        facility_id=context.facility.id,
        patient_ids=ids,
        detail={"import": context.import_id},
    )
    for model in (Allergy, Guardianship):
        db.session.execute(
            delete(model)
            .where(model.patient_id.in_(_added(context)))
            .execution_options(synchronize_session=False)
        )
    db.session.execute(
        delete(Patient).where(Patient.id.in_(_added(context))).execution_options(synchronize_session=False)
    )
    _close_sign_ins(logins)
    return len(ids)


def _put_back(context: Context, row: ImportRow) -> None:
    patient = db.session.get_one(Patient, row.record_id)
    before: dict[str, Any] = row.before or {}
    columns = before.get("columns", {})
    for name, value in columns.items():
        setattr(patient, name, date.fromisoformat(value) if name in DATES and value else value)
    wrong = before.get("allergies", [])
    if wrong:
        db.session.execute(update(Allergy).where(Allergy.id.in_(wrong)).values(status="entered_in_error"))
    db.session.flush()
    _let_others_go_back(context, row, patient)
    record_change(context.actor, patient, sorted([*columns, *(["allergies"] if wrong else [])]))


def _let_others_go_back(context: Context, row: ImportRow, patient: Patient) -> None:
    """An earlier import whose patient was as it left it, but for what is taken back here, may go back too."""
    version_before = (row.before or {}).get("version")
    if version_before is not None:
        db.session.execute(
            update(ImportRow)
            .where(
                ImportRow.record_id == patient.id,
                ImportRow.import_id != context.import_id,
                ImportRow.version_after == version_before,
            )
            .values(version_after=patient.version)
            .execution_options(synchronize_session=False)
        )


def _close_sign_ins(user_ids: list[int]) -> None:
    """Sign-ins that were for these patients only, and that nobody has ever used, go too."""
    if not user_ids:
        return
    mine = select(User.id).where(User.id.in_(user_ids))
    used = referring_to(_table("users"), mine, but=("role_grants",))
    other_roles = exists().where(RoleGrant.user_id == User.id, RoleGrant.role != Role.PATIENT)
    unused = mine.where(User.password_hash.is_(None), ~other_roles)
    if used is not None:
        unused = unused.where(User.id.not_in(used))
    gone = list(db.session.scalars(unused))
    for statement in (
        delete(RoleGrant).where(RoleGrant.user_id.in_(gone)),
        delete(User).where(User.id.in_(gone)),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))


def _added(context: Context) -> Select[Any]:
    return select(ImportRow.record_id).where(
        ImportRow.import_id == context.import_id, ImportRow.added, ImportRow.record_id.is_not(None)
    )


def _table(name: str) -> Table:
    return Base.metadata.tables[name]
