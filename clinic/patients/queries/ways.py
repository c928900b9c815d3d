"""The ways a patient can be reached, and which of them they want."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Select, Text, cast, func, select

from clinic.accounts.models import User
from clinic.core.db import db
from clinic.notifications.models import Channel, MessageChoice, PushSubscription, SmsStop
from clinic.notifications.preferences import Choices, wants
from clinic.notifications.registry import ALL_CHANNELS, MessageKind, kind_of
from clinic.patients.models import Guardianship, Patient


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How one patient can be reached now. ``channels`` go from the surest to the least."""

    channels: tuple[Channel, ...]
    choices: Choices = field(default_factory=dict)

    def wanted(self, kind_name: str) -> list[Channel]:
        """The ways a kind of message goes to this patient, the surest first."""
        kind = kind_of(kind_name)
        return [] if kind is None else [channel for channel in self.channels if self._wants(kind, channel)]

    def with_one_sure(self, kind_name: str) -> list[Channel]:
        """``wanted``, of text messages and e-mails only the first: what is told often is told once."""
        found = self.wanted(kind_name)
        sure = [channel for channel in found if channel in (Channel.SMS, Channel.EMAIL)]
        return [channel for channel in found if channel not in sure[1:]]

    def _wants(self, kind: MessageKind, channel: Channel) -> bool:
        return wants(kind, channel, self.choices)


def ways_to(patient: Patient) -> Ways:
    """How a patient can be reached, in one statement.

    An inbox counts once somebody has signed in for the patient, push once a browser of theirs hears. A mobile
    that asked for no more text messages is no way.
    """
    guardians = _guardians(patient.id)
    hears = (
        select(PushSubscription.id)
        .where(PushSubscription.user_id.in_(guardians), PushSubscription.retired_at.is_(None))
        .exists()
    )
    signed_in = select(User.id).where(User.id.in_(guardians), User.last_sign_in_at.is_not(None)).exists()
    stopped = select(SmsStop.mobile).where(SmsStop.mobile == (patient.mobile or ""), SmsStop.stopped).exists()
    chosen = (
        select(
            func.jsonb_object_agg(
                cast(MessageChoice.choice + " " + MessageChoice.channel, Text), MessageChoice.wanted
            )
        )
        .where(MessageChoice.recipient_type == "patient", MessageChoice.recipient_id == patient.id)
        .scalar_subquery()
    )
    row = db.session.execute(select(hears, signed_in, stopped, chosen)).one()
    there: Mapping[Channel, bool] = {
        Channel.SMS: bool(patient.mobile) and not row[2],
        Channel.EMAIL: bool(patient.email),
        Channel.PUSH: row[0],
        Channel.IN_APP: row[1],
    }
    choices = {(name.split(" ")[0], name.split(" ")[1]): wanted for name, wanted in (row[3] or {}).items()}
    return Ways(channels=tuple(one for one in ALL_CHANNELS if there[one]), choices=choices)


def guardians_of(patient_id: int) -> Collection[int]:
    """The sign-ins that may act for a patient now."""
    return list(db.session.scalars(_guardians(patient_id)))


def _guardians(patient_id: int) -> Select[int]:
    return (
        select(Guardianship.user_id)
        .join(User, User.id == Guardianship.user_id)
        .where(Guardianship.patient_id == patient_id, Guardianship.ended_at.is_(None), User.active)
    )
