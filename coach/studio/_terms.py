"""What a person's yes to a picture is bound to, worked out as it would be sent. Free: nothing leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coach.context import Context
from coach.store import Store
from coach.studio import price
from coach.studio._agreed import terms_of
from coach.studio._final import request_of_final
from coach.studio._references import gather
from coach.studio.capabilities import Capabilities
from coach.studio.ledger import Ledger
from coach.studio.planner import Plan
from coach.studio.request import PictureRequest, Reference
from coach.terms import Terms


@dataclass(frozen=True, kw_only=True)
class PictureTerms:
    """Says what a yes is to.

    Attributes:
        store, ledger, capabilities: The studio's.
        plan: What would be sent for a request: :meth:`coach.Studio.plan`.
        quote: The most it can cost: :meth:`coach.Studio.quote`.
    """

    store: Store
    ledger: Ledger
    capabilities: Capabilities
    plan: Callable[[PictureRequest, str | None], Plan]
    quote: Callable[[PictureRequest, str | None], price.Quote]

    async def of(self, ctx: Context, request: PictureRequest, *, model: str | None = None) -> Terms:
        """The terms of :meth:`coach.Studio.generate`, with the second try in the price.

        Raises:
            ConsentMissing, NotFound, InputRefused, PictureError: as ``generate``, before anything is sent.
        """
        plan, most = self.plan(request, model), self.quote(request, model)
        return await self._of(ctx, request, plan, most)

    async def of_final(self, ctx: Context, *, identity_id: str, version: str, prompt: str) -> Terms:
        """The terms of :meth:`coach.Studio.finish`.

        Raises:
            Conflict: It is no draft.
            ConsentMissing, NotFound, InputRefused, PictureError: as ``finish``, before anything is sent.
        """
        draft = await self.store.versions.get(ctx.user_id, identity_id, version)
        request, _ = await request_of_final(self.ledger, draft, prompt)
        plan = self.plan(request, None)
        return await self._of(ctx, request, plan, price.quote(plan, self.capabilities.model(plan.model)))

    async def _of(self, ctx: Context, request: PictureRequest, plan: Plan, most: price.Quote) -> Terms:
        images, mask = await gather(self.store, ctx.user_id, request)
        blobs = [await self._blob(ctx.user_id, each) for each in request.references]
        return terms_of(plan, images, mask, most.micros, blobs=blobs)

    async def _blob(self, user_id: str, reference: Reference) -> str:
        """The key of a picture; ``""``: it is kept under none that it may be shown by."""
        if reference.kind == "photo":
            return (await self.store.photos.get(user_id, reference.id)).blob
        if reference.kind == "version":
            return (await self.store.versions.find(user_id, reference.id)).blob
        return ""
