"""A small coach whose actions do everything an action can do, for the tests of turns and conversations."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path
from typing import Any

import coach

HEAD = """
from __future__ import annotations
import asyncio
from typing import Annotated
from pydantic import BaseModel, Field
from coach import Conflict, Context, NotFound, Refused, Result, Retry, action
Text = Annotated[str, Field(description="Some text.")]
"""

ACTIONS = {
    "write": """
        class Written(BaseModel):
            text: str
        @action()
        async def write(ctx: Context, log, *, text: Text) -> Result[Written]:
            "Write `text` down."
            log.append((ctx.user_id, ctx.call_id, text))
            return Result(say=f"Wrote {len(text)} characters.", data=Written(text=text))
    """,
    "move": """
        @action()
        async def move(ctx: Context, *, phase: Text) -> Result[None]:
            "Go on."
            return Result(say=f"On to {phase}.", next=phase)
    """,
    "fail": """
        @action()
        async def fail(ctx: Context, *, how: Text) -> Result[None]:
            "Fail."
            if how == "retry":
                raise Retry("Say it differently.")
            if how == "refused":
                raise Refused("It is settled.")
            if how == "missing":
                raise NotFound("identity", "i9")
            if how == "conflict":
                raise Conflict("It has moved on.")
            if how == "slow":
                await asyncio.sleep(30)
            raise RuntimeError("sk-secret")
    """,
    "paint": """
        @action(spends=True, exclusive="name", timeout=5)
        async def paint(ctx: Context, log, gate, *, name: Text) -> Result[None]:
            "Paint."
            log.append(("begin", name))
            await ctx.report("painting", done=1, of=2)
            await gate(name)
            log.append(("end", name))
            return Result(say="There it is.")
    """,
    "approve": """
        @action(by="user")
        async def approve(ctx: Context, log, *, text: Text) -> Result[None]:
            "Propose it."
            log.append((ctx.user_id, "approved", text))
            return Result(say="Approved.", next="end" if text == "move" else None)
    """,
}

PHASES = {
    "start": ('["write", "move", "fail", "paint", "approve"]', '["middle", "end"]'),
    "middle": ('["write", "move"]', '["end"]'),
    "end": ("[]", "[]"),
}


def write_talk(root: Path) -> Path:
    """Write the coach folder and return it."""
    folder = root / "talk"
    for name, source in ACTIONS.items():
        path = folder / "actions" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + textwrap.dedent(source))
    for name, (actions, following) in PHASES.items():
        path = folder / "prompts" / "phases" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        mentions = " ".join(f"`{action}`" for action in ACTIONS if f'"{action}"' in actions)
        path.write_text(
            f'+++\ntitle = "{name}"\nactions = {actions}\ncontext = []\nnext = {following}\n+++\n'
            f"This is {name}. {mentions}\n"
        )
    (folder / "prompts" / "coach.md").write_text(
        '+++\nfirst = "start"\ncontext = []\n+++\nYou are a coach.\n'
    )
    return folder


async def open_gate(name: str) -> None:
    """Lets every picture through."""
    await asyncio.sleep(0)


async def run(turn: coach.Turn, *calls: Any) -> list[coach.Event]:
    """Run one reply's calls to their end."""
    return [event async for event in turn.run(calls)]


async def start(talk: coach.Coach, **given: Any) -> coach.Turn:
    """A turn of Ann's, in one conversation."""
    return await talk.turn(**{"user_id": "ann", "conversation_id": "c1", **given})
