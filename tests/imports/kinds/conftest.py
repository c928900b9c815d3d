"""A diary for the tests of appointments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.core import clock
from clinic.core.db import db
from tests.factories import (
    PatientFactory,
    ServiceFactory,
    practitioner_at,
)
from tests.imports.conftest import Clinic
from tests.imports.kinds.diary import Diary


@pytest.fixture
def diary(clinic: Clinic) -> Diary:
    here = clinic.facility.id
    people = [
        PatientFactory(name=name, mrn=number, facility_id=here, **more)
        for name, number, more in (
            ("Lakshmi Pillai", "SU-501", {"mobile": "+919845000001"}),
            ("Raju Pillai", "SU-502", {"mobile": "+919845000001"}),
            ("Amina Khan", "SU-503", {"file_number": "OPD/7"}),
        )
    ]
    lakshmi, raju, amina = (one.id for one in people)
    made = Diary(
        clinic=clinic,
        day=clock.today("Asia/Kolkata") + timedelta(days=7),
        nair=practitioner_at(clinic.facility, name="Dr. Meera Nair").id,
        joshi=practitioner_at(clinic.facility, name="डॉ. अनिल जोशी").id,
        lakshmi=lakshmi,
        raju=raju,
        amina=amina,
        service=ServiceFactory(facility_id=here, name="Consultation", code="consult", name_hi="परामर्श").id,
    )
    db.session.commit()
    return made
