"""What the MCP server promises, in memory: the official client, both revisions, the reference coach."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError
from PIL import Image

import coach
from coach.adapters.mcp import CALL_ID, Means, Person, create_server
from coach.adapters.mcp._pictures import MOST_BYTES
from coach.adapters.mcp._talks import KIND
from coach.sandbox import Sandbox
from coach.studio import Thumbnails
from tests.adapters._mcp import ERAS, Asked, link, said, tools

MAKE = ("generate_identity_image", {"identity_id": "i1"})


@pytest.fixture
async def reference(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[coach.Coach]:
    given = {"openai_api_key": sandbox.api_key, "openai_base_url": sandbox.base_url}
    settings = coach.Settings.read(home=tmp_path / "home", **given)
    async with coach.open("coach.reference", settings, faces=None) as opened:
        yield opened


@pytest.fixture
def store(reference: coach.Coach) -> coach.Store:
    return reference.service("store", coach.Store)


def client_of(reference: coach.Coach, *, user: str = "ann", all_tools: bool = False, **given: Any) -> Client:
    server = create_server(
        reference,
        who=lambda _: Person(user_id=user),
        secret=b"s" * 32,
        all_tools=all_tools,
        means=Means(
            read=lambda path: Path(path).read_bytes(),
            photo="They do it elsewhere.",
            yes="They say so elsewhere.",
        ),
    )
    return Client(server, **given)


async def about_to_see(store: coach.Store) -> None:
    """Ann has an identity with a moment, and is in the phase with the pictures."""
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.identities.update("ann", identity.handle, visualization="On a hill at night, with stars.")
    talk = await store.conversations.only("ann", of=KIND, coach="reference", phase="introduction")
    await store.conversations.move("ann", talk.id, "identity_visualization")


@pytest.fixture
def photo(photo_bytes: bytes, tmp_path: Path) -> str:
    file = tmp_path / "me.jpg"
    file.write_bytes(photo_bytes)
    return str(file)


async def test_a_tool_says_what_it_does_and_no_more(reference: coach.Coach) -> None:
    async with client_of(reference, all_tools=True) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert listed.keys() == reference.actions.keys()
    hints = {name: tool.annotations for name, tool in listed.items()}

    def told(name: str) -> tuple[bool | None, ...]:
        of = hints[name]
        assert of is not None
        return of.read_only_hint, of.destructive_hint, of.idempotent_hint, of.open_world_hint

    assert told("show_identity_versions") == (True, None, True, False)
    assert told("save_note") == (False, False, None, False)
    assert told("generate_identity_image") == (False, False, None, True)
    assert told("archive_identity") == (False, True, None, False)
    schema = listed["generate_identity_image"].output_schema
    assert schema is not None
    fields = schema["properties"]["data"]["anyOf"][0]["properties"]
    assert "handle" in fields and not {"blob", "version_id", "identity_id"} & fields.keys()


@pytest.mark.parametrize("era", ERAS)
async def test_a_picture_is_asked_for_once_whatever_an_answer_is_sent(
    reference: coach.Coach, store: coach.Store, sandbox: Sandbox, era: str, photo: str
) -> None:
    ann = Asked(file=photo)
    async with client_of(reference, mode=era, elicitation_callback=ann) as client:
        await about_to_see(store)
        ann.action = "decline"
        refused = await client.call_tool(*MAKE)
        assert refused.is_error and await store.consents.active("ann") is None
        ann.action = "accept"
        made = await client.call_tool(*MAKE)
        assert link(made) == "coach://pictures/i1/v1"
    given = await store.consents.active("ann")
    assert given is not None and given.statement.startswith("This is me, and I am an adult.")
    assert len(await store.versions.list("ann", "i1")) == 1


async def test_an_agreement_that_was_taken_back_is_not_given_again_by_the_same_answer(
    reference: coach.Coach, store: coach.Store, photo: str
) -> None:
    async with client_of(reference, elicitation_callback=Asked(file=photo)) as client:
        await about_to_see(store)
        asked = await client.session.call_tool(*MAKE, allow_input_required=True)
        assert isinstance(asked, types.InputRequiredResult)
        agreed: Any = {"statement": "This is me, and I am an adult."}
        answer: Any = {
            "request_state": asked.request_state,
            "input_responses": {"answer": types.ElicitResult(action="accept", content=agreed)},
            "allow_input_required": True,
        }
        first = await client.session.call_tool(*MAKE, **answer)
        assert isinstance(first, types.InputRequiredResult)  # the photo is next
        await store.consents.revoke("ann")
        await client.session.call_tool(*MAKE, **answer)
        assert await store.consents.active("ann") is None
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await client.session.call_tool(MAKE[0], {"identity_id": "i2"}, **answer)


async def test_a_client_that_cannot_ask_says_how_it_is_done_elsewhere(
    reference: coach.Coach, store: coach.Store
) -> None:
    async with client_of(reference) as client:
        await about_to_see(store)
        answer = await client.call_tool(*MAKE)
        assert answer.is_error and said(answer).endswith("They do it elsewhere.")
        assert await store.consents.active("ann") is None


async def test_the_same_call_has_its_effect_once(reference: coach.Coach, store: coach.Store) -> None:
    meta: Any = {CALL_ID: "once"}
    async with client_of(reference) as client:
        await about_to_see(store)
        await client.call_tool("transition_phase", {"phase": "wrap_up"})
        for _ in range(2):
            noted = await client.call_tool("save_note", {"text": "She likes stars."}, meta=meta)
            assert said(noted) == "Noted."
    assert len(await store.notes.list("ann")) == 1


HOSTILE: list[Any] = [
    {},
    {"text": 7},
    {"text": "x" * 600},
    {"text": "x", "user_id": "bob"},
    {"text": {"$ref": "bob"}},
    {"text": ["x"] * 1000},
    {"text": "\ud800\x00"},
    {"text": "x" * 200_000},
]


async def test_what_does_not_fit_is_an_answer_and_has_no_effect(
    reference: coach.Coach, store: coach.Store
) -> None:
    async with client_of(reference) as client:
        await client.call_tool("transition_phase", {"phase": "get_to_know_you"})
        for arguments in HOSTILE:
            answer = await client.call_tool("save_note", arguments)
            assert answer.is_error or arguments == {"text": "\ud800\x00"}
        outside = await client.call_tool(*MAKE)
        assert outside.is_error and "Available now: `save_note`, `transition_phase`." in said(outside)
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("no_such_tool", {})
        assert unknown.value.code == types.INVALID_PARAMS
        for uri in ("file:///etc/passwd", "coach://pictures/i1/../v1", "coach://context/notes/..", "x:"):
            with pytest.raises(MCPError, match="There is no resource"):
                await client.read_resource(uri)
    assert [note.text for note in await store.notes.list("ann")] == ["\ufffd\ufffd"]
    assert await store.notes.list("bob") == []


async def test_a_persons_clients_hear_of_a_move_and_nobody_elses(reference: coach.Coach) -> None:
    async with client_of(reference) as client, client.listen(tools_list_changed=True) as heard:
        await client.call_tool("transition_phase", {"phase": "get_to_know_you"})
        assert type(await anext(aiter(heard))).__name__ == "ToolsListChanged"
        assert await tools(client) == {"save_note", "transition_phase"}


async def test_two_clients_of_one_person_are_in_one_conversation(reference: coach.Coach) -> None:
    async with client_of(reference) as one, client_of(reference, mode="legacy") as other:
        await one.call_tool("transition_phase", {"phase": "get_to_know_you"})
        assert await tools(other) == {"save_note", "transition_phase"}
        [prompt] = (await other.list_prompts()).prompts
        with pytest.raises(MCPError, match="get_to_know_you"):
            await one.get_prompt("introduction")
        told = (await other.get_prompt(prompt.name)).messages[0].content
        assert isinstance(told, types.TextContent) and "save_note" in told.text


async def test_a_large_picture_is_read_small_enough_for_a_client(reference: coach.Coach) -> None:
    noise = Image.frombytes("RGB", (1024, 1024), random.Random(1).randbytes(3 * 1024 * 1024))
    file = io.BytesIO()
    noise.save(file, "PNG")
    thumbnails = reference.service("thumbnails", Thumbnails)
    smaller, kind = await thumbnails.within(file.getvalue(), "image/png", MOST_BYTES)
    assert len(smaller) <= MOST_BYTES < len(file.getvalue())
    with Image.open(io.BytesIO(smaller)) as image:
        assert (kind, image.width) == ("image/webp", 512)
    assert await thumbnails.within(smaller, kind, MOST_BYTES) == (smaller, kind)
