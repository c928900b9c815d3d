"""The waitlist as patients use it: join, see, change, leave, and answer what is offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.patients.models import Patient
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import household
from clinic.scheduling import waitlist_words
from clinic.scheduling.models import Appointment, Service, WaitlistEntry
from clinic.scheduling.queries import get_service, practitioners
from clinic.scheduling.queries.waitlist import (
    could_keep,
    entries_of,
    get_entry,
    offers_of,
    open_entry,
    wanted_practitioners,
)
from clinic.scheduling.service import waitlist as service
from clinic.scheduling.waitlist_forms import Around, WaitlistForm, begin, offer_choices, show_entry


@bp.get("/waitlist")
@allow(Role.PATIENT)
def waitlist() -> Response:
    """What the chosen member waits for, and what they are offered."""
    family = household()
    rows = entries_of([family.chosen.id])
    audit.read(
        current_actor(),
        "waitlist.listed",
        subject_type="waitlist_entry",
        patient_id=family.chosen.id,
        facility_id=family.chosen.facility_id,
        detail={"ids": [row.entry.id for row in rows]},
    )
    return page("portal/waitlist.html", family=family, rows=rows, said=waitlist_words)


@bp.route("/waitlist/new", methods=["GET", "POST"])
@allow(Role.PATIENT)
def wait() -> Response:
    """Say what would suit, and hear of it when it is free."""
    family = household()
    wanted = get_service(clinic().id, read_id(request.args.get("service")) or 0)
    member = read_id(request.args.get("patient"))
    patient = family.member(member) if member is not None else family.chosen
    if not (wanted.active and wanted.online_booking):
        abort(404)
    if patient.deceased:
        return go_to(url_for("portal.home"))
    if request.method == "GET" and open_entry(patient.id, wanted.id, clinic().id) is not None:
        say(_("You are on the list for this already."))
        return go_to(url_for("portal.waitlist"))
    form = WaitlistForm()
    around = _around(wanted, patient)
    offer_choices(form, around)
    if not form.is_submitted():
        begin(
            form,
            around,
            practitioner_id=read_id(request.args.get("with")),
            kept=_kept(around, request.args.get("visit")),
        )

    def join() -> WaitlistEntry:
        return service.join(
            current_actor(),
            form.wanted(),
            facility=clinic(),
            service_id=wanted.id,
            patient_id=patient.id,
            via="portal",
        )

    return _answer(form, around, join, _("You are on the list. We write when a time is free."))


@bp.route("/waitlist/<id:entry_id>", methods=["GET", "POST"])
@allow(Role.PATIENT)
def edit_wait(entry_id: int) -> Response:
    """Change what would suit."""
    entry = _own(entry_id)
    if not entry.waits:
        return go_to(url_for("portal.waitlist"))
    form = WaitlistForm()
    around = _around(entry.service, entry.patient)
    offer_choices(form, around)
    if not form.is_submitted():
        show_entry(form, entry, [one for one, _name in wanted_practitioners(entry.id)])

    def change() -> WaitlistEntry:
        service.change(current_actor(), entry, form.wanted(), expected_version=form.expected_version)
        return entry

    return _answer(form, around, change, _("Saved."), entry=entry)


@bp.post("/waitlist/<id:entry_id>/withdraw")
@allow(Role.PATIENT)
def stop_waiting(entry_id: int) -> Response:
    """Wait no more."""
    entry = _own(entry_id)
    return _carry_out(
        lambda: service.withdraw(current_actor(), entry), _("You are off the list."), "portal.waitlist"
    )


@bp.post("/waitlist/<id:entry_id>/answer")
@allow(Role.PATIENT)
def answer_offer(entry_id: int) -> Response:
    """Take a time that is offered, or wait for another."""
    actor = current_actor()
    offer_id = read_id(request.form.get("offer"))
    if offer_id not in {made.id for made in offers_of(_own(entry_id).id)}:
        raise NotFound(_("There is no such offer."))
    if request.form.get("answer") == "accept":
        return _accept(actor, offer_id)
    return _carry_out(
        lambda: service.decline(actor, offer_id),
        _("You stay on the list; we write when another time is free."),
        "portal.waitlist",
    )


def _accept(actor: Actor, offer_id: int) -> Response:
    try:
        visit = service.accept(actor, offer_id)
    except DomainError as error:
        say(error.message, "danger")
        return go_to(url_for("portal.waitlist"))
    return go_to(url_for("portal.booked", reference=visit.reference))


def _carry_out(work: Callable[[], None], words: str, target: str) -> Response:
    try:
        with unit_of_work():
            work()
    except DomainError as error:
        say(error.message, "danger")
    else:
        say(words)
    return go_to(url_for(target))


def _own(entry_id: int) -> WaitlistEntry:
    """An entry of the household. Raises NotFound for anybody else's."""
    entry = get_entry(current_actor(), entry_id)
    household().member(entry.patient_id)
    return entry


def _around(wanted: Service, patient: Patient) -> Around:
    return Around(
        facility=clinic(),
        service=wanted,
        patient=patient,
        people=practitioners(clinic().id, wanted.id),
        keepable=could_keep(patient.id, wanted.id, clinic().id),
        for_patient=True,
    )


def _kept(around: Around, reference: str | None) -> Appointment | None:
    return next((visit for visit in around.keepable if visit.reference == reference), None)


def _answer(
    form: WaitlistForm, around: Around, keep: Callable[[], WaitlistEntry], done: str, **more: Any
) -> Response:
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                keep()
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(done)
            return go_to(url_for("portal.waitlist"))
    return page(
        "portal/waitlist_form.html",
        status=status,
        form=form,
        around=around,
        family=household().showing(around.patient),
        said=waitlist_words,
        **({"entry": None} | more),
    )
