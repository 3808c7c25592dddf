"""The canvas: pictures and words become a picture, what did not change costs nothing, a reload shows it."""

import base64
import re

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser._visit import PHONE, Visit
from tests.browser.conftest import Come
from tests.store._images import quadrants, save

DROP = """(board, data) => {
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "me.jpg", { type: "image/jpeg" }));
    board.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, clientX: 500, clientY: 400 }));
}"""


def at_canvas(visit: Visit) -> Visit:
    """Somebody who opens the canvas."""
    visit.page.goto(f"{visit.server.url}page/flow.html")
    expect(visit.page.locator(".kept")).to_have_text("Saved")
    return visit


def node(visit: Visit, title: str) -> Locator:
    """A node of this name."""
    return visit.page.get_by_role("group", name=re.compile(f"^{title}:"))


def give(visit: Visit, title: str, picture: bytes) -> None:
    """Choose a picture for a node."""
    file = FilePayload(name="picture", mimeType="image/png", buffer=picture)
    node(visit, title).get_by_label("A picture").set_input_files(file)


def saved(visit: Visit) -> None:
    """Wait until what was drawn is kept."""
    expect(visit.page.locator(".kept")).to_have_attribute("data-state", "kept")


def test_three_pictures_and_words_become_one_and_cost_nothing_the_second_time(
    come: Come, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    visit = at_canvas(come())
    sandbox = visit.server.sandbox
    before = sandbox.totals.charged
    visit.button("Begin with a gift basket").click()
    for number, picture in enumerate((photo_bytes, other_photo_bytes, save(quadrants(), "PNG")), 1):
        give(visit, f"Picture {number}", picture)
        expect(node(visit, f"Picture {number}").locator(".place.filled")).to_be_visible()
    basket = node(visit, "New picture 1")
    expect(basket).to_contain_text("Reference images (3)")
    expect(basket).to_contain_text("Several pictures, combined")
    expect(basket.locator(".plan")).to_contain_text("At most $")
    assert sandbox.totals.charged == before
    basket.get_by_role("button", name="Make it").click()
    expect(basket.get_by_role("button", name="Regenerate")).to_be_visible()
    expect(basket.locator(".made")).to_contain_text("Made with AI")
    assert sandbox.totals.charged == before + 1 and len(sandbox.log[-1].images) == 3
    assert sandbox.log[-1].params["prompt"] == "Create a gift basket containing all these items"

    expect(basket.locator(".plan")).to_contain_text("Costs nothing")
    visit.button("Make all").click()
    expect(basket.locator(".made")).to_contain_text("nothing was paid")
    visit.page.reload()
    expect(basket.locator(".refs img")).to_have_count(3)
    expect(basket.get_by_role("img", name="New picture 1, made by an AI")).to_be_visible()
    expect(basket.locator(".plan")).to_contain_text("Costs nothing")
    assert sandbox.totals.charged == before + 1
    assert visit.findings() == []

    with visit.page.expect_download() as download:
        basket.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.startswith("v1.")
    basket.get_by_role("button", name="Regenerate").click()
    expect(basket.locator(".made")).to_contain_text("It cost $")
    assert sandbox.totals.charged == before + 2


def test_nodes_are_connected_by_a_line_or_from_a_list_and_every_step_can_be_taken_back(come: Come) -> None:
    visit = at_canvas(come())
    page = visit.page
    visit.button("Text").click()
    node(visit, "Text 1").get_by_label("Words").fill("A cat with a hat")
    port = visit.button("Connect Text 1 to…").bounding_box()
    assert port is not None
    page.mouse.move(port["x"] + 10, port["y"] + 10)
    page.mouse.down()
    page.mouse.move(port["x"] + 120, port["y"] + 60, steps=4)
    page.mouse.up()
    drawn = node(visit, "New picture 1")
    expect(drawn).to_contain_text("Drawn from words")

    visit.button("New picture").click()
    second = node(visit, "New picture 2")
    expect(second).to_be_focused()
    second.get_by_label("Connect from…").select_option("New picture 1")
    expect(page.locator(".edges path")).to_have_count(2)
    expect(drawn.get_by_label("Connect from…")).to_be_hidden()  # nothing is made from itself
    second.focus()
    page.keyboard.press("Delete")
    expect(second).to_be_hidden()
    visit.button("Undo").click()
    expect(page.locator(".edges path")).to_have_count(2)
    saved(visit)

    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    titles = [each.input_value() for each in page.locator("ol").get_by_label("Name").all()]
    assert titles == ["Text 1", "New picture 1", "New picture 2"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert visit.findings() == []
    drawn.get_by_role("button", name="Make it").click()
    expect(drawn.get_by_role("button", name="Regenerate")).to_be_visible()


def test_a_picture_waits_for_the_person_s_consent_and_what_is_drawn_without_a_connection_is_kept(
    come: Come, photo_bytes: bytes
) -> None:
    visit = at_canvas(come(photo=None))
    visit.button("Picture").click()
    give(visit, "Picture 1", photo_bytes)
    visit.button("No, thank you").click()
    expect(node(visit, "Picture 1").locator(".filled")).to_be_hidden()
    visit.page.locator(".board").evaluate(DROP, base64.b64encode(photo_bytes).decode())
    visit.page.get_by_label("This is me").check()
    visit.button("I agree").click()
    expect(node(visit, "Picture 2").locator(".filled")).to_be_visible()
    saved(visit)

    visit.context.set_offline(True)
    visit.button("Text").click()
    node(visit, "Text 1").get_by_label("Words").fill("<img src=x onerror=alert(1)>")
    expect(visit.page.locator(".kept")).to_have_text("Waits for the connection")
    visit.context.set_offline(False)
    saved(visit)
    visit.page.reload()
    expect(node(visit, "Text 1").get_by_label("Words")).to_have_value("<img src=x onerror=alert(1)>")
    expect(node(visit, "Picture 2").locator(".filled")).to_be_visible()
