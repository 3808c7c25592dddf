"""A picture that does not look like the person is asked for once more, by itself and only once."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from coach.errors import CoachError
from coach.studio._make import Maker, Wanted
from coach.studio.judge import Judge, judgement_of
from coach.studio.ledger import Generation
from coach.studio.request import PictureRequest

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SecondTry:
    """The second try: a post of its own, under a key of its own, within the same budgets.

    Whatever becomes of it, the first picture is there.

    Attributes:
        within: Seconds after the first was begun in which it may begin; 0: there is never one.
    """

    maker: Maker
    judge: Judge
    within: float

    def may_follow(self, request: PictureRequest) -> bool:
        """Whether a request may come to be asked for twice."""
        return self.within > 0 and self.judge.measures(request)

    async def after(self, wanted: Wanted, first: Generation, *, began: float) -> Generation | None:
        """Try again if it is due, or bring a second try from before to its end.

        Args:
            began: When the first was begun, by the monotonic clock.

        Returns:
            Its generation, as far as it came; ``None``: there is none.
        """
        ledger, user_id = self.maker.keeper.ledger, first.user_id
        again = replace(wanted, key=f"second try of {first.id}")
        known = await ledger.find(user_id, again.key)
        if known is None and not await self._is_due(wanted, first, began):
            return None
        if known is None:
            wanted.sent.clear()  # the first is safe: from here on stopping costs nothing again
            with suppress(Exception):  # nobody listening is no reason to stop
                await wanted.ctx.report("It does not look enough like you yet; trying once more")
        try:
            async with self.maker.turn(user_id, again.key):
                return await self.maker.make(again)
        except CoachError as error:
            logger.warning("The second try of generation %s gave no picture: %s", first.id, error)
        except Exception:
            logger.exception("The second try of generation %s gave no picture.", first.id)
        return await ledger.find(user_id, again.key)

    async def _is_due(self, wanted: Wanted, first: Generation, began: float) -> bool:
        # Only right after the first post: asked for again later, the same key gives what it gave before.
        if first.state != "done" or not wanted.sent.is_set() or not self.may_follow(wanted.request):
            return False
        if wanted.gone.is_set() or time.monotonic() - began > self.within:
            return False
        made = await self.maker.keeper.store.versions.of_generations(first.user_id, [first.id])
        return not any(judged is None or judged.acceptable for judged in map(judgement_of, made))
