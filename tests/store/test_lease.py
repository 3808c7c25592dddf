"""Holding a conversation over processes: one at a time, and never for longer than its holder lives."""

from __future__ import annotations

import asyncio

import pytest

import coach
from coach.store import lease
from coach.store.lease import held


@pytest.fixture
async def conversation_id(store: coach.Store) -> str:
    return (await store.conversations.start("ann", coach="c", phase="p")).id


async def test_two_holders_take_turns(store: coach.Store, conversation_id: str) -> None:
    inside: list[str] = []

    async def hold(name: str) -> None:
        async with held(store.conversations, "ann", conversation_id, patience=20):
            inside.append(f"{name} begins")
            await asyncio.sleep(0.05)
            inside.append(f"{name} ends")

    await asyncio.gather(*(hold(name) for name in "abc"))
    pairs = [inside[at : at + 2] for at in range(0, 6, 2)]
    assert sorted(pairs) == [[f"{name} begins", f"{name} ends"] for name in "abc"]


async def test_who_waits_too_long_is_told_and_changes_nothing(
    store: coach.Store, conversation_id: str
) -> None:
    async with held(store.conversations, "ann", conversation_id, patience=0):
        with pytest.raises(coach.Conflict, match="answered elsewhere"):
            async with held(store.conversations, "ann", conversation_id, patience=0.2):
                pytest.fail("two hold it")
    async with held(store.conversations, "ann", conversation_id, patience=0):
        pass


async def test_a_dead_holder_loses_it_and_a_living_one_keeps_it(
    store: coach.Store, conversation_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE", 0.6)
    monkeypatch.setattr(lease, "_BEAT", 0.1)
    assert await store.conversations.take("ann", conversation_id, "dead", 0.6)
    async with held(store.conversations, "ann", conversation_id, patience=20):
        await asyncio.sleep(1)  # longer than the lease: it is renewed
        assert not await store.conversations.take("ann", conversation_id, "thief", 1)


async def test_somebody_elses_conversation_cannot_be_held(store: coach.Store, conversation_id: str) -> None:
    with pytest.raises(coach.NotFound):
        async with held(store.conversations, "bob", conversation_id, patience=0):
            pytest.fail("held")
