"""Series: planning one, its page, and changing many of its visits at once."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.text import clean, one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.patients.queries import get_patient
from clinic.scheduling import policy, queries, reasons
from clinic.scheduling.models import Appointment, EndReason
from clinic.scheduling.queries.series import SeriesShown, get_series
from clinic.scheduling.series_words import rule_words, weekdays
from clinic.scheduling.service import holding, settled
from clinic.scheduling.service.series import (
    MOST,
    Ask,
    NewSeries,
    Occurrence,
    OneTaken,
    SeriesPlace,
    book_series,
    cancel_visits,
    made_before,
    survey,
    undo,
    undo_left,
)
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import slot_value
from clinic.scheduling.views.series_form import SeriesDraft, read_draft

SCOPES = ("this", "following", "all")


@bp.route("/series/new", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def new_series() -> Response:
    """Plan a series: the rule, and every visit of it with its place or its clash; then book them all."""
    actor = current_actor()
    facility = here(actor)
    draft = read_draft(facility)
    if draft.patient_id is None or draft.service_id is None:
        say(_("Choose the patient and the service first."), "warn")
        return go_to(url_for("scheduling.new"))
    if "every" not in request.form:
        _let_go(actor)
    if request.form.get("action") == "book":
        return _book(actor, facility, draft)
    return _plan(actor, facility, draft)


def _let_go(actor: Actor) -> None:
    """The booking form that led here needs the place it kept no more, and the plan counts it as free."""
    key = one_line(request.form.get("submission_key", ""))[:64]
    if key:
        with unit_of_work():
            holding.let_go(actor, key)


def _book(actor: Actor, facility: Facility, draft: SeriesDraft) -> Response:
    earlier = made_before(actor, draft.submission_key)
    if earlier is not None:
        return go_to(url_for("scheduling.series", series_id=earlier.id))
    try:
        found = _survey(actor, facility, draft)
    except DomainError as error:
        return _plan(actor, facility, draft, error=error)
    if not all(one.settled for one in found):
        undecided = Invalid(_("Some visits have no time yet. Choose one for each, or leave it out."))
        return _plan(actor, facility, draft, error=undecided)
    wanted = NewSeries(
        facility_id=facility.id,
        service_id=draft.service_id or 0,
        patient_id=draft.patient_id or 0,
        rule=draft.rule,
        places=[
            SeriesPlace(key=one.key, practitioner_id=one.place.practitioner_id, starts=one.place.starts)
            for one in found
            if one.place is not None
        ],
        online=draft.online,
        purpose=draft.purpose or None,
        tell=draft.tell,
        submission_key=draft.submission_key,
    )
    try:
        series_id = settled(lambda: book_series(actor, wanted).id)
    except OneTaken as taken:
        return _plan(actor, here(actor), draft, error=taken, lost=taken.key)
    except DomainError as error:
        return _plan(actor, here(actor), draft, error=error)
    count = len(wanted.places)
    say(ngettext("%(num)s visit is booked.", "%(num)s visits are booked.", count))
    return go_to(url_for("scheduling.series", series_id=series_id))


def _survey(actor: Actor, facility: Facility, draft: SeriesDraft) -> list[Occurrence]:
    ask = Ask(
        facility=facility,
        service=queries.get_service(facility.id, draft.service_id or 0),
        patient_id=draft.patient_id or 0,
        practitioner_id=draft.practitioner_id,
        online=draft.online,
    )
    return survey(actor, ask, draft.wishes(facility))


def _plan(
    actor: Actor,
    facility: Facility,
    draft: SeriesDraft,
    *,
    error: DomainError | None = None,
    lost: str | None = None,
) -> Response:
    patient = get_patient(actor, draft.patient_id or 0)
    service = queries.get_service(facility.id, draft.service_id or 0)
    found: list[Occurrence] = []
    try:
        found = _survey(actor, facility, draft)
    except NotFound:
        raise
    except DomainError as wrong:
        error = error or wrong
    return page(
        "scheduling/series_new.html",
        "scheduling/_series_plan.html",
        status=error.status if error and request.form.get("action") == "book" else 200,
        draft=draft,
        patient=patient,
        service=service,
        people=queries.practitioners(facility.id, service.id),
        found=found,
        error=error,
        lost=lost,
        weekdays=weekdays(),
        rule_text=rule_words(draft.rule.text) if found else "",
        most=MOST,
        slot_value=slot_value,
        facility=facility,
        zone=facility.zone,
        today=clock.today(facility.zone),
    )


@bp.get("/series/<id:series_id>")
@allow(*STAFF_ROLES)
def series(series_id: int) -> Response:
    """A series: its rule, its visits with their states, and what can be done with many of them."""
    actor = current_actor()
    shown = get_series(actor, series_id)
    audit.read(
        actor,
        "series.viewed",
        subject_type="series",
        subject_id=series_id,
        patient_id=shown.visits[0].patient_id,
        facility_id=shown.series.facility_id,
    )
    return _page(actor, shown)


@bp.post("/series/<id:series_id>/cancel")
@allow(*STAFF_ROLES)
def cancel_series(series_id: int) -> Response:
    """Cancel one visit, it and those after it, or all that are ahead."""
    actor = current_actor()
    reason = clean(request.form.get("reason", "")).strip()[:500]
    tell = bool(request.form.get("tell"))

    def work() -> int:
        shown = get_series(actor, series_id)
        code = reasons.read_code(request.form.get("code"))
        if code is None:
            raise Invalid(_("Choose why."), field="code")
        if code is EndReason.OTHER and not reason:
            raise Invalid(_("Write down why."), field="reason")
        chosen = in_scope(shown)
        seen = seen_versions(chosen)
        cancel_visits(actor, shown, seen, code=code, reason=reason or None, tell=tell)
        return len(chosen)

    try:
        count = settled(work)
    except NotFound:
        raise
    except DomainError as error:
        return _page(actor, get_series(actor, series_id), error=error)
    say(ngettext("%(num)s visit is cancelled.", "%(num)s visits are cancelled.", count))
    return go_to(url_for("scheduling.series", series_id=series_id))


@bp.post("/series/<id:series_id>/undo")
@allow(*STAFF_ROLES)
def undo_series(series_id: int) -> Response:
    """Undo the last change to a series within the minute, all of it."""
    actor = current_actor()
    try:
        settled(lambda: undo(actor, get_series(actor, series_id)))
        say(_("Undone. The series is as it was."))
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "danger")
    return go_to(url_for("scheduling.series", series_id=series_id))


def in_scope(shown: SeriesShown) -> list[Appointment]:
    """The visits that the form speaks of and that can still be changed. Raises Conflict without any."""
    scope, start = request.values.get("scope", ""), from_visit(shown)
    if start is None:
        raise Conflict(_("No visit of this series is ahead."))
    if scope == "this":
        return [start]
    if scope == "all":
        return list(shown.ahead)
    return [visit for visit in shown.ahead if visit.starts >= start.starts]


def from_visit(shown: SeriesShown) -> Appointment | None:
    """The visit that the address or form names, if it is still ahead; else the next one that is."""
    named = request.values.get("visit", "")
    return next((one for one in shown.ahead if one.reference == named), next(iter(shown.ahead), None))


def seen_versions(visits: list[Appointment]) -> dict[int, int]:
    """The version of each visit that the form was made from, by id; 0 for one it did not show."""
    versions = {}
    for visit in visits:
        text = request.form.get(f"v-{visit.reference}", "")
        versions[visit.id] = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return versions


def apart(shown: SeriesShown) -> set[int]:
    """The visits, by id, that lie at another hour or with somebody else than most: changed by themselves."""
    zone = clock.zone(shown.visits[0].facility.zone)
    ways = [(visit.starts.astimezone(zone).time(), visit.practitioner_id) for visit in shown.visits]
    usual = max(ways, key=ways.count)
    return {visit.id for visit, way in zip(shown.visits, ways, strict=True) if way != usual}


def _page(actor: Actor, shown: SeriesShown, *, error: DomainError | None = None) -> Response:
    visit = shown.visits[0]
    return page(
        "scheduling/series.html",
        status=error.status if error else 200,
        shown=shown,
        patient=visit.patient,
        zone=visit.facility.zone,
        today=clock.today(visit.facility.zone),
        rule_text=rule_words(shown.series.rule),
        apart=apart(shown),
        start=from_visit(shown),
        scope=request.values.get("scope") if request.values.get("scope") in SCOPES else "following",
        may_change=bool(shown.ahead) and all(policy.can_move(actor, one) for one in shown.ahead),
        undo_seconds=undo_left(actor, shown),
        codes=reasons.choices("cancel"),
        typed=request.form,
        error=error,
    )
