"""A practitioner's assessment begun, saved while it is written, and settled when two tabs wrote at once."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters.assessments import policy, queries
from clinic.encounters.assessments.definitions import CURRENT
from clinic.encounters.assessments.service.journal import AssessmentLocked, Moved, log
from clinic.encounters.assessments.typed import Content, Typed, Values, columns_of, content_of, read_typed
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus
from clinic.encounters.queries import was_logged_lately
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import practitioner_of
from clinic.scheduling.models import Appointment

TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What became of a save. ``late`` when another version came first: then what was typed is kept aside."""

    version: int
    late: bool = False


def begin(actor: Actor, patient: Patient, kind: str, visit: Appointment | None = None) -> Assessment:
    """The practitioner's draft of a kind about a patient, begun now if there is none; the height and weight
    of the tenfold examination are those measured last. ``visit`` is the one it was begun from.

    Raises Forbidden, and Invalid for a kind that is not known or a visit of somebody else.
    """
    author = author_of(actor)
    if not policy.can_assess(actor, patient):
        raise Forbidden(_("Only practitioners who care for the patient assess them."))
    if kind not in set(AssessmentKind):
        raise Invalid(_("Choose what to assess."))
    if visit is not None and visit.patient_id != patient.id:
        raise Invalid(_("That visit is another patient's."))
    found = queries.draft_of(patient.id, author.id, kind)
    if found is not None:
        return found
    start = _first_values(actor, patient, kind)
    return put_new(
        actor, author, patient, kind, start, facility_id=visit.facility_id if visit else patient.facility_id,
        appointment_id=visit.id if visit else None,
    )  # fmt: skip


def author_of(actor: Actor) -> Practitioner:
    """The practitioner who assesses. Raises Forbidden for whoever is none, or no longer."""
    author = practitioner_of(actor)
    if author is None or not author.active or not policy.can_read_assessments(actor):
        raise Forbidden(_("Only practitioners assess patients."))
    return author


def put_new(
    actor: Actor, author: Practitioner, patient: Patient, kind: str, body: Values, **more: object
) -> Assessment:
    """A new draft row, or the one that another request put there first."""
    values = {
        "patient_id": patient.id,
        "practitioner_id": author.id,
        "kind": kind,
        "form_version": CURRENT,
        "status": AssessmentStatus.DRAFT,
        "version": 1,
        "body": body,
        "created_at": clock.now(),
        "saved_at": clock.now(),
        "saved_by": actor.user_id,
        **more,
    }
    made = db.session.scalar(
        insert(Assessment)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["patient_id", "practitioner_id", "kind"],
            index_where=Assessment.status == AssessmentStatus.DRAFT,
        )
        .returning(Assessment.id)
    )
    found = queries.draft_of(patient.id, author.id, kind)
    if found is None:
        raise Moved
    if made is not None:
        log(actor, "assessment.begun", found)
    return found


def save(actor: Actor, assessment: Assessment, typed: Typed, *, version: int) -> Saved:
    """Keep what was typed over the version that the page showed.

    One conditional UPDATE decides. When another version came first, what was typed is kept aside, unless it
    says everything that the other version does. Raises Forbidden, AssessmentLocked, and Invalid for a text
    too long to keep.
    """
    if not policy.can_write(actor, assessment):
        if assessment.status == AssessmentStatus.CONFIRMED:
            raise AssessmentLocked
        raise Forbidden(_("Only the practitioner who began this writes in it."))
    mine = read_typed(assessment, typed)
    for _try in range(TRIES):
        held = content_of(assessment)
        if mine == held:
            return Saved(version=assessment.version)
        if version != assessment.version and not mine.contains(held):
            _put_aside(assessment, mine)
            return Saved(version=assessment.version, late=True)
        saved = _put(actor, assessment, mine)
        if saved is not None:
            return Saved(version=saved)
        assessment = queries.get_assessment(actor, assessment.id, fresh=True)
        if assessment.status not in policy.OPEN:
            raise AssessmentLocked
    raise Moved


def settle(actor: Actor, assessment: Assessment, *, keep_other: bool) -> None:
    """Choose between the saved version and the one kept aside. Raises Forbidden, AssessmentLocked."""
    if not policy.can_write(actor, assessment):
        raise Forbidden(_("Only the practitioner who began this writes in it."))
    if assessment.other_body is None:
        return
    if keep_other and _put(actor, assessment, Content.from_json(assessment.other_body)) is None:
        raise Moved
    db.session.execute(
        update(Assessment)
        .where(Assessment.id == assessment.id)
        .values(other_body=None)
        .execution_options(synchronize_session=False)
    )
    db.session.expire(assessment)
    log(actor, "assessment.settled", assessment, other=keep_other)


def discard(actor: Actor, assessment: Assessment) -> None:
    """Throw a draft away. Raises Forbidden for anything but one's own draft."""
    if not policy.can_write(actor, assessment) or assessment.status != AssessmentStatus.DRAFT:
        raise Forbidden(_("Only a draft can be thrown away, by the practitioner who began it."))
    log(actor, "assessment.discarded", assessment)
    db.session.execute(
        delete(Assessment).where(Assessment.id == assessment.id, Assessment.status == AssessmentStatus.DRAFT)
    )
    db.session.expunge(assessment)


def _first_values(actor: Actor, patient: Patient, kind: str) -> Values:
    if kind != AssessmentKind.DASHAVIDHA:
        return {}
    known = queries.latest_measures(actor, patient.id)
    return {**({"prakriti": patient.prakriti} if patient.prakriti else {}), **known}


def _put(actor: Actor, assessment: Assessment, content: Content) -> int | None:
    """The one conditional UPDATE: the new version's number, or None when the row had moved on."""
    version: int | None = db.session.scalar(
        update(Assessment)
        .where(
            Assessment.id == assessment.id,
            Assessment.version == assessment.version,
            Assessment.status.in_(policy.OPEN),
        )
        .values(
            version=Assessment.version + 1,
            saved_at=clock.now(),
            saved_by=actor.user_id,
            **columns_of(assessment, content),
        )
        .returning(Assessment.version)
        .execution_options(synchronize_session=False)
    )
    if version is not None:
        db.session.expire(assessment)
        if not was_logged_lately(actor, "assessment.saved", assessment.id):
            log(actor, "assessment.saved", assessment, version=version)
    return version


def _put_aside(assessment: Assessment, content: Content) -> None:
    db.session.execute(
        update(Assessment)
        .where(Assessment.id == assessment.id, Assessment.status.in_(policy.OPEN))
        .values(other_body=content.as_json())
        .execution_options(synchronize_session=False)
    )
    db.session.expire(assessment)
