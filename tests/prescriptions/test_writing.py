"""A draft written by its author: added, saved, put in order, and signed."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.prescriptions.conftest import Scene, version_on


def test_a_prescription_is_written_and_signed_from_the_patient_page(
    scene: Scene, author: FlaskClient
) -> None:
    answer = author.post(f"/patients/{scene.patient.id}/prescriptions", data={"key": "k1"})
    where = answer.headers["Location"]
    page = author.get(where).text
    assert "Add a medicine" in page
    found = author.get(f"{where}/medicines?new-name=triph").text
    assert "Triphala churna" in found
    answer = author.post(
        where, data={"version": version_on(page), "new-name": "Triphala churna", "do": "add", "add-key": "a"}
    )
    assert answer.status_code == 303, answer.text
    page = author.get(where).text
    assert "3 g at bedtime" in page
    answer = author.post(where, data={"version": version_on(page), "do": "sign"})
    assert answer.status_code == 303, answer.text
    page = author.get(where).text
    assert "TRIPHALA CHURNA" in page
    pdf = author.get(f"{where}/pdf")
    assert pdf.data.startswith(b"%PDF")
