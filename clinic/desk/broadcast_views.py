"""Telling many patients something: drafts, what they would cost, the two minutes, and how it goes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Actor, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.desk import broadcast_reading as reading
from clinic.desk.broadcast_forms import BroadcastForm, Choices
from clinic.desk.broadcast_reading import READERS, WRITERS
from clinic.facilities.models import Facility
from clinic.facilities.queries import get_facility
from clinic.notifications import broadcasts
from clinic.notifications.models import Broadcast, BroadcastStatus
from clinic.notifications.spending import rupees
from clinic.scheduling import queries as scheduling

bp = Blueprint("broadcasts", __name__)
PAGE = 20


@bp.get("/messages/broadcasts")
@allow(*READERS)
def index() -> Response:
    """What was told to many, the newest first."""
    actor = current_actor()
    listed = broadcasts.history(
        actor.reach(*READERS), before=read_id(request.args.get("before")), limit=PAGE + 1
    )
    shown = listed[:PAGE]
    return page(
        "broadcasts/index.html",
        "broadcasts/_rows.html",
        shown=shown,
        counts=broadcasts.progress([one.id for one in shown]),
        next_id=shown[-1].id if len(listed) > PAGE else None,
        may_write=actor.has(*WRITERS),
        rupees=rupees,
    )


@bp.route("/messages/broadcasts/new", methods=["GET", "POST"])
@allow(*WRITERS)
def new() -> Response:
    """A new draft."""
    actor = current_actor()
    mine = reading.places(actor)
    wanted = read_id(request.args.get("facility"))
    facility = next((one for one in mine if wanted in (None, one.id)), None)
    if facility is None:
        raise NotFound(_("There is no such clinic."))
    return _edit(actor, facility, None, mine)


@bp.route("/messages/broadcasts/<id:broadcast_id>/edit", methods=["GET", "POST"])
@allow(*WRITERS)
def edit(broadcast_id: int) -> Response:
    """Change a draft."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id, to_write=True)
    if broadcast.status != BroadcastStatus.DRAFT:
        say(_("It is no draft any more, so it cannot be changed."), "warn")
        return go_to(url_for("broadcasts.show", broadcast_id=broadcast.id))
    return _edit(actor, get_facility(broadcast.facility_id), broadcast, [])


def _edit(actor: Actor, facility: Facility, broadcast: Broadcast | None, mine: list[Facility]) -> Response:
    form = BroadcastForm()
    services = [(one.id, one.name) for one in scheduling.services(facility.id)]
    form.offer(Choices(services=services, people=scheduling.practitioners(facility.id)))
    asked = request.method == "POST"
    if asked and form.is_good():
        return _keep(actor, facility, broadcast, form)
    if not asked and broadcast is not None:
        form.show(broadcast)
    return page(
        "broadcasts/form.html",
        form=form,
        broadcast=broadcast,
        here=facility,
        places=mine,
        status=422 if asked else 200,
    )


def _keep(actor: Actor, facility: Facility, broadcast: Broadcast | None, form: BroadcastForm) -> Response:
    try:
        with unit_of_work():
            if broadcast is not None:
                broadcasts.begin_change(broadcast)
            kept = broadcast or Broadcast(facility_id=facility.id, created_by=actor.user_id)
            for name, value in form.values().items():
                setattr(kept, name, value)
            db.session.add(kept)
            db.session.flush()
            _record(actor, "broadcast.changed" if broadcast else "broadcast.drafted", kept)
            kept_id = kept.id
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("broadcasts.show", broadcast_id=broadcast.id if broadcast else 0))
    return go_to(url_for("broadcasts.show", broadcast_id=kept_id))


@bp.get("/messages/broadcasts/<id:broadcast_id>")
@allow(*READERS)
def show(broadcast_id: int) -> Response:
    """A draft with its numbers, or how it goes."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id)
    return page(
        "broadcasts/show.html",
        "broadcasts/_live.html",
        shown=reading.shown(actor, broadcast),
        about_whom=reading.about_whom,
        rupees=rupees,
    )


@bp.post("/messages/broadcasts/<id:broadcast_id>/confirm")
@allow(*WRITERS)
def confirm(broadcast_id: int) -> Response:
    """Let it go out in two minutes, to as many people as were shown."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id, to_write=True)
    facility = get_facility(broadcast.facility_id)
    reach = reading.reach_now(broadcast, facility)
    estimate = reading.estimate_of(reach, reading.samples_of(broadcast, facility))
    if request.form.get("shown") != broadcast.fingerprint:
        say(_("Meanwhile somebody has changed this message. Look at it once more."), "warn")
        return go_to(url_for("broadcasts.show", broadcast_id=broadcast.id))
    if read_id(request.form.get("people")) != reach.people or not reach.people:
        say(_("Meanwhile the number of people has changed. Look at it once more."), "warn")
        return go_to(url_for("broadcasts.show", broadcast_id=broadcast.id))
    return _take(
        actor,
        broadcast,
        "broadcast.confirmed",
        lambda: broadcasts.confirm(broadcast, people=reach.people, estimate_paise=estimate),
    )


@bp.post("/messages/broadcasts/<id:broadcast_id>/undo")
@allow(*WRITERS)
def undo(broadcast_id: int) -> Response:
    """Take it back within the two minutes."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id, to_write=True)
    return _take(actor, broadcast, "broadcast.undone", lambda: broadcasts.undo(broadcast))


@bp.post("/messages/broadcasts/<id:broadcast_id>/stop")
@allow(*WRITERS)
def stop(broadcast_id: int) -> Response:
    """Withdraw what has not gone out."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id, to_write=True)
    return _take(actor, broadcast, "broadcast.stopped", lambda: broadcasts.stop(broadcast, by=actor.user_id))


@bp.post("/messages/broadcasts/<id:broadcast_id>/discard")
@allow(*WRITERS)
def discard(broadcast_id: int) -> Response:
    """Throw a draft away."""
    actor = current_actor()
    broadcast = reading.get_broadcast(actor, broadcast_id, to_write=True)
    try:
        with unit_of_work():
            broadcasts.discard(broadcast)
            _record(actor, "broadcast.discarded", broadcast)
    except DomainError as error:
        say(error.message, "danger")
        return go_to(url_for("broadcasts.show", broadcast_id=broadcast_id))
    say(_("The draft is gone."))
    return go_to(url_for("broadcasts.index"))


def _take(actor: Actor, broadcast: Broadcast, action: str, step: Callable[[], object]) -> Response:
    try:
        with unit_of_work():
            step()
            _record(actor, action, broadcast)
    except DomainError as error:
        say(error.message, "danger")
    return go_to(url_for("broadcasts.show", broadcast_id=broadcast.id))


def _record(actor: Actor, action: str, broadcast: Broadcast) -> None:
    audit.record(
        actor,
        action,
        subject_type="broadcast",
        subject_id=broadcast.id,
        facility_id=broadcast.facility_id,
        detail={"purpose": broadcast.purpose, "people": broadcast.people},
    )
