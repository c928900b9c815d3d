"""What somebody of the staff is told when the way they sign in was changed, or tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import column, or_, select, table

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.service.security_notices import EVENTS, KIND
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Category, Content, MessageKind, register

_facilities = table("facilities", column("id"), column("zone"), column("active"))
"""Facilities stand above accounts; here they only say what time it was."""


def connect() -> None:
    """Register the kind."""
    register(
        MessageKind(
            name=KIND,
            label=_l("Security notice"),
            load=_load,
            category=Category.SECURITY,
            channels=(Channel.EMAIL,),
        )
    )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(AuditEvent, User)
        .join(User, User.id == AuditEvent.subject_id)
        .where(AuditEvent.id.in_(ids), AuditEvent.subject_type == "user", AuditEvent.action.in_(EVENTS))
    ).all()
    found = {event.id: (event, user) for event, user in rows}
    zones = _zones({user.id for _event, user in rows})
    loaded: dict[int, Content] = {}
    for message in messages:
        if (one := found.get(message.subject_id or 0)) is None:
            continue
        event, user = one
        somebody_else = event.actor_id is not None and event.actor_id != user.id
        loaded[message.id] = Content(
            address=user.email,
            zone=zones.get(user.id, "Asia/Kolkata"),
            values={
                "name": user.name,
                "event": event.action,
                "passkey": event.detail.get("name", ""),
                "at": event.at,
                "by": event.actor_name if somebody_else else "",
                "origin": event.origin,
            },
        )
    return loaded


def _zones(user_ids: set[int]) -> dict[int, str]:
    """The zone of a clinic each of these people works at."""
    query = (
        select(RoleGrant.user_id, _facilities.c.zone)
        .join(_facilities, or_(RoleGrant.facility_id.is_(None), RoleGrant.facility_id == _facilities.c.id))
        .where(
            RoleGrant.user_id.in_(user_ids), RoleGrant.role != Role.PATIENT, _facilities.c.active.is_(True)
        )
        .order_by(_facilities.c.id.desc())
    )
    return {row.user_id: row.zone for row in db.session.execute(query)}
