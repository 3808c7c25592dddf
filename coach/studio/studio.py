"""The one place where pictures are made and paid for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from weakref import WeakValueDictionary

from coach._durable import code_of
from coach.context import Context
from coach.errors import Conflict, PictureError, StoreUnavailable
from coach.store import Store
from coach.store.tables import GenerationState
from coach.studio import price
from coach.studio._generate import Run
from coach.studio._keep import Keeper
from coach.studio._planned import alias_of, key_of, planned
from coach.studio._references import gather
from coach.studio.budgets import Budgets
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Engine, Order
from coach.studio.faults import fault
from coach.studio.gate import Gate, GateLimits
from coach.studio.generated import Entry, Generated, entries_of, generated_of
from coach.studio.ledger import Generation, Ledger
from coach.studio.planner import Plan
from coach.studio.recovery import Recovery
from coach.studio.request import PictureRequest, fingerprint
from coach.studio.spool import Spool, SpoolFile

logger = logging.getLogger(__name__)

_WITHOUT_PICTURE: frozenset[GenerationState] = frozenset({"refused", "failed", "unknown"})


class Studio:
    """Makes pictures: plans, quotes, asks at most once, and keeps what comes.

    Args:
        store: Where people, photos and versions are.
        engine: The picture service.
        others: Those used before. What they still owe is fetched and kept; nothing more is asked of them.
        spool: Where answers lie until they are put away.
        model: The picture model; ``None``: the capability table's default.
        capabilities: What the models can do; ``None``: the table that comes with the library.
        budgets: What may be spent; ``None``: no limits.
        limits: How many pictures at once, how often, and how long one may wait; ``None``: the usual.
        salt: Keys the hash under which the service knows a person (OpenAI safety best practices, safety
            identifiers). Give every process on one database the same; ``None``: kept in the spool's folder.
        today: The date shutdowns are compared with.

    Raises:
        PictureError: ``model_unknown``: the capability table does not have the model.
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
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.capabilities = engine.offers(capabilities or Capabilities.load())
        self.model = model or self.capabilities.default
        self.ledger = Ledger(store.database)
        self.gate = Gate(limits or GateLimits())
        self._store, self._engine, self._spool, self._today = store, engine, spool, today
        self._budgets = budgets or Budgets()
        self._secret = salt.encode() if salt else spool.secret()
        self._keeper = Keeper(
            store=store, ledger=self.ledger, engine=engine, others=others, capabilities=self.capabilities
        )
        self._recovery = Recovery(ledger=self.ledger, spool=spool, keeper=self._keeper)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._resuming: set[asyncio.Task[None]] = set()
        self._work: set[asyncio.Task[Generated]] = set()
        for warning in self.capabilities.warnings(today(), model=self.model):
            logger.warning(warning)

    def plan(self, request: PictureRequest) -> Plan:
        """What would be sent for a request, and what had to change.

        Raises:
            PictureError: Unpaid: see :meth:`coach.studio.capabilities.Capabilities.plan`.
        """
        return self.capabilities.plan(request, self.model, self._today())

    def quote(self, request: PictureRequest) -> price.Quote:
        """The most a request can cost.

        Raises:
            PictureError: Unpaid: see :meth:`plan`.
        """
        plan = self.plan(request)
        return price.quote(plan, self.capabilities.model(plan.model))

    async def generate(
        self,
        ctx: Context,
        request: PictureRequest,
        *,
        identity_id: str,
        parent: str | None = None,
        key: str | None = None,
        again: bool = False,
    ) -> Generated:
        """Make a picture of an identity, asking the service at most once for each key.

        The same key and request give the same answer again, whether that was a picture or an error. A second
        caller in this process waits for the first. Cancelled before it is sent, it is not sent; after that it
        goes on by itself, and the picture is kept. In a turn in which a picture was left in doubt, no other
        is asked for: the person is to be told first.

        Args:
            ctx: Whose picture. Progress and previews go there.
            identity_id: The identity's handle or id.
            parent: The version it is made from: its id, or its handle in this identity.
            key: What makes it the same picture; ``None``: the conversation and the call.
            again: The person was told how it ended, also that it may have been charged, and said "try again":
                unless there is a picture by now, it is asked for once more under the same key. Within a turn
                the ledger knows whether they were told; outside of one it is your word.

        Raises:
            ConsentMissing: Pictures go along and the person has not agreed to that.
            NotFound: This person has no such identity, version or photo.
            Conflict: The key was used for another request, or another process is at work on it.
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        key, sent = key_of(ctx, key), asyncio.Event()
        work = asyncio.create_task(self._once(ctx, request, identity_id, parent, key, again=again, sent=sent))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            if not sent.is_set():  # then stopping it costs nothing
                work.cancel()
                await asyncio.wait([work])
            raise
        except PictureError as error:
            if error.paid == "unknown" and ctx.turn_id:
                # Should the database be away now, the next turn is told of it: what counts is this error.
                with suppress(StoreUnavailable):
                    await self.ledger.told(ctx.user_id, key, ctx.turn_id)
            raise

    async def recover(self) -> list[Generation]:
        """Finish what a crash left behind. Call it at every start; nothing is ever sent again.

        What the service still has as a job of ours is fetched meanwhile, and not waited for.

        Returns:
            The generations that moved. Those in ``unknown`` may have been charged: show them.
        """
        moved = await self._recovery.run()
        for job in await self._recovery.jobs():
            task = asyncio.create_task(self._resume(job))
            self._resuming.add(task)
            task.add_done_callback(self._resuming.discard)
        return moved

    async def close(self) -> None:
        """Ask for nothing more, and return when what was asked for has arrived and is put away.

        What still waits for its turn is refused, unpaid. Jobs that were being fetched are fetched at the next
        start. It takes no longer than one picture may.
        """
        for task in self._resuming:
            task.cancel()
        await asyncio.gather(*self._resuming, return_exceptions=True)
        await self.gate.drain()
        await asyncio.gather(*self._work, return_exceptions=True)

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

    async def _once(
        self,
        ctx: Context,
        request: PictureRequest,
        identity_ref: str,
        parent: str | None,
        key: str,
        *,
        again: bool,
        sent: asyncio.Event,
    ) -> Generated:
        user_id = ctx.user_id
        identity = await self._store.identities.get(user_id, identity_ref)
        if identity.archived_at is not None:
            raise Conflict(f"The identity {identity.handle} is archived; choose another one.")
        parent_id = None if parent is None else await self._version_id(user_id, identity.id, parent)
        asked = fingerprint(request, identity_id=identity.id, parent_id=parent_id)
        # What the person was told of: whoever asks again meanwhile was not told how that one ends.
        told = await self.ledger.find(user_id, key) if again else None
        async with self._turn(user_id, key):
            known = await self.ledger.find(user_id, key)
            if known is not None:
                if known.request_hash != asked:
                    raise Conflict(f"The key {key[:40]!r} was used for another picture; use a new one.")
                again = told is not None and told.id == known.id and told.state in _WITHOUT_PICTURE
                sent.set()  # cancelling the caller is not to break off what is put away
                known = await self._settled(known, again=again)
                sent.clear()
            if known is None or (again and known.state in _WITHOUT_PICTURE):
                if ctx.conversation_id:
                    await self._recovery.settle_orphans(user_id, ctx.conversation_id)
                plan = self.plan(request)
                row = planned(
                    ctx,
                    plan,
                    engine=self._engine.name,
                    identity_id=identity.id,
                    parent_id=parent_id,
                    key=key,
                    attempt=1 if known is None else known.attempt + 1,
                    request_hash=asked,
                    quote_micros=price.quote(plan, self.capabilities.model(plan.model)).micros,
                )
                known = await self._generate(ctx, request, plan, row, sent)
        return await generated_of(self._store, known)

    async def _settled(self, generation: Generation, *, again: bool) -> Generation:
        """As far as it can come without asking again."""
        try:
            return await self._recovery.settle(generation)
        except PictureError:
            if not again:
                raise
            return await self.ledger.get(generation.user_id, generation.id)

    async def _resume(self, job: Generation) -> None:
        async with self._turn(job.user_id, job.key):
            await self._recovery.resume(job)

    async def _generate(
        self, ctx: Context, request: PictureRequest, plan: Plan, row: Generation, sent: asyncio.Event
    ) -> Generation:
        images, mask = await gather(self._store, ctx.user_id, request)
        order = Order(
            operation=plan.operation,
            model=plan.model,
            prompt=plan.prompt,
            params={**plan.params, "safety_identifier": alias_of(ctx.user_id, self._secret)},
            images=images,
            mask=mask,
        )
        with self._open(row) as file:
            run = Run(
                ctx=ctx,
                request=request,
                keeper=self._keeper,
                gate=self.gate,
                budgets=self._budgets,
                file=file,
                order=order,
                generation=row,
                sent=sent,
            )
            await run.begin()
            return await run.generate()

    async def _version_id(self, user_id: str, identity_id: str, ref: str) -> str:
        if ref.startswith("v"):  # a handle; ids are hexadecimal
            return (await self._store.versions.get(user_id, identity_id, ref)).id
        return (await self._store.versions.find(user_id, ref)).id

    def _open(self, row: Generation) -> SpoolFile:
        try:
            return self._spool.open(row.id)
        except OSError as exc:
            detail = f"The spool's folder takes no file ({code_of(exc)})."
            raise fault("stopped", paid="unpaid", detail=detail) from exc

    def _turn(self, user_id: str, key: str) -> asyncio.Lock:
        """One at a time for each key. Locks nobody holds or waits for go away by themselves."""
        return self._turns.setdefault((user_id, key), asyncio.Lock())
