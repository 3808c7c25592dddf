"""One key, one picture: found again, brought to its end, or asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from coach._durable import code_of
from coach.context import Context
from coach.errors import Conflict, PictureError
from coach.store import Store
from coach.store._handles import read_handle
from coach.store.states import GenerationState
from coach.studio import price
from coach.studio._agreed import terms_of
from coach.studio._generate import Run
from coach.studio._keep import Keeper
from coach.studio._planned import alias_of, planned
from coach.studio._references import gather
from coach.studio.budgets import Budgets
from coach.studio.capabilities import Model
from coach.studio.engines import Order
from coach.studio.faults import fault
from coach.studio.ledger import Generation, Ledger
from coach.studio.planner import Plan
from coach.studio.recovery import Recovery
from coach.studio.request import PictureRequest, fingerprint
from coach.studio.spool import SpoolFile

_WITHOUT_PICTURE: frozenset[GenerationState] = frozenset({"refused", "failed", "unknown"})


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A picture that somebody wants, looked up.

    Attributes:
        wish: The person's words for what is to change.
        model: Another model than the studio's.
        sent: Set while it is out, and after: cancelling then saves nothing.
        gone: Set when whoever asked has gone away.
        orphan: Whether whoever worked on it before is known to be dead.
    """

    ctx: Context
    request: PictureRequest
    identity_id: str
    parent_id: str | None
    key: str
    wish: str | None
    model: str | None
    sent: asyncio.Event
    gone: asyncio.Event
    orphan: bool = False


async def look_up(
    store: Store,
    ctx: Context,
    request: PictureRequest,
    *,
    identity_id: str,
    parent: str | None,
    key: str,
    wish: str | None = None,
    model: str | None = None,
) -> Wanted:
    """A wanted picture, from the handles or ids of its identity and of the version it is made from.

    Raises:
        NotFound: This person has no such identity or version.
        Conflict: The identity is archived.
    """
    user_id = ctx.user_id
    identity = await store.identities.get(user_id, identity_id)
    if identity.archived_at is not None:
        raise Conflict(f"The identity {identity.handle} is archived; choose another one.")
    if parent is not None and read_handle(parent):
        parent = (await store.versions.get(user_id, identity.id, parent)).id
    elif parent is not None:
        parent = (await store.versions.find(user_id, parent)).id
    return Wanted(
        ctx=ctx,
        request=request,
        identity_id=identity.id,
        parent_id=parent,
        key=key,
        wish=wish,
        model=model,
        sent=asyncio.Event(),
        gone=asyncio.Event(),
    )


def fingerprint_of(wanted: Wanted) -> str:
    """What makes it the same picture under the same key."""
    return fingerprint(
        wanted.request, identity_id=wanted.identity_id, parent_id=wanted.parent_id, model=wanted.model
    )


async def told_of(ledger: Ledger, wanted: Wanted) -> Generation | None:
    """What somebody who now says "try again" was told gave no picture; ``None``: it has not ended so.

    Whoever asks again meanwhile was not told how it ends. So this is seen as they ask: where it is made,
    perhaps minutes later and elsewhere, it may have ended.
    """
    told = await ledger.find(wanted.ctx.user_id, wanted.key)
    return told if told is not None and told.state in _WITHOUT_PICTURE else None


def other_picture(key: str) -> Conflict:
    """The error for a key that was used for something else."""
    return Conflict(f"The key {key[:40]!r} was used for another picture; use a new one.")


