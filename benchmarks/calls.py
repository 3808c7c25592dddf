"""What one call of an action costs over what it does: beside pydantic alone, and beside LangChain's tools.

``python -m benchmarks.calls`` calls one action that does nothing, with three arguments. The same model of the
arguments, the same JSON text and the same process for everybody; batches take turns. CPU time, medians over
rounds, as ratios of plain pydantic; the collector is off, as in ``timeit``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from langchain_core.tools import StructuredTool
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.table import Table

import coach
from coach.adapters import Hosted

ROUNDS, CALLS = 15, 200

NOTE = """
from typing import Annotated
from pydantic import Field
from coach import Context, Result, action
@action()
async def note(
    ctx: Context,
    *,
    title: Annotated[str, Field(description="A title.", max_length=100)],
    count: Annotated[int, Field(description="How many.", ge=0, le=100_000)],
    tags: Annotated[list[str], Field(description="Words.", max_length=5)],
) -> Result[None]:
    "Do nothing."
    return Result(say="Noted.")
"""
COACH = '+++\nfirst = "start"\ncontext = []\n+++\nYou are a coach.\n'
PHASE = '+++\ntitle = "start"\nactions = ["note"]\ncontext = []\nnext = []\n+++\nUse `note`.\n'


class Note(BaseModel):
    """The arguments of the action."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(max_length=100)]
    count: Annotated[int, Field(ge=0, le=100_000)]
    tags: Annotated[list[str], Field(max_length=5)]


async def _noted(title: str, count: int, tags: list[str]) -> str:
    return "Noted."


TOOL = StructuredTool.from_function(
    coroutine=_noted, name="note", description="Do nothing.", args_schema=Note
)

Text = tuple[int, str]
"""A number of the call, and its arguments as JSON text. No two calls are the same: coach would say so."""


def _folder(root: Path) -> Path:
    for name, text in {
        "actions/note.py": NOTE,
        "prompts/coach.md": COACH,
        "prompts/phases/start.md": PHASE,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


async def _plain(texts: list[Text], talk: coach.Coach) -> None:
    for _, text in texts:
        Note.model_validate_json(text)


async def _langchain(texts: list[Text], talk: coach.Coach) -> None:
    for number, text in texts:
        call = {"type": "tool_call", "name": "note", "id": f"c{number}", "args": json.loads(text)}
        await TOOL.ainvoke(call)


async def _turn(talk: coach.Coach) -> coach.Turn:
    return await talk.turn(user_id="ann", limits=coach.Limits(calls=10**9))


async def _call(texts: list[Text], talk: coach.Coach) -> None:
    """Each a call of one reply, as an agent makes them one at a time."""
    turn = await _turn(talk)
    hosted = Hosted(turn)
    for number, text in texts:
        await hosted.call(f"c{number}", "note", text)
        turn.answers.clear()


async def _reply(texts: list[Text], talk: coach.Coach) -> None:
    """Each a reply of its own, with the prompt of the next one."""
    turn = await _turn(talk)
    for number, text in texts:
        call = {"id": f"c{number}", "type": "function", "function": {"name": "note", "arguments": text}}
        async for _ in turn.run([call]):
            pass


PYDANTIC, LANGCHAIN = "pydantic, validation alone", "LangChain, tool.ainvoke"
PEERS: dict[str, Callable[[list[Text], coach.Coach], Coroutine[object, object, None]]] = {
    PYDANTIC: _plain,
    "coach, a call": _call,
    "coach, a reply and the next prompt": _reply,
    LANGCHAIN: _langchain,
}


def measured() -> dict[str, float]:
    """Microseconds of CPU for each call, by peer."""
    taken: dict[str, list[float]] = {name: [] for name in PEERS}
    order, mixed = list(PEERS), random.Random(7)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        source = _folder(Path(folder))
        for round_ in range(ROUNDS + 1):
            mixed.shuffle(order)
            for name in order:
                talk = coach.load(source)  # with a journal of its own
                texts = [
                    (number, f'{{"title": "A walk", "count": {number}, "tags": ["sea", "calm"]}}')
                    for number in range(CALLS)
                ]
                gc.collect()
                gc.disable()
                began = time.process_time()
                runner.run(PEERS[name](texts, talk))
                seconds = time.process_time() - began
                gc.enable()
                if round_:  # the first one warms up
                    taken[name].append(seconds / CALLS * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Print the ratios."""
    found = measured()
    table = Table("one call", "of pydantic", "of LangChain", "CPU, µs")
    for name, microseconds in found.items():
        of_pydantic, of_langchain = (microseconds / found[peer] for peer in (PYDANTIC, LANGCHAIN))
        table.add_row(name, f"{of_pydantic:.1f}", f"{of_langchain:.2f}", f"{microseconds:.1f}")
    console = Console()
    console.print(table)
    console.print(", ".join(f"{package} {version(package)}" for package in ("pydantic", "langchain-core")))


if __name__ == "__main__":
    main()
