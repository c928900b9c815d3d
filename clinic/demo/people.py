"""The demo clinic's staff and patients."""

from __future__ import annotations

from datetime import time, timedelta

from sqlalchemy import select

from clinic.accounts import terms
from clinic.accounts.models import User
from clinic.accounts.service import create_staff
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.details import AllergyEntry, PatientDetails
from clinic.patients.models import Patient
from clinic.patients.service import register
from clinic.practitioners import service as practitioners
from clinic.practitioners.models import Practitioner
from clinic.practitioners.service import PractitionerDetails
from clinic.scheduling.models import ResourceKind
from clinic.scheduling.queries.setup import practitioner_resource
from clinic.scheduling.service.arrange import Interval, add_practitioner, change_person, set_hours

PASSWORD = "Sutra-demo-2026"  # noqa: S105 (known to everybody, which is why the demo never loads in production)
STAFF: dict[str, tuple[str, str, tuple[Role, ...]]] = {
    "admin": ("admin@sutra.test", "Meera Krishnan", (Role.ADMIN,)),
    "reception": ("reception@sutra.test", "Asha Raghunath", (Role.RECEPTIONIST,)),
    "vaidya": ("vaidya@sutra.test", "Dr Vaidehi Kulkarni", (Role.PRACTITIONER,)),
}
PRACTITIONERS = (
    ("Dr Vaidehi Kulkarni", "female", "Kayachikitsa", "BAMS, MD (Ayu)", "vaidya@sutra.test"),
    ("Dr Arjun Nair", "male", "Panchakarma", "BAMS", None),
    ("Dr Farhan Siddiqui", "male", "General medicine", "MBBS, DNB", None),
)
THERAPISTS = (
    ("Sunita Pawar", "female", "Panchakarma therapist", "Diploma in Panchakarma", None),
    ("Ramesh Gowda", "male", "Panchakarma therapist", "Diploma in Panchakarma", None),
    ("Lata Shetty", "female", "Panchakarma therapist", "Certificate in Panchakarma", None),
    ("Prakash Hegde", "male", "Panchakarma therapist", "Certificate in Panchakarma", None),
)
MORNING, AFTERNOON = (time(9), time(13)), (time(14), time(18))
PATIENTS: tuple[PatientDetails, ...] = (
    PatientDetails(
        name="Meenakshi Iyer",
        mobile="98450 11723",
        age=46,
        sex="female",
        city="Bengaluru",
        postal_code="560038",
        prakriti="vata_pitta",
        blood_group="B+",
        emergency_name="Raghavan Iyer",
        emergency_phone="98450 11723",
        emergency_relationship="spouse",
        medical_history="Low back pain for eight months, worse in cold.",
        allergies=(AllergyEntry(substance="Penicillin", reaction="Rash and swelling", severity="severe"),),
    ),
    PatientDetails(name="Raghavan Iyer", mobile="98450 11723", age=51, sex="male"),
    PatientDetails(
        name="Suresh Patil", mobile="98451 22034", age=58, sex="male", prakriti="kapha", none_known=True
    ),
    PatientDetails(name="Kavita Deshmukh", mobile="98452 33045", age=34, sex="female", prakriti="pitta"),
    PatientDetails(name="Fatima Shaikh", mobile="98453 44056", age=29, sex="female", none_known=True),
    PatientDetails(name="Gopal Krishnan", mobile="98454 55067", age=63, sex="male", prakriti="vata"),
    PatientDetails(name="अनन्या दास", mobile="98455 66078", age=41, sex="female", locale="hi"),
    PatientDetails(name="Thomas Kurian", mobile="98456 77089", age=49, sex="male"),
    PatientDetails(name="Zainab Qureshi", mobile="98457 88090", age=37, sex="female"),
    PatientDetails(name="Harpreet Singh", mobile="98458 99001", age=55, sex="male", prakriti="pitta_kapha"),
    PatientDetails(name="Nandini Rao", mobile="98459 10112", age=26, sex="female"),
    PatientDetails(name="Lakshmi Subramaniam", mobile="98460 21223", age=68, sex="female"),
    PatientDetails(name="Imran Ansari", mobile="98461 32334", age=31, sex="male"),
    PatientDetails(name="Devika Pillai", mobile="98462 43445", age=44, sex="female"),
    PatientDetails(name="Sana Mirza", mobile="98463 54556", age=33, sex="female"),
    PatientDetails(name="Girish Kamath", mobile="98464 65667", age=47, sex="male", prakriti="vata_kapha"),
    PatientDetails(name="Rukmini Joshi", mobile="98465 76778", age=71, sex="female", none_known=True),
    PatientDetails(name="Balwinder Kaur", mobile="98466 87889", age=52, sex="female"),
    PatientDetails(name="Joseph Fernandes", mobile="98467 98990", age=60, sex="male", none_known=True),
    PatientDetails(name="रमेश यादव", mobile="98468 10901", age=38, sex="male", locale="hi"),
    PatientDetails(name="Ishita Sengupta", mobile="98469 21012", age=24, sex="female", prakriti="tridosha"),
    PatientDetails(name="Venkatesh Iyengar", mobile="98470 32123", age=66, sex="male", none_known=True),
    PatientDetails(name="Ayesha Khan", mobile="98471 43234", age=30, sex="female"),
    PatientDetails(name="Chandrasekhar Rao", mobile="98472 54345", age=57, sex="male", prakriti="kapha"),
    PatientDetails(name="Shalini Mathew", mobile="98473 65456", age=43, sex="female", none_known=True),
    PatientDetails(name="Om Prakash Gupta", mobile="98474 76567", age=69, sex="male"),
)


