"""What a patient waits for and hears, and what they wrote to the clinic, as plain values. Whoever calls has
asked whether the patient may be seen; secrets are never selected.

``own`` narrows to one sign-in: what stands in somebody else's inbox, or was written from another's telephone,
is theirs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select, true

from clinic.accounts.models import AccountClosing, User
from clinic.core.db import db
from clinic.notifications.models import InboundMessage, InboxItem, MessageChoice, QuietHours, SmsStop
from clinic.patients.models import Guardianship, Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import waitlist_words
from clinic.scheduling.models import Service, WaitlistEntry, WaitlistOffer, WaitlistPractitioner

Values = dict[str, Any]


def preferences(patient: Patient) -> Values:
    """What the patient chose to hear and when they want quiet. Three statements."""
    choices = db.session.execute(
        select(MessageChoice.choice, MessageChoice.channel, MessageChoice.wanted)
        .where(MessageChoice.recipient_type == "patient", MessageChoice.recipient_id == patient.id)
        .order_by(MessageChoice.choice, MessageChoice.channel)
    )
    quiet = db.session.get(QuietHours, ("patient", patient.id))
    stop = db.session.execute(
        select(SmsStop.stopped, SmsStop.changed_at).where(SmsStop.mobile == (patient.mobile or ""))
    ).first()
    return {
        "choices": [dict(row._mapping) for row in choices],
        "quiet_hours": {"from": f"{quiet.starts:%H:%M}", "until": f"{quiet.ends:%H:%M}"} if quiet else None,
        "no_text_messages_since": stop.changed_at if stop is not None and stop.stopped else None,
    }


def inbox(patient_id: int, *, own: int | None) -> list[Values]:
    """What stands in the inboxes of those who act for the patient, the latest first."""
    rows = db.session.execute(
        select(
            InboxItem.created_at.label("at"),
            User.name.label("inbox_of"),
            InboxItem.kind,
            InboxItem.title,
            InboxItem.body.label("text"),
            InboxItem.read_at,
        )
        .join(User, User.id == InboxItem.user_id)
        .where(InboxItem.patient_id == patient_id, InboxItem.user_id == own if own is not None else true())
        .order_by(InboxItem.id.desc())
    )
    return [dict(row._mapping) for row in rows]


def texts_received(patient_id: int, *, own: int | None) -> list[Values]:
    """Text messages to the clinic, the latest first. For a sign-in those from its own number, also where
    several patients share that number and the message could be of any of them.
    """
    whose = InboundMessage.patient_id == patient_id
    if own is not None:
        number = select(User.mobile).where(User.id == own).scalar_subquery()
        whose = or_(whose, InboundMessage.patient_id.is_(None)) & (InboundMessage.mobile == number)
    rows = db.session.execute(
        select(
            InboundMessage.created_at.label("at"),
            InboundMessage.mobile.label("from_mobile"),
            InboundMessage.body.label("text"),
            InboundMessage.meaning,
            InboundMessage.reply,
        )
        .where(whose)
        .order_by(InboundMessage.id.desc())
    )
    return [dict(row._mapping) for row in rows]


def waits(patient_id: int, *, inner: bool) -> list[Values]:
    """Places on the waitlist, the latest first, each with what was offered. ``inner`` adds what the front
    desk noted. Three statements.
    """
    entries = db.session.scalars(
        select(WaitlistEntry).where(WaitlistEntry.patient_id == patient_id).order_by(WaitlistEntry.id.desc())
    ).all()
    ids = [entry.id for entry in entries]
    services = {
        one.id: one
        for one in db.session.scalars(
            select(Service).where(Service.id.in_({entry.service_id for entry in entries}))
        )
    }
    wished: dict[int, list[str]] = {}
    for row in db.session.execute(
        select(WaitlistPractitioner.entry_id, Practitioner.name)
        .join(Practitioner, Practitioner.id == WaitlistPractitioner.practitioner_id)
        .where(WaitlistPractitioner.entry_id.in_(ids))
        .order_by(Practitioner.name)
    ):
        wished.setdefault(row.entry_id, []).append(row.name)
    offers = _offers(ids)
    return [
        {
            "service": services[entry.service_id].name,
            "since": entry.created_at,
            "from_day": entry.from_day,
            "until_day": entry.until_day,
            "hours": waitlist_words.hour_words(entry),
            "practitioners": wished.get(entry.id, []),
            "mode": entry.mode,
            "reach": entry.reach,
            "status": entry.status,
            "ended_at": entry.ended_at,
            "offers": offers.get(entry.id, []),
        }
        | (
            {"note": entry.note, "urgent": entry.urgent, "ended_why": entry.ended_why}
            if inner
            else {"note": entry.note if entry.created_via == "portal" else None}
        )
        for entry in entries
    ]


def _offers(entry_ids: list[int]) -> dict[int, list[Values]]:
    found: dict[int, list[Values]] = {}
    for made, practitioner in db.session.execute(
        select(WaitlistOffer, Practitioner.name)
        .join(Practitioner, Practitioner.id == WaitlistOffer.practitioner_id)
        .where(WaitlistOffer.entry_id.in_(entry_ids))
        .order_by(WaitlistOffer.id)
    ):
        found.setdefault(made.entry_id, []).append(
            {
                "at": made.created_at,
                "starts": made.starts,
                "practitioner": practitioner,
                "told": made.told,
                "until": made.expires_at,
                "status": made.status,
                "settled_at": made.settled_at,
            }
        )
    return found


def deletion_requests(patient_id: int, *, own: int | None) -> list[Values]:
    """When somebody who acts for the patient asked to delete their sign-in, and what became of it."""
    acting = select(Guardianship.user_id).where(Guardianship.patient_id == patient_id)
    rows = db.session.execute(
        select(
            AccountClosing.created_at.label("asked_at"),
            User.name.label("sign_in"),
            AccountClosing.closes_at,
            AccountClosing.visits_cancelled,
            AccountClosing.undone_at,
            AccountClosing.done_at,
        )
        .join(User, User.id == AccountClosing.user_id)
        .where(
            AccountClosing.user_id.in_(acting), AccountClosing.user_id == own if own is not None else true()
        )
        .order_by(AccountClosing.id)
    )
    return [dict(row._mapping) for row in rows]
