"""What people are sent about who looks after whom: an invitation to a child's guardian, somebody who left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Category, Content, MessageKind, register
from clinic.notifications.wording import Why
from clinic.patients.models import GuardianInvitation, Patient


def connect() -> None:
    """Register the kinds."""
    register(
        MessageKind(
            name="guardian_invitation",
            label=_l("Invitation to a guardian"),
            load=_load_invitations,
            still_wanted=_is_open,
            category=Category.SECURITY,
            channels=(Channel.SMS,),
        )
    )
    register(
        MessageKind(
            name="household_left",
            label=_l("Somebody left the family's sign-in"),
            load=_load_leavers,
            category=Category.SECURITY,
            channels=(Channel.SMS,),
        )
    )


def _load_invitations(messages: Sequence[Message]) -> Mapping[int, Content]:
    """Who asks is named, the child is not: the number may be somebody else's."""
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(GuardianInvitation, User.name, Facility)
        .join(User, User.id == GuardianInvitation.invited_by)
        .join(GuardianInvitation.patient)
        .join(Facility, Facility.id == Patient.facility_id)
        .where(GuardianInvitation.id.in_(ids))
    ).all()
    found = {row.id: (row, name, facility) for row, name, facility in rows}
    loaded: dict[int, Content] = {}
    for message in messages:
        if (one := found.get(message.subject_id or 0)) is not None:
            row, name, facility = one
            loaded[message.id] = Content(
                address=message.address,
                zone=facility.zone,
                values={"name": name, "clinic": facility.name},
                facts={"open": row.status == "open", "until": row.expires_at},
            )
    return loaded


def _is_open(_message: Message, content: Content) -> str | None:
    if not content.facts["open"]:
        return Why.GONE
    return Why.TOO_LATE if content.facts["until"] <= clock.now() else None


def _load_leavers(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    patients = {row.id: row for row in db.session.scalars(select(Patient).where(Patient.id.in_(ids)))}
    return {
        message.id: Content(
            address=message.address,
            values={
                "name": patient.name,
                "ending": (patient.mobile or "")[-4:],
                "is_new": patient.mobile == message.address,
            },
        )
        for message in messages
        if (patient := patients.get(message.subject_id or 0)) is not None
    }
