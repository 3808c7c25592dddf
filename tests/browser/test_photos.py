"""A photo comes in by drop, paste or camera, after consent; and one that will not do is told so."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser._visit import Visit
from tests.browser.conftest import Come

_HANDS_OVER = """({name, data, type, how}) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const holds = new DataTransfer();
  holds.items.add(new File([bytes], name, {type}));
  const target = document.querySelector("coach-chat").shadowRoot.querySelector("textarea");
  const given = {bubbles: true, composed: true, cancelable: true};
  if (how === "paste") target.dispatchEvent(new ClipboardEvent("paste", {...given, clipboardData: holds}));
  else for (const kind of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, {...given, dataTransfer: holds}));
  }
}"""


def hand_over(visit: Visit, how: str, data: bytes, name: str = "me.jpg", type: str = "image/jpeg") -> None:
    """Drop or paste a file."""
    given = {"how": how, "data": base64.b64encode(data).decode(), "name": name, "type": type}
    visit.page.evaluate(_HANDS_OVER, given)


def agree(visit: Visit, who: str = "This is me") -> None:
    """Say yes to what is asked before a photo leaves."""
    consent = visit.page.get_by_role("dialog", name="Before your photo")
    consent.get_by_label(who).check()
    consent.get_by_role("button", name="I agree").click()


def test_no_photo_leaves_without_a_yes(come: Come, photo_bytes: bytes, other_photo_bytes: bytes) -> None:
    visit = come(photo=None).open()
    page, notice = visit.page, visit.page.locator(".notice")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "upload-photo" in request.url else None)
    hand_over(visit, "drop", b"hello", "notes.txt", "text/plain")
    expect(notice).to_contain_text("That is no photo")
    hand_over(visit, "drop", photo_bytes)
    page.get_by_role("dialog").get_by_role("button", name="No, thank you").click()
    expect(notice).to_contain_text("Then no photo is used")
    assert not sent

    hand_over(visit, "drop", photo_bytes)
    agree(visit, "I have the agreement of the person in the photo")
    expect(notice).to_contain_text("That is a good photo")
    expect(page.locator("aside .photos li")).to_have_count(1)
    hand_over(visit, "paste", other_photo_bytes, "other.png", "image/png")
    expect(page.locator("aside .photos li")).to_have_count(2)
    page.get_by_role("button", name="Put this photo in front").click()
    expect(page.get_by_role("button", name="This photo is in front")).to_have_count(1)
    page.get_by_role("button", name="Remove this photo").first.click()
    visit.button("Remove it").click()
    expect(page.locator("aside .photos li")).to_have_count(1)
    expect(page.get_by_role("button", name="This photo is in front")).to_have_count(1)
    consent = visit.server.run(visit.server.here.store.consents.require(visit.user))
    assert consent.statement == "I have the agreement of the person in the photo, and I am an adult. I agree"


def test_the_camera_takes_one_and_what_will_not_do_is_told(come: Come, photo_bytes: bytes) -> None:
    visit = come(photo=None).open()
    page, notice = visit.page, visit.page.locator(".notice")
    visit.button("Take one").click()
    agree(visit)
    visit.button("Take the photo").click()
    visit.button("Once more").click()
    visit.button("Take the photo").click()
    visit.button("Use this one").click()
    expect(notice).to_contain_text("I cannot find a face in this photo.")
    expect(notice.get_by_role("button", name="Use it all the same")).to_be_visible()
    expect(page.locator("aside .photos .doubtful")).to_have_count(1)
    # A good one goes in front of it, and the coach is told.
    hand_over(visit, "paste", photo_bytes)
    expect(page.locator(".you").last).to_contain_text("There, that is my photo.")
    expect(page.locator("aside .photos li").last.get_by_role("button").first).to_have_attribute(
        "aria-pressed", "true"
    )


def test_a_photo_of_too_many_bytes_is_made_smaller_here(
    come: Come, photo_bytes: bytes, tmp_path: Path
) -> None:
    visit = come(photo=None).open()
    with Image.open(BytesIO(photo_bytes)) as photo:
        # A bitmap: many bytes for little work.
        photo.resize((2560, 3000)).save(tmp_path / "large.bmp")
    assert (tmp_path / "large.bmp").stat().st_size > 20 * 1024 * 1024
    visit.page.locator("aside input[type=file]").set_input_files(tmp_path / "large.bmp")
    agree(visit)
    expect(visit.page.locator(".notice")).to_contain_text("That is a good photo")
    [kept] = visit.server.run(visit.server.here.store.photos.list(visit.user))
    assert kept.height > kept.width > 1500
