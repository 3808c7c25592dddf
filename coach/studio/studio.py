"""The one place where pictures are made and paid for."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from weakref import WeakValueDictionary

from coach._durable import code_of
from coach.context import Context
from coach.errors import Conflict
from coach.store import Store
from coach.store._rows import new_id, now
from coach.studio import price
from coach.studio._generate import Run
from coach.studio._keep import Keeper
from coach.studio._references import gather
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Engine, Order
from coach.studio.faults import fault
from coach.studio.generated import Entry, Generated
from coach.studio.ledger import IN_FLIGHT, Generation, Ledger
from coach.studio.planner import Plan
from coach.studio.recovery import Recovery
from coach.studio.request import PictureRequest, fingerprint
from coach.studio.spool import Spool, SpoolFile

logger = logging.getLogger(__name__)

_LONGEST_KEY = 200


class Studio:
    """Makes pictures: plans, quotes, asks at most once, and keeps what comes.

    Args:
        store: Where people, photos and versions are.
        engine: The picture service.
        spool: Where answers lie until they are put away.
        model: The picture model; ``None``: the capability table's default.
        capabilities: What the models can do; ``None``: the table that comes with the library.
        max_picture_usd: Quotes above it, and unknown ones, are refused; ``None``: no limit. A float counts as
            it is written: 0.1 is ten cents.
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
        spool: Spool,
        model: str | None = None,
        capabilities: Capabilities | None = None,
        max_picture_usd: Decimal | float | None = None,
        salt: str | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.capabilities = capabilities or Capabilities.load()
        self.model = model or self.capabilities.default
        self.ledger = Ledger(store.database)
        self._store, self._engine, self._spool, self._today = store, engine, spool, today
        self._limit = None if max_picture_usd is None else int(Decimal(str(max_picture_usd)) * 1_000_000)
        self._secret = salt.encode() if salt else spool.secret()
        self._keeper = Keeper(store=store, ledger=self.ledger, engine=engine, capabilities=self.capabilities)
        self._recovery = Recovery(ledger=self.ledger, spool=spool, keeper=self._keeper)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
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
    ) -> Generated:
        """Make a picture of an identity, asking the service at most once for each key.

        The same key and request give the same answer again, whether that was a picture or an error. A second
        caller in this process waits for the first.

        Args:
            ctx: Whose picture. Progress and previews go there.
            identity_id: The identity's handle or id.
            parent: The version it is made from: its id, or its handle in this identity.
            key: What makes it the same picture; ``None``: the conversation and the call.

        Raises:
            ConsentMissing: Pictures go along and the person has not agreed to that.
            NotFound: This person has no such identity, version or photo.
            Conflict: The key was used for another request, or another process is at work on it.
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        user_id = ctx.user_id
        identity = await self._store.identities.get(user_id, identity_id)
        if identity.archived_at is not None:
            raise Conflict(f"The identity {identity.handle} is archived; choose another one.")
        parent_id = None if parent is None else await self._version_id(user_id, identity.id, parent)
        key = _key(ctx, key)
        asked = fingerprint(request, identity_id=identity.id, parent_id=parent_id)
        async with self._turn(user_id, key):
            known = await self.ledger.find(user_id, key)
            if known is None:
                plan = self.plan(request)
                new = self._row(ctx, plan, identity_id=identity.id, parent_id=parent_id, key=key, asked=asked)
                generation = await self._generate(ctx, request, plan, new)
            elif known.request_hash != asked:
                raise Conflict(f"The key {key[:40]!r} was used for another picture; use a new one.")
            else:
                generation = await self._recovery.settle(known)
        return await self._generated(generation)

    async def recover(self) -> list[Generation]:
        """Finish what a crash left behind. Call it at every start; nothing is ever sent again.

        Returns:
            The generations that moved. Those in ``unknown`` may have been charged: show them.
        """
        return await self._recovery.run()

    async def generation(self, user_id: str, generation_id: str) -> Entry:
        """One line of a person's ledger.

        Raises:
            NotFound: This person has no such generation.
        """
        return (await self._entries(user_id, [await self.ledger.get(user_id, generation_id)]))[0]

    async def generations(self, user_id: str, conversation_id: str) -> list[Entry]:
        """Everything that was asked for in a conversation, oldest first."""
        return await self._entries(user_id, await self.ledger.of_conversation(user_id, conversation_id))

    async def _generate(
        self, ctx: Context, request: PictureRequest, plan: Plan, row: Generation
    ) -> Generation:
        images, mask = await gather(self._store, ctx.user_id, request)
        order = Order(
            operation=plan.operation,
            model=plan.model,
            prompt=plan.prompt,
            params={**plan.params, "safety_identifier": self._alias(ctx.user_id)},
            images=images,
            mask=mask,
        )
        with self._open(row) as file:
            run = Run(ctx=ctx, request=request, keeper=self._keeper, file=file, order=order, generation=row)
            await run.begin()
            quote = price.quote(plan, self.capabilities.model(plan.model))
            return await run.generate(quote, limit_micros=self._limit)

    async def _generated(self, generation: Generation) -> Generated:
        """The answer for a generation that ended; its error, when it did not end well."""
        if generation.error_code is not None and generation.paid is not None:
            raise fault(generation.error_code, paid=generation.paid, request_id=generation.request_id)
        if generation.state != "done":
            raise Conflict(IN_FLIGHT)
        return Generated(
            generation_id=generation.id,
            versions=tuple(await self._store.versions.of_generations(generation.user_id, [generation.id])),
            engine=generation.engine,
            model=generation.model,
            operation=generation.operation,
            repairs=tuple(generation.repairs),
            quote_micros=generation.quote_micros,
            actual_micros=generation.actual_micros,
            seconds=generation.seconds,
            request_id=generation.request_id,
        )

    async def _entries(self, user_id: str, rows: Sequence[Generation]) -> list[Entry]:
        made = await self._store.versions.of_generations(user_id, [row.id for row in rows])
        return [
            Entry(generation=row, versions=tuple(each for each in made if each.generation_id == row.id))
            for row in rows
        ]

    async def _version_id(self, user_id: str, identity_id: str, ref: str) -> str:
        if ref.startswith("v"):  # a handle; ids are hexadecimal
            return (await self._store.versions.get(user_id, identity_id, ref)).id
        return (await self._store.versions.find(user_id, ref)).id

    def _row(
        self, ctx: Context, plan: Plan, *, identity_id: str, parent_id: str | None, key: str, asked: str
    ) -> Generation:
        generation_id, moment = new_id(), now()
        return Generation(
            id=generation_id,
            user_id=ctx.user_id,
            key=key,
            request_hash=asked,
            conversation_id=ctx.conversation_id,
            identity_id=identity_id,
            parent_id=parent_id,
            engine=self._engine.name,
            model=plan.model,
            operation=plan.operation,
            params=plan.params,
            repairs=plan.repairs,
            prompt=plan.prompt,
            spool=generation_id,
            created_at=moment,
            updated_at=moment,
        )

    def _open(self, row: Generation) -> SpoolFile:
        try:
            return self._spool.open(row.id)
        except OSError as exc:
            detail = f"The spool's folder takes no file ({code_of(exc)})."
            raise fault("stopped", paid="unpaid", detail=detail) from exc

    def _turn(self, user_id: str, key: str) -> asyncio.Lock:
        """One at a time for each key. Locks nobody holds or waits for go away by themselves."""
        return self._turns.setdefault((user_id, key), asyncio.Lock())

    def _alias(self, user_id: str) -> str:
        """What the service knows a person as: a keyed hash, 64 hex digits."""
        return hmac.new(self._secret, user_id.encode(), hashlib.sha256).hexdigest()


def _key(ctx: Context, key: str | None) -> str:
    """The key, or one from the call, or outside a call a new one; a long one as its hash."""
    if key is None:
        key = f"{ctx.conversation_id}:{ctx.call_id}" if ctx.call_id else new_id()
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
