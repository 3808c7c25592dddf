"""The pictures of a flow's nodes: found where they were made before, else asked for, at most once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from coach.context import Context
from coach.flows.graph import Flow, TransformNode
from coach.flows.sources import Source, mask_of, size_of, sources_of
from coach.flows.wanted import REASONS, Wanted, wanted
from coach.store import Store
from coach.store.states import OUTCOMES
from coach.studio import Generated, Generation, Plan, Studio
from coach.studio.content import last, picture_of
from coach.studio.edit import reasons
from coach.studio.generated import generated_of


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One person's pictures, by content; see :mod:`coach.studio.content`.

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

    async def known(self, wanted: Wanted, *, checked: bool = False) -> Generated | None:
        """The pictures, if they were made before.

        Args:
            checked: Also see that those that were not can be asked for.

        Raises:
            PictureError: They cannot: they were, and paid for, or perhaps, and did not arrive.
        """
        if wanted.key is None:
            return None
        _, row = await last(self.studio.ledger, self.user_id, wanted.key)
        if row is None:
            return None
        counts = row.state == "done" or (checked and row.state in OUTCOMES)
        return await generated_of(self.store, row) if counts else None

    async def get(self, ctx: Context, wanted: Wanted) -> Generated:
        """The pictures. Whoever asks for the same in another process is waited for.

        Args:
            ctx: Where progress and previews go.

        Raises: as :meth:`coach.Studio.generate`.
        """
        return await picture_of(
            wanted.key or "",
            ctx,
            wanted.request,
            studio=self.studio,
            store=self.store,
            parent=wanted.given.parent,
        )

    async def row(self, made: Generated) -> Generation:
        """What the ledger says of pictures."""
        return await self.studio.ledger.get(self.user_id, made.generation_id)
