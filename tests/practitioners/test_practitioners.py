from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.paging import PageRequest
from clinic.facilities.models import Facility
from clinic.notifications.models import Message
from clinic.practitioners import queries, service
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import Show
from clinic.practitioners.service import PractitionerDetails
from clinic.practitioners.signals import affiliated
from tests.factories import FacilityFactory, UserFactory, actor_of, grant


@pytest.fixture
def facility(session: Session) -> Facility:
    made: Facility = FacilityFactory()
    return made


@pytest.fixture
def admin(session: Session) -> Actor:
    return actor_of(grant(UserFactory(), Role.ADMIN), Role.ADMIN)


def enter(name: str, **more: object) -> Practitioner:
    return service.create(SYSTEM, PractitionerDetails(name=name, **more))  # type: ignore[arg-type]


def found(facility: Facility, term: str = "", show: Show = Show.ALL) -> list[str]:
    page = queries.practitioner_page(facility.id, term=term, show=show, request=PageRequest(1, 100))
    return [line.practitioner.name for line in page.items]


def test_somebody_just_entered_cannot_be_booked_until_verified(facility: Facility, admin: Actor) -> None:
    nair = enter("Dr. Meera Nair")
    service.affiliate(admin, nair, facility.id)
    assert queries.bookable_practitioners(facility.id) == []
    service.verify(admin, nair)
    assert queries.bookable_practitioners(facility.id) == [nair]
    assert nair.verified_by == admin.user_id


def test_who_is_out_of_use_or_has_left_cannot_be_booked(facility: Facility, admin: Actor) -> None:
    nair = enter("Dr. Meera Nair")
    service.affiliate(admin, nair, facility.id)
    service.verify(admin, nair)
    service.set_active(admin, nair, False)
    assert queries.bookable_practitioners(facility.id) == []
    service.set_active(admin, nair, True)
    service.leave(admin, nair, facility.id)
    assert queries.bookable_practitioners(facility.id) == []
    service.affiliate(admin, nair, facility.id)
    assert queries.bookable_practitioners(facility.id) == [nair]


def test_beginning_at_a_facility_is_told_once(facility: Facility, admin: Actor) -> None:
    nair, told = enter("Dr. Meera Nair"), []

    def hear(practitioner: Practitioner, **facts: object) -> None:
        told.append((practitioner.id, facts["facility_id"]))

    with affiliated.connected_to(hear):
        service.affiliate(admin, nair, facility.id)
        service.affiliate(admin, nair, facility.id)
        service.leave(admin, nair, facility.id)
        service.affiliate(admin, nair, facility.id)
    assert told == [(nair.id, facility.id)]


def test_only_an_administrator_verifies(session: Session, facility: Facility) -> None:
    manager = actor_of(UserFactory(), Role.FACILITY_ADMIN)
    with pytest.raises(Forbidden):
        service.verify(manager, enter("Dr. Meera Nair"))


def test_a_manager_decides_only_who_works_at_their_own_clinic(session: Session, facility: Facility) -> None:
    elsewhere = FacilityFactory()
    manager = actor_of(UserFactory(), Role.FACILITY_ADMIN, facility=facility)
    nair = enter("Dr. Meera Nair")
    service.affiliate(manager, nair, facility.id)
    with pytest.raises(Forbidden):
        service.affiliate(manager, nair, elsewhere.id)
    with pytest.raises(Forbidden):
        service.leave(manager, nair, elsewhere.id)


