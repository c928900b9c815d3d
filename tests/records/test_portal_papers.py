"""Papers on the patient's side."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import time_machine
from flask import g

from clinic.accounts.models import SessionKind
from clinic.core import clock
from clinic.core.db import db
from clinic.core.files import Store
from tests.factories import PatientFactory, household_login
from tests.records.conftest import Clinic, SignIn, papers
from tests.records.files import jpeg, pdf


def test_a_patient_sends_a_photo_and_the_practitioner_sees_it(clinic: Clinic) -> None:
    assert clinic.send(clinic.mother, ("IMG.jpg", jpeg()), title="Blood test").status_code == 303
    (paper,) = papers()
    assert (paper.source, paper.shared, paper.title) == ("patient", True, "Blood test")
    assert "Blood test" in clinic.mother.get("/portal/papers").text
    page = clinic.mother.get(f"/portal/papers/{paper.id}").text
    assert f"/papers/{paper.id}/pages/1" in page
    assert clinic.mother.get(f"/papers/{paper.id}/pages/1").status_code == 200
    assert "From the patient" in clinic.vaidya.get(f"/papers/{paper.id}").text


def test_a_patient_sees_of_the_clinics_papers_those_that_are_shown(clinic: Clinic) -> None:
    shown = clinic.paper(title="For you", text="A")
    inner = clinic.paper(title="Among us", text="B", shared="")
    wrong = clinic.paper(title="Somebody else's", text="C")
    clinic.vaidya.post(f"/papers/{wrong.id}/remove", data={"why": "Another patient"})
    page = clinic.mother.get("/portal/papers").text
    assert "For you" in page
    assert "Among us" not in page
    assert "Somebody else" not in page
    assert clinic.mother.get(f"/papers/{shown.id}/file").status_code == 200
    for hidden in (inner, wrong):
        assert clinic.mother.get(f"/portal/papers/{hidden.id}").status_code == 404
        assert clinic.mother.get(f"/papers/{hidden.id}/file").status_code == 404


def test_within_the_hour_a_patient_takes_back_their_own_for_good(clinic: Clinic, store: Store) -> None:
    clinic.send(clinic.mother, ("a.pdf", pdf()))
    (paper,) = papers()
    assert "Added by mistake" in clinic.mother.get(f"/portal/papers/{paper.id}").text
    assert clinic.mother.post(f"/portal/papers/{paper.id}/take-back").status_code == 303
    assert papers() == []
    assert list(store.keys()) == []


def test_later_or_once_verified_it_stays(clinic: Clinic) -> None:
    clinic.send(clinic.mother, ("a.jpg", jpeg("A")), ("b.jpg", jpeg("B")))
    first, second = papers()
    clinic.vaidya.post(f"/papers/{first.id}/verify")
    clinic.mother.post(f"/portal/papers/{first.id}/take-back")
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        clinic.mother.post(f"/portal/papers/{second.id}/take-back")
    theirs = clinic.paper(text="Clinic")
    clinic.mother.post(f"/portal/papers/{theirs.id}/take-back")
    assert len(papers()) == 3


def test_a_stranger_finds_nothing_and_adds_nothing(clinic: Clinic, sign_in: SignIn) -> None:
    clinic.send(clinic.mother, ("a.jpg", jpeg()))
    (paper,) = papers()
    stranger = household_login(PatientFactory(facility_id=clinic.facility.id), mobile="+919845000009")
    db.session.commit()
    browser = sign_in(stranger, SessionKind.PATIENT)
    assert browser.get(f"/portal/papers/{paper.id}").status_code == 404
    assert browser.post(f"/portal/papers/{paper.id}/take-back").status_code == 404
    g.pop("household", None)  # the tests' requests share one context
    assert clinic.send(browser, ("b.jpg", jpeg("B")), patient=str(clinic.patient.id)).status_code == 404
    assert len(papers()) == 1


def test_no_answer_to_a_file_tells_that_the_clinic_keeps_it(clinic: Clinic) -> None:
    """What staff added and do not show is as new to the household as any other file."""
    hidden, fresh = jpeg("Report nobody showed"), jpeg("Report nobody has")
    clinic.upload(clinic.vaidya, ("report.jpg", hidden), shared="")
    for number, file in enumerate((hidden, fresh), start=1):
        answer = clinic.send(clinic.mother, ("mine.jpg", file))
        assert answer.location == "/portal/papers"
        page = clinic.mother.get(answer.location).text
        assert "has this file already" not in page
        assert page.count("/thumb") == number, "it stands among theirs"
    scripted = {"Accept": "application/json"}
    data = {"kind": "lab_report", "files": [(BytesIO(hidden), "again.jpg")]}
    assert clinic.mother.post("/portal/papers", data=data, headers=scripted).json == {
        "state": "known",
        "text": "In the record already",
    }, "their own they know"
    assert [paper.source for paper in papers()] == ["staff", "patient", "patient"]
    clinic.upload(clinic.vaidya, ("report.jpg", fresh))
    assert len(papers()) == 3, "staff see both, and are told"
