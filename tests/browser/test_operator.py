"""The operator's page: how it stands, what it costs, and a doubt that is settled."""

from playwright.sync_api import expect

from tests.browser._visit import PHONE
from tests.browser.conftest import Come
from tests.studio._rows import add_lost


def test_an_operator_settles_a_doubt_and_sees_what_was_spent(come: Come) -> None:
    visit = come(user="")
    server, page = visit.server, visit.page
    server.run(add_lost(server.here.store.database, 100_000, id="lost", user_id="bob", model="a-model"))
    key = server.run(server.here.credentials.issue("root", "key", operator=True))[0]
    page.goto(f"{server.url}page/operator.html")
    page.get_by_text("I have a key").click()
    page.get_by_label("Your key").fill(key)
    visit.button("Sign in").click()

    doubts, spend = page.get_by_role("region", name="doubts"), page.get_by_role("region", name="spend")
    expect(doubts).to_contain_text("req_1")
    assert visit.findings() == []
    visit.button("Settle").click()
    page.get_by_role("radio", name="It was charged").check()
    page.get_by_label("How much").fill("0.04")
    expect(page.get_by_role("dialog")).to_contain_text("cannot be taken back")
    visit.button("Settle it").click()
    expect(page.get_by_text("It is settled as charged.")).to_be_visible()
    expect(page.get_by_text("Nothing is in doubt.")).to_be_visible()
    visit.button("By model").click()
    expect(spend.get_by_role("row", name="a-model")).to_contain_text("$0.04")
    expect(page.get_by_role("region", name="generations")).to_contain_text("Resolved")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert visit.findings() == []


def test_whoever_is_no_operator_is_told_so(come: Come) -> None:
    visit = come()
    visit.page.goto(f"{visit.server.url}page/operator.html")
    expect(visit.page.get_by_role("heading", name="This page is for operators")).to_be_visible()
    expect(visit.page.get_by_role("table")).to_have_count(0)
