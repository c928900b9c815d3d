"""The demo clinic's address, rooms and services."""

from __future__ import annotations

from decimal import Decimal

from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.scheduling.models import Service
from clinic.scheduling.service.arrange import ServiceDetails, add_room, save_service

ROOMS = (
    ("Room 1", "consulting"),
    ("Room 2", "consulting"),
    ("Room 3", "consulting"),
    ("Droni 1", "massage"),
    ("Droni 2", "massage"),
    ("Dhara room", "dhara"),
    ("Basti room", "basti"),
)
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
    """Consulting rooms, and rooms for treatments."""
    for name, kind in ROOMS:
        add_room(SYSTEM, facility, name=name, room_kind=kind)


def add_services(facility: Facility) -> list[Service]:
    """What can be booked there."""
    return [save_service(SYSTEM, facility, details) for details in SERVICES]
