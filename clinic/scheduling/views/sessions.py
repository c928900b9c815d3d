"""Group sessions: the week, planning some, who takes part in one, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import groupby

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_moment
from clinic.core.text import clean
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.scheduling import policy, queries, reasons
from clinic.scheduling.models import Appointment, EndReason, GroupSession
from clinic.scheduling.queries.session_lists import SessionLine, group_services, monday_of, sessions_between
from clinic.scheduling.queries.sessions import get_session, open_sessions, visits_of
from clinic.scheduling.service import cancel, move, settled
from clinic.scheduling.service import sessions as service
from clinic.scheduling.slots import Slot
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day, read_id, read_slot, slot_value

MOVE_DAYS = 28
MOST_OTHERS = 30


@bp.get("/sessions")
@allow(*STAFF_ROLES)
def sessions() -> Response:
    """The sessions of a week, by day; of one service or practitioner if asked."""
    actor = current_actor()
    facility = here(actor)
    monday = monday_of(read_day(request.args.get("day"), facility.zone))
    service_id, practitioner_id = (read_id(request.args.get(name)) for name in ("service", "practitioner"))
    lines = sessions_between(
        facility,
        monday,
        monday + timedelta(days=6),
        service_id=service_id,
        practitioner_id=practitioner_id,
    )
    return page(
        "scheduling/sessions.html",
        "scheduling/_sessions.html",
        days=_by_day(lines, facility),
        monday=monday,
        sunday=monday + timedelta(days=6),
        earlier=monday - timedelta(days=7),
        later=monday + timedelta(days=7),
        today=clock.today(facility.zone),
        services=group_services(facility.id),
        people=queries.practitioners(facility.id),
        service_id=service_id,
        practitioner_id=practitioner_id,
        zone=facility.zone,
    )


@bp.get("/sessions/<id:session_id>")
@allow(*STAFF_ROLES)
def session(session_id: int) -> Response:
    """One session: who takes part, with seats and states."""
    actor = current_actor()
    return _page(actor, get_session(here(actor).id, session_id), viewed=True)


@bp.post("/sessions/<id:session_id>/capacity")
@allow(*STAFF_ROLES)
def session_capacity(session_id: int) -> Response:
    """More places, or fewer."""
    wanted = read_id(request.form.get("capacity"))

    def work(actor: Actor, found: GroupSession) -> str:
        if wanted is None:
            raise Invalid(_("A session has 1 to %(most)s places.", most=service.MOST_SEATS), field="capacity")
        service.set_capacity(actor, found, wanted)
        return ngettext("The session has %(num)s place.", "The session has %(num)s places.", wanted)

    return _do(session_id, work, part="capacity")


@bp.post("/sessions/<id:session_id>/call-off")
@allow(*STAFF_ROLES)
def call_off_session(session_id: int) -> Response:
    """Call a session off: all who take part are told."""
    why = clean(request.form.get("reason", "")).strip()[:500]
    tell = bool(request.form.get("tell"))

    def work(actor: Actor, found: GroupSession) -> str:
        count = service.call_off(actor, found, why, tell=tell)
        return ngettext(
            "Called off. %(num)s visit is cancelled.", "Called off. %(num)s visits are cancelled.", count
        )

    return _do(session_id, work, part="call-off")


@bp.post("/sessions/<id:session_id>/take-out")
@allow(*STAFF_ROLES)
def take_out(session_id: int) -> Response:
    """Cancel somebody's part in a session; the place is free for others."""
    reason = clean(request.form.get("reason", "")).strip()[:500]

    def work(actor: Actor, found: GroupSession) -> str:
        visit = _participant(actor, found)
        code = reasons.read_code(request.form.get("code"))
        if code is None:
            raise Invalid(_("Choose why."), field="code")
        if code is EndReason.OTHER and not reason:
            raise Invalid(_("Write down why."), field="reason")
        cancel(actor, visit, reason or None, code=code, expected_version=read_id(request.form.get("version")))
        return _("%(name)s: cancelled.", name=visit.patient.name)

    return _do(session_id, work, part=f"out-{request.form.get('visit', '')}")


