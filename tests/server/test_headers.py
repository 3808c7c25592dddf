"""What every answer says to browsers, and to which other sites."""

from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter

from coach.errors import SettingsError
from coach.sandbox import Sandbox
from coach.server import ServerSettings
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for

HOST = "https://host.example"


def broken() -> APIRouter:
    """A route that fails with what nobody may read."""
    router = APIRouter()

    @router.get("/api/v1/broken/")
    async def fail() -> None:
        raise ValueError("canary-in-an-exception")

    return router


async def test_every_answer_is_kept_by_nobody_and_runs_nothing_foreign(small: Served) -> None:
    small.app.include_router(broken())
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as client:
        answers = {
            200: await client.get("/api/v1/health/"),
            404: await client.get("/nowhere/"),
            401: await client.get("/api/v1/conversations/"),
            403: await client.post("/api/v1/conversations/", headers={"Origin": HOST}),
            405: await client.put("/api/v1/health/"),
            413: await client.post("/api/v1/sessions/", content=b"x" * 1_100_000),
            422: await client.post(
                "/api/v1/sessions/", content=b"{", headers={"Content-Type": "application/json"}
            ),
            500: await client.get("/api/v1/broken/"),
        }
        document = await client.get("/openapi.json")
        pages = [(await client.get(path)).status_code for path in ("/docs", "/redoc")]
    assert pages == [404, 404]
    for status, answer in (*answers.items(), (200, document)):
        assert answer.status_code == status
        said = answer.headers
        policy = dict(part.strip().split(" ", 1) for part in said["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
        assert "unsafe" not in said["content-security-policy"]
        assert said["x-content-type-options"] == "nosniff" and said["referrer-policy"] == "no-referrer"
        assert said["cross-origin-resource-policy"] == said["cross-origin-opener-policy"] == "same-origin"
        assert not {name for name in said if name.startswith("access-control")} and "server" not in said
        if "/api/" in str(answer.url):
            assert said["cache-control"] == "no-store"
        if status >= 400:
            assert answer.json()["status"] == status and "canary" not in answer.text


async def test_other_origins_ask_with_a_token_where_they_are_named(
    quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    server = {"cors_origins": (HOST,), "frame_ancestors": f"self {HOST}"}
    app = an_app(settings_for(quick_sandbox, tmp_path), server=server, faces=None)
    async with serving(app) as served, served.client("ann") as client:
        for origin, allowed in ((HOST, True), ("https://evil.example", False), ("null", False)):
            sent = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
            asked = {
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            before = await client.options("/api/v1/conversations/", headers=sent | asked)
            answer = await client.post("/api/v1/conversations/", headers=sent)
            for each in (before, answer):
                assert each.headers.get("access-control-allow-origin") == (origin if allowed else None)
                assert "access-control-allow-credentials" not in each.headers
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert answer.headers["content-security-policy"].endswith(f"frame-ancestors 'self' {HOST}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COACH_CORS_ORIGINS", "*"),
        ("COACH_CORS_ORIGINS", "https://host.example/path"),
        ("COACH_CORS_ORIGINS", "host.example"),
        ("COACH_FRAME_ANCESTORS", "none; script-src *"),
    ],
)
def test_a_setting_that_would_open_everything_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        ServerSettings.read()
