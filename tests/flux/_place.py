"""Somewhere to make FLUX pictures: a studio, and the sandbox as RunPod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach import Context
from coach.fetch import Fetcher
from coach.flux import Flux, Styles
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store import Store
from coach.studio import RunPodEngine, Spool, Studio

ANA = "ana@example.org"
CTX = Context(user_id=ANA)
GOOD, FAILS = "", "job_node_raised"


@dataclass(kw_only=True)
class Place:
    store: Store
    folder: Path
    sandbox: Sandbox
    studio: Studio
    styles: Styles | None = None

    @property
    def flux(self) -> Flux:
        return Flux(self.studio, self.store, styles=self.styles, folder=self.folder / "pictures")

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The workflows that arrived, as graphs."""
        posts = [received for received in self.sandbox.log if received.route.endswith("/run")]
        return [received.params["workflow"] for received in posts]

    @property
    def files(self) -> list[str]:
        root = self.folder / "pictures"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@asynccontextmanager
async def place(store: Store, folder: Path, *jobs: str) -> AsyncIterator[Place]:
    """Somewhere whose first jobs end so, by the names of the sandbox's faults, and all others well."""
    await store.people.ensure(ANA)
    faults = [Rule(mode=mode, route="run", after=job, times=1) for job, mode in enumerate(jobs) if mode]
    with Sandbox(quick=True, faults=faults) as sandbox:
        engine = RunPodEngine(
            key="a-key",
            endpoints={"flux-dev": sandbox.settings["runpod_server_100_id"]},
            fetcher=Fetcher(),
            url=sandbox.settings["runpod_base_url"],
            poll=0.005,
            trust_env=False,
        )
        studio = Studio(store=store, engine=engine, spool=Spool(folder / "spool"), model="flux-dev")
        yield Place(store=store, folder=folder, sandbox=sandbox, studio=studio)
        await studio.close()
