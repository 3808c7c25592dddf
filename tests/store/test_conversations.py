"""Conversations and their messages."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from coach.store import FolderBlobs, Store


async def test_messages_that_belong_together_are_kept_together_or_not_at_all(store: Store) -> None:
    await store.people.ensure("anna")
    talk = await store.conversations.start("anna", coach="coach.reference", phase="introduction")
    nobodys = {"role": None, "content": "of nobody"}
    with pytest.raises(IntegrityError):
        await store.conversations.append("anna", talk.id, {"role": "user", "content": "Hi"}, nobodys)
    assert await store.conversations.messages("anna", talk.id) == []
    both = {"role": "assistant", "content": "a"}, {"role": "tool", "content": "b"}
    assert await store.conversations.append("anna", talk.id, *both) == 2
    assert [kept.content for kept in await store.conversations.messages("anna", talk.id)] == list(both)


async def test_a_conversation_is_resumed_where_it_was(store: Store, database_url: str) -> None:
    await store.people.ensure("anna")
    talk = await store.conversations.start("anna", coach="coach.reference", phase="introduction")
    call = {"id": "call_1", "type": "function", "function": {"name": "save_note", "arguments": '{"a": 1}'}}
    said = [
        {"role": "user", "content": "Hello 👋"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Noted."},
    ]
    for message in said:
        await store.conversations.append("anna", talk.id, message, prompt_version="0a1b2c3d")
    await store.conversations.move("anna", talk.id, "get_to_know_you")
    await store.close()

    again = await Store.open(database_url, blobs=FolderBlobs("unused"))

    kept = await again.conversations.messages("anna", talk.id)
    assert [message.content for message in kept] == said
    assert [(message.seq, message.role) for message in kept] == [(1, "user"), (2, "assistant"), (3, "tool")]
    assert {message.prompt_version for message in kept} == {"0a1b2c3d"}
    resumed = await again.conversations.get("anna", talk.id)
    assert (resumed.coach, resumed.phase) == ("coach.reference", "get_to_know_you")
    assert resumed.updated_at > resumed.created_at == talk.created_at
    await again.close()


async def test_messages_added_at_once_are_numbered_without_gaps(store: Store, database_url: str) -> None:
    await store.people.ensure("anna")
    talks = [await store.conversations.start("anna", coach="c", phase="p") for _ in range(2)]
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))

    given = await asyncio.gather(
        *(
            place.conversations.append("anna", talk.id, {"role": "user", "content": str(number)})
            for number in range(8)
            for place in (store, other)
            for talk in talks
        )
    )

    assert sorted(given) == sorted([*range(1, 17)] * 2)
    for talk in talks:
        kept = await store.conversations.messages("anna", talk.id)
        assert [message.seq for message in kept] == list(range(1, 17))
    await other.close()


async def test_what_was_said_last_is_of_the_conversation_before_with_this_coach(store: Store) -> None:
    async def begin(user_id: str, coach: str, *said: str) -> str:
        talk = await store.conversations.start(user_id, coach=coach, phase="p")
        for text in said:
            await store.conversations.append(user_id, talk.id, {"role": "user", "content": text})
            await store.conversations.append(user_id, talk.id, {"role": "assistant", "content": "Hm."})
        return talk.id

    await begin("anna", "mine", "older")
    await begin("anna", "mine", "one", "two", "three")
    other = await begin("anna", "other", "elsewhere")
    await begin("ben", "mine", "somebody else's")
    await begin("anna", "mine")
    now = await begin("anna", "mine", "now")

    said = store.conversations.last_said
    assert await said("anna", before=now, limit=8) == ["one", "two", "three"]
    assert await said("anna", before=now, limit=2) == ["two", "three"]
    assert await said("anna", before=other, limit=8) == []
    assert await said("anna", before="", limit=8) == ["now"]
    assert await said("cleo", before="", limit=8) == []


async def test_the_conversation_last_spoken_in_comes_first(store: Store) -> None:
    await store.people.ensure("anna")
    first = await store.conversations.start("anna", coach="c", phase="p")
    second = await store.conversations.start("anna", coach="c", phase="p")
    assert [talk.id for talk in await store.conversations.list("anna")] == [second.id, first.id]

    await store.conversations.append("anna", first.id, {"role": "user", "content": "still here"})

    assert [talk.id for talk in await store.conversations.list("anna")] == [first.id, second.id]
