"""The coach over MCP inside `coach serve`: real sockets, the official client, both revisions."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from mcp import MCPError

from coach.sandbox import Sandbox
from coach.server.rates import SESSIONS_PER_HOUR
from tests.adapters._mcp import ERAS, Asked, Progress, link, over, picture, said, tools, walk
from tests.server._serve import Served, an_app, serving, settings_for

SECRET = "a shared secret of 32 characters"
AUDIENCE = "https://coach.example/mcp"
ISSUER = "https://login.example"


@pytest.fixture
async def served(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Served]:
    """The reference coach; the host's tokens count too."""
    server = {"jwt_key": SECRET, "jwt_audience": AUDIENCE, "jwt_issuer": ISSUER, "guests": True}
    async with serving(an_app(settings_for(sandbox, tmp_path), server=server, faces=None)) as running:
        yield running


def token(**more: Any) -> str:
    claims = {"sub": "ann", "aud": AUDIENCE, "iss": ISSUER, "exp": int(time.time()) + 300}
    return jwt.encode(claims | more, SECRET, "HS256")


@pytest.mark.parametrize("era", ERAS)
async def test_somebody_sees_themselves_and_says_that_this_is_them(
    served: Served, era: str, photo_bytes: bytes
) -> None:
    key = await served.key("ann")

    async def add_photo(url: str) -> None:
        """On the page they were sent to."""
        async with httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as page:
            sent = await page.put("api/v1/users/me/upload-photo/", files={"image": ("me.jpg", photo_bytes)})
            assert sent.status_code == 200, sent.text

    ann, progress = Asked(opens=add_photo), Progress()
    async with over(served.url, key, mode=era, elicitation_callback=ann) as client:
        await walk(client)
        opened = await client.call_tool("generate_identity_image", {"identity_id": "i1"})
        assert said(opened).startswith("The page for it is open")
        assert [message.split()[0] for message in ann.messages] == ["To", "For"]

        made = await client.call_tool(
            "generate_identity_image", {"identity_id": "i1"}, progress_callback=progress
        )
        assert (link(made), made.structured_content["state"]) == ("coach://pictures/i1/v1", "done")
        assert "version_id" not in made.structured_content["data"]
        assert progress.steps == sorted(set(progress.steps))
        previews = [message.split()[-1] for message in progress.messages if "unfinished" in message]
        assert [(await picture(client, uri)).mime_type for uri in previews] == ["image/png"] * 2
        shown = await picture(client, link(made))
        assert base64.b64decode(shown.blob).startswith(b"\x89PNG")

        accepted = await client.call_tool("accept_identity_visualization", {"identity_id": "i1"})
        assert accepted.structured_content["data"] == {"handle": "v1"}
        assert ann.messages[2:] == [
            'Is this picture how you see yourself?\n\naccept_identity_visualization\nidentity_id: "i1"\n\n'
            "It is about v1."
        ]
        moved = await client.call_tool("transition_phase", {"phase": "wrap_up"})
        assert "This phase: take it with you" in said(moved)
        assert "generate_identity_image" not in await tools(client)
    identity = await served.here.store.identities.get("ann", "i1")
    assert identity.stage == "visualized"


async def test_one_person_gets_at_nothing_of_another(served: Served, photo_bytes: bytes) -> None:
    store = served.here.store
    await store.consents.give("ann", statement="yes")
    await store.photos.add("ann", photo_bytes)
    ann_key, bob_key = await served.key("ann"), await served.key("bob")
    async with over(served.url, ann_key, elicitation_callback=Asked()) as ann:
        await walk(ann)
        made = await ann.call_tool("generate_identity_image", {"identity_id": "i1"})
        shown = await ann.call_tool("show_identity_versions", {"identity_id": "i1"})
        asked = await ann.session.call_tool(
            "accept_identity_visualization", {"identity_id": "i1"}, allow_input_required=True
        )
        async with over(served.url, bob_key, elicitation_callback=Asked()) as bob:
            assert await tools(bob) == {"set_user_name", "transition_phase"}
            for uri in (link(made), link(shown)):
                await picture(ann, uri)
                with pytest.raises(MCPError, match="There is no"):
                    await picture(bob, uri)
            with pytest.raises(MCPError, match="Invalid or expired requestState"):
                await bob.session.call_tool(
                    "accept_identity_visualization",
                    {"identity_id": "i1"},
                    request_state=asked.request_state,  # type: ignore[union-attr]
                    allow_input_required=True,
                )
            assert not [each for each in (await bob.list_resources()).resources if "pictures" in each.uri]
    assert (await store.identities.get("ann", "i1")).accepted_version_id is None


