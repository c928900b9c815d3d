"""What the small scripts do, in a real browser under the product's content policy."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.scripts.stage import Stage

pytestmark = pytest.mark.browser


@pytest.fixture
def behaviours(page: Page, stage: Stage) -> Page:
    page.goto(f"{stage.url}/behaviours", wait_until="networkidle")
    return page


def test_slash_reaches_the_search_box_and_arrows_its_results(behaviours: Page) -> None:
    behaviours.keyboard.press("/")
    expect(behaviours.get_by_role("searchbox")).to_be_focused()
    behaviours.keyboard.type("mee")
    expect(behaviours.locator(".result")).to_have_count(2)
    behaviours.keyboard.press("ArrowDown")
    expect(behaviours.get_by_role("link", name="Meenakshi Iyer")).to_be_focused()
    behaviours.keyboard.press("ArrowUp")
    expect(behaviours.get_by_role("searchbox")).to_be_focused()
    behaviours.keyboard.press("Escape")
    expect(behaviours.locator(".result")).to_have_count(0)


def test_a_slash_typed_into_a_field_stays_there(behaviours: Page) -> None:
    behaviours.get_by_label("Name").press_sequentially("a/b")
    expect(behaviours.get_by_label("Name")).to_have_value("a/b")


def test_focus_returns_to_what_opened_a_dialog(behaviours: Page) -> None:
    opener = behaviours.get_by_role("button", name="Ask")
    opener.click()
    expect(behaviours.get_by_role("dialog", name="Really?")).to_be_visible()
    behaviours.keyboard.press("Escape")
    expect(behaviours.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_panel_opens_with_what_was_fetched_and_empties_when_closed(behaviours: Page) -> None:
    behaviours.get_by_role("link", name="Book").click()
    expect(behaviours.get_by_role("dialog", name="Book appointment")).to_be_visible()
    behaviours.keyboard.press("Escape")
    expect(behaviours.locator("#panel-content")).to_be_empty()
    expect(behaviours.get_by_role("link", name="Book")).to_be_focused()


def test_a_press_beside_the_panel_keeps_what_was_typed(behaviours: Page) -> None:
    behaviours.get_by_role("link", name="Book").click()
    behaviours.get_by_label("Remark").fill("comes late")
    behaviours.mouse.click(20, 400)
    expect(behaviours.get_by_label("Remark")).to_have_value("comes late")


def test_a_refused_form_puts_the_focus_on_its_first_bad_field(behaviours: Page) -> None:
    behaviours.get_by_label("Mobile").fill("98450 11723")
    behaviours.get_by_role("button", name="Send").click()
    name = behaviours.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(behaviours.get_by_label("Mobile")).to_have_value("98450 11723")


def test_a_server_that_fails_says_that_what_was_typed_is_kept(behaviours: Page) -> None:
    behaviours.get_by_label("Name").fill("Meenakshi")
    behaviours.get_by_role("link", name="Break").click()
    expect(behaviours.locator(".toast-item.is-bad")).to_contain_text("What you typed is still here")
    expect(behaviours.get_by_label("Name")).to_have_value("Meenakshi")


def test_lists_are_walked_by_j_and_k(behaviours: Page) -> None:
    behaviours.get_by_role("link", name="One").focus()
    behaviours.keyboard.press("j")
    behaviours.keyboard.press("ArrowDown")
    expect(behaviours.get_by_role("link", name="Three")).to_be_focused()
    behaviours.keyboard.press("k")
    expect(behaviours.get_by_role("link", name="Two")).to_be_focused()


def test_a_note_is_saved_by_itself_and_says_when(behaviours: Page, stage: Stage) -> None:
    behaviours.get_by_label("Note").press_sequentially("Slept well")
    expect(behaviours.locator("[data-save-words]")).to_have_text("Saved 10:42")
    expect(behaviours.locator("#note [name=version]")).to_have_value("4")
    assert stage.saved.heard == [("Slept well", "3")]


def test_saves_never_overtake_one_another(behaviours: Page, stage: Stage) -> None:
    stage.saved.gate.clear()
    note = behaviours.get_by_label("Note")
    with behaviours.expect_request("**/save"):
        note.press_sequentially("First")
        note.blur()
    note.press_sequentially(" second")
    note.blur()
    stage.saved.gate.set()
    expect(behaviours.locator("#note [name=version]")).to_have_value("5")
    assert stage.saved.heard == [("First", "3"), ("First second", "4")]
    assert stage.saved.most_running == 1


def test_a_save_that_failed_is_tried_again_with_the_same_text(behaviours: Page, stage: Stage) -> None:
    stage.saved.answers.append(500)
    behaviours.get_by_label("Note").fill("Slept well")
    expect(behaviours.locator("[data-save-words]")).to_contain_text("Not saved, retrying in")
    expect(behaviours.locator("[data-save-words]")).to_have_text("Saved 10:42", timeout=10_000)
    assert [text for text, _version in stage.saved.heard] == ["Slept well", "Slept well"]


def test_signed_out_while_writing_keeps_the_text_and_says_so(behaviours: Page, stage: Stage) -> None:
    stage.saved.answers.extend([401] * 5)
    behaviours.get_by_label("Note").fill("Slept well")
    expect(behaviours.locator("[data-save-words]")).to_contain_text("You are signed out")
    expect(behaviours.get_by_label("Note")).to_have_value("Slept well")


def test_a_conflict_shows_both_texts_and_stops_saving(behaviours: Page, stage: Stage) -> None:
    stage.saved.answers.append(409)
    behaviours.get_by_label("Note").fill("Slept well")
    expect(behaviours.get_by_text("There are two texts.")).to_be_visible()
    expect(behaviours.get_by_role("button", name="Choose")).to_be_focused()
    expect(behaviours.locator("#note")).to_have_attribute("inert", "")


def test_a_session_begun_elsewhere_lets_the_page_go_on_saving(behaviours: Page, stage: Stage) -> None:
    stage.saved.answers.append(400)
    behaviours.get_by_label("Note").fill("Slept well")
    expect(behaviours.locator("[data-save-words]")).to_have_text("Saved 10:42", timeout=3_000)
    assert [text for text, _version in stage.saved.heard] == ["Slept well", "Slept well"]


def test_a_pasted_code_is_sent_once_it_is_whole(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/code", wait_until="networkidle")
    page.get_by_label("Code of 6 digits").press_sequentially("417 930")
    expect(page.get_by_text("417930")).to_be_visible()


def test_the_code_can_be_typed_without_scripts(browser: Browser, stage: Stage) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stage.url}/code")
    page.get_by_label("Code of 6 digits").fill("417930")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("417930")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        (1440, "dark"),
        *(
            pytest.param(width, scheme, marks=pytest.mark.long)
            for width, scheme in ((390, "dark"), (768, "light"), (768, "dark"), (1440, "light"))
        ),
    ],
)
def test_every_component_can_be_read_and_reached(
    browser: Browser, stage: Stage, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{stage.url}/gallery", wait_until="networkidle")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
