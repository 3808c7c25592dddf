"""A turn that outlives its person's erasure writes nothing of them down again."""

from pathlib import Path
from typing import Any

import pytest

import coach
from coach.errors import CoachError, Erasing, NotFound
from coach.store import Store
from coach.studio.erase import erase
from tests._talk import write_talk

ANN = "ann"


async def opened(store: Store, folder: Path) -> coach.Turn:
    """A turn of Ann's, of a coach whose `paint` erases her and then renames her."""

    async def erased_meanwhile(name: str) -> None:
        assert (await erase(store, ANN)).done
        await store.people.rename(ANN, name)

    talk = coach.load(write_talk(folder), **store.services(), log=[], gate=erased_meanwhile)
    return await talk.turn(user_id=ANN, conversation_id="c1")


async def run(turn: coach.Turn, action: str, /, **arguments: Any) -> list[coach.Event]:
    return [event async for event in turn.run([{"id": action, "name": action, "arguments": arguments}])]


async def test_a_call_that_comes_after_it_is_not_kept(store: Store, tmp_path: Path) -> None:
    turn = await opened(store, tmp_path)
    assert (await erase(store, ANN)).rows["people"] == 1, "whose turn has begun is somebody"
    with pytest.raises(Erasing, match="erased meanwhile"):
        await run(turn, "write", text="canary")
    with pytest.raises(NotFound):
        await store.people.get(ANN)
    assert await store.calls.find(ANN, "c1", "write") is None

    await store.people.rename(ANN, "Ann")  # she is back
    with pytest.raises(Erasing):
        await run(turn, "write", text="canary")
    assert len(await run(await opened(store, tmp_path), "write", text="new")) == 2


async def test_an_action_that_goes_on_meanwhile_brings_nobody_back(store: Store, tmp_path: Path) -> None:
    turn = await opened(store, tmp_path)
    with pytest.raises(CoachError):
        await run(turn, "paint", name="canary")
    with pytest.raises(NotFound):
        await store.people.get(ANN)
