"""Calendars outside: an address made, renewed, revoked, read; and what a practitioner wants to be told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import or_, select, update

from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import CalendarFeed
from clinic.scheduling.queries.feeds import live_feed

READ_EVERY = timedelta(hours=1)
"""How exactly it is kept when a calendar last asked."""


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Which changes of their visits a practitioner wants an e-mail about; see ``Practitioner``."""

    hears_booked: bool
    hears_moved: bool
    hears_cancelled: bool
    hears_soon_only: bool


def make_feed(actor: Actor, practitioner: Practitioner) -> str:
    """The token of a new address for a practitioner's calendar; one there was before opens nothing any more.

    Whoever calls has asked ``queries.feeds.whose_calendar``. Raises Conflict for a practitioner not in use.
    """
    if not practitioner.active:
        raise Conflict(_("This practitioner is out of use; a calendar would show nothing."))
    db.session.execute(
        select(Practitioner.id)
        .where(Practitioner.id == practitioner.id)
        .with_for_update(key_share=True)  # two who press at the same time get one after the other
    )
    before = _revoke(practitioner)
    token = crypto.new_token()
    feed = CalendarFeed(
        practitioner_id=practitioner.id,
        token_hash=crypto.token_hash(token),
        initials=before.initials if before is not None else False,
        created_by=actor.user_id,
    )
    db.session.add(feed)
    db.session.flush()
    _note(actor, "calendar_feed.renewed" if before is not None else "calendar_feed.made", practitioner)
    return token


def revoke_feed(actor: Actor, practitioner: Practitioner) -> bool:
    """Let the address open nothing any more; False if there was none."""
    if _revoke(practitioner) is None:
        return False
    _note(actor, "calendar_feed.revoked", practitioner)
    return True


def show_initials(actor: Actor, practitioner: Practitioner, *, initials: bool) -> None:
    """Say whether the calendar names patients by their initials. Raises Conflict where there is none."""
    feed = live_feed(practitioner.id)
    if feed is None:
        raise Conflict(_("There is no calendar address. Make one first."))
    if feed.initials == initials:
        return
    feed.initials = initials
    db.session.flush()
    _note(actor, "calendar_feed.initials" if initials else "calendar_feed.no_initials", practitioner)


def choose_notices(actor: Actor, practitioner: Practitioner, notices: Notices) -> None:
    """Set which changes a practitioner is told of by e-mail."""
    changed = sorted(key for key, value in asdict(notices).items() if getattr(practitioner, key) != value)
    if not changed:
        return
    for key in changed:
        setattr(practitioner, key, getattr(notices, key))
    db.session.flush()
    audit.record(
        actor,
        "practitioner.notices_chosen",
        subject_type="practitioner",
        subject_id=practitioner.id,
        detail={"fields": changed},
    )


def note_reading(feed: CalendarFeed) -> bool:
    """Keep that a calendar has asked, once an hour at the most; whether anything was written."""
    now = clock.now()
    if feed.read_at is not None and feed.read_at > now - READ_EVERY:
        return False
    db.session.execute(
        update(CalendarFeed)
        .where(
            CalendarFeed.id == feed.id,
            or_(CalendarFeed.read_at.is_(None), CalendarFeed.read_at <= now - READ_EVERY),
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    return True


def _revoke(practitioner: Practitioner) -> CalendarFeed | None:
    feed = live_feed(practitioner.id)
    if feed is not None:
        feed.revoked_at = clock.now()
        db.session.flush()
    return feed


def _note(actor: Actor, action: str, practitioner: Practitioner) -> None:
    audit.record(actor, action, subject_type="practitioner", subject_id=practitioner.id)
