"""RunPod in tests: the sandbox that stands in for it, engines that look again at once, and orders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from coach.errors import PictureError
from coach.fetch import Fetcher
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.studio import Capabilities, PictureRequest, Reference, RunPodEngine
from coach.studio.engines import Answer, ImagePart, Order, Received
from tests.studio._service import ignore
from tests.studio._service import store as write

TODAY = date(2026, 11, 20)
USD = "0.00044"


@contextmanager
def rented(*modes: str, delay: float = 0.0, quick: bool = True) -> Iterator[Sandbox]:
    """A sandbox whose first jobs end so."""
    rules = [Rule(mode=mode, route="run", times=1) for mode in modes]
    with Sandbox(quick=quick, delay=delay, faults=rules) as sandbox:
        yield sandbox


def engine_for(sandbox: Sandbox, **changed: Any) -> RunPodEngine:
    """An engine that asks this sandbox."""
    return engine_at(sandbox.settings["runpod_base_url"], **changed)


def engine_at(url: str, **changed: Any) -> RunPodEngine:
    """An engine that looks again at once."""
    given: dict[str, Any] = {
        "key": "a-key",
        "endpoints": {"flux-dev": "flux", "flux-kontext": "flux-kontext"},
        "fetcher": Fetcher(),
        "url": url,
        "poll": 0.005,
        "seconds": 20,
        "trust_env": False,
    }
    return RunPodEngine(**{**given, **changed})


def order(prompt: str = "a hill", *images: ImagePart, model: str = "flux-dev", **flux: Any) -> Order:
    """What the studio sends for such a request."""
    given = tuple(Reference(kind="photo", id=image.name) for image in images)
    asked = PictureRequest.model_validate(
        {"prompt": prompt, "references": given, "previews": 0, "flux": {"width": 64, "height": 96, **flux}}
    )
    plan = Capabilities.load().plan(asked, model, TODAY)
    return Order(
        operation=plan.operation, model=plan.model, prompt=plan.prompt, params=plan.params, images=images
    )


async def fetch(engine: RunPodEngine, folder: Path, asked: Order | None = None) -> Received:
    """What an order brings."""
    async with engine.send(asked or order(), begun=ignore) as answer:
        return await keep(engine, answer, folder)


async def keep(engine: RunPodEngine, answer: Answer, folder: Path) -> Received:
    """Write an answer down, and read it."""
    body = write(folder / "a.body", b"".join([chunk async for chunk in answer.chunks()]))
    return engine.read(body, answer.media_type, folder / "a.picture")


async def failure(engine: RunPodEngine, folder: Path, asked: Order | None = None) -> PictureError:
    """The error of an order that must not succeed."""
    with pytest.raises(PictureError) as caught:
        await fetch(engine, folder, asked)
    return caught.value
