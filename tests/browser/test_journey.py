"""From the first visit to the accepted picture, as somebody meets it who knows nothing of it yet."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Come

WORDS = (
    "Hello! You can call me Grace.",
    "I spent my life with ships and computers, and explain difficult things to students.",
    "Under the stars, with somebody who has never found the North Star before.",
    "Night-sky guide. That one makes me smile.",
    "I would stop and answer the question a child asks me, even when I am in a hurry.",
    "Yes, the name sits well.",
    "Yes, that is mine.",
    "At the little observatory on the hill, at night, calm and a little amused.",
)


def test_somebody_comes_talks_adds_a_photo_and_sees_themselves(come: Come, photo_file: Path) -> None:
    visit = come(user="", reduced_motion="no-preference")
    page = visit.page
    page.goto(visit.server.url)
    expect(page.get_by_role("main")).to_contain_text("You talk with an AI")
    visit.button("Begin").click()
    expect(visit.heard).to_have_count(1)
    for words in WORDS:
        visit.say(words)

    with page.expect_file_chooser() as chooser:
        visit.button("Choose a photo").click()
    chooser.value.set_files(photo_file)
    consent = page.get_by_role("dialog", name="Before your photo")
    expect(consent).to_contain_text("this is me, or I have the agreement of the person in the photo")
    expect(consent.get_by_role("radio", checked=True)).to_have_count(0)
    consent.get_by_label("This is me").check()
    consent.get_by_role("button", name="I agree").click()
    expect(page.locator(".notice")).to_contain_text("That is a good photo")
    expect(visit.heard.last).to_contain_text("Are you ready to see it?")

    visit.say("Yes, I am ready.")
    visit.see()
    expect(visit.pictures.first).to_contain_text("Made with AI")
    visit.button("Change something").click()
    page.get_by_label("What shall be different?").fill("Make it at sunrise")
    visit.button("Change it").click()
    visit.see(2)
    expect(page.locator(".you", has_text="Make it at sunrise")).to_contain_text("About v1")

    visit.button("This is me").click()
    question = page.get_by_role("dialog", name="Is this picture how you see yourself?")
    question.get_by_role("button", name="Yes, this is me").click()
    moment = page.get_by_role("dialog", name="This is you")
    expect(moment).to_contain_text("I am a night-sky guide")
    expect(page.locator(".petals i")).not_to_have_count(0)
    visit.button("Go on").click()
    expect(page.locator(".talk .yours").last).to_contain_text("This is you as Night-sky guide")
    expect(page.locator("aside .thumb .icon")).to_have_count(1)

    shown = page.locator(".log").inner_text()
    page.reload()
    visit.settled()
    expect(page.locator(".phase")).to_have_text("Wrap up")
    expect(page.locator(".log")).to_have_text(" ".join(shown.split()), use_inner_text=True)
    expect(moment).to_be_hidden()


def test_the_coach_s_question_about_a_picture_is_answered_with_a_button(come: Come) -> None:
    visit = come().open()
    visit.say("Yes, I am ready.")
    visit.see()
    visit.write("Yes. That is me.")
    question = visit.page.get_by_role("dialog", name="Is this picture how you see yourself?")
    visit.page.keyboard.press("Enter")  # typed a moment too late: it decides nothing
    expect(question).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator(".ask")).to_contain_text("This waits for you until")
    visit.page.locator(".ask").get_by_role("button", name="Yes").click()
    expect(visit.page.get_by_role("dialog", name="This is you")).to_be_visible()
    visit.button("Go on").click()
    expect(visit.page.locator(".ask")).to_contain_text("You said yes.")
