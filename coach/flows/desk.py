"""The pictures of a flow's nodes: found where they were made before, else asked for, at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from coach.context import Context
from coach.errors import Conflict, Erasing
from coach.flows.graph import Flow, TransformNode
from coach.flows.sources import Source, mask_of, size_of, sources_of
from coach.flows.wanted import REASONS, Wanted, wanted
from coach.store import Store
from coach.studio import Generated, Generation, Plan, Studio
from coach.studio.edit import reasons
from coach.studio.generated import generated_of
from coach.studio.recovery import ABANDONED

LOOK_AGAIN = timedelta(seconds=0.5)
"""After which is looked how far another process is with the same pictures."""

_LOOKS = 2 * ABANDONED // LOOK_AGAIN
_ENDED = frozenset({"done", "refused", "failed", "unknown"})


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One person's pictures, by content.

    What was refused or failed unpaid is asked for under a key of its own the next time: the ledger gives one
    answer for each. What was paid, or may have been, is never asked for again by itself.

    Attributes:
        again: How often another picture of the same was wanted, by node.
    """

    flow: Flow
    studio: Studio
    store: Store
    user_id: str
    again: Mapping[str, int]

    async def wanted(self, node: TransformNode, made: Mapping[str, Source]) -> Wanted:
        """What a node wants.

        Args:
            made: What goes on from the nodes before it.

        Raises:
            InputRefused: Something is missing, or gone; ``field`` names the node and what it is.
        """
        sources = await sources_of(self.store, self.user_id, self.flow, node, made)
        size = await size_of(self.store, self.user_id, sources[0]) if sources else None
        return wanted(
            self.flow,
            node,
            sources,
            mask=await mask_of(self.store, self.user_id, node),
            size=size,
            again=self.again.get(node.id, 0),
            previews=self.studio.previews,
        )

    def why(self, wanted: Wanted, made: Plan | Generation) -> tuple[str, ...]:
        """Why it is made, or was made, in this way."""
        first = REASONS.get(wanted.mode)
        return (*([first] if first else []), *reasons(self.studio, wanted.request, made))

    async def known(self, wanted: Wanted) -> Generated | None:
        """The pictures, if they were made before."""
        row = await self._row(wanted)
        return await generated_of(self.store, row) if row is not None and row.state == "done" else None

    async def check(self, wanted: Wanted) -> None:
        """See that they can be asked for.

        Raises:
            PictureError: They were, and paid for, or perhaps, and did not arrive.
        """
        row = await self._row(wanted)
        if row is not None and row.state in _ENDED:
            await generated_of(self.store, row)

    async def get(self, ctx: Context, wanted: Wanted) -> Generated:
        """The pictures. Whoever asks for the same in another process is waited for.

        Args:
            ctx: Where progress and previews go.

        Raises: as :meth:`coach.Studio.generate`.
        """
        workshop = await self.store.identities.workshop(self.user_id)
        for _ in range(_LOOKS):
            key, row = await self._last(wanted.key or "")
            try:
                if row is not None and row.state == "done":
                    return await generated_of(self.store, row)
                return await self.studio.generate(
                    ctx,
                    wanted.request,
                    identity_id=workshop.id,
                    parent=wanted.given.parent,
                    key=key,
                    wish=wanted.request.prompt,
                )
            except Erasing:
                raise
            except Conflict:
                # The same content can be asked for in another way: from another row with the same bytes.
                if row is not None and row.state in _ENDED:
                    return await generated_of(self.store, row)
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
        raise Conflict("The same picture is being made elsewhere, and that takes too long. Try again later.")

    async def row(self, made: Generated) -> Generation:
        """What the ledger says of pictures."""
        return await self.studio.ledger.get(self.user_id, made.generation_id)

    async def _row(self, wanted: Wanted) -> Generation | None:
        return None if wanted.key is None else (await self._last(wanted.key))[1]

    async def _last(self, content: str) -> tuple[str, Generation | None]:
        """The key that counts for some content, and what is under it; ``None``: nothing yet."""
        tried = 0
        while True:
            key = f"{content} {tried}"
            row = await self.studio.ledger.find(self.user_id, key)
            if row is None or row.state not in _ENDED or row.paid != "unpaid":
                return key, row
            tried += 1
