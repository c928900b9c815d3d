"""Many requests at once, on a database where they truly run side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from clinic.app import create_app
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.notifications.models import Message
from clinic.prescriptions import queries, service
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.reading import read_line
from tests.conftest import make_settings
from tests.encounters.test_parallel import WRITERS, at_once
from tests.factories import FacilityFactory, PatientFactory, UserFactory, actor_of, grant, practitioner_at
from tests.prescriptions.conftest import VATI


def somebody(app: Flask) -> tuple[Actor, int]:
    with app.app_context():
        facility = FacilityFactory()
        user = grant(UserFactory(), Role.PRACTITIONER, facility=facility)
        practitioner_at(facility, user, registration_number="KA-1")
        patient = PatientFactory(facility_id=facility.id)
        db.session.commit()
        return actor_of(user, Role.PRACTITIONER, facility=facility), patient.id


def test_the_same_form_twenty_times_at_once_is_one_prescription_one_line_and_one_signature(
    make_database: Callable[[str], str], worker_number: int
) -> None:
    app = create_app(make_settings(make_database("prescriptions"), worker_number))
    actor, patient_id = somebody(app)

    def begin(_number: int) -> object:
        with unit_of_work():
            return service.begin(
                actor, queries.get_patient_to_prescribe_for(actor, patient_id), key="form"
            ).id

    made = set(at_once(app, begin))
    assert len(made) == 1
    prescription_id = int(str(made.pop()))

    def add(_number: int) -> object:
        draft = queries.get_prescription(actor, prescription_id)
        try:
            with unit_of_work():
                return service.add_line(actor, draft, read_line(VATI), version=1, key="line").line_id
        except Conflict as error:
            return error.code

    Counter(at_once(app, add))

    def sign(_number: int) -> object:
        draft = queries.get_prescription(actor, prescription_id)
        try:
            with unit_of_work():
                service.sign(actor, draft, version=2)
                return "signed"
        except Conflict as error:
            return error.code

    assert Counter(at_once(app, sign)) == {"signed": 1, "prescription_locked": WRITERS - 1}
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Prescription)) == 1
        assert db.session.scalar(select(func.count()).select_from(PrescriptionLine)) == 1
        told = select(func.count()).select_from(Message).where(Message.kind == "prescription_ready")
        assert db.session.scalar(told) == 1
