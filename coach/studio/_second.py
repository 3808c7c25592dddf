"""A picture that does not look like the person is asked for once more, by itself and only once."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from coach.errors import CoachError, Conflict, StoreUnavailable
from coach.store.states import OUTCOMES
from coach.studio._make import Maker, Wanted
from coach.studio._planned import second_try_key
from coach.studio.comfy.build import RANDOM
from coach.studio.judge import Judge, judgement_of
from coach.studio.ledger import IN_FLIGHT, Generation
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
        # The same noise would give the same picture.
        drawn = request.flux is None or request.flux.seed == RANDOM
        return self.within > 0 and drawn and self.judge.measures(request)

    async def after(self, wanted: Wanted, first: Generation, *, began: float) -> Generation | None:
        """Try again if it is due, or bring a second try from before to its end.

        Args:
            began: When the first was begun, by the monotonic clock.

        Returns:
            Its generation, as far as it came; ``None``: there is none.

        Raises:
            Conflict: Another process is at work on it: what the answer will be is not known yet.
        """
        ledger, user_id = self.maker.keeper.ledger, first.user_id
        again = replace(wanted, key=second_try_key(first.id))
        known = await ledger.find(user_id, again.key)
        if known is None and not await self._is_due(wanted, first, began):
            return None
        if known is None:
            wanted.sent.clear()  # the first is safe: from here on stopping costs nothing again
            with suppress(Exception):  # nobody listening is no reason to stop
                await wanted.ctx.report("It does not look enough like you yet; trying once more")
        stuck = await self._make(again, first)
        second = await ledger.find(user_id, again.key)
        if second is not None and second.state not in OUTCOMES and not stuck:
            raise Conflict(IN_FLIGHT)
        if second is not None and second.state == "unknown":
            await self._told(again)
        return second

    async def _make(self, again: Wanted, first: Generation) -> bool:
        """Make it, or bring it to its end; whether it is stuck: what came of it cannot be put away now."""
        try:
            async with self.maker.turn(first.user_id, again.key):
                await self.maker.make(again)
        except Conflict as error:
            logger.info("The second try of generation %s is another's: %s", first.id, error)
        except CoachError as error:
            logger.warning("The second try of generation %s gave no picture: %s", first.id, error)
            return True
        except Exception:
            logger.exception("The second try of generation %s gave no picture.", first.id)
            return True
        return False

    async def _told(self, again: Wanted) -> None:
        """Write down that the answer says it may have been charged: the next turn may ask for more."""
        if again.ctx.turn_id and again.ctx.hears and not again.gone.is_set():
            with suppress(StoreUnavailable):  # then the next turn is told of it: the picture counts more
                await self.maker.keeper.ledger.told(again.ctx.user_id, again.key, again.ctx.turn_id)

    async def _is_due(self, wanted: Wanted, first: Generation, began: float) -> bool:
        # Only right after the first post: asked for again later, the same key gives what it gave before.
        if first.state != "done" or not wanted.sent.is_set() or not self.may_follow(wanted.request):
            return False
        if wanted.gone.is_set() or time.monotonic() - began > self.within:
            return False
        made = await self.maker.keeper.store.versions.of_generations(first.user_id, [first.id])
        if not made:  # they were erased meanwhile
            return False
        return not any(judged is None or judged.acceptable for judged in map(judgement_of, made))
