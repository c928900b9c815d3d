"""What practitioners and clinics are told about visits: e-mails, with no more of the patient than initials.

A practitioner hears of what somebody else did with their visits, the clinic of what patients do and of
bookings that wait for its word; each as far as they chose to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.facilities.models import Facility
from clinic.notifications.models import Channel, Message
from clinic.notifications.queries import Told
from clinic.notifications.registry import (
    Content,
    MessageKind,
    Opens,
    Person,
    register,
    register_people,
    register_readers,
)
from clinic.notifications.service import NewMessage
from clinic.notifications.wording import Why
from clinic.patients.display import initials
from clinic.practitioners.models import Practitioner
from clinic.scheduling.message_placeholders import ONLY_WHEN_CERTAIN, STAFF, staff_sample
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.patient_messages import ENDED, SUBJECT, about, fresh_visits, good_until
from clinic.scheduling.queries.at_work import front_desk_of, practitioners_user
from clinic.scheduling.queries.changes import Change, Concerned, concerned, earlier_practitioner, last_change

PRACTITIONER, FACILITY = "practitioner", "facility"
PRACTITIONER_KINDS = tuple(
    f"practitioner_{event}"
    for event in ("booked", "confirmed", "moved", "given_away", "cancelled", "rejected")
)
FACILITY_KINDS = tuple(f"facility_{event}" for event in ("waiting", "booked", "moved", "cancelled"))
KINDS = (*PRACTITIONER_KINDS, *FACILITY_KINDS)
MOVED_KINDS = ("practitioner_moved", "practitioner_given_away", "facility_moved")
ENDED_KINDS = ("practitioner_cancelled", "practitioner_rejected", "facility_cancelled")
_LIVE = {AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED}
_TRUE_WHILE: Mapping[str, set[AppointmentStatus]] = {
    "waiting": {AppointmentStatus.PENDING},
    "booked": _LIVE,
    "confirmed": {AppointmentStatus.CONFIRMED},
    "moved": _LIVE,
    "given_away": _LIVE,
    "cancelled": {AppointmentStatus.CANCELLED},
    "rejected": {AppointmentStatus.REJECTED},
}


def news(
    visit: Appointment, event: str, *, send_at: datetime | None = None, old_start: datetime | None = None
) -> list[NewMessage]:
    """What practitioner and clinic are told of a change; ``event`` as for patients.

    Who did it is read from the visit's history, where it was written just before.
    """
    if good_until(visit, event) <= (send_at or clock.now()):
        return []
    people = _concerned_by(visit, event)
    if not people and not visit.facility.email:
        return []
    change = last_change(visit)
    found = [
        message
        for person in people
        if _hears(visit, person, event, change, old_start)
        for message in _to_practitioner(visit, person, event, send_at=send_at)
    ]
    if (told := _facility_event(visit, event, change)) is not None:
        found += _to_facility(visit, told, send_at=send_at)
    return found


def _concerned_by(visit: Appointment, event: str) -> list[Concerned]:
    ids = {visit.practitioner_id}
    if event == "moved" and (earlier := earlier_practitioner(visit)) is not None:
        ids.add(earlier)
    if len(ids) == 1 and not (visit.practitioner.email or visit.practitioner.user_id):
        return []  # nobody can be reached, and that is known already
    return concerned(ids)


def news_of_undoing(
    visit: Appointment, told: Mapping[tuple[str, int], Told], change: Change | None
) -> list[NewMessage]:
    """How things stand, for each practitioner who has heard of what was just taken back.

    ``told`` is what each recipient was told last, ``change`` the taking back. The clinic did that itself, and
    need not be told.
    """
    misled = {
        recipient_id: _how_it_stands(visit, recipient_id, last)
        for (recipient_type, recipient_id), last in told.items()
        if recipient_type == PRACTITIONER and not _still_true(visit, recipient_id, last)
    }
    if not misled:
        return []
    return [
        message
        for person in concerned(misled)
        if good_until(visit, misled[person.id]) > clock.now()
        and _hears(visit, person, misled[person.id], change, None)
        for message in _to_practitioner(visit, person, misled[person.id])
    ]


def to_reinstate(visit: Appointment, told: Mapping[tuple[str, int], Told]) -> list[str]:
    """The kinds of news withdrawn for a change now undone that may go after all."""
    kinds: list[str] = []
    for recipient, names in (
        ((PRACTITIONER, visit.practitioner_id), ("practitioner_booked", "practitioner_confirmed")),
        ((FACILITY, visit.facility_id), ("facility_waiting", "facility_booked")),
    ):
        last = told.get(recipient)
        if last is None or last.is_about(about(visit)):
            kinds += names
    return kinds


def _hears(
    visit: Appointment, person: Concerned, event: str, change: Change | None, old_start: datetime | None
) -> bool:
    if change is not None and change.actor_id is not None and change.actor_id == person.user_id:
        return False
    wants = {"moved": person.moved, "given_away": person.moved, "cancelled": person.cancelled}
    wants["rejected"] = person.cancelled
    if not wants.get(event, person.booked):
        return False
    starts = [visit.starts, *([old_start] if old_start is not None else [])]
    return not person.soon_only or any(_is_soon(moment, visit.facility) for moment in starts)


def _is_soon(moment: datetime, facility: Facility) -> bool:
    """Whether it is today or tomorrow where the clinic is."""
    day = moment.astimezone(clock.zone(facility.zone)).date()
    return day <= clock.today(facility.zone) + timedelta(days=1)


def _facility_event(visit: Appointment, event: str, change: Change | None) -> str | None:
    """What the clinic is told of a change, if anything."""
    facility = visit.facility
    if not facility.email:
        return None
    if event == "booked" and visit.status == AppointmentStatus.PENDING:
        return "waiting" if facility.hears_waiting else None
    if change is None or not change.by_patient:
        return None
    wants = {
        "booked": facility.hears_booked,
        "moved": facility.hears_moved,
        "cancelled": facility.hears_cancelled,
    }
    return event if wants.get(event) else None


def _still_true(visit: Appointment, recipient_id: int, last: Told) -> bool:
    event = last.kind.removeprefix("practitioner_")
    own = recipient_id == visit.practitioner_id
    if event in ENDED.values():
        return visit.status in ENDED or not own
    if event == "given_away":
        return not own
    waits_again = event == "confirmed" and visit.status == AppointmentStatus.PENDING
    return own and last.is_about(about(visit)) and not waits_again


def _how_it_stands(visit: Appointment, recipient_id: int, last: Told) -> str:
    if recipient_id != visit.practitioner_id:
        return "given_away"
    if visit.status == AppointmentStatus.PENDING:
        return "booked"
    return "confirmed" if last.kind.removeprefix("practitioner_") in ENDED.values() else "moved"


def _to_practitioner(
    visit: Appointment, person: Concerned, event: str, *, send_at: datetime | None = None
) -> list[NewMessage]:
    """The mail, and for whoever signs in the same in their inbox."""
    if event == "moved" and person.id != visit.practitioner_id:
        event = "given_away"
    channels = (Channel.EMAIL, Channel.IN_APP) if person.user_id is not None else (Channel.EMAIL,)
    return [
        _message(visit, PRACTITIONER, person.id, event, channel, locale=person.locale, send_at=send_at)
        for channel in channels
    ]


def _to_facility(visit: Appointment, event: str, *, send_at: datetime | None) -> list[NewMessage]:
    """The mail, and the same in the inboxes of the front desk."""
    place = visit.facility
    return [
        _message(visit, FACILITY, place.id, event, channel, locale=place.locale, send_at=send_at)
        for channel in (Channel.EMAIL, Channel.IN_APP)
    ]


def _message(
    visit: Appointment,
    to: str,
    recipient_id: int,
    event: str,
    channel: Channel,
    *,
    locale: str,
    send_at: datetime | None,
) -> NewMessage:
    kind = f"{to}_{event}"
    return NewMessage(
        kind=kind,
        channel=channel,
        recipient_type=to,
        recipient_id=recipient_id,
        subject_type=SUBJECT,
        subject_id=visit.id,
        facility_id=visit.facility_id,
        locale=locale,
        dedupe_key=f"{kind}{about(visit)}{visit.version}:{recipient_id}"
        + (":in_app" if channel == Channel.IN_APP else ""),
        send_at=send_at,
        expires_at=good_until(visit, event),
    )


def connect() -> None:
    """Register the kinds of messages, and how their recipients are looked up for the list."""
    labels = {
        "practitioner_booked": _l("To the practitioner: visit booked"),
        "practitioner_confirmed": _l("To the practitioner: visit confirmed"),
        "practitioner_moved": _l("To the practitioner: visit moved"),
        "practitioner_given_away": _l("To the practitioner: visit given to somebody else"),
        "practitioner_cancelled": _l("To the practitioner: visit cancelled"),
        "practitioner_rejected": _l("To the practitioner: visit declined"),
        "facility_waiting": _l("To the clinic: a booking waits"),
        "facility_booked": _l("To the clinic: a patient has booked"),
        "facility_moved": _l("To the clinic: a patient has moved a visit"),
        "facility_cancelled": _l("To the clinic: a patient has cancelled"),
    }
    for name in KINDS:
        register(
            MessageKind(
                name=name,
                label=labels[name],
                load=_load,
                still_wanted=_still_wanted,
                template="staff_visit",
                channels=(Channel.EMAIL, Channel.IN_APP),
                choice="staff_visit",
                opens=_page,
                placeholders=STAFF,
                sample=partial(staff_sample, *name.split("_", 1)),
                **(ONLY_WHEN_CERTAIN if name == "practitioner_booked" else {}),
            )
        )
    register_people(PRACTITIONER, _practitioners)
    register_people(FACILITY, _facilities)
    register_readers(PRACTITIONER, practitioners_user)
    register_readers(FACILITY, front_desk_of)


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    visits = fresh_visits(messages)
    ids = {row.recipient_id for row in messages if row.recipient_type == PRACTITIONER and row.recipient_id}
    people = {person.id: person for person in concerned(ids)} if ids else {}
    return {
        message.id: _content(message, visit, people)
        for message in messages
        if (visit := visits.get(message.subject_id or 0)) is not None
    }


def _content(message: Message, visit: Appointment, people: Mapping[int, Concerned]) -> Content:
    to, _underscore, event = message.kind.partition("_")
    person = people.get(message.recipient_id or 0)
    address = visit.facility.email if to == FACILITY else (person.email if person else None)
    return Content(
        address=address,
        zone=visit.facility.zone,
        values={
            "to": to,
            "event": event,
            "clinic": visit.facility.name,
            "initials": initials(visit.patient.name),
            "practitioner": visit.practitioner.name,
            "starts": visit.starts,
            "reference": visit.reference,
            "waits": visit.status == AppointmentStatus.PENDING,
            "online": visit.mode == "online",
        },
        facts={
            "status": visit.status,
            "about": about(visit),
            "event": event,
            "own": to == FACILITY or message.recipient_id == visit.practitioner_id,
        },
    )


def _page(_message: Message, content: Content) -> Opens:
    return Opens(endpoint="scheduling.show", values={"reference": content.values["reference"]})


def _still_wanted(message: Message, content: Content) -> str | None:
    facts = content.facts
    stale = facts["about"] not in message.dedupe_key or facts["own"] == (facts["event"] == "given_away")
    if not stale and facts["status"] in _TRUE_WHILE[facts["event"]]:
        return None
    return Why.CHANGED


def _practitioners(ids: Collection[int]) -> Mapping[int, Person]:
    rows = db.session.execute(
        select(Practitioner.id, Practitioner.name, Practitioner.email).where(Practitioner.id.in_(ids))
    )
    return {row.id: Person(name=row.name, email=row.email) for row in rows}


def _facilities(ids: Collection[int]) -> Mapping[int, Person]:
    rows = db.session.execute(select(Facility.id, Facility.name, Facility.email).where(Facility.id.in_(ids)))
    return {row.id: Person(name=row.name, email=row.email) for row in rows}
