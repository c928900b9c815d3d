"""Papers come in, are looked at, verified, changed, taken out; each by whom it concerns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.files import Store
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)
from tests.records.conftest import Clinic, SignIn, papers
from tests.records.files import jpeg, locked_pdf, pdf, photo_of_a_phone, png


def actions() -> list[tuple[str, str]]:
    rows = db.session.execute(
        select(AuditEvent.action, AuditEvent.outcome)
        .where(AuditEvent.subject_type == "paper")
        .order_by(AuditEvent.id)
    )
    return [(action, outcome) for action, outcome in rows]


def test_several_files_come_in_at_once_and_stand_in_the_tab(clinic: Clinic) -> None:
    answer = clinic.upload(
        clinic.vaidya,
        ("blood.jpg", jpeg("Blood")),
        ("scan.png", png("Scan")),
        ("letter.pdf", pdf()),
        title="Tests of November",
        doctor="dr vaidehi kulkarni",
        document_date="2026-11-02",
    )
    assert answer.status_code == 303
    found = papers()
    assert [(paper.media_type, paper.pages) for paper in found] == [
        ("image/jpeg", None),
        ("image/png", None),
        ("application/pdf", 2),
    ]
    assert {paper.practitioner_id for paper in found} == {clinic.practitioner.id}
    page = clinic.vaidya.get(f"/patients/{clinic.patient.id}/papers").text
    assert page.count("Tests of November") == 3
    assert "2 pages" in page
    assert clinic.vaidya.get(f"/papers/{found[2].id}/thumb").content_type == "image/jpeg"


def test_a_doctors_name_that_two_have_stays_a_name(clinic: Clinic) -> None:
    practitioner_at(clinic.facility, UserFactory(), name="Dr Vaidehi Kulkarni")
    db.session.commit()
    paper = clinic.paper(doctor="Dr Vaidehi Kulkarni")
    assert (paper.practitioner_id, paper.doctor) == (None, "Dr Vaidehi Kulkarni")


def test_a_photo_is_stored_upright_and_says_nothing_but_the_picture(clinic: Clinic, store: Store) -> None:
    clinic.upload(clinic.vaidya, ("IMG_1.JPG", photo_of_a_phone()))
    (paper,) = papers()
    kept = store.read(paper.key)
    assert (paper.width, paper.height) == (240, 320)
    with Image.open(BytesIO(kept)) as image:
        assert image.size == (240, 320)
        assert not image.getexif()
    assert b"script" not in kept
    assert b"Exif" not in kept


def test_the_same_file_is_told_and_not_stored_twice(clinic: Clinic, store: Store) -> None:
    clinic.upload(clinic.vaidya, ("a.jpg", jpeg()))
    before = list(store.keys())
    answer = clinic.upload(clinic.vaidya, ("b.jpg", jpeg()))
    assert answer.status_code == 303
    assert "in the record already" in clinic.vaidya.get(answer.location).text
    assert len(papers()) == 1
    assert list(store.keys()) == before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.jpg", b"", "The file is empty."),
        ("page.jpg", b"<html><script>alert(1)</script></html>", "Only pictures (JPEG, PNG) and PDF"),
        ("locked.pdf", locked_pdf(), "locked with a password"),
        ("broken.pdf", b"%PDF-1.7\nnothing", "damaged"),
        ("cut.jpg", jpeg()[:400], "damaged"),
        ("large.jpg", jpeg() + b"x" * 10_000_001, "at most 10 MB"),
    ],
)
def test_a_file_that_is_no_use_is_refused_with_a_sentence_and_leaves_nothing(
    clinic: Clinic, store: Store, name: str, content: bytes, says: str
) -> None:
    answer = clinic.upload(clinic.vaidya, (name, content))
    assert answer.status_code == 422
    assert says in answer.text
    assert papers() == []
    assert list(store.keys()) == []


def test_one_bad_file_spoils_no_other_and_what_was_typed_is_kept(clinic: Clinic) -> None:
    answer = clinic.upload(
        clinic.vaidya,
        ("good.jpg", jpeg()),
        ("bad.jpg", b"nothing"),
        title="Typed title",
        description="Remark",
    )
    assert answer.status_code == 422
    assert len(papers()) == 1
    assert "bad.jpg" in answer.text
    assert 'value="Typed title"' in answer.text
    assert "Remark" in answer.text


def test_too_many_files_or_none_are_told(clinic: Clinic) -> None:
    eleven = [(f"{number}.jpg", jpeg(str(number))) for number in range(11)]
    assert "at most 10 files" in clinic.upload(clinic.vaidya, *eleven).text
    assert "Choose a file." in clinic.upload(clinic.vaidya).text
    assert papers() == []


def test_a_script_hears_of_each_file_by_itself(clinic: Clinic) -> None:
    def send(content: bytes) -> tuple[int, str]:
        answer = clinic.vaidya.post(
            f"/patients/{clinic.patient.id}/papers",
            data={"kind": "lab_report", "files": [(BytesIO(content), "a.jpg")]},
            headers={"Accept": "application/json"},
        )
        return answer.status_code, answer.json["state"]

    assert send(jpeg()) == (200, "added")
    assert send(jpeg()) == (200, "known")
    assert send(b"nothing") == (422, "refused")


def test_pages_of_a_pdf_are_pictures_and_the_file_itself_an_attachment(clinic: Clinic, store: Store) -> None:
    clinic.upload(clinic.vaidya, ("letter.pdf", pdf(6)))
    (paper,) = papers()
    viewer = clinic.vaidya.get(f"/papers/{paper.id}").text
    assert viewer.count("/pages/") == 6
    picture = clinic.vaidya.get(f"/papers/{paper.id}/pages/5")
    assert picture.content_type == "image/jpeg"
    assert Image.open(BytesIO(picture.data)).size == (1241, 1754)
    assert paper.page_key(5) in list(store.keys())
    assert clinic.vaidya.get(f"/papers/{paper.id}/pages/7").status_code == 404
    file = clinic.vaidya.get(f"/papers/{paper.id}/file")
    assert file.data == pdf(6)
    assert file.headers["Content-Disposition"] == "attachment; filename=letter.pdf"
    for answer in (picture, file):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_parts_of_a_file_are_served_as_asked(clinic: Clinic) -> None:
    clinic.upload(clinic.vaidya, ("letter.pdf", pdf()))
    (paper,) = papers()
    url, whole = f"/papers/{paper.id}/file", pdf()
    size = len(whole)

    def ask(part: str, **headers: str) -> tuple[int, bytes, str | None]:
        answer = clinic.vaidya.get(
            url, headers={"Range": part, **{k.replace("_", "-"): v for k, v in headers.items()}}
        )
        return answer.status_code, answer.data, answer.headers.get("Content-Range")

    tag = clinic.vaidya.get(url).headers["ETag"]
    assert ask("bytes=0-99") == (206, whole[:100], f"bytes 0-99/{size}")
    assert ask("bytes=-10") == (206, whole[-10:], f"bytes {size - 10}-{size - 1}/{size}")
    assert ask("bytes=100-") == (206, whole[100:], f"bytes 100-{size - 1}/{size}")
    assert ask(f"bytes={size}-") == (416, b"", f"bytes */{size}")
    assert ask("bytes=0-1,5-6")[:2] == (200, whole)
    assert ask("lines=0-1")[:2] == (200, whole)
    assert ask("bytes=5-2")[0] in (200, 416)
    assert ask("bytes=0-99", If_Range=tag)[0] == 206
    assert ask("bytes=0-99", If_Range='"another"')[:2] == (200, whole)


def test_nobody_else_reaches_a_byte_of_a_paper(clinic: Clinic, sign_in: SignIn) -> None:
    paper = clinic.paper()
    there = FacilityFactory(whole_facility_in_care=True)
    outsider = grant(UserFactory(), Role.PRACTITIONER, facility=there)
    practitioner_at(there, outsider)
    therapist = grant(UserFactory(), Role.THERAPIST, facility=clinic.facility)
    stranger = household_login(PatientFactory(facility_id=clinic.facility.id), mobile="+919845000009")
    db.session.commit()
    for client in (sign_in(outsider), sign_in(therapist), sign_in(stranger, SessionKind.PATIENT)):
        for path in ("file", "thumb", "pages/1"):
            assert client.get(f"/papers/{paper.id}/{path}").status_code == 404
    assert clinic.desk.get(f"/papers/{paper.id}/file").status_code == 403
    assert sign_in(outsider).get(f"/papers/{paper.id}").status_code == 404
    assert ("paper.viewed", "refused") in actions()


def test_the_desk_brings_papers_in_and_reads_their_names_only(clinic: Clinic) -> None:
    clinic.paper(title="Of the doctor")
    clinic.upload(clinic.desk, ("x.jpg", jpeg("Desk")), title="Brought to the desk")
    page = clinic.desk.get(f"/patients/{clinic.patient.id}/papers").text
    assert "Brought to the desk" in page
    assert "Of the doctor" not in page
    assert "/thumb" not in page
    mine = papers()[-1]
    assert clinic.desk.get(f"/papers/{mine.id}").status_code == 403
    assert clinic.desk.post(f"/papers/{mine.id}/remove", data={"why": "Another patient"}).status_code == 303
    assert papers()[-1].removed_why == "Another patient"
    assert clinic.desk.post(f"/papers/{papers()[0].id}/remove", data={"why": "x"}).status_code == 404


def test_a_practitioner_verifies_changes_and_marks_wrong_and_each_leaves_a_row(clinic: Clinic) -> None:
    paper = clinic.paper(title="Before")
    url = f"/papers/{paper.id}"
    assert clinic.vaidya.post(f"{url}/verify").status_code == 303
    form = {"kind": "vaccination", "title": "After", "version": "2", "doctor": "Dr Mehta, Pune"}
    assert clinic.vaidya.post(f"{url}/change", data=form).status_code == 303
    assert clinic.vaidya.post(f"{url}/change", data={**form, "title": "Late"}).status_code == 409
    assert clinic.vaidya.post(f"{url}/change", data={**form, "title": ""}).status_code == 422
    assert "Say why" in clinic.vaidya.post(f"{url}/remove", data={"why": " "}).text
    clinic.vaidya.get(f"{url}/file")
    assert clinic.vaidya.post(f"{url}/remove", data={"why": "Of somebody else"}).status_code == 303
    (kept,) = papers()
    assert (kept.title, kept.kind, kept.doctor, kept.shared) == (
        "After",
        "vaccination",
        "Dr Mehta, Pune",
        False,
    )
    assert kept.verifier is not None
    assert kept.is_removed
    assert [action for action, _outcome in actions()] == [
        "paper.uploaded",
        "paper.verified",
        "paper.changed",
        "paper.downloaded",
        "paper.removed",
    ]
    page = clinic.vaidya.get(url).text
    assert "Of somebody else" in page
    assert "Entered in error" in clinic.vaidya.get(f"/patients/{clinic.patient.id}/papers").text


def test_the_list_is_filtered_by_kind_and_paged_by_key(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "clinic.records.queries.papers.papers_of.__kwdefaults__", {"kind": None, "before": None, "limit": 2}
    )
    for kind, text in (("lab_report", "A"), ("vaccination", "B"), ("lab_report", "C")):
        clinic.paper(kind=kind, text=text, title=f"Title {text}")
    url = f"/patients/{clinic.patient.id}/papers"
    first = clinic.vaidya.get(url).text
    assert "Title C" in first
    assert "Title A" not in first
    older = re.search(r'href="([^"]+before=\d+)"', first)
    assert older
    assert "Title A" in clinic.vaidya.get(older[1].replace("&amp;", "&")).text
    only = clinic.vaidya.get(f"{url}?kind=vaccination").text
    assert "Title B" in only
    assert "Title C" not in only
    assert "None of this kind" in clinic.vaidya.get(f"{url}?kind=prescription").text


def test_the_file_of_a_row_never_changes_not_even_by_sql(clinic: Clinic) -> None:
    paper = clinic.paper()
    assert paper.sha256 == hashlib.sha256(jpeg()).hexdigest()
    paper.sha256 = "0" * 64
    with pytest.raises(Exception, match="never changes"):
        db.session.flush()
    db.session.rollback()


def test_the_tab_and_the_viewer_ask_the_database_a_few_things(
    clinic: Clinic, count_statements: Callable[[], list[str]]
) -> None:
    for number in range(4):
        clinic.paper(text=f"Paper {number}")
    for path in (f"/patients/{clinic.patient.id}/papers", f"/papers/{papers()[0].id}"):
        count_statements()
        assert clinic.vaidya.get(path).status_code == 200
        asked = [text for text in count_statements() if "sessions" not in text and "INTO audit" not in text]
        assert len(asked) <= 7, asked


def test_looking_through_papers_is_a_row_with_their_ids_and_their_small_pictures_none(clinic: Clinic) -> None:
    paper = clinic.paper()
    listed = db.session.query(AuditEvent).filter(AuditEvent.detail["ids"].is_not(None))
    for reader, path in (
        (clinic.vaidya, f"/patients/{clinic.patient.id}/papers"),
        (clinic.mother, "/portal/papers"),
    ):
        before = {row.id for row in listed}
        reader.get(path)
        (row,) = (row for row in listed if row.id not in before)
        assert (row.patient_id, row.detail["ids"]) == (clinic.patient.id, [paper.id])
        count = db.session.query(AuditEvent).count()
        assert reader.get(f"/papers/{paper.id}/thumb").status_code == 200
        assert db.session.query(AuditEvent).count() == count


def test_a_small_picture_asked_for_without_its_list_leaves_the_row_of_the_list_once(clinic: Clinic) -> None:
    paper = clinic.paper()
    for _time in range(2):
        assert clinic.vaidya.get(f"/papers/{paper.id}/thumb").status_code == 200
    (row,) = db.session.query(AuditEvent).filter_by(action="paper.listed")
    assert (row.patient_id, row.detail) == (clinic.patient.id, {"ids": [paper.id]})
