"""What patients add to their profile: photo, health id, more people to call, a confirmed e-mail address."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.accounts.models import SignInEmail
from clinic.patients import photos
from clinic.patients.abha import checks_out
from clinic.patients.models import EmergencyContact, PatientPhoto
from clinic.patients.photos import MOST_BYTES
from clinic.patients.service.profile import abha_of
from tests.factories import UserFactory, grant
from tests.portal.conftest import Clinic, words
from tests.portal.proving import prove

ABHA = "91-2345-6789-0125"


def picture(kind: str = "JPEG", size: tuple[int, int] = (1600, 900), **options: object) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, (180, 90, 20)).save(out, kind, **options)
    return out.getvalue()


def with_place() -> bytes:
    """A photo that says where and by which phone it was taken, on its side."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "PhoneMaker", 6
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif)


def upload(client: FlaskClient, clinic: Clinic, data: bytes, name: str = "me.jpg"):  # type: ignore[no-untyped-def]
    return client.post(
        f"/portal/family/{clinic.mother.id}/photo",
        data={"photo": (BytesIO(data), name)},
        content_type="multipart/form-data",
    )


def edit(clinic: Clinic, **fields: str) -> dict[str, str]:
    return {"name": clinic.mother.name, "version": str(clinic.mother.version), **fields}


