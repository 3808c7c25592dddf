"""The server that the MCP project's suite talks with: a coach folder of its own behind our adapter.

The suite calls tools of certain names; what they do here is what actions can do.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from pathlib import Path
from textwrap import dedent

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send

import coach
from coach.adapters.mcp import Person, over_http

HEAD = """
import asyncio
from typing import Annotated

from pydantic import Field

from coach import Context, Refused, Result, action, context_key

Text, Whole = [Annotated[kind, Field(description="As it is given.")] for kind in (str, int)]
"""
ACTION = (
    HEAD
    + '@action({given})\nasync def {name}(ctx: Context{takes}) -> Result[None]:\n    "What is tested."\n    '
)
FACTS = (
    HEAD
    + '@context_key\nasync def facts(ctx: Context) -> dict[str, str]:\n    "Facts."\n    return {"a": "b"}\n'
)
SAYS = 'return Result(say="{}")\n'
MOVES = 'return Result(say="On.", next=ctx.next[0])\n'

BODIES = {
    "test_simple_text": ("", SAYS.format("This is a simple text response for testing.")),
    "test_error_handling": ("", 'raise Refused("This tool intentionally returns an error for testing")\n'),
    "test_tool_with_progress": (
        "",
        "for step in (0, 50, 100):\n        await ctx.report('A step', done=step, of=100)\n    "
        + SAYS.format("Done."),
    ),
    "test_trigger_tool_change": ("", MOVES),
    "test_trigger_prompt_change": ("", MOVES),
    "greet": ("", 'return Result(say=f"Hello, {name}!")\n'),
    # Not as long as it is told to: what is begun is not cut off, and a person's calls follow one another.
    "slow_compute": (
        "spends=True",
        "await ctx.report(label)\n    await asyncio.sleep(min(seconds, 1))\n    " + SAYS.format("Computed."),
    ),
    "failing_job": ("spends=True", 'await ctx.report("Trying")\n    raise Refused("It failed.")\n'),
} | {
    name: ('by="user", ask="Is that so?"', SAYS.format("It is so."))
    for name in (
        "test_streaming_elicitation",
        "test_input_required_result_elicitation",
        "test_input_required_result_request_state",
        "test_input_required_result_tampered_state",
        "test_input_required_result_capabilities",
        "test_input_required_result_multi_round",
    )
}
TAKES = {"greet": ", *, name: Text", "slow_compute": ", *, seconds: Whole, label: Text = ''"}
PHASES = {"test_simple_prompt": "moved", "moved": "test_simple_prompt"}

_HERE = ["localhost:*", "127.0.0.1:*"]


def write(folder: Path) -> None:
    """Write the coach folder: two phases with the same actions, so that each move can be seen."""
    for part in ("actions", "context", "prompts/phases"):
        (folder / part).mkdir(parents=True)
    for name, (given, body) in BODIES.items():
        (folder / "actions" / f"{name}.py").write_text(
            ACTION.format(given=given, name=name, takes=TAKES.get(name, "")) + body
        )
    (folder / "context" / "facts.py").write_text(FACTS)
    (folder / "prompts" / "coach.md").write_text(
        '+++\nfirst = "test_simple_prompt"\ncontext = []\n+++\nYou are tested.\n'
    )
    for phase, following in PHASES.items():
        text = f"""\
            +++
            title = "{phase}"
            actions = {list(BODIES)}
            context = ["facts"]
            next = ["{following}"]
            +++
            This is {phase}. {{{{ facts.a }}}}
        """
        (folder / "prompts" / "phases" / f"{phase}.md").write_text(dedent(text))


async def serve() -> None:
    """Serve at /mcp, for anybody on this machine, and say on which port."""
    security = TransportSecuritySettings(
        allowed_hosts=_HERE, allowed_origins=[f"http://{here}" for here in _HERE]
    )
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "everything"
        write(folder)
        async with over_http(coach.load(folder), secret=b"s" * 32, security=security) as mcp:

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                await mcp.handle(Person(user_id="tester"), scope, receive, send)

            listening = socket.create_server(("127.0.0.1", 0))
            sys.stdout.write(f"{listening.getsockname()[1]}\n")
            sys.stdout.flush()
            await uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error")).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve())
