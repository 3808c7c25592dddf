"""What a run of a flow would cost at worst, and which of its pictures are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach._money import total
from coach.errors import CoachError, InputRefused, PictureError
from coach.flows.desk import Desk
from coach.flows.events import SourceFailed
from coach.flows.graph import Flow, TransformNode
from coach.flows.sources import Source
from coach.flows.wanted import Mode, Wanted
from coach.store import Store, Version
from coach.studio import Plan, Studio


@dataclass(frozen=True, kw_only=True)
class NodeQuote:
    """What is known of a node before it is run.

    Attributes:
        cached: Whether its pictures are there: then nothing is paid.
        micros: The most it can cost, in micro-dollars; ``None``: not known.
        mode: Which way its pictures are made; ``None``: it cannot be run.
        why: Why that way, and what is chosen or has to change; one sentence each.
        references: What is there by now of what they are made from.
        pictures: Those that are there.
        size: Width and height that its pictures have, or will have, in pixels; ``None``: not known.
        error: Why it cannot be run as it is.
    """

    id: str
    cached: bool = False
    micros: int | None = 0
    mode: Mode | None = None
    why: tuple[str, ...] = ()
    references: tuple[Source, ...] = ()
    pictures: tuple[Version, ...] = ()
    size: tuple[int, int] | None = None
    error: CoachError | None = None

    @property
    def goes_on(self) -> Source:
        """What goes on to the nodes after it."""
        return Source.of(self.pictures[0]) if self.pictures else Source.to_come(self.size)


@dataclass(frozen=True, kw_only=True)
class FlowQuote:
    """What a run would cost.

    Attributes:
        micros: The most, in micro-dollars, of all nodes that can be run; ``None``: not known of one of them.
        nodes: Each after those it is made from.
    """

    micros: int | None
    nodes: tuple[NodeQuote, ...]


async def quote_flow(
    flow: Flow,
    *,
    studio: Studio,
    store: Store,
    user_id: str,
    node: str | None = None,
    again: Mapping[str, int] = {},
) -> FlowQuote:
    """What :func:`coach.flows.run_flow` would cost at worst. Nothing is asked for and nothing is paid.

    Raises:
        NotFound: There is no such node.
        InputRefused: The node makes no pictures.
    """
    desk = Desk(flow=flow, studio=studio, store=store, user_id=user_id, again=again)
    found: dict[str, NodeQuote] = {}
    for each in flow.order(node):
        before = [found[source.id] for source in flow.into(each.id) if source.id in found]
        try:
            found[each.id] = await _quote(desk, each, before)
        except (InputRefused, PictureError, SourceFailed) as error:
            found[each.id] = NodeQuote(id=each.id, error=error)
    return FlowQuote(micros=total(each.micros for each in found.values()), nodes=tuple(found.values()))


async def _quote(desk: Desk, node: TransformNode, before: Sequence[NodeQuote]) -> NodeQuote:
    """What is known of a node.

    Args:
        before: What it is made from.
    """
    if failed := next((each for each in before if each.error), None):
        raise SourceFailed(f"It is made from the picture of {failed.id!r}, and that cannot be made.")
    made = {each.id: each.goes_on for each in before}
    want = await desk.wanted(node, made)
    there = tuple(each for each in want.sources if each.blob)
    if (known := await desk.known(want, checked=True)) is not None:
        return NodeQuote(
            id=node.id,
            cached=True,
            mode=want.mode,
            why=desk.why(want, await desk.row(known)),
            references=there,
            pictures=known.versions,
            size=(known.versions[0].width, known.versions[0].height),
        )
    plan = desk.studio.plan(want.request)
    return NodeQuote(
        id=node.id,
        micros=desk.studio.quote(want.request).micros,
        mode=want.mode,
        why=desk.why(want, plan),
        references=there,
        size=_size(want, plan),
    )


def _size(want: Wanted, plan: Plan) -> tuple[int, int] | None:
    """The size that its pictures will have, in pixels; ``None``: nobody knows yet."""
    if plan.operation == "inpaint":  # the rest of the picture stays as it is
        return want.given.size
    width, _, height = plan.params["size"].partition("x")
    return (int(width), int(height)) if height else None
