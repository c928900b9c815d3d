"""A draft saves itself, is put in order, and tells a second window what it did not see."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.prescriptions.conftest import TABLET, VATI, Scene, lines_of


def test_autosave_answers_with_what_was_understood(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    line, version = lines_of(draft)[0].id, draft.version
    answer = author.post(
        f"/prescriptions/{draft.id}/draft",
        data={"version": str(version), f"line-{line}-dosing": "½-0-½", "advice": "  आराम करें  "},
    )
    said = answer.get_json()
    assert said["version"] == version + 1
    assert "½-0-½ · ½ in the morning, ½ at night" in said["lines"][str(line)]["said"]
    fresh = scene.fresh(draft.id)
    assert (fresh.advice, fresh.version) == ("आराम करें", version + 1)


def test_what_cannot_be_read_is_kept_as_it_was_typed(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    line = lines_of(draft)[0].id
    author.post(
        f"/prescriptions/{draft.id}/draft",
        data={"version": str(draft.version), f"line-{line}-dosing": "now & then <b>"},
    )
    page = author.get(f"/prescriptions/{draft.id}").text
    assert 'value="now &amp; then &lt;b&gt;"' in page
    assert "Write how often as 1-0-1" in page


def test_a_second_window_gets_both_texts_and_may_put_its_own_over(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    line = lines_of(draft)[0].id
    where, version = f"/prescriptions/{draft.id}", str(draft.version)
    author.post(
        f"{where}/draft",
        data={"version": version, f"line-{line}-duration": "7 days", "page": "one", "turn": "1"},
    )
    late = author.post(
        f"{where}/draft",
        data={"version": version, f"line-{line}-duration": "21 days", "page": "two", "turn": "1"},
        headers={"X-Requested-With": "autosave"},
    )
    assert late.status_code == 409
    assert "21 days" in late.text
    assert "7 days" in late.text
    assert lines_of(draft)[0].duration == 7
    now = str(scene.fresh(draft.id).version)
    author.post(where, data={"version": now, f"line-{line}-duration": "21 days"})
    assert lines_of(draft)[0].duration == 21


def test_a_page_is_not_in_its_own_way(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    where, version = f"/prescriptions/{draft.id}/draft", str(draft.version)
    author.post(where, data={"version": version, "advice": "one", "page": "p", "turn": "1"})
    second = author.post(where, data={"version": version, "advice": "two", "page": "p", "turn": "3"})
    assert second.status_code == 200
    late = author.post(where, data={"version": version, "advice": "before", "page": "p", "turn": "2"})
    assert late.status_code == 200
    assert scene.fresh(draft.id).advice == "two"


def test_lines_change_places_and_come_back_where_they_were(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI, TABLET)
    where = f"/prescriptions/{draft.id}"
    first, second = (row.id for row in lines_of(draft))
    author.post(where, data={"version": str(draft.version), "do": f"down:{first}"})
    assert [row.id for row in lines_of(draft)] == [second, first]
    page = author.post(where, data={"version": str(scene.fresh(draft.id).version), "do": f"remove:{second}"})
    assert "Telmisartan is taken off." in page.text
    assert [row.id for row in lines_of(draft)] == [first]
    author.post(where, data={"version": str(scene.fresh(draft.id).version), "do": f"restore:{second}"})
    assert [row.id for row in lines_of(draft)] == [second, first]


def test_a_discarded_draft_is_met_by_nobody_and_kept(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    author.post(f"/prescriptions/{draft.id}/discard")
    assert scene.fresh(draft.id).status == "discarded"
    assert "Chandraprabha" not in author.get(f"/patients/{scene.patient.id}/prescriptions").text
    assert len(lines_of(draft)) == 1


def test_the_same_add_sent_twice_is_one_medicine(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft(VATI)
    data = {"version": str(draft.version), "do": "add", "new-name": "Triphala churna", "add-key": "k"}
    for _again in range(2):
        author.post(f"/prescriptions/{draft.id}", data=data)
    assert [row.name for row in lines_of(draft)] == ["Chandraprabha vati", "Triphala churna"]
