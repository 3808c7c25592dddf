"""How it stands with RunPod, for ``coach doctor``: its endpoints are asked, which costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coach._money import dollars

if TYPE_CHECKING:
    from coach.settings import Settings
    from coach.studio import Capabilities
    from coach.studio.engines.runpod import Health

_WHAT = "FLUX on RunPod"


def rented(settings: Settings, capabilities: Capabilities) -> Capabilities:
    """The models as they can be had: those that have an endpoint, at what a worker's second costs."""
    from coach.errors import SettingsError

    try:
        engine = settings.runpod()
    except SettingsError:  # said by :func:`endpoints`
        engine = None
    return capabilities if engine is None else engine.offers(capabilities)


async def endpoints(settings: Settings, *, sandbox: bool) -> tuple[Sequence[tuple[str, str]], list[str]]:
    """A line for each endpoint, and what is wrong."""
    from coach.errors import PictureError, SettingsError

    try:
        engine = settings.runpod()
    except SettingsError as exc:
        return [(_WHAT, "set up by half, or wrongly")], [str(exc)]
    if engine is None:
        return [(_WHAT, "not set up: needs RUNPOD_API_KEY and RUNPOD_SERVER_100_ID")], []
    usd = settings.runpod_usd_per_second
    worst = dollars(None if usd is None else int(usd * settings.sync_timeout * 1_000_000))
    rows, problems = [(_WHAT, f"a picture costs at worst {worst}, {settings.sync_timeout} s of a worker")], []
    for model in () if sandbox else settings.runpod_endpoints:
        try:
            rows.append((f"its endpoint of {model}", _said(await engine.health(model))))
        except PictureError as exc:
            rows.append((f"its endpoint of {model}", "cannot be asked"))
            problems.append(f"RunPod's endpoint of {model} cannot be asked: {exc.detail}")
    return rows, problems


def _said(health: Health) -> str:
    workers = f"{health.idle} workers idle, {health.running} running"
    return f"{workers}; {health.waiting} jobs wait, {health.in_progress} are worked on"
