"""``compose.yaml``: what it names is there, and what it starts makes a picture."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
import yaml  # type: ignore[import-untyped]
from typer.core import TyperGroup
from typer.main import get_command

from coach.cli import app
from coach.sandbox import Sandbox
from coach.server import ServerSettings
from coach.settings import Settings
from tests._s3 import S3Server
from tests._tree import ROOT
from tests.marks.test_marks import long
from tests.server._serve import PATIENCE


@cache
def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run the command ``coach``."""
    services = composed()["services"].items()
    return {name: one for name, one in services if one["image"] == "coach" and "entrypoint" not in one}


def test_every_setting_exists_and_has_a_value_that_fits() -> None:
    fields = {
        str(field.validation_alias): (kind, name)
        for kind in (Settings, ServerSettings)
        for name, field in kind.model_fields.items()
    }
    for one in ours().values():
        for variable, value in one.get("environment", {}).items():
            kind, name = fields[variable]
            kind.read(**{name: value})


def test_every_command_can_be_given_so() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup) and {*ours()} == {"web", "worker", "sandbox"}
    for one in ours().values():
        name, *arguments = one["command"]
        group.commands[name].make_context(name, arguments)
    assert [ours()[name]["deploy"]["replicas"] for name in ("web", "worker")] == [2, 4]


def test_what_it_is_built_of_and_waits_for_is_there() -> None:
    services, stages = composed()["services"], set[str]()
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if stage := re.match(r"FROM (\S+) AS (\S+)$", line):
            assert stage[1] in stages or stage[1].startswith("python:")
            stages.add(stage[2])
        elif copied := re.match(r"COPY (?!--from)(.+) \S+$", line):
            assert all((ROOT / path).exists() for path in copied[1].split())
    for one in services.values():
        assert one.get("build", {"target": "coach"})["target"] in stages
        assert {*one.get("depends_on", ())} <= services.keys()
        assert {each.split(":")[0] for each in one.get("volumes", ())} <= composed()["volumes"].keys()


@long
async def test_its_processes_make_a_picture(
    database_url: str, s3: S3Server, sandbox: Sandbox, tmp_path: Path
) -> None:
    places = {
        "COACH_DATABASE_URL": database_url,
        "S3_ENDPOINT": s3.endpoint,
        "S3_BUCKET_NAME": s3.bucket,
        "OPENAI_BASE_URL": sandbox.base_url,
    }
    async with AsyncExitStack() as stack:
        names = [name for name in ("web", "worker") for _ in range(ours()[name]["deploy"]["replicas"])]
        homes = [tmp_path / f"{name}-{number}" for number, name in enumerate(names)]
        processes = [
            await _process(stack, name, home, places) for name, home in zip(names, homes, strict=True)
        ]
        said = await asyncio.gather(*map(_until_it_works, processes))
        urls = [found[0] for each in said if (found := re.search(r"http://\S+(?=/\n)", each))]
        assert len(urls) == 2
        async with httpx2.AsyncClient(base_url=urls[0], timeout=PATIENCE) as first:
            await first.post("/api/v1/sessions/", json={})
            made = await first.post("/api/ai/gpt-image/advanced/?as=links", data={"prompt": "A hat"})
            assert made.status_code == 200, made.text
            link, cookies = made.json()["images"][0], dict(first.cookies)
            ready = (await first.get("/api/v1/ready/")).json()
        assert ready == {"status": "ok", "workers": True}
        # Whichever web process is asked has it.
        async with httpx2.AsyncClient(base_url=urls[-1], cookies=cookies, timeout=PATIENCE) as last:
            assert (await last.get(link)).headers["content-type"].startswith("image/")
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert {await process.wait() for process in processes} == {0}
    assert sum(entry.route.startswith("POST") for entry in sandbox.log) == 1


async def _process(stack: AsyncExitStack, name: str, home: Path, places: dict[str, str]) -> Process:
    """A process as the file has it, with everything on this machine."""
    one = ours()[name]
    command = [str(home / "heartbeat") if each == "/tmp/heartbeat" else each for each in one["command"]]
    log = stack.enter_context(_new(home))
    command = ["127.0.0.1" if each == "0.0.0.0" else each for each in command]
    port = ["--port", "0"] if name == "web" else []
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COACH_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "coach", *command, *port),
        env=one["environment"] | places | given,
        cwd=home,
        stdout=PIPE,
        stderr=log,
    )

    async def end() -> None:
        if process.returncode is None:
            process.kill()
        await process.communicate()

    stack.push_async_callback(end)
    return process


def _new(home: Path) -> BinaryIO:
    """A new home's log."""
    home.mkdir()
    return (home / "log").open("wb")


async def _until_it_works(process: Process) -> str:
    """What it says until it can be stopped."""
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said and (line := await process.stdout.readline()):
        said += line.decode()
    return said
