"""A start after a stop: what was left behind is finished, and what takes long is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from coach.store.erase import begun
from coach.studio._make import Maker
from coach.studio.erase import Forget
from coach.studio.ledger import Generation
from coach.studio.sweep import finish_erasures, finish_later


@dataclass(frozen=True, kw_only=True)
class Restart:
    """See :meth:`coach.Studio.recover`."""

    maker: Maker
    forget: Mapping[str, Forget]
    _later: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def run(self) -> list[Generation]:
        """Finish what can be finished at once, and begin the rest. Returns the generations that moved."""
        recovery, store = self.maker.recovery, self.maker.keeper.store
        await finish_erasures(store, spool=recovery.spool, forget=self.forget)
        moved = await recovery.run()
        works = [self.maker.resume(job) for job in await recovery.jobs()]
        if await begun(store.database):
            works.append(finish_later(store, spool=recovery.spool, forget=self.forget))
        for task in map(asyncio.create_task, works):
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        return moved

    async def stop(self) -> None:
        """Leave what is still being fetched to the next start."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
