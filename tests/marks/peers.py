"""What our clients send and read, before two peers that nobody here wrote: a validator and a stand-in.

``make peers SPEC=openapi.yaml`` gets both (npm: ``@stdy/cli``, ``@copilotkit/aimock``). The document is that
of github.com/openai/openai-openapi. The validator judges every request by it: talk in each phase, with tools
and in a schema, pictures from words and from photos, background jobs. It answers at random, so what comes
back is not looked at; the stand-in answers by rules, and a conversation with it has to go as it should.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import coach
from coach._answers import tool
from coach.studio import GptImageEngine, OpenAIBackgroundEngine, Spool, Studio
from tests._talk import open_gate, write_talk
from tests._tree import ROOT
from tests.actions._pictures import call, make_ready, on_studio
from tests.conftest import inside

PEERS = ROOT / ".venv-peers" / "node_modules" / ".bin"
PHOTOS = (("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), ("skimage", "data/astronaut.png"))


def main() -> int:
    """Ask both, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("spec", type=Path)
    asked = parser.parse_args()
    if not asked.spec.exists() or not (PEERS / "steady").exists():
        sys.stdout.write(
            "SKIPPED: a peer or the document is not here, so nothing was tried: make peers SPEC=…\n"
        )
        return 0
    with tempfile.TemporaryDirectory() as folder:
        wrong = validated(asked.spec, Path(folder)) + answered(Path(folder))
    sys.stdout.writelines(f"  {each}\n" for each in wrong)
    return int(bool(wrong))


def validated(spec: Path, folder: Path) -> list[str]:
    """Let the validator judge all that is sent."""
    brackets = "--validator-form-array-format=brackets"  # as the SDK writes lists in a form
    with running("steady", "--quiet", brackets, "--port", port := free_port(), str(spec)) as ended:
        seen = asyncio.run(send_all(f"http://127.0.0.1:{port}", folder, ended))
    control, *rest = seen
    wrong = [f"{path}: {status} {text[:300]}" for path, status, text in rest if status >= 400]
    if control[1] != 400:
        wrong.append(f"a wrong role was taken: the validator does not judge ({control[1]})")
    counted = dict(Counter(path for path, *_ in rest))
    sys.stdout.write(f"steady   {len(rest)} requests {counted}, {len(wrong)} wrong\n")
    return wrong


async def send_all(url: str, folder: Path, ended: Any) -> list[tuple[str, int, str]]:
    """Send what there is to send; gives the path of each request and what became of it, a wrong one first."""
    seen: list[tuple[str, int, str]] = []

    async def note(response: httpx2.Response) -> None:
        text = (await response.aread()).decode(errors="replace") if response.status_code >= 400 else ""
        seen.append((response.request.url.path, response.status_code, text))

    http = DefaultAsyncHttpxClient(event_hooks={"response": [note]}, timeout=60)
    await ready(url, ended)
    async with AsyncOpenAI(api_key="sk-x", base_url=url, http_client=http, max_retries=0) as client:
        with suppress(Exception):
            wrong: Any = [{"role": "usr", "content": "Hello"}]
            await client.chat.completions.create(model="gpt-5.5", messages=wrong)
        for calls in ("tools", "schema"):
            await send_talk(client, calls)
        await send_pictures(client, folder)
    return seen


async def send_talk(client: AsyncOpenAI, calls: Any) -> None:
    """One request in each phase of the reference coach, with a history of every kind."""
    reference = coach.load("coach.reference")
    made = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "save_note", "arguments": '{"note": "x"}'},
    }
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Hello, I am Ann."},
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Noted."},
        {"role": "assistant", "content": "I noted it."},
        {"role": "user", "content": "Go on."},
    ]
    model = coach.OpenAIModel(client, model="gpt-5.5", calls=calls)
    for phase in reference.phases.values():
        tools: list[Any] = [tool(reference.actions[name]) for name in phase.actions]
        with suppress(coach.ModelError):
            async for _ in model.reply(system="You are a coach.", messages=messages, tools=tools):
                pass


