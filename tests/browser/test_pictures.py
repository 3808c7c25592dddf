"""A picture, large: held beside the photo, changed in words or in a part, gone back to, taken along."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from coach.studio.masks import find_mask, read_mask
from tests.browser._visit import PHONE, Visit
from tests.browser.conftest import Come


@pytest.fixture
def looking(come: Come) -> Iterator[Visit]:
    """Somebody with a picture, which they look at."""
    visit = come().open()
    visit.say("Yes, I am ready.")
    visit.see()
    visit.button("Look at it large").click()
    yield visit


def test_the_edge_between_photo_and_picture_moves_by_pointer_and_keys(looking: Visit) -> None:
    page = looking.page
    looking.button("Beside my photo").click()
    slider = page.get_by_role("slider", name="How much of your photo is shown, beside the picture")
    expect(slider).to_be_focused()
    expect(slider).to_have_value("50")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("51")
    page.keyboard.press("Home")
    expect(page.locator(".beside")).to_have_css("--edge", "0%")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    assert 70 < int(slider.input_value()) < 80
    # Both are parts of one picture in which the faces are of the same size, each filling the same place.
    parts = page.locator(".beside .part img")
    assert parts.evaluate_all("all => new Set(all.map(each => each.clientWidth)).size") == 1


def test_a_part_that_is_painted_is_what_may_change(looking: Visit) -> None:
    page = looking.page
    looking.button("Mark a part").click()
    page.get_by_label("What shall be different there?").fill("A red scarf")
    looking.button("Change this part").click()
    expect(page.get_by_role("alert")).to_have_text("Paint over the part first.")
    _paint(looking, 0.3, 0.2)
    _paint(looking, 0.5, 0.6)
    looking.button("Undo").click()
    canvas = page.locator(".paint canvas")
    canvas.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    with page.expect_response("**/masks/") as answered:
        looking.button("Change this part").click()
    alpha = looking.server.run(mask_of(looking, answered.value.json()["mask"]))
    assert alpha.size == (1024, 1536)
    assert alpha.getpixel((400, 307)) == 0, "painted with the pointer"
    assert alpha.getpixel((512, 921)) == 255, "undone"
    assert alpha.getextrema() == (0, 255)
    looking.see(2)
    expect(page.locator(".you", has_text="A red scarf")).to_be_visible()


async def mask_of(visit: Visit, handle: str) -> Image.Image:
    """What the server keeps of a mask: 0 where the picture may change."""
    store = visit.server.here.store
    mask = await find_mask(store, visit.user, handle)
    with Image.open(BytesIO(await read_mask(store, visit.user, mask.id))) as image:
        return image.convert("RGBA").getchannel("A")


def _paint(visit: Visit, x: float, y: float) -> None:
    """A short stroke, from a point of the picture as shares of its sides."""
    box = visit.page.locator(".paint canvas").bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] * (x + 0.15), box["y"] + box["height"] * y, steps=4)
    visit.page.mouse.up()


def test_every_version_can_be_compared_gone_back_to_and_taken_along(looking: Visit) -> None:
    page = looking.page
    looking.button("Change something").click()
    page.get_by_label("What shall be different?").fill("Make it at sunrise")
    looking.button("Change it").click()
    looking.see(2)
    expect(page.locator(".strip .thumb")).to_have_count(2)
    looking.button("Look at it large").click()
    looking.button("Side by side").click()
    expect(page.locator(".extra")).to_contain_text("From left to right: your photo, v2, v1.")
    looking.button("How was this made").click()
    expect(page.locator(".extra")).to_contain_text("You wished")
    expect(page.locator(".extra")).to_contain_text("Make it at sunrise")
    with page.expect_download() as download:
        looking.button("Download").click()
    assert download.value.suggested_filename == "v2.png"
    page.get_by_role("group", name="The picture").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    expect(page.locator(".zoom.close")).to_be_visible()
    looking.button("Go on from this one").click()
    expect(page.locator(".quiet", has_text="You went back to v1.")).to_be_visible()
    looking.see(3)
    expect(looking.button("This is me")).to_be_visible()


def test_the_drawer_holds_it_all_on_a_phone(come: Come) -> None:
    visit = come(size=PHONE, has_touch=True, is_mobile=True).open()
    page = visit.page
    visit.say("Yes, I am ready.")
    visit.see()
    visit.button("Your pictures and photos").tap()
    drawer = page.get_by_role("dialog", name="Your pictures and photos")
    expect(drawer.locator(".identity.current")).to_contain_text("Night-sky guide")
    expect(drawer.locator(".costs")).to_contain_text("Your pictures cost $0.")
    drawer.locator(".thumb").tap()
    expect(page.locator(".viewer .zoom img")).to_be_visible()
    visit.button("Close").tap()
    with page.expect_download() as download:
        drawer.get_by_role("button", name="Take everything with you").tap()
    assert download.value.suggested_filename == "coach.zip"
    drawer.get_by_role("button", name="Erase my photos").tap()
    page.get_by_role("dialog", name="Erase your photos?").get_by_role("button", name="Erase my photos").tap()
    expect(drawer.locator(".photos li")).to_have_count(0)
    drawer.get_by_role("button", name="Erase everything").tap()
    visit.button("Erase everything").tap()
    receipt = page.get_by_role("dialog", name="Everything was erased")
    expect(receipt).to_contain_text("erased")
    receipt.get_by_role("button", name="Close").last.tap()
    expect(visit.button("Begin")).to_be_visible()
