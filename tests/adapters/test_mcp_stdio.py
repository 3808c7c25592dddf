"""`coach mcp` as an MCP client starts it: a process, talked with over its input and output."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from coach.adapters.mcp import IN_DOUBT
from coach.adapters.mcp._talks import KIND
from coach.cli.mcp import mcp
from coach.errors import SettingsError
from coach.sandbox import Sandbox
from coach.settings import Settings
from coach.store import Conversations, Database
from coach.studio import Generation
from coach.studio.ledger import Ledger
from tests._environment import environment
from tests._tree import ROOT
from tests.adapters._mcp import Asked, Progress, link, picture, said, tools, walk
from tests.studio._rows import add_lost

COMMAND = ["-W", "error", "-m", "coach", "mcp", "--user", "ann"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "COACH_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}


async def leave_a_doubt(home: Path) -> Generation:
    """A picture of Ann's conversation that may have been charged."""
    async with database_of(home) as database:
        talks = Conversations(database)
        talk = await talks.only("ann", of=KIND, coach="reference", phase="introduction")
        return await add_lost(database, user_id="ann", conversation_id=talk.id)


async def again(home: Path, generation: Generation) -> Generation:
    """A line of the ledger as it is now."""
    async with database_of(home) as database:
        return await Ledger(database).get(generation.user_id, generation.id)


@asynccontextmanager
async def database_of(home: Path) -> AsyncIterator[Database]:
    database = Database(Settings.read(home=home).database)
    try:
        yield database
    finally:
        await database.close()


async def test_somebody_sees_themselves_in_their_own_agent(
    env: dict[str, str], tmp_path: Path, photo_bytes: bytes
) -> None:
    photo = tmp_path / "me.jpg"
    photo.write_bytes(photo_bytes)
    ann, progress = Asked(file=str(photo)), Progress()
    with Sandbox(quick=True) as sandbox:
        started = StdioServerParameters(
            command=sys.executable, args=COMMAND, env={**env, **environment(sandbox)}, cwd=tmp_path
        )
        async with Client(started, mode="legacy", elicitation_callback=ann) as client:
            assert "You are a coach." in str(client.instructions)
            await walk(client)
            made = await client.call_tool(
                "generate_identity_image", {"identity_id": "i1"}, progress_callback=progress
            )
            assert link(made) == "coach://pictures/i1/v1"
            assert (await picture(client, link(made))).mime_type == "image/png"
            assert progress.steps == sorted(set(progress.steps)) and len(progress.steps) > 1
            accepted = await client.call_tool("accept_identity_visualization", {"identity_id": "i1"})
            assert accepted.structured_content["state"] == "done"
            assert len(ann.messages) == 3
            assert "take it with you" in said(
                await client.call_tool("transition_phase", {"phase": "wrap_up"})
            )
        async with Client(started) as cannot_ask:
            assert "compare_identity_images" in await tools(cannot_ask)
            await cannot_ask.call_tool("transition_phase", {"phase": "identity_visualization"})
            waits = await cannot_ask.call_tool("accept_identity_visualization", {"identity_id": "i1"})
            assert said(waits).endswith("`coach mcp --answer --user ann`.")
        doubt = await leave_a_doubt(tmp_path / "home")
        answering = await asyncio.create_subprocess_exec(
            *[sys.executable, *COMMAND, "--answer"],
            env={**env, **environment(sandbox)},
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        answered, _ = await answering.communicate(b"y\ny\n")
        assert b"v1 is how the user sees themselves" in answered and IN_DOUBT.encode() in answered
        assert (await again(tmp_path / "home", doubt)).told_in is not None


@pytest.mark.usefixtures("true_start")
def test_a_stop_does_not_wait_for_the_client(env: dict[str, str], tmp_path: Path) -> None:
    hello = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    command, pipe = [sys.executable, *COMMAND, "--sandbox"], subprocess.PIPE
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(hello)
        process.stdin.flush()
        assert process.stdout.readline().startswith(b'{"jsonrpc":"2.0","id":1')
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        assert process.stdout.read() == b""


def test_an_input_that_cannot_be_read_is_an_end() -> None:
    reads = "import asyncio; from coach.cli._stdin import lines; print(asyncio.run(anext(lines(), 'over')))"
    with Path(os.devnull).open("wb") as write_only:
        done = subprocess.run(
            [sys.executable, "-c", reads], stdin=write_only, capture_output=True, cwd=ROOT, timeout=60
        )
    assert done.stdout == b"over\n", done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("coach.adapters.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    with pytest.raises(SettingsError, match=r"pip install 'coach\[mcp\]'"):
        mcp()
