"""Everybody can use it: by keys alone, with a screen reader, without movement, on a phone, in the dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser._visit import PHONE, WIDE, Visit
from tests.browser.conftest import Come

_WIDER = """() => {
  const root = document.querySelector("coach-chat").shadowRoot;
  const log = root.querySelector(".log");
  return document.scrollingElement.scrollWidth > innerWidth || log.scrollWidth > log.clientWidth;
}"""


def states(visit: Visit, see: Callable[[str], None]) -> None:
    """Go through what there is to be seen."""
    page = visit.page
    visit.open()
    see("talk")
    page.get_by_role("button", name="Your photos" if visit.user else "Add your photo").click()
    see("photos")
    page.keyboard.press("Escape")
    visit.say("Yes, I am ready.")
    visit.see()
    page.locator(".picture summary").click()
    see("picture")
    for mode in ("Look at it large", "Beside my photo", "How was this made"):
        visit.button(mode).click()
        expect(page.get_by_text("One moment…")).to_be_hidden()
        see(mode)
    visit.button("Mark a part").click()
    see("paint")
    page.keyboard.press("Escape")
    visit.button("This is me").click()
    see("accept")
    visit.button("Yes, this is me").click()
    expect(visit.button("Go on")).to_be_visible()
    see("moment")


@pytest.mark.parametrize(("size", "colours"), [(WIDE, "light"), (PHONE, "dark")])
def test_nothing_serious_is_found_wherever_one_is(come: Come, size: tuple[int, int], colours: str) -> None:
    visit = come(size=size, color_scheme=colours)
    found: list[str] = []

    def see(where: str) -> None:
        found.extend(f"{where}: {each}" for each in visit.findings())
        if visit.page.evaluate(_WIDER):
            found.append(f"{where}: wider than the screen")

    states(visit, see)
    assert not found
    assert visit.page.locator(".petals i").count() == 0, "nothing moves where that is not wanted"


def test_before_one_is_in_and_before_a_photo_leaves_too(come: Come, photo_bytes: bytes) -> None:
    visit = come(user="", size=PHONE)
    visit.page.goto(visit.server.url)
    expect(visit.button("Begin")).to_be_visible()
    assert not visit.findings()
    visit.button("Begin").click()
    expect(visit.heard).to_have_count(1)
    visit.button("Your pictures and photos").click()
    assert not visit.findings()
    visit.page.locator(".drawer input[type=file]").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes}
    )
    expect(visit.page.get_by_role("dialog", name="Before your photo")).to_be_visible()
    assert not visit.findings()


def test_keys_alone_lead_from_a_word_to_the_accepted_picture(come: Come) -> None:
    visit = come().open()
    page = visit.page
    go_to(visit, "Your message")
    page.keyboard.type("Yes, I am")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("ready.")
    page.keyboard.press("Enter")
    visit.see()
    assert visit.page.locator(".you p").inner_text() == "Yes, I am\nready."
    # Said once, when it is whole: not with each piece.
    expect(page.locator(".unseen")).to_contain_text("There it is. Take a moment with it.")
    go_to(visit, "Look at it large")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Your picture")).to_be_visible()
    page.keyboard.press("Escape")
    assert focused(visit) == "Look at it large"
    go_to(visit, "This is me")
    page.keyboard.press("Enter")
    go_to(visit, "Yes, this is me")
    page.keyboard.press("Enter")
    go_to(visit, "Go on")
    page.keyboard.press("Enter")
    expect(page.locator(".talk .yours").last).to_contain_text("This is you as Night-sky guide")


def focused(visit: Visit) -> str:
    """What has the focus, by its label or words."""
    return str(
        visit.page.evaluate(
            """() => {
              const at = document.querySelector("coach-chat").shadowRoot.activeElement;
              return at?.getAttribute("aria-label") ?? at?.textContent.trim() ?? "";
            }"""
        )
    )


def go_to(visit: Visit, name: str) -> None:
    """Press Tab until something has the focus."""
    expect(visit.page.get_by_label(name).or_(visit.button(name)).last).to_be_visible()
    for _ in range(60):
        if focused(visit) == name:
            return
        visit.page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} is not reached by Tab")
