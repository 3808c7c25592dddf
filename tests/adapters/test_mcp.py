"""What the MCP server promises, in memory: the official client, both revisions, the reference coach."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError
from PIL import Image

import coach
from coach.adapters.mcp import CALL_ID, IN_DOUBT, Means, Person, Talks, create_server
from coach.adapters.mcp._pictures import MOST_BYTES
from coach.adapters.mcp._talks import KIND
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.studio import Thumbnails
from tests.adapters._mcp import ERAS, Asked, link, said, tools

MAKE = ("generate_identity_image", {"identity_id": "i1"})


@asynccontextmanager
async def open_reference(sandbox: Sandbox, home: Path) -> AsyncIterator[coach.Coach]:
    given = {"openai_api_key": sandbox.api_key, "openai_base_url": sandbox.base_url}
    settings = coach.Settings.read(home=home, **given)
    async with coach.open("coach.reference", settings, faces=None) as opened:
        yield opened


@pytest.fixture
async def reference(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[coach.Coach]:
    async with open_reference(sandbox, tmp_path / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def losing() -> Iterator[Sandbox]:
    """A service that never says what came of a picture."""
    with Sandbox(quick=True, faults=[Rule(mode="status_500", route="edits")]) as running:
        yield running


@pytest.fixture
async def lost(losing: Sandbox, tmp_path: Path, photo_bytes: bytes) -> AsyncIterator[coach.Coach]:
    """Ann has all that a picture needs, but the service loses it."""
    async with open_reference(losing, tmp_path / "home") as opened:
        store = opened.service("store", coach.Store)
        await about_to_see(store)
        await store.consents.give("ann", statement="yes")
        await store.photos.add("ann", photo_bytes)
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


@pytest.mark.parametrize("era", ERAS)
async def test_after_a_charge_in_doubt_only_the_persons_word_asks_for_another(
    lost: coach.Coach, losing: Sandbox, era: str
) -> None:
    ann, before = Asked(), len(losing.log)
    async with client_of(lost, mode=era, elicitation_callback=ann) as client:
        for action, calls, posts in (("decline", 5, 1), ("accept", 1, 2), ("cancel", 3, 2)):
            ann.action = action
            answers = [await client.call_tool(*MAKE) for _ in range(calls)]
            assert len(losing.log) - before == posts
            assert all(answer.is_error for answer in answers)
            assert ("Say whether to try again." in said(answers[-1])) is (action != "accept")
    assert ann.messages == [IN_DOUBT] * 8


async def test_a_word_to_try_again_is_for_what_was_asked_about_and_once(
    lost: coach.Coach, losing: Sandbox
) -> None:
    before = len(losing.log)
    async with client_of(lost, elicitation_callback=Asked()) as client:
        await client.call_tool(*MAKE)
        for posts in (2, 3):
            asked = [await client.session.call_tool(*MAKE, allow_input_required=True) for _ in range(2)]
            for number in (0, 0, 1, 0):
                question = asked[number]
                assert isinstance(question, types.InputRequiredResult)
                await client.session.call_tool(
                    *MAKE,
                    request_state=question.request_state,
                    input_responses={"answer": types.ElicitResult(action="accept")},
                    allow_input_required=True,
                )
            assert len(losing.log) - before == posts


async def test_where_the_client_cannot_ask_about_a_doubt_the_person_says_it_elsewhere(
    lost: coach.Coach, losing: Sandbox
) -> None:
    before, talks, ann = len(losing.log), Talks(lost), Person(user_id="ann")
    async with client_of(lost) as client:
        for posts in (1, 2):
            answers = [said(await client.call_tool(*MAKE)) for _ in range(3)]
            assert len(losing.log) - before == posts
            assert [answer.endswith("They say so elsewhere.") for answer in answers] == [False, True, True]
            [doubt] = await talks.doubts(ann)
            assert await talks.doubts(Person(user_id="bob")) == []
            await talks.try_again(Person(user_id="bob"), [doubt])
            assert await talks.doubts(ann) == [doubt]
            await talks.try_again(ann, [doubt])


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
