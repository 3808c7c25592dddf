"""The ledger: only legal moves, each by one writer, each with a line of history."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from coach.errors import Conflict, NotFound
from coach.store import Store
from coach.studio import Generation, GenerationState
from coach.studio.ledger import ENDS, LEGAL, Ledger

STATES: tuple[GenerationState, ...] = get_args(GenerationState)


async def row(store: Store, *, id: str = "g1", key: str = "k1") -> Generation:
    """A generation that can be added."""
    await store.people.ensure("ana")
    identity = await store.identities.current("ana") or await store.identities.add("ana", "Guide")
    return Generation(
        id=id,
        user_id="ana",
        key=key,
        request_hash="0" * 64,
        conversation_id="talk",
        identity_id=identity.id,
        parent_id=None,
        engine="gpt-image",
        model="m",
        operation="edit",
        params={"n": 1, "stream": True},
        repairs=("One repair.",),
        prompt="a prompt",
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )


async def test_a_generation_is_found_as_it_was_written(store: Store) -> None:
    ledger, written = Ledger(store.database), await row(store)
    await ledger.add(written)
    read = await ledger.get("ana", "g1")
    assert replace(read, repairs=tuple(read.repairs)) == written
    assert await ledger.find("ana", "k1") == read
    assert await ledger.of_conversation("ana", "talk") == [read]
    assert await ledger.find("bob", "k1") is None
    for ask in (ledger.get, ledger.steps):
        with pytest.raises(NotFound, match="no generation 'g1'"):
            await ask("bob", "g1")


async def test_a_key_is_used_once(store: Store) -> None:
    ledger = Ledger(store.database)
    await ledger.add(await row(store))
    with pytest.raises(Conflict, match="being made by another process"):
        await ledger.add(await row(store, id="g2"))


@pytest.mark.parametrize("state", STATES)
async def test_only_legal_moves_are_made(store: Store, state: GenerationState) -> None:
    ledger = Ledger(store.database)
    for number, to in enumerate(STATES):
        here = replace(await row(store, id=f"g{number}", key=f"k{number}"), state=state)
        await ledger.add(here)
        if to in LEGAL[state]:
            moved = await ledger.advance(here, to, detail="why", error_code="timeout")
            assert (moved.state, moved.error_code) == (to, "timeout")
            assert moved.updated_at > here.updated_at
            steps = await ledger.steps("ana", here.id)
            assert [(step.seq, step.state, step.detail) for step in steps] == [(1, state, ""), (2, to, "why")]
        else:
            with pytest.raises(ValueError, match=f"does not go from {state} to {to}"):
                await ledger.advance(here, to)


def test_every_end_is_an_end_and_every_state_can_be_reached() -> None:
    assert {state for state in STATES if not LEGAL[state]} == ENDS
    assert {to for ways in LEGAL.values() for to in ways} == set(STATES) - {"planned"}
    assert "sending" not in LEGAL["unknown"] | LEGAL["sending"], "nothing is ever sent again"


async def test_of_many_who_move_it_at_once_one_does(store: Store) -> None:
    ledger, first = Ledger(store.database), await row(store)
    await ledger.add(first)
    ends = await asyncio.gather(*(ledger.advance(first, "quoted") for _ in range(10)), return_exceptions=True)
    assert [type(end) for end in ends].count(Generation) == 1
    assert [type(end) for end in ends].count(Conflict) == 9
    assert len(await ledger.steps("ana", "g1")) == 2


async def test_a_move_and_its_history_are_one_transaction(store: Store) -> None:
    ledger, first = Ledger(store.database), await row(store)
    await ledger.add(first)
    with pytest.raises(ZeroDivisionError):
        async with store.database.write() as connection:
            await ledger.advance(first, "quoted", connection=connection)
            raise ZeroDivisionError
    assert (await ledger.get("ana", "g1")).state == "planned"
    assert len(await ledger.steps("ana", "g1")) == 1
