"""The page's files: what each is, that a browser asks for all at once, that nothing in them is foreign."""

import re
from pathlib import Path

import httpx2
import pytest

import coach.server
from coach.sandbox import Sandbox
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for

FOLDER = Path(coach.server.__file__).parent / "page"
FILES = {path.name: path.read_text() for path in FOLDER.iterdir()}
FOREIGN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(\"style"
    r"|<script>|<style|style=|https?://(?!host/|www\.w3\.org/2000/svg)"
)
"""What reads words as HTML or code, what the content policy forbids, and what lies elsewhere."""


async def test_each_file_is_sent_as_what_it_is_and_not_twice(small: Served) -> None:
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "html": "text/html"}
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as client:
        for name, text in FILES.items():
            answer = await client.get(f"/page/{name}")
            assert answer.text == text
            assert answer.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
            assert answer.headers["cache-control"] == "private, max-age=60"
            known = {"If-None-Match": answer.headers["etag"]}
            assert (await client.get(f"/page/{name}", headers=known)).status_code == 304
            plain = await client.get(f"/page/{name}", headers={"Accept-Encoding": "identity"})
            assert plain.text == text and "content-encoding" not in plain.headers
        page = await client.get("/")
        assert page.text == FILES["index.html"]
        assert (await client.head("/")).headers["etag"] == page.headers["etag"]
        for missing in ("/page/page.py", "/page/..%2fapp.py", "/page/"):
            assert (await client.get(missing)).status_code == 404


def modules_of(name: str) -> set[str]:
    """A module, and all that it imports."""
    found, ahead = set[str](), {name}
    while ahead:
        found |= ahead
        ahead = {other for each in ahead for other in re.findall(r' from "\./([^"]+)"', FILES[each])} - found
    return found


@pytest.mark.parametrize("page", [name for name in FILES if name.endswith(".html")])
def test_a_browser_is_told_of_every_module_at_once(page: str) -> None:
    entries = re.findall(r'<script type="module" src="(?:page/)?([^"]+)"', FILES[page])
    named = re.findall(r'rel="modulepreload" href="(?:page/)?([^"]+)"', FILES[page])
    assert sorted(named) == sorted(set[str]().union(*map(modules_of, entries)) - set(entries))


def test_nothing_in_the_page_is_foreign_or_long() -> None:
    assert FOREIGN.search("a.innerHTML = b") and not FOREIGN.search('src="https://host/coach/x.js"')
    found = [f"{name}: {match[0]}" for name, text in FILES.items() for match in FOREIGN.finditer(text)]
    assert not found
    assert not [name for name, text in FILES.items() if text.count("\n") >= 300]


async def test_the_page_knows_whether_its_pictures_are_only_drawn(
    small: Served, quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    app = an_app(settings_for(quick_sandbox, tmp_path / "b"), server={"says_sandbox": True}, faces=None)
    async with serving(app) as drawn:
        for served, said in ((small, None), (drawn, True)):
            async with httpx2.AsyncClient(base_url=served.url) as anybody:
                assert (await anybody.get("/api/v1/sessions/")).json().get("sandbox") is said