async def send_pictures(client: AsyncOpenAI, folder: Path) -> None:
    """A picture from words, from one photo, from two; and the same as jobs."""
    store = await coach.Store.open(f"sqlite:///{folder}/coach.db", blobs=coach.FolderBlobs(folder / "blobs"))
    await make_ready(store, inside(*PHOTOS[0]))
    direct = GptImageEngine(client, seconds=60)
    jobs = OpenAIBackgroundEngine(client, seconds=2, poll=0.1)
    for engine in (direct, jobs):
        studio = Studio(store=store, engine=engine, spool=Spool(folder / engine.name))
        reference = on_studio(store, studio)
        for previews, count in ((0, 1), (2, 2)):
            if len(await store.photos.list("ann")) < count:
                await store.photos.add("ann", inside(*PHOTOS[1]))
            studio.previews = previews
            with suppress(coach.CoachError):
                ctx = coach.Context(user_id="ann", conversation_id=f"{engine.name}-{count}")
                await call(reference, "generate_identity_image", ctx, identity_id="i1")
        with suppress(coach.CoachError):
            words = coach.PictureRequest(prompt="A lighthouse at dusk", grade="draft", previews=0)
            await studio.generate(coach.Context(user_id="ann"), words, identity_id="i1")
        await studio.close()
    await store.close()


def answered(folder: Path) -> list[str]:
    """Let the stand-in answer a conversation, with tools and in a schema."""
    rules = folder / "rules.json"
    rules.write_text(json.dumps({"fixtures": RULES}))
    wrong = []
    with running("llmock", "--log-level", "warn", "-p", port := free_port(), "-f", str(rules)) as ended:
        for calls in ("tools", "schema"):
            (folder / calls).mkdir()
            said, log = asyncio.run(talk(f"http://127.0.0.1:{port}", folder / calls, calls, ended))
            if said != SAID or [text for *_, text in log] != ["buy milk"]:
                wrong.append(f"aimock, {calls}: it said {said!r} and wrote {log}")
    sys.stdout.write(f"aimock   2 conversations, {len(wrong)} wrong\n")
    return wrong


SAID = "It is written down: buy milk."
ASKS = "Please write down: buy milk"
ARGUMENTS = {"text": "buy milk"}
IN_SCHEMA = {"responseFormat": "json_schema"}
RULES: Sequence[Mapping[str, Any]] = (
    {
        "match": IN_SCHEMA | {"userMessage": '{"results": '},
        "response": {"content": json.dumps({"say": SAID, "calls": []})},
    },
    {
        "match": IN_SCHEMA | {"userMessage": ASKS},
        "response": {
            "content": json.dumps({"say": "", "calls": [{"action": "write", "arguments": ARGUMENTS}]})
        },
    },
    {
        "match": {"userMessage": ASKS, "hasToolResult": False},
        "response": {"toolCalls": [{"name": "write", "arguments": ARGUMENTS}]},
    },
    {"match": {"userMessage": ASKS, "hasToolResult": True}, "response": {"content": SAID}},
)


async def talk(url: str, folder: Path, calls: Any, ended: Any) -> tuple[str, list[Any]]:
    """What was said and done in a conversation of one line."""
    log: list[Any] = []
    await ready(url, ended)
    store = await coach.Store.open(f"sqlite:///{folder}/coach.db", blobs=coach.FolderBlobs(folder / "blobs"))
    mine = coach.load(write_talk(folder), **store.services(), log=log, gate=open_gate)
    async with AsyncOpenAI(api_key="sk-x", base_url=f"{url}/v1", max_retries=0) as client:
        model = coach.OpenAIModel(client, model="gpt-5.5", calls=calls)
        held = await coach.Conversation.start(mine, model, user_id="ann")
        events = [event async for event in held.say(ASKS)]
    await store.close()
    words = (event.text for event in events if isinstance(event, coach.Say))
    stopped = (event.detail for event in events if isinstance(event, coach.Stopped))
    return "".join([*words, *stopped]), log


@contextmanager
def running(name: str, *arguments: str) -> Iterator[Any]:
    """A peer, in a process of its own; gives what says whether it has ended."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen([PEERS / name, *arguments], stdout=quiet, stderr=quiet) as process:
        try:
            yield process.poll
        finally:
            process.terminate()


async def ready(url: str, ended: Any) -> None:
    """Wait until somebody answers there."""
    async with httpx2.AsyncClient() as client:
        until = time.monotonic() + 90
        while ended() is None and time.monotonic() < until:
            with suppress(httpx2.HTTPError):
                await client.get(url)
                return
            await asyncio.sleep(0.1)
    raise SystemExit(f"Nobody answers at {url}.")


def free_port() -> str:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