async def test_only_a_token_for_this_server_counts(served: Served) -> None:
    good = token()
    wrong = {
        "none": {},
        "nonsense": {"Authorization": "Bearer nonsense"},
        "another audience": {"Authorization": f"Bearer {token(aud='https://other.example/mcp')}"},
        "expired": {"Authorization": f"Bearer {token(exp=int(time.time()) - 60)}"},
        "tampered": {"Authorization": f"Bearer {good[:-2]}{'AA' if good[-2:] != 'AA' else 'BB'}"},
        "a browser's session": {"Cookie": f"sessionid={await session_of(served)}"},
    }
    async with httpx2.AsyncClient(base_url=served.url) as client:
        answers = {name: await ask(client, headers) for name, headers in wrong.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(wrong, 401)
        told = answers["expired"].headers["WWW-Authenticate"]
        assert told.startswith('Bearer error="invalid_token", resource_metadata="')
        metadata = await client.get(told.rpartition('resource_metadata="')[2].rstrip('"'))
        assert metadata.json() == {
            "resource": AUDIENCE,
            "resource_name": "reference",
            "bearer_methods_supported": ["header"],
            "authorization_servers": [ISSUER],
        }
        assert (await ask(client, {"Authorization": f"Bearer {good}"})).status_code == 200


async def test_a_session_is_its_persons_alone_and_other_sites_have_none(served: Served) -> None:
    ann, bob = [{"Authorization": f"Bearer {await served.key(each)}"} for each in ("ann", "bob")]
    async with httpx2.AsyncClient(base_url=served.url) as client:
        begun = await ask(client, ann)
        session = {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        assert (await ask(client, ann | session, "tools/list")).status_code == 200
        assert (await ask(client, bob | session, "tools/list")).status_code == 404
        assert (await ask(client, session, "tools/list")).status_code == 401
        assert (await ask(client, ann | {"Origin": "https://evil.example"})).status_code == 403


async def test_whoever_listens_in_too_many_places_is_told(served: Served) -> None:
    ann = {"Authorization": f"Bearer {await served.key('ann')}", "Accept": "text/event-stream"}
    with ExitStack() as elsewhere:
        for _ in range(served.here.server.streams_at_once):
            elsewhere.enter_context(served.here.rates.stream("ann"))
        async with httpx2.AsyncClient(base_url=served.url) as client:
            answer = await client.get("/mcp", headers=ann)
    assert (answer.status_code, "Close one of them" in answer.text) == (429, True)


async def test_nobody_fills_the_sessions_of_a_process(served: Served) -> None:
    ann, bob = [{"Authorization": f"Bearer {await served.key(each)}"} for each in ("ann", "bob")]
    async with httpx2.AsyncClient(base_url=served.url) as client:
        begun = await ask(client, ann)
        for _ in range(SESSIONS_PER_HOUR - 1):
            await served.here.rates.session("ann")
        session = {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        again = await ask(client, ann | {"Mcp-Protocol-Version": "2025-11-25", "Mcp-Method": "initialize"})
        assert (again.status_code, "Use one again" in again.text) == (429, True)
        assert (await ask(client, ann | session, "tools/list")).status_code == 200
        assert (await ask(client, bob)).status_code == 200
    async with over(served.url, ann["Authorization"].split()[1], mode="2026-07-28") as now:
        assert (await now.list_tools()).tools


async def session_of(served: Served) -> str:
    return (await served.here.credentials.issue("ann", "session"))[0]


async def ask(client: httpx2.AsyncClient, headers: dict[str, str], method: str = "initialize") -> Any:
    """A request by hand, as the revision of 2025-11-25 has it."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": hello if method == "initialize" else {}}
    takes = {"Accept": "application/json, text/event-stream"}
    return await client.post("/mcp", json=body, headers=takes | headers)
