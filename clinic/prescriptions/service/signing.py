"""A prescription signed for good, and the warnings set aside before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.prescriptions import checks, policy, queries
from clinic.prescriptions.checks import Finding
from clinic.prescriptions.errors import Moved, NoRegistration, NotReady, PrescriptionLocked
from clinic.prescriptions.messages import prescription_ready
from clinic.prescriptions.models import Acceptance, Prescription, PrescriptionLine
from clinic.prescriptions.printed import KIND, digest_of, snapshot
from clinic.prescriptions.reading import line_of
from clinic.prescriptions.service.journal import log
from clinic.records.verification import issue

LONGEST_REASON = 300


def sign(actor: Actor, prescription: Prescription, *, version: int) -> Prescription:
    """Sign a prescription as it stands at ``version``: from then on it is locked, can be verified, and is
    the patient's to see where it is shared.

    Everything is checked anew. Raises Forbidden, PrescriptionLocked, Moved, NoRegistration, and NotReady with
    what is missing and what nobody has settled.
    """
    if not policy.is_author(actor, prescription):
        raise Forbidden(_("Only the person who wrote this prescription signs it."))
    if prescription.status != "draft":
        raise PrescriptionLocked
    if not (prescription.practitioner.registration_number or "").strip():
        raise NoRegistration
    _hold(prescription, version)
    rows = queries.lines_of(prescription.id, fresh=True)
    check(actor, prescription, rows)
    _write_quantities(rows)
    rows = queries.lines_of(prescription.id, fresh=True)
    _lock(actor, prescription)
    acceptances = queries.acceptances_of(prescription.id)
    issue_code(actor, prescription, rows, acceptances)
    _supersede(actor, prescription)
    log(
        actor,
        "prescription.signed",
        prescription,
        version=version,
        lines=len(rows),
        shared=prescription.share,
    )
    if prescription.shared_at is not None:
        prescription_ready(prescription)
    return prescription


def check(actor: Actor, prescription: Prescription, rows: Sequence[PrescriptionLine]) -> None:
    """Raise NotReady with whatever keeps these lines from being signed."""
    lines = {row.id: line_of(row) for row in rows}
    problems = checks.problems_of(lines, has_texts=has_texts(prescription))
    open_ones = checks.unsettled(checks.find(lines, checks.facts_of(actor, prescription)))
    if problems or open_ones:
        raise NotReady(problems, open_ones)


def open_findings(actor: Actor, prescription: Prescription) -> list[Finding]:
    """What was found about a draft and nobody has set aside yet."""
    lines = {row.id: line_of(row) for row in queries.lines_of(prescription.id, fresh=True)}
    return checks.unsettled(checks.find(lines, checks.facts_of(actor, prescription)))


def has_texts(prescription: Prescription) -> bool:
    """Whether a prescription says something without any medicine: diet, tests, advice."""
    return any((prescription.advice, prescription.pathya, prescription.apathya, prescription.tests))


def accept(actor: Actor, prescription: Prescription, key: str, reason: str) -> None:
    """Set a warning aside, or a block with a reason: kept with who and when, and printed.

    What is not found any more is nothing to set aside. Raises Forbidden, PrescriptionLocked and Invalid.
    """
    if not policy.is_author(actor, prescription) or actor.user_id is None:
        raise Forbidden(_("Only the person who writes this prescription sets a warning aside."))
    if prescription.status != "draft":
        raise PrescriptionLocked
    lines = {row.id: line_of(row) for row in queries.lines_of(prescription.id)}
    found = checks.find(lines, checks.facts_of(actor, prescription))
    finding = next((item for item in found if item.key == key), None)
    if finding is None:
        return
    reason = " ".join(clean(reason).split())
    if finding.level == "block" and not reason:
        raise Invalid(_("Write why it is needed all the same."), field=f"reason-{key}")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_REASON), field=f"reason-{key}")
    made = db.session.scalar(
        insert(Acceptance)
        .values(
            prescription_id=prescription.id,
            finding=finding.key,
            level=finding.level,
            text=finding.text,
            reason=reason or None,
            accepted_by=actor.user_id,
            accepted_name=actor.name,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_prescription_acceptances_once")
        .returning(Acceptance.id)
    )
    if made is not None:
        log(actor, "prescription.warning_accepted", prescription, acceptance=made, level=finding.level)


def issue_code(
    actor: Actor,
    prescription: Prescription,
    rows: Sequence[PrescriptionLine],
    acceptances: Sequence[Acceptance],
) -> None:
    """Give the content as it stands a code by which copies are checked."""
    issue(
        actor,
        kind=KIND,
        subject_id=prescription.id,
        patient_id=prescription.patient_id,
        facility_id=prescription.facility_id,
        digest=digest_of(prescription, rows, acceptances),
    )


def _hold(prescription: Prescription, version: int) -> None:
    """Lock the row at this version: of two signatures at once the second finds it signed."""
    held = db.session.execute(
        select(Prescription.status, Prescription.version)
        .where(Prescription.id == prescription.id)
        .with_for_update()
    ).one()
    if held.status != "draft":
        raise PrescriptionLocked
    if held.version != version:
        raise Moved


def _write_quantities(rows: Sequence[PrescriptionLine]) -> None:
    """Write down the quantities that were reckoned: what is signed does not follow later reckoning."""
    for row in rows:
        reckoned = line_of(row).reckoned
        if reckoned is not None:
            db.session.execute(
                update(PrescriptionLine)
                .where(PrescriptionLine.id == row.id)
                .values(quantity=reckoned.text)
                .execution_options(synchronize_session=False)
            )


def _lock(actor: Actor, prescription: Prescription) -> None:
    at = clock.now()
    values: dict[str, Any] = {
        "status": "signed",
        "signed_at": at,
        "signed_by": actor.user_id,
        "printed": snapshot(prescription),
        "shared_at": at if prescription.share else None,
    }
    db.session.execute(
        update(Prescription)
        .where(Prescription.id == prescription.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(prescription)


def _supersede(actor: Actor, prescription: Prescription) -> None:
    """End the one that this one replaces. Raises Conflict when it ended meanwhile."""
    if prescription.replaces_id is None:
        return
    old = queries.get_prescription(actor, prescription.replaces_id)
    ended = db.session.scalar(
        update(Prescription)
        .where(Prescription.id == old.id, Prescription.status == "signed")
        .values(status="superseded", ended_at=clock.now(), ended_by=actor.user_id)
        .returning(Prescription.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        raise Conflict(
            _("The prescription that this one replaces has ended meanwhile. Begin a new one from it.")
        )
    log(actor, "prescription.superseded", old, by=prescription.id)
    db.session.expire(old)
