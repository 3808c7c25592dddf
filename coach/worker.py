"""A worker process, from its settings to its end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import socket
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

from pydantic import SecretStr

from coach.errors import SettingsError
from coach.runtime import opened, see_shared, shared_secret
from coach.settings import Settings
from coach.store import Store
from coach.studio import GateLimits, Studio
from coach.studio.instruments import count_picture
from coach.workers.common import Common
from coach.workers.gate import SharedGate
from coach.workers.jobs import open_jobs
from coach.workers.limits import SharedLimits
from coach.workers.worker import Worker


async def work(
    source: str | Path,
    settings: Settings,
    *,
    slots: int,
    stop: asyncio.Event,
    began: Callable[[str], None] = lambda name: None,
    beaten: Callable[[], None] = lambda: None,
) -> None:
    """Make the pictures that wait, until ``stop``; then what was begun comes to its end.

    Args:
        source: A coach folder, or the name of a package that is one.
        slots: How many pictures it makes at the same time, at least one.
        began: Is told the worker's name once it works.
        beaten: Is told every two seconds that it does, as long as the database hears of it too.

    Raises:
        SettingsError: A setting is missing or wrong, or no workers can meet with them.
        FolderError: The coach folder has errors.
        StoreUnavailable: The database or the place for pictures cannot be used.
    """
    see_shared(settings)
    name = f"{socket.gethostname()}-{os.getpid()}-{token_hex(2)}"
    gates: dict[str, SharedGate] = {}

    def gates_of(store: Store) -> Callable[[str, GateLimits], SharedGate]:
        def gate(service: str, limits: GateLimits) -> SharedGate:
            shared = SharedLimits(
                store.database,
                upstream=upstream_of(settings, service),
                at_once=limits.at_once,
                per_minute=limits.per_minute,
            )
            own = GateLimits(at_once=slots, patience=limits.patience)
            gates[service] = SharedGate(own, shared, name)
            return gates[service]

        return gate

    async with opened(source, settings, {}, gate=gates_of) as coach:
        studio, store = coach.perhaps("studio", Studio), coach.perhaps("store", Store)
        if studio is None or store is None:
            raise SettingsError(
                "No action of this coach makes pictures: there is nothing for a worker to do."
            )
        studio.ledger.told_outcome = count_picture
        common = Common(store=store, secret=shared_secret(settings))
        await common.said()  # where nothing can be kept, nothing is begun
        async with open_jobs(settings.database, store.database) as app:
            worker = Worker(
                store=store,
                studio=studio,
                app=app,
                common=common,
                gates=gates,
                slots=slots,
                name=name,
                beaten=beaten,
            )
            working = asyncio.create_task(worker.run())
            stopping = asyncio.create_task(stop.wait())
            began(name)
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            worker.stop()
            await working


def upstream_of(settings: Settings, service: str) -> str:
    """Whose limits a service's are: those of one key at one address. Neither can be read from it."""
    keys: dict[str, tuple[SecretStr | None, str | None]] = {
        "openai": (settings.openai_api_key, settings.openai_base_url),
        "memeputer": (settings.memeputer_api_key, settings.memeputer_url),
        "runpod": (settings.runpod_api_key, None),
    }
    key, address = keys.get(service, (None, None))
    secret = "" if key is None else key.get_secret_value()
    named = hmac.new(shared_secret(settings), f"{address}\n{secret}".encode(), hashlib.sha256)
    return f"{service} {named.hexdigest()[:16]}"
