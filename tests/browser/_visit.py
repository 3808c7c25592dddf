"""Somebody at the page: what they do, and what they see."""

from typing import Any

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, Request, expect

from tests.browser._serve import Server

WIDE, PHONE = (1280, 800), (360, 740)


class Visit:
    """One tab.

    Args:
        user: Who they are; ``""``: nobody yet.
        host: The page that the element is in, where that is not the server's own.

    Attributes:
        trouble: What no page is to have: errors, refusals of the content policy, requests to elsewhere.
    """

    def __init__(self, context: BrowserContext, server: Server, *, user: str, host: str = "") -> None:
        self.server, self.context, self.user = server, context, user
        self._places = (server.url, "blob:", "data:", *filter(None, [host]))
        self.page: Page = context.new_page()
        self.trouble: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("console", lambda said: self._console(said.type, said.text))

    def _dialog(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._places):
            self.trouble.append(f"asked {request.url}")

    def _console(self, kind: str, text: str) -> None:
        # That a server is away while it is begun again is to be expected.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.trouble.append(text)

    def open(self) -> "Visit":
        """Go to the page, and wait until the past is shown."""
        self.page.goto(self.server.url)
        return self.settled()

    def settled(self) -> "Visit":
        """Wait until the past is shown."""
        expect(self.page.locator(".log:not(.past)")).to_be_visible()
        return self

    @property
    def heard(self) -> Locator:
        """What the coach said."""
        return self.page.locator(".coach-says")

    @property
    def pictures(self) -> Locator:
        """The pictures in the conversation that are there."""
        return self.page.locator(".picture:not(.drawing) .frame:visible")

    def button(self, name: str) -> Locator:
        """A button that is to be seen, the last of that name."""
        return self.page.get_by_role("button", name=name, exact=True).last

    def say(self, text: str) -> None:
        """Say something, and wait until the coach has answered."""
        before = self.heard.count()
        self.write(text)
        expect(self.heard.nth(before)).to_be_visible()
        expect(self.page.locator(".busy")).to_be_hidden()

    def write(self, text: str) -> None:
        """Say something."""
        self.page.get_by_label("Your message").fill(text)
        self.page.keyboard.press("Enter")

    def see(self, number: int = 1) -> None:
        """Wait for so many pictures."""
        expect(self.pictures).to_have_count(number)
        expect(self.page.locator(".busy")).to_be_hidden()

    def findings(self) -> list[str]:
        """What axe-core calls serious or critical."""
        found: dict[str, Any] = Axe().run(self.page)
        return [
            f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]
