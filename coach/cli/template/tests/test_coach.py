"""Run with pytest: the folder is sound, and a conversation goes from the first phase to the last."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

from coach import load
from coach.check import check
from coach.testing import call

FOLDER = Path(__file__).parent.parent


class FakePeople:
    """People in memory; for a real person the library's own store stands here."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    async def ensure(self, user_id: str) -> SimpleNamespace:
        return SimpleNamespace(name=self.names.get(user_id))

    async def rename(self, user_id: str, name: str) -> None:
        self.names[user_id] = name


def test_nothing_is_wrong_with_the_folder() -> None:
    assert check(FOLDER) == []


def test_a_name_is_remembered_and_ends_the_conversation() -> None:
    async def converse() -> tuple[str, str]:
        turn = await load(FOLDER, people=FakePeople()).turn(user_id="ann")
        async for _ in turn.run([call("remember_name", name="Ann")]):
            pass
        return turn.phase, turn.prompt

    phase, prompt = asyncio.run(converse())
    assert phase == "goodbye"
    assert "Ann" in prompt
