"""A signed prescription stopped, whole or one medicine of it; and whether the patient sees it."""

from __future__ import annotations

from sqlalchemy import select, update

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.prescriptions import policy, queries
from clinic.prescriptions.messages import prescription_ready, prescription_withdrawn
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.service.journal import log
from clinic.prescriptions.service.signing import LONGEST_REASON, issue_code


def stop(actor: Actor, prescription: Prescription, reason: str) -> None:
    """Stop all of it: it stays readable, and copies of it are no longer valid.

    Raises Forbidden, Invalid without a reason, and Conflict when it has ended already.
    """
    reason = _reason(actor, prescription, reason)
    stopped = db.session.scalar(
        update(Prescription)
        .where(Prescription.id == prescription.id, Prescription.status == "signed")
        .values(status="stopped", ended_at=clock.now(), ended_by=actor.user_id, end_reason=reason)
        .returning(Prescription.id)
        .execution_options(synchronize_session=False)
    )
    if stopped is None:
        raise Conflict(_("This prescription has ended already."))
    db.session.expire(prescription)
    prescription_withdrawn(prescription)
    log(actor, "prescription.stopped", prescription)


def stop_line(actor: Actor, prescription: Prescription, line_id: int, reason: str) -> None:
    """Stop one medicine; the others run on. The last one stopped stops nothing more than itself.

    Raises Forbidden, NotFound, Invalid without a reason, and Conflict when it was stopped already.
    """
    reason = _reason(actor, prescription, reason)
    known = db.session.scalar(
        select(PrescriptionLine.id).where(
            PrescriptionLine.id == line_id, PrescriptionLine.prescription_id == prescription.id
        )
    )
    if known is None:
        raise NotFound(_("There is no such medicine on this prescription."))
    db.session.execute(select(Prescription.id).where(Prescription.id == prescription.id).with_for_update())
    stopped = db.session.scalar(
        update(PrescriptionLine)
        .where(
            PrescriptionLine.id == line_id,
            PrescriptionLine.prescription_id == prescription.id,
            PrescriptionLine.stopped_at.is_(None),
        )
        .values(stopped_at=clock.now(), stopped_by=actor.user_id, stop_reason=reason)
        .returning(PrescriptionLine.id)
        .execution_options(synchronize_session=False)
    )
    if stopped is None:
        raise Conflict(_("This medicine was stopped already."))
    rows = queries.lines_of(prescription.id, fresh=True)
    issue_code(actor, prescription, rows, queries.acceptances_of(prescription.id))
    log(actor, "prescription.line_stopped", prescription, line=line_id)


def share(actor: Actor, prescription: Prescription, *, shared: bool) -> None:
    """Let the patient see a signed prescription, or no longer. Raises Forbidden and Conflict."""
    if not policy.is_author(actor, prescription):
        raise Forbidden(_("Only the person who signed this prescription decides who sees it."))
    if prescription.signed_at is None:
        raise Conflict(_("Only a signed prescription is shown to the patient."))
    if (prescription.shared_at is not None) == shared:
        return
    db.session.execute(
        update(Prescription)
        .where(Prescription.id == prescription.id)
        .values(shared_at=clock.now() if shared else None)
        .execution_options(synchronize_session=False)
    )
    db.session.expire(prescription)
    if shared and prescription.status == "signed":
        prescription_ready(prescription)
    else:
        prescription_withdrawn(prescription)
    log(actor, "prescription.shared" if shared else "prescription.unshared", prescription)


def _reason(actor: Actor, prescription: Prescription, reason: str) -> str:
    if not policy.can_prescribe(actor):
        raise Forbidden(_("Only practitioners stop a prescription."))
    if not policy.can_end(actor, prescription):
        raise Conflict(_("This prescription has ended already."))
    reason = " ".join(clean(reason).split())
    if not reason:
        raise Invalid(_("Write why it is stopped."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_REASON), field="reason")
    return reason
