"""Files that mean harm are refused or made harmless."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from clinic.core.errors import Invalid
from clinic.core.files import Store
from clinic.records import sandbox
from clinic.records.uploads import LONGEST_NAME, clean_name, job_of, looked_at
from tests.records.conftest import Clinic, papers
from tests.records.corpus import MARKERS, SCRIPT, Hostile, corpus
from tests.records.files import jpeg


@pytest.fixture
def _in_a_request(app: object) -> None:
    """Sentences need a language."""


@pytest.mark.usefixtures("_in_a_request")
def test_more_than_two_hundred_hostile_files_are_refused_or_made_harmless() -> None:
    files = corpus()
    assert len(files) >= 200
    wrong: list[str] = []
    waiting: list[tuple[Hostile, sandbox.Job]] = []
    for one in files:
        try:
            waiting.append((one, job_of(one.data)))
        except Invalid:
            if one.kept in ("picture", "pdf"):
                wrong.append(f"{one.name[:40]!r} was refused at the door")
    for (one, _job), outcome in zip(waiting, sandbox.run_all([job for _one, job in waiting]), strict=True):
        try:
            looked = looked_at(one.name, one.data, outcome)
        except Invalid as refusal:
            if one.kept in ("picture", "pdf"):
                wrong.append(f"{one.name[:40]!r}: {refusal.message}")
            continue
        wrong += [f"{one.name[:40]!r}: {what}" for what in _harm(one, looked)]
    assert wrong == []


def _harm(one: Hostile, looked: object) -> list[str]:
    found = []
    media_type, data, thumb = looked.media_type, looked.data, looked.thumb  # type: ignore[attr-defined]
    if not one.kept:
        found.append(f"was taken as {media_type}")
    if media_type == "application/pdf":
        if one.kept == "picture":
            found.append("became a PDF")
    elif one.kept == "pdf":
        found.append("became a picture")
    for kept in (thumb,) if media_type == "application/pdf" else (data, thumb):
        found += [f"holds {marker!r}" for marker in MARKERS if marker in kept]
    return found


def test_names_of_strangers_become_text_without_paths_or_tricks() -> None:
    for one in corpus():
        name = clean_name(one.name)
        assert 0 < len(name) <= LONGEST_NAME
        assert not re.search("[\x00-\x1f/\\\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]", name)


@pytest.mark.parametrize(
    "name", ["../../x.jpg", "right\u202egpj.exe", "nul\0.jpg", "n" * 3000 + ".jpg", '<b>"x";.jpg', "पर्चा.jpg"]
)
def test_such_names_come_through_the_page_and_back_as_an_attachment(
    clinic: Clinic, store: Store, name: str
) -> None:
    assert clinic.upload(clinic.vaidya, (name, jpeg())).status_code == 303
    (paper,) = papers()
    for key in list(store.keys()):
        assert re.fullmatch(r"papers/[0-9a-f]{2}/[0-9a-f]{30}/(original|thumb)\.jpg", key)
    assert clinic.vaidya.get(f"/papers/{paper.id}").status_code == 200
    sent = clinic.vaidya.get(f"/papers/{paper.id}/file").headers["Content-Disposition"]
    assert sent.startswith("attachment; filename")
    assert "\n" not in sent
    assert ".exe" not in sent.split("''")[-1]


def test_the_declared_type_decides_nothing(clinic: Clinic) -> None:
    data = {"kind": "other", "files": (BytesIO(SCRIPT), "a.png", "image/png")}
    assert clinic.vaidya.post(f"/patients/{clinic.patient.id}/papers", data=data).status_code == 422
    data = {"kind": "other", "files": (BytesIO(jpeg()), "a.html", "text/html")}
    assert clinic.vaidya.post(f"/patients/{clinic.patient.id}/papers", data=data).status_code == 303
    (paper,) = papers()
    assert clinic.vaidya.get(f"/papers/{paper.id}/pages/1").content_type == "image/jpeg"