def add_staff(facility: Facility) -> Actor:
    """One of each role, with a password everybody knows; the receptionist is who books the demo's visits."""
    users = {
        key: create_staff(
            SYSTEM,
            name=name,
            email=email,
            roles=roles,
            facility_id=None if Role.ADMIN in roles else facility.id,
            password=PASSWORD,
        )
        for key, (email, name, roles) in STAFF.items()
    }
    for user in users.values():
        user.terms_accepted_version, user.terms_accepted_at = terms.CURRENT, clock.now()
        user.email_verified_at = clock.now()
    reception = users["reception"]
    return Actor(
        user_id=reception.id,
        name=reception.name,
        roles=frozenset({Role.RECEPTIONIST}),
        facility_ids=frozenset({facility.id}),
    )


def add_practitioners(facility: Facility) -> list[Practitioner]:
    """Vaidyas, verified, placed in the calendar and at work every day. One may be overbooked."""
    made = [
        _add_person(facility, person, number, ResourceKind.PRACTITIONER)
        for number, person in enumerate(PRACTITIONERS, start=1)
    ]
    first = practitioner_resource(facility.id, made[0].id)
    change_person(SYSTEM, first, kind=ResourceKind.PRACTITIONER, places=1, overbook=1)
    return made


def add_therapists(facility: Facility) -> list[Practitioner]:
    """Therapists, two women and two men, at work every day."""
    return [
        _add_person(facility, person, number, ResourceKind.THERAPIST)
        for number, person in enumerate(THERAPISTS, start=len(PRACTITIONERS) + 1)
    ]


def _add_person(
    facility: Facility, person: tuple[str, str, str, str, str | None], number: int, kind: ResourceKind
) -> Practitioner:
    name, sex, field, degree, email = person
    user = db.session.scalar(select(User).where(User.email == email)) if email else None
    details = PractitionerDetails(
        name=name,
        sex=sex,
        specialization=field,
        qualification=degree,
        experience_years=6 + 4 * number,
        registration_number=f"KA-AYU-{20410 + number}",
    )
    practitioner = practitioners.create(SYSTEM, details, user_id=user.id if user else None)
    db.session.flush()
    practitioners.verify(SYSTEM, practitioner)
    # The place comes first: who begins to work somewhere without one is given one by what they sign in as.
    resource = add_practitioner(practitioner, facility.id, kind=kind)
    practitioners.affiliate(SYSTEM, practitioner, facility.id)
    hours = [
        Interval(weekday=day, starts=starts, ends=ends)
        for day in range(7)
        for starts, ends in (MORNING, AFTERNOON)
    ]
    set_hours(SYSTEM, resource, hours, valid_from=clock.today(facility.zone) - timedelta(days=30))
    return practitioner


def add_patients(desk: Actor) -> list[Patient]:
    """Patients as a receptionist registers them, a household on one mobile among them."""
    return [register(desk, details) for details in PATIENTS]
