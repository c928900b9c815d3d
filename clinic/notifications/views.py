"""What was said to whom, and what became of it: the page for staff."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from clinic.audit import service as audit
from clinic.config import Settings
from clinic.core import clock
from clinic.core.access import FRONT_DESK, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, fragment, go_to, is_fragment, is_timed_refresh, page, say
from clinic.notifications import dead_letters, queries, service, spending
from clinic.notifications.models import Status
from clinic.notifications.queries import Show
from clinic.notifications.texts import views as texts
from clinic.notifications.wording import in_words

bp = Blueprint("notifications", __name__)
READERS = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.ADMIN)


@bp.get("/messages")
@allow(*READERS)
def index() -> Response:
    """The list: what did not arrive first, then what waits, what was sent, all."""
    actor = current_actor()
    show = _show()
    listed = queries.fates(actor, show=show, before=request.args.get("before"))
    if not is_timed_refresh():
        ids = [fate.message.id for fate in listed.fates]
        with unit_of_work():
            audit.record(
                actor, "message.listed", subject_type="message", detail={"show": str(show), "ids": ids}
            )
    return page(
        "notifications/index.html",
        "notifications/_list.html",
        listed=listed,
        show=show,
        shows=Show,
        failed=queries.not_arrived(actor),
        spent_today=_spent_today,
        first=request.args.get("before") is None,
        **_manners(),
    )


@bp.get("/messages/failed")
@allow(*READERS)
def failed() -> Response:
    """What did not arrive in the last 30 days, by reason, to be sent again one by one or together."""
    actor = current_actor()
    reason = request.args.get("reason") or None
    listed = dead_letters.failed_page(actor, reason=reason, before=request.args.get("before"))
    if not is_timed_refresh():
        detail = {"show": "failed", "ids": [fate.message.id for fate in listed.fates]}
        with unit_of_work():
            audit.record(actor, "message.listed", subject_type="message", detail=detail)
    return page(
        "notifications/failed.html",
        "notifications/_failed_rows.html",
        listed=listed,
        reasons=dead_letters.reasons(actor),
        reason=reason,
        first=request.args.get("before") is None,
        **_manners(),
    )


@bp.post("/messages/failed/send-again")
@allow(*READERS)
def send_many_again() -> Response:
    """One more try for the chosen messages, or all of a reason; unknown ones only when somebody says so."""
    actor = current_actor()
    reason = request.form.get("reason") or None
    whole = reason if request.form.get("which") == "all" else None
    typed = request.form.getlist("id")
    ids = [int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 19]
    with unit_of_work():
        found = dead_letters.chosen(actor, ids=ids[: dead_letters.MOST_AT_ONCE], reason=whole)
        consents = request.form.get("although_unknown") == "yes"
        done = dead_letters.send_again(found, although_unknown=consents)
        audit.record(
            actor,
            "message.sent_again",
            subject_type="message",
            detail={"ids": [message.id for message in found], "count": done.count},
        )
    if not found:
        say(_("Choose at least one message that can be sent again."), "warn")
    elif done.count:
        say(ngettext("%(num)s message is on its way.", "%(num)s messages are on their way.", done.count))
    for problem in done.problems:
        say(problem, "warn")
    return go_to(url_for("notifications.failed", reason=reason))


@bp.post("/messages/<id:message_id>/retry")
@allow(*READERS)
def retry(message_id: int) -> Response:
    """One more try for a message that did not arrive; where that is not known somebody has to say so."""
    although_unknown = request.form.get("although_unknown") == "yes"
    return _change(message_id, "message.sent_again", although_unknown=although_unknown)


@bp.post("/messages/<id:message_id>/stop")
@allow(*READERS)
def stop(message_id: int) -> Response:
    """Keep a waiting message from going out."""
    return _change(message_id, "message.stopped")


def _change(message_id: int, action: str, *, although_unknown: bool = False) -> Response:
    actor = current_actor()
    message = queries.get_message(actor, message_id)
    problem = None
    try:
        with unit_of_work():
            if action == "message.stopped":
                service.stop(message)
            else:
                service.send_again(message, although_unknown=although_unknown)
            audit.record(
                actor,
                action,
                subject_type="message",
                subject_id=message.id,
                patient_id=message.patient_id,
                facility_id=message.facility_id,
            )
    except DomainError as error:
        problem = error
    if not is_fragment():
        words = problem.message if problem else _done(action)
        say(words, "danger" if problem else "good")
        return go_to(url_for("notifications.index", show=_show()))
    fate = queries.fate_of(actor, queries.get_message(actor, message_id))
    return fragment(
        "notifications/_fate.html",
        status=problem.status if problem else 200,
        fate=fate,
        problem=problem.message if problem else None,
        **_manners(),
    )


def _done(action: str) -> str:
    return (
        _("The message will not go out.") if action == "message.stopped" else _("The message is on its way.")
    )


def _show() -> Show:
    wanted = request.values.get("show", "")
    return Show(wanted) if wanted in set(Show) else Show.NOT_ARRIVED


def _spent_today(zone: str) -> spending.Spent | None:
    """What text messages cost on the clinic's day, where their price is known."""
    settings: Settings = current_app.extensions["settings"]
    return spending.spent_today(zone, settings) if settings.sms_price_paise else None


def _manners() -> dict[str, Any]:
    """What the list needs to show one message."""
    return {
        "in_words": in_words,
        "may_retry": queries.may_retry,
        "may_stop": lambda message: message.status == Status.QUEUED,
        "names_people": current_actor().has(*FRONT_DESK),
        "now": clock.now(),
        "rupees": spending.rupees,
    }


blueprints: tuple[Blueprint, ...] = (bp, texts.bp)
