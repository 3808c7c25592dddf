"""The one place where pictures are made and paid for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from coach.context import Context
from coach.faces import FaceModel
from coach.store import Store
from coach.studio import price
from coach.studio._engines import Engines
from coach.studio._final import finishing, shown
from coach.studio._keep import Keeper
from coach.studio._make import Maker, Wanted, look_up, told_of
from coach.studio._planned import key_of
from coach.studio._restart import Restart
from coach.studio._second import SecondTry
from coach.studio._terms import PictureTerms
from coach.studio._work import InProcess
from coach.studio.budgets import Budgets
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Engine
from coach.studio.erase import PATIENCE, Receipt, erase
from coach.studio.gate import GateLimits, MakeGate
from coach.studio.generated import Entry, Generated, entries_of, generated_of
from coach.studio.judge import Judge
from coach.studio.ledger import Generation, Ledger
from coach.studio.planner import Plan
from coach.studio.provenance import Signer
from coach.studio.queue import Asked, WorkQueue
from coach.studio.recovery import Recovery
from coach.studio.request import Grade, PictureRequest
from coach.studio.spool import Spool

logger = logging.getLogger(__name__)

SECOND_TRY = 170.0
"""Seconds after which no second try begins, where nothing else is said."""


class Studio:
    """Makes pictures: plans, quotes, asks at most once, and keeps what comes.

    Args:
        store: Where people, photos and versions are.
        engine: The picture service.
        others: Further ones, for their own models. Of those that are for the same models as another, what
            they still owe from before is fetched and kept, and nothing more is asked of them.
        spool: Where answers lie until they are put away.
        model: The picture model; ``None``: the capability table's default.
        capabilities: What the models can do; ``None``: the table that comes with the library. Those that none
            of the engines is for are left out.
        budgets: What may be spent; ``None``: no limits.
        limits: At each service, how many pictures at once, how often, and how long one may wait; ``None``:
            the usual.
        salt: Keys the hash under which the service knows a person (OpenAI safety best practices, safety
            identifiers). Give every process on one database the same; ``None``: kept in the spool's folder.
        faces: Compares pictures with the photos they were made from; ``None``: likeness is not measured.
        signer: Signs what is made of the service's pictures; ``None``: nobody does.
        second_try: A picture that does not look like the person is asked for once more, if so many seconds or
            fewer have passed since it was begun; 0: never.
        grade: How pictures are made while a person is still looking for theirs; see :meth:`finish`.
        previews: How many unfinished pictures of a person are shown on the way, 0 to 3. Nobody judges them.
        queue: Where pictures wait to be made; ``None``: this process makes them.
        gate: Makes what stands in front of a service; ``None``: a gate of this process.
        low_moderation: Whether a request may ask the service for less moderation; see
            :class:`~coach.studio.request.Exact`. Never where a model or a person chooses that.
        today: The date shutdowns are compared with.

    Raises:
        PictureError: ``model_unknown``: the capability table does not have the model, or no engine is for it.
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: Engine,
        others: Sequence[Engine] = (),
        spool: Spool,
        model: str | None = None,
        capabilities: Capabilities | None = None,
        budgets: Budgets | None = None,
        limits: GateLimits | None = None,
        salt: str | None = None,
        faces: FaceModel | None = None,
        signer: Signer | None = None,
        second_try: float = SECOND_TRY,
        grade: Grade = "final",
        previews: int = 2,
        queue: WorkQueue | None = None,
        gate: MakeGate | None = None,
        low_moderation: bool = False,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        engines = Engines((engine, *others), limits or GateLimits(), gate)
        offered = engines.offered(capabilities or Capabilities.load())
        self.capabilities = offered.with_low_moderation() if low_moderation else offered
        self.model = model or self.capabilities.default
        self.ledger, self.gate = Ledger(store.database), engines.gates[engine.service]
        self.grade: Grade = grade
        self.previews, self.budgets = previews, budgets or Budgets()
        self._store, self._spool, self._today, self._engines = store, spool, today, engines
        judge = Judge(store, faces)
        keeper = Keeper(
            store=store,
            ledger=self.ledger,
            engines=engines,
            capabilities=self.capabilities,
            judge=judge,
            signer=signer,
        )
        self._maker = Maker(
            keeper=keeper,
            recovery=Recovery(ledger=self.ledger, spool=spool, keeper=keeper),
            budgets=self.budgets,
            plan=self.plan,
            secret=salt.encode() if salt else spool.secret(),
        )
        self.terms = PictureTerms(
            store=store, ledger=self.ledger, capabilities=self.capabilities, plan=self.plan, quote=self.quote
        )
        self._second = SecondTry(maker=self._maker, judge=judge, within=second_try)
        self._restart = Restart(maker=self._maker, forget=engines.forget)
        self._queue = queue or InProcess(self.ledger)
        for warning in self.capabilities.warnings(today(), model=self.model):
            logger.warning(warning)

    def plan(self, request: PictureRequest, model: str | None = None) -> Plan:
        """What would be sent for a request, and what had to change; ``model``: as in :meth:`generate`.

        Raises:
            InputRefused, PictureError: See :meth:`coach.studio.capabilities.Capabilities.plan`; unpaid.
        """
        return self.capabilities.plan(request, model or self.model, self._today())

    def quote(self, request: PictureRequest, model: str | None = None) -> price.Quote:
        """The most a request can cost: with the second try, where there can be one. ``tries`` says so.

        Raises:
            InputRefused, PictureError: See :meth:`plan`.
        """
        plan = self.plan(request, model)
        tries = 2 if self._second.may_follow(request) else 1
        return price.quote(plan, self.capabilities.model(plan.model), tries=tries)

    async def generate(
        self,
        ctx: Context,
        request: PictureRequest,
        *,
        identity_id: str,
        parent: str | None = None,
        key: str | None = None,
        again: bool = False,
        wish: str | None = None,
        model: str | None = None,
        batch: bool = False,
    ) -> Generated:
        """Make a picture of an identity, asking the service at most once for each key.

        The same key and request give the same answer again, whether that was a picture or an error. A second
        caller in this process waits for the first. Cancelled before it is sent, it is not sent; after that it
        goes on by itself, and the picture is kept. In a turn in which a picture was left in doubt, no other
        is asked for: the person is to be told first.

        A picture that keeps the face of a photo is compared with it. When it does not look like the person,
        it is asked for a second time, by itself and only once: a generation of its own, within the same
        budgets. Whatever becomes of that, the first picture is there. It is not for a caller who has gone.

        Args:
            ctx: Whose picture, and what they agreed to, if they were asked (:attr:`terms`): nothing else is
                sent. Progress and previews go there.
            identity_id: The identity's handle or id.
            parent: The version it is made from: its id, or its handle in this identity.
            key: What makes it the same picture; ``None``: the conversation and the call.
            again: The person was told how it ended, also that it may have been charged, and said "try again":
                unless there is a picture by now, it is asked for once more under the same key. Within a turn
                the ledger knows whether they were told; outside of one it is your word.
            wish: What the person wants changed, in their words; kept with the generation.
            model: Another model than the studio's, of :attr:`capabilities`; an application's choice, never a
                person's or a language model's. It is another picture than the studio's model makes.
            batch: Nobody waits for it: with workers it goes after all that somebody waits for.

        Raises:
            ConsentMissing: Pictures go along and the person has not agreed to that.
            NotFound: This person has no such identity, version, photo, upload or mask.
            InputRefused: A value cannot be sent, or the mask is none for the first picture. Nothing was.
            Conflict: The key was used for another request, or another process is at work on it.
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        wanted = await look_up(
            self._store,
            ctx,
            request,
            identity_id=identity_id,
            parent=parent,
            key=key_of(ctx, key),
            wish=wish,
            model=model,
        )
        return await self._ask(wanted, again=again, batch=batch)

    async def finish(
        self, ctx: Context, *, identity_id: str, version: str, prompt: str, again: bool = False
    ) -> Generated:
        """Make a draft once more, in full quality, and show the better of the two.

        The final picture is made from the draft and from the photos of the draft. It takes the draft's place,
        also as the accepted one, if it is at least as like the person; else the draft stays. Both are kept. A
        draft is finished once; what was refused and not charged is asked for again.

        Args:
            ctx: Whose picture.
            identity_id: The identity's handle or id.
            version: The draft's handle or id.
            prompt: What to ask for, the first time. The draft is the first picture that goes along, then its
                photos.
            again: As in :meth:`generate`.

        Returns:
            The final picture and the draft, the one to show first; ``say_likeness`` says which it is.

        Raises:
            Conflict: It is no draft; or as in :meth:`generate`.
            ConsentMissing: The person has not agreed that their photos are sent.
            NotFound: This person has no such identity or version, or a photo of the draft is gone.
            PictureError: No picture; ``paid`` says what is known about the money. The draft is there.
        """
        draft, wanted, known = await finishing(
            self._store, self.ledger, ctx, identity_id=identity_id, version=version, prompt=prompt
        )
        again = again or (known is not None and known.paid == "unpaid")
        return await shown(self._store, draft, await self._ask(wanted, again=again, twice=False))

    async def recover(self) -> list[Generation]:
        """Finish what a crash left behind. Call it at every start; nothing is ever sent again.

        What the service still has as a job of ours is fetched meanwhile, and not waited for. Erasures that
        were begun are finished, those of the last seconds meanwhile; one that fails stops nothing.

        Returns:
            The generations that moved. Those in ``unknown`` may have been charged: show them.
        """
        return await self._restart.run()

    async def erase(self, user_id: str, *, patience: float = PATIENCE) -> Receipt:
        """Erase everything of a person here, and what the picture service keeps as a job. Safe to repeat.

        Raises: as :func:`coach.studio.erase.erase`, where it also says what ``patience`` is.
        """
        forget = self._engines.forget
        return await erase(self._store, user_id, spool=self._spool, forget=forget, patience=patience)

    async def close(self) -> None:
        """Ask for nothing more, and return when what was asked for has arrived and is put away.

        What still waits for its turn is refused, unpaid. Jobs that were being fetched are fetched at the next
        start. It takes no longer than one picture may.
        """
        await self._restart.stop()
        await self._engines.drain()
        await self._queue.close()

    async def generation(self, user_id: str, generation_id: str) -> Entry:
        """One line of a person's ledger.

        Raises:
            NotFound: This person has no such generation.
        """
        row = await self.ledger.get(user_id, generation_id)
        return (await entries_of(self._store, user_id, [row]))[0]

    async def generations(self, user_id: str, conversation_id: str) -> list[Entry]:
        """Everything that was asked for in a conversation, oldest first."""
        rows = await self.ledger.of_conversation(user_id, conversation_id)
        return await entries_of(self._store, user_id, rows)

    async def make(self, asked: Asked) -> Generated:
        """Make a picture in this process, for a :class:`~coach.studio.queue.WorkQueue`.

        Raises: as :meth:`generate`.
        """
        wanted, began = asked.wanted, time.monotonic()
        async with self._maker.turn(wanted.ctx.user_id, wanted.key):
            first = await self._maker.make(wanted, told=asked.told)
            second = await self._second.after(wanted, first, began=began) if asked.twice else None
        return await generated_of(self._store, first, second)

    async def _ask(
        self, wanted: Wanted, *, again: bool, twice: bool = True, batch: bool = False
    ) -> Generated:
        told = await told_of(self.ledger, wanted) if again else None
        asked = Asked(wanted=wanted, told=told, twice=twice, batch=batch)
        return await self._queue.make(asked, self)
