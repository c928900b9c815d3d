"""The demo clinic's address, rooms, equipment and services, and when it is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Service
from clinic.scheduling.service.arrange import (
    Closure,
    Interval,
    ServiceDetails,
    add_closures,
    add_equipment,
    add_room,
    facility_resource,
    save_service,
    set_hours,
    set_performers,
)

ROOMS = (
    ("Room 1", "consulting"),
    ("Room 2", "consulting"),
    ("Room 3", "consulting"),
    ("Droni 1", "massage"),
    ("Droni 2", "massage"),
    ("Dhara room", "dhara"),
    ("Basti room", "basti"),
    ("Yoga hall", "yoga"),
)
EQUIPMENT = (("Dhara stand", "dhara stand", 1), ("Steam box", "steam box", 1))
NATIONAL_HOLIDAYS = (
    (1, 26, "Republic Day"),
    (8, 15, "Independence Day"),
    (10, 2, "Mahatma Gandhi’s birthday"),
)
VAIDYAS = ("first-visit", "consultation", "follow-up", "nasya")
"""What vaidyas perform; the therapists perform the rest, and one vaidya leads the yoga group."""
THERAPISTS = ("abhyanga", "shirodhara", "niruha-basti", "swedana")
EMPTY_STOMACH = (
    "Come on an empty stomach. Sip warm water only.\nEmpty bladder and bowel before you start from home."
)
EMPTY_STOMACH_HI = "खाली पेट आएँ। केवल गुनगुना पानी पिएँ।\nघर से निकलने से पहले शौच हो आएँ।"
LIGHT_MEAL = (
    "Eat only a light meal, at least two hours before.\nKeep time to rest afterwards; no cold bath or wind."
)
LIGHT_MEAL_HI = "कम से कम दो घंटे पहले हल्का भोजन ही करें।\nबाद में आराम का समय रखें; ठंडे पानी से न नहाएँ।"
NO_SCREENS = "No screens and no driving afterwards.\nBring a scarf to cover your head."
NO_SCREENS_HI = "बाद में मोबाइल न देखें और गाड़ी न चलाएँ।\nसिर ढकने के लिए कपड़ा लाएँ।"

SERVICES = (
    ServiceDetails(
        code="first-visit",
        name="First visit",
        name_hi="पहली मुलाक़ात",
        minutes=45,
        fee=Decimal(800),
        hue=1,
        room_kind="consulting",
        note_template="soap",
        needs_confirmation=True,
        before_you_come="Bring earlier reports and the medicines you take.",
        before_you_come_hi="पुरानी रिपोर्टें और जो दवाएँ लेते हैं, साथ लाएँ।",
    ),
    ServiceDetails(
        code="consultation",
        name="Consultation",
        name_hi="परामर्श",
        minutes=30,
        fee=Decimal(600),
        hue=1,
        room_kind="consulting",
        note_template="soap",
    ),
    ServiceDetails(
        code="follow-up",
        name="Follow-up",
        name_hi="दोबारा जाँच",
        minutes=15,
        fee=Decimal(500),
        hue=1,
        room_kind="consulting",
        note_template="follow_up",
    ),
    ServiceDetails(
        code="abhyanga",
        name="Abhyanga",
        name_hi="अभ्यंग",
        minutes=45,
        fee=Decimal(1200),
        hue=2,
        room_kind="massage",
        note_template="panchakarma_session",
        before_you_come=LIGHT_MEAL,
        before_you_come_hi=LIGHT_MEAL_HI,
        buffer_after=10,
        online=False,
        therapists=1,
        same_sex=True,
    ),
    ServiceDetails(
        code="shirodhara",
        name="Shirodhara",
        name_hi="शिरोधारा",
        minutes=60,
        fee=Decimal(1800),
        hue=4,
        room_kind="dhara",
        note_template="panchakarma_session",
        before_you_come=NO_SCREENS,
        before_you_come_hi=NO_SCREENS_HI,
        buffer_before=5,
        buffer_after=10,
        online=False,
        equipment=("dhara stand",),
    ),
    ServiceDetails(
        code="niruha-basti",
        name="Niruha basti",
        name_hi="निरूह बस्ति",
        minutes=75,
        fee=Decimal(1800),
        hue=5,
        room_kind="basti",
        note_template="panchakarma_session",
        online_booking=False,
        before_you_come=EMPTY_STOMACH,
        before_you_come_hi=EMPTY_STOMACH_HI,
        buffer_after=15,
        online=False,
        same_sex=True,
    ),
    ServiceDetails(
        code="nasya",
        name="Nasya",
        name_hi="नस्य",
        minutes=40,
        fee=Decimal(900),
        hue=6,
        room_kind="massage",
        note_template="panchakarma_session",
        online=False,
    ),
    ServiceDetails(
        code="swedana",
        name="Swedana",
        name_hi="स्वेदन",
        minutes=30,
        fee=Decimal(700),
        hue=3,
        room_kind="massage",
        note_template="panchakarma_session",
        before_you_come=LIGHT_MEAL,
        before_you_come_hi=LIGHT_MEAL_HI,
        online=False,
        equipment=("steam box",),
    ),
    ServiceDetails(
        code="yoga-group",
        name="Yoga in a group",
        name_hi="समूह में योग",
        minutes=60,
        fee=Decimal(250),
        hue=8,
        room_kind="yoga",
        note_template="follow_up",
        before_you_come="Come in loose clothes, two hours after a meal.",
        before_you_come_hi="ढीले कपड़ों में आएँ, भोजन के दो घंटे बाद।",
        online=False,
        capacity=10,
    ),
)


def add_facility() -> Facility:
    """Sanjeevani Ayurveda in Indiranagar, Bengaluru."""
    facility = Facility(
        name="Sanjeevani Ayurveda",
        short_name="Indiranagar",
        zone="Asia/Kolkata",
        phone="+918041230000",
        line="12, 80 Feet Road, Indiranagar",
        city="Bengaluru",
        state="Karnataka",
        postal_code="560038",
    )
    db.session.add(facility)
    db.session.flush()
    return facility


def add_rooms(facility: Facility) -> None:
    """Consulting rooms, rooms for treatments and a hall, and what treatments cannot do without."""
    for name, kind in ROOMS:
        add_room(SYSTEM, facility, name=name, room_kind=kind)
    for name, kind, pieces in EQUIPMENT:
        add_equipment(SYSTEM, facility, name=name, equipment_kind=kind, pieces=pieces)


def add_services(facility: Facility) -> list[Service]:
    """What can be booked there."""
    return [save_service(SYSTEM, facility, details) for details in SERVICES]


def name_performers(
    services: Sequence[Service], vaidyas: Sequence[Practitioner], therapists: Sequence[Practitioner]
) -> None:
    """Say who performs what. The first vaidya gives abhyanga to patients of her own, as her notes tell."""
    for service in services:
        if service.code in VAIDYAS:
            people = list(vaidyas)
        elif service.code in THERAPISTS:
            people = [*therapists, *(vaidyas[:1] if service.code == "abhyanga" else ())]
        else:
            people = list(vaidyas[1:2])
        set_performers(SYSTEM, service, [one.id for one in people])


def add_closures_ahead(facility: Facility) -> None:
    """The national holidays of the next twelve months, but for the days the demo fills with visits."""
    today = clock.today(facility.zone)
    days = [
        (date(year, month, day), name)
        for year in (today.year, today.year + 1)
        for month, day, name in NATIONAL_HOLIDAYS
    ]
    soon, later = today + timedelta(days=7), today + timedelta(days=365)
    add_closures(
        SYSTEM,
        facility,
        [Closure(first=day, last=day, reason=name) for day, name in days if soon <= day <= later],
    )


def add_opening_hours(facility: Facility) -> None:
    """Open every day, as long as the calendar is."""
    hours = [Interval(weekday=day, starts=facility.opens, ends=facility.closes) for day in range(7)]
    since = clock.today(facility.zone) - timedelta(days=30)
    set_hours(SYSTEM, facility_resource(facility), hours, valid_from=since)
