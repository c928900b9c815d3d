"""What is to follow a visit: said on its page, and the list of patients to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import allow
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, is_fragment, page, safe_next, say
from clinic.scheduling import queries, service
from clinic.scheduling.queries.follow_ups import Which, follow_ups, read_key
from clinic.scheduling.service.follow_up import settle_follow_up
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.following import said_of_follow_up
from clinic.scheduling.views.reading import read_id
from clinic.scheduling.views.visit_page import answer, page_values


@bp.get("/follow-ups")
@allow(*STAFF_ROLES)
def follow_ups_due() -> Response:
    """Who was to come again and has nothing booked."""
    actor = current_actor()
    facility = here(actor)
    which = _which()
    rows, more = follow_ups(actor, facility, which, after=read_key(request.args.get("after")))
    audit.read(
        actor,
        "follow_up.listed",
        subject_type="appointment",
        facility_id=facility.id,
        detail={"ids": [row.id for row in rows], "which": which},
    )
    return page(
        "scheduling/follow_ups.html",
        "scheduling/_follow_ups.html",
        rows=rows,
        next_key=rows[-1].key if more else None,
        started="after" in request.args,
        which=which,
        ways={Which.WEEK: _("This week"), Which.OVERDUE: _("Overdue"), Which.ALL: _("All")},
        today=clock.today(facility.zone),
        zone=facility.zone,
    )


@bp.post("/appointments/<reference>/follow-up")
@allow(*STAFF_ROLES)
def follow_up(reference: str) -> Response:
    """Say whether and when the patient is to come again."""
    actor = current_actor()

    def keep() -> None:
        said_of_follow_up(
            actor, queries.get_appointment(actor, reference), read_id(request.form.get("version"))
        )

    return _carry_out(keep, reference, _("The follow-up is kept."))


@bp.post("/appointments/<reference>/follow-up/settle")
@allow(*STAFF_ROLES)
def settle(reference: str) -> Response:
    """Take a follow-up off the list, with the reason."""
    actor = current_actor()
    reason = one_line(request.form.get("reason", ""))[:300]

    def end() -> None:
        settle_follow_up(
            actor,
            queries.get_appointment(actor, reference),
            reason,
            expected_version=read_id(request.form.get("version")),
        )

    return _carry_out(end, reference, _("The follow-up is settled."))


def _carry_out(work: Callable[[], None], reference: str, done: str) -> Response:
    refused: dict[str, Any] = {}
    try:
        service.settled(work)
    except NotFound:
        raise
    except DomainError as error:
        refused = {"refused": error, "refused_step": "follow-up"}
    after = safe_next(request.form.get("after"), "")
    if is_fragment() or (refused and not after):
        actor = current_actor()
        appointment = queries.get_appointment(actor, reference)
        return answer(
            page_values(actor, appointment) | refused,
            status=refused["refused"].status if refused else 200,
        )
    say(refused["refused"].message if refused else done, "danger" if refused else "good")
    return go_to(after or url_for("scheduling.show", reference=reference))


def _which() -> Which:
    try:
        return Which(request.args.get("show", Which.WEEK))
    except ValueError:
        return Which.WEEK