def test_two_practitioners_cannot_have_one_licence(session: Session) -> None:
    from clinic.core.db import unit_of_work

    with unit_of_work():
        enter("Dr. Meera Nair", licence_number="KA-4411")
    with pytest.raises(Conflict) as refused, unit_of_work():
        enter("Dr. M. Nair", licence_number=" KA-4411 ")
    assert refused.value.field == "licence_number"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " \x00 "}),
        ("experience_years", {"experience_years": -1}),
        ("experience_years", {"experience_years": 10**9}),
        ("default_minutes", {"default_minutes": 0}),
    ],
)
def test_values_that_cannot_be_right_are_refused(
    session: Session, field: str, values: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as refused:
        enter(**{"name": "Dr. Meera Nair", **values})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_search_finds_the_beginning_of_any_word_and_the_licence(facility: Facility) -> None:
    enter("Dr. Meera Nair", licence_number="KA-4411")
    enter("Dr. José Álvarez")
    enter("वैद्य मीरा नायर")
    assert found(facility, "nai") == ["Dr. Meera Nair"]
    assert found(facility, "nair mee") == ["Dr. Meera Nair"]
    assert found(facility, "ka-44") == ["Dr. Meera Nair"]
    assert found(facility, "alv") == ["Dr. José Álvarez"]
    assert found(facility, "मीरा") == ["वैद्य मीरा नायर"]
    assert found(facility, "eera") == []


@pytest.mark.parametrize("term", ["%", "_", "\\", "%%", "ka_4411", "' OR '1'='1", "\x00", "x" * 100_000])
def test_signs_in_a_search_mean_themselves(facility: Facility, term: str) -> None:
    enter("Dr. Meera Nair", licence_number="KA-4411")
    expected = ["Dr. Meera Nair"] if term == "\x00" else []
    assert found(facility, term) == expected


def test_list_tells_those_here_unverified_and_out_of_use_apart(facility: Facility, admin: Actor) -> None:
    here, _there, gone = enter("Dr. Here"), enter("Dr. There"), enter("Dr. Gone")
    service.affiliate(admin, here, facility.id)
    service.verify(admin, here)
    service.set_active(admin, gone, False)
    assert found(facility) == ["Dr. Here", "Dr. There"]
    assert found(facility, show=Show.HERE) == ["Dr. Here"]
    assert found(facility, show=Show.UNVERIFIED) == ["Dr. There"]
    assert found(facility, show=Show.INACTIVE) == ["Dr. Gone"]


def test_list_of_hundreds_comes_in_pages_of_two_statements(
    session: Session, facility: Facility, count_statements: pytest.FixtureRequest
) -> None:
    for number in range(60):
        enter(f"Dr. Number {number:03d}")
    session.flush()
    count_statements()  # type: ignore[operator]
    page = queries.practitioner_page(facility.id, term="", show=Show.ALL, request=PageRequest(3, 25))
    assert len(count_statements()) == 2  # type: ignore[operator]
    assert page.items[0].practitioner.name == "Dr. Number 050"
    assert (page.total, page.pages, page.has_next) == (60, 3, False)


def test_invited_practitioner_is_joined_to_the_sign_in(session: Session, admin: Actor) -> None:
    nair = enter("Dr. Meera Nair")
    service.invite_to_sign_in(admin, nair, email="meera@sutra.test")
    user = session.get(User, nair.user_id)
    assert user is not None
    assert user.email == "meera@sutra.test"
    assert queries.practitioner_of(actor_of(user, Role.PRACTITIONER)) == nair
    assert session.query(Message).filter_by(kind="staff_invitation", recipient_id=user.id).count() == 1
    with pytest.raises(Conflict):
        service.invite_to_sign_in(admin, nair, email="other@sutra.test")


def test_joining_takes_somebody_clinical_who_belongs_to_nobody_else(session: Session, admin: Actor) -> None:
    clinical, desk = grant(UserFactory(), Role.PRACTITIONER), grant(UserFactory(), Role.RECEPTIONIST)
    nair, rao = enter("Dr. Meera Nair"), enter("Dr. Rao")
    assert clinical in queries.users_without_practitioner()
    assert desk not in queries.users_without_practitioner()
    with pytest.raises(Invalid):
        service.join_sign_in(admin, nair, desk.id)
    service.join_sign_in(admin, nair, clinical.id)
    assert clinical not in queries.users_without_practitioner()
    with pytest.raises(Conflict):
        service.join_sign_in(admin, rao, clinical.id)


def test_changes_are_written_down_by_field_name_only(session: Session, admin: Actor) -> None:
    nair = enter("Dr. Meera Nair")
    service.update(
        admin, nair, PractitionerDetails(name="Dr. Meera Nair", phone="98450 11723", city="Mysuru")
    )
    event = session.query(AuditEvent).filter_by(action="practitioner.changed").one()
    assert event.detail == {"fields": ["city", "phone"]}
    service.update(
        admin, nair, PractitionerDetails(name="Dr. Meera Nair", phone="98450 11723", city="Mysuru")
    )
    assert session.query(AuditEvent).filter_by(action="practitioner.changed").count() == 1