def unwanted() -> PictureError:
    """The error for what was not sent, because whoever asked for it has gone."""
    return fault("stopped", paid="unpaid", detail="Whoever wanted it went away.")


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes the picture of a key, at most once.

    Attributes:
        plan: What would be sent for a request, also to another model than the studio's.
        secret: Keys the hash under which the service knows a person.
    """

    keeper: Keeper
    recovery: Recovery
    budgets: Budgets
    plan: Callable[[PictureRequest, str | None], Plan]
    secret: bytes
    _turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False
    )

    def turn(self, user_id: str, key: str) -> asyncio.Lock:
        """One at a time for each key. Locks nobody holds or waits for go away by themselves."""
        return self._turns.setdefault((user_id, key), asyncio.Lock())

    async def make(self, wanted: Wanted, *, told: Generation | None = None) -> Generation:
        """The generation of a key, as far as it comes. Hold its :meth:`turn` meanwhile.

        Args:
            told: What the person was told gave no picture, before they said "try again".

        Raises:
            Conflict: The key was used for another request, or another process is at work on it.
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        ctx, key, ledger = wanted.ctx, wanted.key, self.keeper.ledger
        asked = fingerprint_of(wanted)
        known, again = await ledger.find(ctx.user_id, key), False
        if known is not None:
            if known.request_hash != asked:
                raise other_picture(key)
            again = told is not None and told.id == known.id
            wanted.sent.set()  # cancelling the caller is not to break off what is put away
            known = await self._settled(known, again=again, orphan=wanted.orphan)
            wanted.sent.clear()
            # What a dead worker did not come to send is simply to be made; nobody was told of an end.
            again = again or (wanted.orphan and known.error_code == "stopped" and known.paid == "unpaid")
            if not again or known.state not in _WITHOUT_PICTURE:
                return known
        if wanted.gone.is_set():
            raise unwanted()
        if ctx.conversation_id:
            await self.recovery.settle_orphans(ctx.user_id, ctx.conversation_id)
        plan = self.plan(wanted.request, wanted.model)
        model = self.keeper.capabilities.model(plan.model)
        row = planned(
            ctx,
            plan,
            request=wanted.request,
            wish=wanted.wish,
            engine=self.keeper.engines.of_model(model).name,
            identity_id=wanted.identity_id,
            parent_id=wanted.parent_id,
            key=key,
            attempt=1 if known is None else known.attempt + 1,
            request_hash=asked,
            quote_micros=price.quote(plan, model).micros,
        )
        return await self._generate(wanted, plan, row, model)

    async def resume(self, job: Generation) -> None:
        """Fetch what came of a job that was left behind."""
        async with self.turn(job.user_id, job.key):
            await self.recovery.resume(job)

    async def _settled(self, generation: Generation, *, again: bool, orphan: bool) -> Generation:
        """As far as it can come without asking again."""
        try:
            return await self.recovery.settle(generation, orphan=orphan)
        except PictureError:
            if not again:
                raise
            return await self.keeper.ledger.get(generation.user_id, generation.id)

    async def _generate(self, wanted: Wanted, plan: Plan, row: Generation, model: Model) -> Generation:
        ctx, engines = wanted.ctx, self.keeper.engines
        images, mask = await gather(self.keeper.store, ctx.user_id, wanted.request)
        # The last look at what was agreed: what is compared here is what is sent.
        if ctx.agreed and not ctx.agreed.cover(terms_of(plan, images, mask, row.quote_micros)):
            raise Conflict("This is not what the user said yes to. Nothing was sent; ask them anew.")
        order = Order(
            operation=plan.operation,
            model=plan.model,
            prompt=plan.prompt,
            params={**plan.params, "safety_identifier": alias_of(ctx.user_id, self.secret)},
            images=images,
            mask=mask,
        )
        with self._open(row) as file:
            run = Run(
                ctx=ctx,
                request=wanted.request,
                keeper=self.keeper,
                engine=engines.of_model(model),
                gate=engines.gates[model.engine],
                budgets=self.budgets,
                file=file,
                order=order,
                generation=row,
                sent=wanted.sent,
            )
            await run.begin()
            return await run.generate()

    def _open(self, row: Generation) -> SpoolFile:
        try:
            return self.recovery.spool.open(row.id)
        except OSError as exc:
            detail = f"The spool's folder takes no file ({code_of(exc)})."
            raise fault("stopped", paid="unpaid", detail=detail) from exc
