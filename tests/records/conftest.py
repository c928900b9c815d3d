"""A clinic with a patient, and a store of files: a folder, and a bucket of a server on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from moto.server import ThreadedMotoServer
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.accounts.models import SessionKind, User
from clinic.core.access import Role
from clinic.core.buckets import BucketStore
from clinic.core.db import db
from clinic.core.files import FolderStore, Store
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.records.models import Paper
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)
from tests.records.files import jpeg

SignIn = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The address of an S3-compatible server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(object_store: str, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    """An empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    client: Any = boto3.client("s3", endpoint_url=object_store, region_name="ap-south-1")
    place = {"LocationConstraint": "ap-south-1"}
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket="papers", CreateBucketConfiguration=place)
    store = BucketStore("papers", endpoint=object_store, region="ap-south-1")
    for key in list(store.keys()):
        store.delete(key)
    return store


@pytest.fixture(params=["folder", "bucket"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Either kind of store, empty."""
    if request.param == "folder":
        return FolderStore(tmp_path / "files")
    kept: Store = request.getfixturevalue("bucket")
    return kept


@pytest.fixture
def store(app: Flask, tmp_path: Path) -> Iterator[Store]:
    """The application's store: an empty folder of the test's own."""
    before = app.extensions["files"]
    app.extensions["files"] = FolderStore(tmp_path / "files")
    yield app.extensions["files"]
    app.extensions["files"] = before


@dataclass
class Clinic:
    """Who and what a test is about."""

    facility: Facility
    patient: Patient
    practitioner: Practitioner
    vaidya: FlaskClient
    desk: FlaskClient
    mother: FlaskClient
    mother_user: User

    def upload(self, by: FlaskClient, *files: tuple[str, bytes], **values: str) -> TestResponse:
        """Send files from the patient's tab as a plain form does."""
        data = {"kind": "lab_report", "shared": "y", **values}
        sent = [(BytesIO(content), name) for name, content in files]
        return by.post(f"/patients/{self.patient.id}/papers", data={**data, "files": sent})

    def send(self, by: FlaskClient, *files: tuple[str, bytes], **values: str) -> TestResponse:
        """Send files from the portal."""
        sent = [(BytesIO(content), name) for name, content in files]
        return by.post("/portal/papers", data={"kind": "lab_report", **values, "files": sent})

    def paper(self, **values: str) -> Paper:
        """A paper that the practitioner brought in."""
        self.upload(self.vaidya, ("report.jpg", jpeg(values.pop("text", "Report"))), **values)
        return papers()[-1]


def papers() -> list[Paper]:
    """Every paper there is, the first first."""
    db.session.expire_all()
    return list(db.session.scalars(select(Paper).order_by(Paper.id)))


@pytest.fixture
def clinic(session: Session, store: Store, sign_in: SignIn) -> Clinic:
    facility = FacilityFactory(name="Sanjeevani", whole_facility_in_care=True)
    user = grant(UserFactory(name="Dr Vaidehi Kulkarni"), Role.PRACTITIONER, facility=facility)
    practitioner = practitioner_at(facility, user, name="Dr Vaidehi Kulkarni")
    patient = PatientFactory(facility_id=facility.id, name="Meenakshi Iyer")
    desk = grant(UserFactory(name="Asha"), Role.RECEPTIONIST, facility=facility)
    mother = household_login(patient)
    session.commit()
    return Clinic(
        facility=facility,
        patient=patient,
        practitioner=practitioner,
        vaidya=sign_in(user),
        desk=sign_in(desk),
        mother=sign_in(mother, SessionKind.PATIENT),
        mother_user=mother,
    )
