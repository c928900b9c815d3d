"""Assessments in a record that is taken out: shared ones for the patient, those in sight for others."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from clinic.core.access import Role
from clinic.core.db import unit_of_work
from clinic.encounters.assessments import queries, service
from tests.exports.conftest import Clinic
from tests.factories import actor_of

FOUND = {"agni": ["manda"], "koshtha": ["krura"], "remarks": ["Only for colleagues"]}


def assessed(clinic: Clinic, *, share: bool) -> None:
    actor = actor_of(clinic.staff["practitioner"], Role.PRACTITIONER, facility=clinic.facility)
    with unit_of_work():
        begun = service.begin(actor, clinic.patient, "agni_koshtha")
        found = queries.get_assessment(actor, begun.id, fresh=True)
        saved = service.save(actor, found, FOUND, version=1)
        found = queries.get_assessment(actor, begun.id, fresh=True)
        service.confirm(actor, found, version=saved.version, share=share)


def taken(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text[-600:]
    found: dict[str, Any] = json.loads(ZipFile(BytesIO(answer.data)).read("record.json"))
    return found


def test_a_household_gets_what_was_shared_and_staff_what_they_may_read(clinic: Clinic) -> None:
    assessed(clinic, share=False)
    assessed(clinic, share=True)
    own = taken(clinic.phone().get(f"/portal/family/{clinic.patient.id}/record.zip"))
    assert [item["status"] for item in own["assessments"]] == ["confirmed"]
    assert "assessments" in {item["part"] for item in own["left_out"]}
    for who, count in (("practitioner", 2), ("receptionist", None)):
        record = taken(clinic.client(who).get(f"/patients/{clinic.patient.id}/record.zip"))
        assert len(record["assessments"]) == count if count else "assessments" not in record, who
