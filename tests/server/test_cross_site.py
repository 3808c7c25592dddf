"""What browsers send from other sites changes nothing; what comes from no browser, or with a token, does."""

import httpx2
import pytest

from tests.server._serve import PATIENCE, Served

TALKS = "/api/v1/conversations/"
BEARER = "a bearer token"

ALLOWED = [
    ("GET", {"Sec-Fetch-Site": "cross-site"}),
    ("GET", {"Origin": "https://evil.example"}),
    ("POST", {}),  # curl, as in the seeds' examples
    ("POST", {"Sec-Fetch-Site": "same-origin"}),
    ("POST", {"Sec-Fetch-Site": "none"}),  # typed by the person themselves
    ("POST", {"Sec-Fetch-Site": "same-origin", "Origin": "https://another.example"}),  # behind a proxy
    ("POST", {"Origin": "http://{host}"}),
    ("POST", {"Origin": "https://{host}"}),  # where a proxy speaks TLS
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://host.example", "Authorization": BEARER}),
]
REFUSED = [
    ("POST", {"Sec-Fetch-Site": "cross-site"}),
    ("POST", {"Sec-Fetch-Site": "same-site"}),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"}),
    ("POST", {"Sec-Fetch-Site": "anything"}),
    ("POST", {"Origin": "https://evil.example"}),
    ("POST", {"Origin": "http://{host}.evil.example"}),
    ("POST", {"Origin": "http://127.0.0.1:1"}),
    ("POST", {"Origin": "null"}),
    ("POST", {"Origin": "https://evil.example", "Authorization": "Basic YW5uOmFubg=="}),
    ("DELETE", {"Sec-Fetch-Site": "cross-site"}),
    ("PUT", {"Sec-Fetch-Site": "cross-site"}),
    ("PATCH", {"Origin": "https://evil.example"}),
]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_page_of_another_site_changes_nothing_with_the_cookie(served: Served) -> None:
    session, _ = await served.here.credentials.issue("ann", "session")
    bearer = f"Bearer {await served.key('ann')}"
    cookie = {"Cookie": f"sessionid={session}"}
    host = served.url.removeprefix("http://")
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:

        async def ask(method: str, headers: dict[str, str]) -> httpx2.Response:
            sent = {name: value.format(host=host).replace(BEARER, bearer) for name, value in headers.items()}
            return await client.request(method, TALKS, headers=cookie | sent)

        for method, headers in ALLOWED:
            assert (await ask(method, headers)).is_success, (method, headers)
        made = len(await served.here.store.conversations.list("ann"))
        assert made == len([method for method, _ in ALLOWED if method == "POST"])
        for method, headers in REFUSED:
            answer = await ask(method, headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), (method, headers)
        assert len(await served.here.store.conversations.list("ann")) == made


async def test_no_other_site_signs_anybody_in_or_out(small: Served) -> None:
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as client:
        await client.post("/api/v1/sessions/", json={})
        for method in ("POST", "DELETE"):
            evil = {"Origin": "https://evil.example"}
            answer = await client.request(method, "/api/v1/sessions/", json={}, headers=evil)
            assert answer.status_code == 403 and "set-cookie" not in answer.headers
        assert (await client.get("/api/v1/sessions/")).json()["signed_in"]
