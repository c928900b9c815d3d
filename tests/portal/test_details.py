"""What the clinic has about the patient, and what they may change."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.portal.conftest import Clinic, words


def form(clinic: Clinic, **fields: str) -> dict[str, str]:
    return {"name": clinic.mother.name, "version": str(clinic.mother.version), **fields}


def test_a_patient_sees_what_the_clinic_has(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    clinic.mother.line, clinic.mother.city = "7 Temple Street", "Mysuru"
    clinic.mother.medical_history = "only for clinical eyes"
    session.commit()

    page = words(home.get("/portal/details").text)

    assert "7 Temple Street, Mysuru" in page
    assert clinic.mother.mrn in page
    assert "clinical eyes" not in page


def test_contact_is_changed_and_everything_else_stays(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.mother.medical_history, clinic.mother.sex = "Hypertension", "female"
    session.commit()
    mobile = clinic.mother.mobile

    answer = home.post(
        "/portal/details/edit",
        data=form(
            clinic,
            city="Hubballi",
            postal_code="580 020",
            emergency_phone="98450 22222",
            mobile="9999999999",
            prakriti="vata",
            medical_history="",
        ),
    )

    assert answer.status_code == 303
    session.refresh(clinic.mother)
    assert (clinic.mother.city, clinic.mother.postal_code) == ("Hubballi", "580020")
    assert clinic.mother.emergency_phone == "+919845022222"
    assert (clinic.mother.mobile, clinic.mother.prakriti) == (mobile, None)
    assert (clinic.mother.medical_history, clinic.mother.sex) == ("Hypertension", "female")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("email", "not an address"), ("postal_code", "12"), ("emergency_phone", "123")],
)
def test_what_cannot_be_right_is_refused_beside_its_field(
    clinic: Clinic, home: FlaskClient, field: str, value: str
) -> None:
    answer = home.post("/portal/details/edit", data=form(clinic, line="Kept as typed") | {field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Kept as typed"' in answer.text


def test_a_change_by_the_clinic_meanwhile_is_not_overwritten(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    opened = form(clinic, city="Mine")
    assert home.post("/portal/details/edit", data=opened | {"city": "Theirs"}).status_code == 303

    answer = home.post("/portal/details/edit", data=opened)

    assert answer.status_code == 409
    session.refresh(clinic.mother)
    assert clinic.mother.city == "Theirs"
    assert 'value="Mine"' in answer.text


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "x" * 1_000_000, "\u202eevil", "😀", "<script>alert(1)</script>"]
)
def test_nothing_typed_breaks_the_page(clinic: Clinic, home: FlaskClient, text: str) -> None:
    body = form(clinic, line=text)
    answer = home.post(
        "/portal/details/edit",
        data={key: value.encode("utf-8", "surrogatepass") for key, value in body.items()},
    )

    assert answer.status_code in (303, 422)
    assert "<script>alert" not in home.get("/portal/details").text
