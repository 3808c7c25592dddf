"""What the marks share: a person on a database, a folder, and an upstream that counts."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from coach import Context
from coach.settings import Settings
from coach.stickers.foreign import read_agents_spec
from coach.store import FolderBlobs, Store
from coach.studio import (
    Generated,
    GptImageEngine,
    MemeputerEngine,
    OpenAIBackgroundEngine,
    PictureRequest,
    Reference,
    RunPodEngine,
    Spool,
    Studio,
)
from coach.studio.engines import Engine
from tests._postgres import free_port, run_sql, running_postgres
from tests.marks import _fork
from tests.marks._upstream import picture

PERSON = "ana"

Mode = Literal["direct", "jobs", "links", "rented"]
"""Whether an answer holds the picture, is a job of the service's, a link to the picture, or a job that waits
for a rented worker."""


@dataclass(kw_only=True)
class World:
    """A database, a folder and an upstream that all trials share."""

    database: str
    folder: Path
    upstream: int
    mode: Mode = "direct"

    @asynccontextmanager
    async def studio(
        self, *, headers: Mapping[str, str] = {}, seconds: float = 60, **options: Any
    ) -> AsyncIterator[tuple[Store, Studio]]:
        """A store and a studio, as a fresh process has them; ``headers`` go along with every request."""
        store = await Store.open(self.database, blobs=FolderBlobs(self.folder / "blobs"), migrate=False)
        settings = Settings.read(
            openai_api_key="a-key", openai_base_url=f"http://127.0.0.1:{self.upstream}/v1", home=self.folder
        )
        async with settings.openai(keep_alive=False) as client:
            asking = client.with_options(default_headers=headers)
            engines: list[Engine] = [GptImageEngine(asking, seconds=seconds)]
            if self.mode == "jobs":
                engines = [OpenAIBackgroundEngine(asking, seconds=seconds, poll=0.005)]
            if self.mode == "links":
                engines.append(self._memeputer(seconds))
                options["model"] = "memeputer"
            if self.mode == "rented":
                engines.append(self._runpod(seconds))
                options["model"] = "flux-dev"
            spool = Spool(self.folder / "spool")
            yield store, Studio(store=store, engine=engines[0], others=engines[1:], spool=spool, **options)
        await store.close()

    def _memeputer(self, seconds: float) -> MemeputerEngine:
        here = f"http://127.0.0.1:{self.upstream}"
        settings = Settings.read(
            memeputer_url=here,
            memeputer_api_key="a-key",
            memeputer_agent_id="agent",
            memeputer_usd="0.05",
            fetch_trusted=here,
        )
        engine = settings.memeputer(seconds, read_agents_spec)
        assert engine is not None
        return engine

    def _runpod(self, seconds: float) -> RunPodEngine:
        settings = Settings.read(
            runpod_base_url=f"http://127.0.0.1:{self.upstream}/v2",
            runpod_api_key="a-key",
            runpod_server_100_id="flux",
            runpod_usd_per_second="0.0005",
            max_polling_duration=seconds,
            polling_interval=0.005,
        )
        engine = settings.runpod()
        assert engine is not None
        return engine

    async def prepare(self) -> None:
        """Ana, who agreed, has a photo and an identity."""
        store = await Store.open(self.database, blobs=FolderBlobs(self.folder / "blobs"))
        await store.people.ensure(PERSON)
        await store.consents.give(PERSON, statement="yes")
        await store.identities.add(PERSON, "Night-sky guide")
        await store.photos.add(PERSON, picture())
        await store.close()

    def ask(self, path: str) -> Any:
        """What the upstream says of itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=10)
        connection.request("GET", path)
        said = json.loads(connection.getresponse().read())
        connection.close()
        return said


async def ask_for(store: Store, studio: Studio, trial: str, *, previews: int = 0) -> Generated:
    """Ask for the trial's picture: its prompt and its key are the trial's name."""
    photo = await store.photos.primary(PERSON)
    assert photo is not None
    reference = Reference(kind="photo", id=photo.id)
    request = PictureRequest(prompt=trial, references=(reference,), keep_face=True, previews=previews)
    context = Context(user_id=PERSON, conversation_id=trial, turn_id=trial)
    return await studio.generate(context, request, identity_id="i1", key=trial)


@contextmanager
def made(dialect: str, *upstream: str, mode: Mode = "direct") -> Iterator[World]:
    """A world with Ana in it, on a new database.

    Args:
        upstream: The module that is the picture service, and its arguments; it gets ``--port``.
        mode: How pictures are asked for.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coach-marks-")))
        database = f"sqlite:///{folder}/coach.db"
        if dialect == "postgres":
            server = stack.enter_context(running_postgres())
            run_sql(server, "CREATE DATABASE marks")
            database = f"{server}/marks"
        port = stack.enter_context(running(*upstream))
        world = World(database=database, folder=folder, upstream=port, mode=mode)
        _fork.run(world.prepare)
        yield world


@contextmanager
def running(*module: str) -> Iterator[int]:
    """The port of a running picture service."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", *module, "--port", str(port)], stdout=subprocess.DEVNULL
    ) as it:
        try:
            _wait_for(port)
            yield port
        finally:
            it.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the picture service did not start")
