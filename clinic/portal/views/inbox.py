"""The household's inbox: what the clinic told them, until it is read and after."""

from __future__ import annotations

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, select

from clinic.audit import service as audit
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.web import current_actor, fragment, go_to, is_fragment, page, read_id, safe_next
from clinic.notifications import inbox as items
from clinic.notifications.models import InboxItem
from clinic.patients.models import Guardianship
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


def of_household(actor: Actor) -> ColumnElement[bool]:
    """The rule: about somebody the reader may act for now."""
    guarded = select(Guardianship.patient_id).where(
        Guardianship.user_id == (actor.user_id or 0), Guardianship.ended_at.is_(None)
    )
    return InboxItem.patient_id.in_(guarded)


def unread_count(actor: Actor) -> int:
    """How many messages the household has not read."""
    return items.unread(actor, of_household(actor))


@bp.get("/inbox")
@allow(Role.PATIENT)
def inbox() -> Response:
    """All of the household's messages, the newest first."""
    actor, family = current_actor(), household()
    before = read_id(request.args.get("before"))
    listed = items.listed(actor, of_household(actor), before=before)
    audit.read(
        actor, "inbox.viewed", subject_type="inbox", detail={"ids": [item.id for item in listed.items]}
    )
    names = {member.id: member for member in family.patients}
    if is_fragment():
        return fragment("portal/_inbox_items.html", listed=listed, names=names, family=family)
    return page(
        "portal/inbox.html",
        listed=listed,
        names=names,
        family=family,
        first=before is None,
        unread=unread_count(actor),
    )


@bp.post("/inbox/<id:item_id>")
@allow(Role.PATIENT)
def open_item(item_id: int) -> Response:
    """Mark one as read, and go on to the page it is about."""
    actor = current_actor()
    with unit_of_work():
        item = items.open_item(actor, of_household(actor), item_id)
        path = item.path
    return go_to(safe_next(path, url_for("portal.inbox")))


@bp.post("/inbox/read")
@allow(Role.PATIENT)
def read_inbox() -> Response:
    """Mark all that were shown as read."""
    actor = current_actor()
    with unit_of_work():
        items.read_all(actor, of_household(actor), up_to=read_id(request.form.get("up_to")) or 0)
    return go_to(url_for("portal.inbox"))