@bp.post("/sessions/<id:session_id>/move")
@allow(*STAFF_ROLES)
def move_participant(session_id: int) -> Response:
    """Give somebody a place in another session."""
    to = read_slot(request.form.get("slot"))

    def work(actor: Actor, found: GroupSession) -> str:
        visit = _participant(actor, found)
        if to is None:
            raise Invalid(_("Choose the other session."), field="slot")
        move(actor, visit, to[1], to[0], expected_version=read_id(request.form.get("version")))
        return _("Moved to %(when)s.", when=show_moment(visit.starts, visit.facility.zone))

    return _do(session_id, work, part=f"move-{request.form.get('visit', '')}")


@bp.get("/sessions/<id:session_id>/print")
@allow(*STAFF_ROLES)
def print_session(session_id: int) -> Response:
    """Who takes part, for the printer. It is written down that it was printed."""
    actor = current_actor()
    facility = here(actor)
    found = get_session(facility.id, session_id)
    visits = visits_of(session_id) if _sees_all(actor, found, facility) else []
    audit.read(
        actor,
        "session.printed",
        subject_type="group_session",
        subject_id=session_id,
        facility_id=facility.id,
        detail={"count": len(visits), "patients": [visit.patient_id for visit in visits]},
    )
    return page(
        "scheduling/session_print.html",
        session=found,
        visits=visits,
        facility=facility,
        zone=facility.zone,
        printed_at=show_moment(clock.now(), facility.zone),
    )


def _do(session_id: int, work: Callable[[Actor, GroupSession], str], *, part: str) -> Response:
    """Change a session and go back to it; refused, the page says why where it was asked for."""
    actor = current_actor()
    facility_id = here(actor).id
    try:
        words = settled(lambda: work(actor, get_session(facility_id, session_id)))
    except NotFound:
        raise
    except DomainError as error:
        return _page(actor, get_session(facility_id, session_id), error=error, part=part)
    say(words)
    return go_to(url_for("scheduling.session", session_id=session_id))


def _participant(actor: Actor, found: GroupSession) -> Appointment:
    """The visit the form names. Raises NotFound where it is not of this session."""
    visit = queries.get_appointment(actor, request.form.get("visit", ""))
    if visit.session_id != found.id:
        raise NotFound(_("There is no such visit."))
    return visit


def _page(
    actor: Actor,
    found: GroupSession,
    *,
    error: DomainError | None = None,
    part: str = "",
    viewed: bool = False,
) -> Response:
    facility = here(actor)
    sees_all = _sees_all(actor, found, facility)
    visits = visits_of(found.id)
    if viewed:
        audit.read(
            actor,
            "session.viewed",
            subject_type="group_session",
            subject_id=found.id,
            facility_id=facility.id,
            detail={"patients": [visit.patient_id for visit in visits] if sees_all else []},
        )
    ahead = found.cancelled_at is None and found.starts > clock.now()
    may_run = service.can_run(actor, found)
    return page(
        "scheduling/session.html",
        status=error.status if error else 200,
        session=found,
        visits=visits if sees_all else [],
        taken=len(visits),
        sees_all=sees_all,
        ahead=ahead,
        may_run=may_run and ahead,
        may_book=policy.can_book(actor, facility.id) and ahead and len(visits) < found.capacity,
        others=_others(facility, found) if may_run and ahead and visits else [],
        codes=reasons.choices("cancel"),
        slot_value=slot_value,
        day=found.starts.astimezone(clock.zone(facility.zone)).date(),
        now=clock.now(),
        error=error,
        part=part,
        typed=request.form,
        facility=facility,
        zone=facility.zone,
        most=service.MOST_SEATS,
    )


def _sees_all(actor: Actor, found: GroupSession, facility: Facility) -> bool:
    """Whether somebody sees who takes part: as in the calendar, or because the session is theirs."""
    own = actor.user_id is not None and found.practitioner.user_id == actor.user_id
    return own or policy.sees_every_patient(actor, facility)


def _others(facility: Facility, found: GroupSession) -> list[Slot]:
    """Sessions of the service with a place, in the four weeks around this one."""
    today = clock.today(facility.zone)
    slots = open_sessions(
        facility, found.service, today, today + timedelta(days=MOVE_DAYS), not_before=clock.now()
    )
    own = (found.starts, found.practitioner_id)
    return [slot for slot in slots if (slot.starts, slot.practitioner_id) != own][:MOST_OTHERS]


def _by_day(lines: Sequence[SessionLine], facility: Facility) -> list[tuple[date, list[SessionLine]]]:
    zone = clock.zone(facility.zone)
    days = groupby(lines, key=lambda line: line.session.starts.astimezone(zone).date())
    return [(day, list(group)) for day, group in days]
