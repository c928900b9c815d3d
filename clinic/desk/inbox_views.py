"""The inbox of somebody at work, the bell in the masthead, and what they want to be told."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core.access import FRONT_DESK, STAFF, Actor, Role, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, fragment, go_to, is_fragment, page, read_id, safe_next, say
from clinic.notifications import choosing, inbox, preferences
from clinic.notifications.models import Channel
from clinic.practitioners.models import Practitioner

inbox_bp = Blueprint("inbox", __name__)
STAFF_CHOICE = "staff_visit"
"""Under this name staff choose about news of visits; which changes count they say elsewhere."""


@inbox_bp.get("/inbox")
@allow(*STAFF)
def index() -> Response:
    """The person's own messages, the newest first."""
    actor = current_actor()
    before = read_id(request.args.get("before"))
    listed = inbox.listed(actor, inbox.at_work(actor), before=before)
    if is_fragment():
        return fragment("desk/_inbox_items.html", listed=listed)
    unread = inbox.unread(actor, inbox.at_work(actor))
    return page("desk/inbox.html", listed=listed, first=before is None, unread=unread)


@inbox_bp.get("/inbox/bell")
@allow(*STAFF)
def bell() -> Response:
    """How many are new, for the masthead, which asks once a minute."""
    actor = current_actor()
    return fragment("desk/_bell.html", unread=inbox.unread(actor, inbox.at_work(actor)))


@inbox_bp.post("/inbox/<id:item_id>")
@allow(*STAFF)
def open_item(item_id: int) -> Response:
    """Mark one as read, and go on to the page it is about."""
    actor = current_actor()
    with unit_of_work():
        path = inbox.open_item(actor, inbox.at_work(actor), item_id).path
    return go_to(safe_next(path, url_for("inbox.index")))


@inbox_bp.post("/inbox/read")
@allow(*STAFF)
def read_all() -> Response:
    """Mark all that were shown as read."""
    actor = current_actor()
    with unit_of_work():
        inbox.read_all(actor, inbox.at_work(actor), up_to=read_id(request.form.get("up_to")) or 0)
    return go_to(url_for("inbox.index"))


@inbox_bp.get("/account/messages")
@allow(*STAFF)
def told() -> Response:
    """What the person is told of visits, over which ways, and when they want quiet."""
    return _told_page(current_actor())


@inbox_bp.post("/account/messages")
@allow(*STAFF)
def save_told() -> Response:
    """Keep what was ticked."""
    actor = current_actor()
    practitioner_id = _practitioner_id(actor)
    try:
        quiet = choosing.read_quiet(request.form.get("quiet_from", ""), request.form.get("quiet_to", ""))
        with unit_of_work():
            in_app: dict[tuple[str, str], bool] = {
                (STAFF_CHOICE, Channel.IN_APP): request.form.get("in_app") == "yes"
            }
            preferences.choose("user", [actor.user_id or 0], in_app)
            if practitioner_id is not None:
                by_mail: dict[tuple[str, str], bool] = {
                    (STAFF_CHOICE, Channel.EMAIL): request.form.get("email") == "yes"
                }
                preferences.choose("practitioner", [practitioner_id], by_mail)
                preferences.keep_quiet("practitioner", [practitioner_id], quiet)
            audit.record(
                actor, "preferences.changed", subject_type="user", subject_id=actor.user_id, detail={}
            )
    except DomainError as error:
        return _told_page(actor, refused=error)
    say(_("Your choices are kept."))
    return go_to(url_for("inbox.told"))


def _told_page(actor: Actor, *, refused: DomainError | None = None) -> Response:
    practitioner_id = _practitioner_id(actor)
    mine = preferences.choices_of("user", actor.user_id or 0)
    by_mail = preferences.choices_of("practitioner", practitioner_id) if practitioner_id else {}
    hours = preferences.quiet_hours_of("practitioner", practitioner_id) if practitioner_id else None
    typed = request.form if refused is not None else {}
    return page(
        "desk/told.html",
        status=refused.status if refused else 200,
        refused=refused,
        is_practitioner=practitioner_id is not None,
        hears_calendar=actor.has(Role.PRACTITIONER, Role.THERAPIST),
        hears_desk=actor.has(*FRONT_DESK),
        in_app=typed.get("in_app") == "yes" if refused else mine.get((STAFF_CHOICE, Channel.IN_APP), True),
        email=typed.get("email") == "yes" if refused else by_mail.get((STAFF_CHOICE, Channel.EMAIL), True),
        quiet_from=typed.get("quiet_from", f"{hours[0]:%H:%M}" if hours else ""),
        quiet_to=typed.get("quiet_to", f"{hours[1]:%H:%M}" if hours else ""),
    )


def _practitioner_id(actor: Actor) -> int | None:
    return db.session.scalar(select(Practitioner.id).where(Practitioner.user_id == actor.user_id))
