"""What is special to Anthropic's Messages: results that are errors, and schemas held strictly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic.types import MessageParam

import coach
from coach.adapters.anthropic import answered, told, tools
from coach.testing import call
from tests._talk import open_gate, start, write_talk
from tests._tree import ROOT
from tests.adapters._messages import Script, running_script

DOCUMENT = ROOT / "docs" / "agents" / "anthropic.md"


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with running_script() as running:
        yield running


async def test_what_did_not_happen_is_an_error_and_what_waits_is_none(
    talk: coach.Coach, script: Script
) -> None:
    turn = await start(talk)
    script.calls = [
        call("write", id="a", text="x"),
        call("write", id="b", text=3),
        call("fail", id="c", how="refused"),
        call("approve", id="d", text="x"),
    ]
    messages: list[MessageParam] = [{"role": "user", "content": "Hi!"}]
    events: list[coach.Event] = []

    async def listen(event: coach.Event) -> None:
        events.append(event)

    async with (
        script.client() as client,
        client.messages.stream(
            model="m", max_tokens=9, system=turn.prompt, tools=tools(turn, strict=True), messages=messages
        ) as stream,
    ):
        assert [text async for text in stream.text_stream] == ["One moment."]
        reply = await stream.get_final_message()
    follows: Any = await answered(turn, reply, listen)
    assert [(each["tool_use_id"], each["is_error"]) for each in follows["content"]] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]
    assert [event.state for event in events if isinstance(event, coach.Finished)] == [
        "done",
        "retry",
        "refused",
        "waiting",
    ]


async def test_a_button_that_did_nothing_is_told_as_an_error(talk: coach.Coach) -> None:
    turn = await start(talk)
    for text in ("x", 3):
        [event async for event in turn.press("write", {"text": text})]
    messages: list[Any] = [dict(message) for message in told(turn)]
    assert [message["role"] for message in messages] == ["assistant", "user"] * 2
    assert [message["content"][0]["is_error"] for message in messages[1::2]] == [False, True]
    assert messages[0]["content"][0]["input"] == {"text": "x"}


async def test_strict_schemas_hold_only_what_the_service_takes(tmp_path: Path) -> None:
    folder = write_talk(tmp_path)
    write = folder / "actions" / "write.py"
    write.write_text(write.read_text().replace("Field(description", "Field(pattern='^x', description"))
    turn = await start(coach.load(folder, log=[], gate=open_gate))
    [loose, strict] = [tools(turn, strict=strict)[0] for strict in (False, True)]
    assert loose == {
        "name": "write",
        "description": "Write `text` down.",
        "input_schema": turn.coach.actions["write"].schema,
    }
    text = {"type": "string", "description": "Some text.\n\n{pattern: ^x}"}
    schema = {
        "type": "object",
        "properties": {"text": text},
        "required": ["text"],
        "additionalProperties": False,
    }
    assert strict == {**loose, "strict": True, "input_schema": schema}


def test_what_the_document_shows_runs(script: Script, tmp_path: Path) -> None:
    [fence] = re.findall(r'^```python title="talk.py"\n(.*?)^```$', DOCUMENT.read_text(), re.M | re.S)
    script.calls = [call("set_user_name", name="Ann")]
    env = os.environ | {
        "ANTHROPIC_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": script.address,
        "COACH_HOME": str(tmp_path),
        "OPENAI_API_KEY": "sk-test",
        "PYTHONPATH": str(ROOT),
    }
    run = [sys.executable, "-W", "error", "-m", "tests._scripts", DOCUMENT.name, fence]
    done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "One moment.Well.\nnow in introduction\n"), done.stderr