@pytest.mark.parametrize("data", [with_place(), picture("PNG")])
def test_a_photo_is_kept_small_upright_and_without_what_the_camera_adds(
    clinic: Clinic, home: FlaskClient, session: Session, data: bytes
) -> None:
    assert upload(home, clinic, data, "../../evil.svg").status_code == 303
    answer = home.get(f"/portal/family/{clinic.mother.id}/photo.jpg")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    kept = Image.open(BytesIO(answer.data))
    assert (kept.format, max(kept.size)) == ("JPEG", 512)
    assert not kept.getexif()
    assert b"PhoneMaker" not in answer.data
    assert (kept.height > kept.width) == (b"PhoneMaker" in data), "turned as the camera said"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Choose a photo."),
        (b"\x00\x00\x00\x18ftypheic" + b"0" * 40, "HEIC"),
        (b"<svg onload=alert(1)>", "JPEG or PNG"),
        (b"GIF89a" + b"0" * 40, "JPEG or PNG"),
        (picture()[:200], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 60, "damaged"),
        (b"\xff\xd8\xff" + b"0" * MOST_BYTES, "at most 8 MB"),
        (picture("PNG", (8000, 8000)), "too large"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_sentence(
    clinic: Clinic, home: FlaskClient, session: Session, data: bytes, sentence: str
) -> None:
    answer = upload(home, clinic, data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert session.scalars(select(PatientPhoto.patient_id)).all() == []


def test_pixels_are_counted_before_anything_is_decoded(
    clinic: Clinic, home: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = picture("PNG", (8000, 8000))
    monkeypatch.setattr(photos, "MOST_PIXELS", 10**9)
    assert upload(home, clinic, bomb).status_code == 303, "without the limit it would be decoded"


def test_a_photo_is_seen_by_the_household_and_the_desk_alone_and_deleted(
    clinic: Clinic,
    home: FlaskClient,
    outside: FlaskClient,
    sign_in: Callable[..., FlaskClient],
    session: Session,
) -> None:
    upload(home, clinic, picture())
    path = f"/portal/family/{clinic.mother.id}/photo.jpg"
    assert outside.get(path).status_code == 404
    assert outside.post(path.replace("photo.jpg", "photo/remove")).status_code == 404
    assert upload(outside, clinic, picture()).status_code == 404
    desk = sign_in(grant(UserFactory(), "receptionist", facility=clinic.facility))
    admin = sign_in(grant(UserFactory(), "admin"))
    session.expire_all()
    assert desk.get(f"/patients/{clinic.mother.id}/photo.jpg").status_code == 200
    assert f"/patients/{clinic.mother.id}/photo.jpg" in desk.get(f"/patients/{clinic.mother.id}").text
    assert admin.get(f"/patients/{clinic.mother.id}/photo.jpg").status_code in (403, 404)
    home.post(f"/portal/family/{clinic.mother.id}/photo/remove")
    assert home.get(path).status_code == 404
    assert session.scalars(select(PatientPhoto.patient_id)).all() == []


def test_a_health_id_is_kept_sealed_and_once(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    answer = home.post("/portal/details/edit", data=edit(clinic, abha="91 2345 6789 0125"))
    assert answer.status_code == 303
    session.refresh(clinic.mother)
    assert abha_of(clinic.mother) == "91234567890125"
    assert "9123" not in f"{clinic.mother.abha_sealed}{clinic.mother.abha_hash}"
    assert ABHA in home.get("/portal/details").text

    other = {"name": clinic.stranger.name, "version": str(clinic.stranger.version), "abha": ABHA}
    refused = outside.post("/portal/details/edit", data=other)
    assert refused.status_code == 409
    assert 'id="abha-error"' in refused.text
    cleared = home.post("/portal/details/edit", data=edit(clinic, abha=""))
    assert cleared.status_code == 303
    session.refresh(clinic.mother)
    assert clinic.mother.abha_hash is None


def test_a_slip_in_a_health_id_is_said_but_not_refused(clinic: Clinic, home: FlaskClient) -> None:
    assert checks_out("2363")
    assert not checks_out("2364")
    good = next(f"9123456789012{n}" for n in range(10) if checks_out(f"9123456789012{n}"))
    slip = (
        good[:-2] + good[-1] + good[-2] if good[-1] != good[-2] else good[:-1] + str((int(good[-1]) + 1) % 10)
    )
    home.post("/portal/details/edit", data=edit(clinic, abha=slip))
    assert "may be wrong" in home.get("/portal/details").text


@pytest.mark.parametrize("typed", ["12", "1" * 15, "12-3456-7890-123x", "१२३४५६७८९०१२३४"])
def test_what_is_no_health_id_is_refused_beside_its_field(
    clinic: Clinic, home: FlaskClient, typed: str
) -> None:
    answer = home.post("/portal/details/edit", data=edit(clinic, abha=typed, city="Kept"))
    assert answer.status_code == 422
    assert 'id="abha-error"' in answer.text
    assert 'value="Kept"' in answer.text


def test_who_they_are_is_changed_by_themselves(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    form = edit(clinic, birth="11/1980", sex="female", locale="hi", blood_group="AB-", postal_code="560 038")
    assert home.post("/portal/details/edit", data=form).status_code == 303
    session.refresh(clinic.mother)
    mother = clinic.mother
    assert (str(mother.birth_date), mother.birth_precision) == ("1980-11-01", "month")
    assert (mother.sex, mother.locale, mother.blood_group, mother.postal_code) == (
        "female",
        "hi",
        "AB-",
        "560038",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("birth", "31/02/1990"), ("birth", "01/01/1700"), ("birth", "tomorrow"), ("postal_code", "012345"),
     ("blood_group", "Z"), ("locale", "xx")],
)  # fmt: skip
def test_what_nobody_can_be_is_refused(clinic: Clinic, home: FlaskClient, field: str, value: str) -> None:
    answer = home.post("/portal/details/edit", data=edit(clinic, **{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_an_age_alone_is_not_lost_by_saving(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    from datetime import date

    clinic.mother.birth_date, clinic.mother.birth_precision = date(1980, 5, 5), "age"
    session.commit()
    assert home.post("/portal/details/edit", data=edit(clinic, city="Mysuru")).status_code == 303
    session.refresh(clinic.mother)
    assert (str(clinic.mother.birth_date), clinic.mother.birth_precision) == ("1980-05-05", "age")


def test_three_people_are_called_in_an_emergency(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    form = edit(clinic, emergency_name="Raghavan", emergency_phone="98450 22222")
    form |= {"further-0-name": "Leela", "further-0-phone": "98450 33333", "further-0-relationship": "sibling"}
    form |= {"further-1-phone": "080 4123 0000"}
    assert home.post("/portal/details/edit", data=form).status_code == 303
    rows = session.scalars(select(EmergencyContact).order_by(EmergencyContact.position)).all()
    assert [(row.name, row.phone, row.relationship) for row in rows] == [
        ("Leela", "+919845033333", "sibling"),
        (None, "+918041230000", None),
    ]
    assert "Leela, Brother or sister" in words(home.get("/portal/details").text)
    wrong = home.post("/portal/details/edit", data=form | {"version": "", "further-1-phone": "12"})
    assert wrong.status_code == 422
    assert 'id="further-1-phone-error"' in wrong.text


def test_an_e_mail_address_is_confirmed_by_its_code_and_then_signs_in(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    assert home.post(f"/portal/family/{clinic.mother.id}/email").location == "/portal/details/edit"
    home.post("/portal/details/edit", data=edit(clinic, email="Meena@Example.in"))
    assert outside.post(f"/portal/family/{clinic.mother.id}/email").status_code == 404
    assert home.post(f"/portal/family/{clinic.mother.id}/email").location == "/portal/prove/email"
    assert prove(home, "email").location == "/portal/details"
    session.refresh(clinic.mother)
    assert clinic.mother.email_verified_at is not None
    assert session.scalars(select(SignInEmail.email)).all() == ["meena@example.in"]
    assert "confirmed" in home.get("/portal/details").text

    home.post("/portal/details/edit", data=edit(clinic, email="other@example.in"))
    session.refresh(clinic.mother)
    assert clinic.mother.email_verified_at is None
    assert session.scalars(select(SignInEmail.email)).all() == [], "the old address opens nothing any more"
