"""Against drift: how far a picture is from the person's photos, and what a revision of it sends.

Pure functions over the nodes of :meth:`coach.store.Versions.tree`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from coach.errors import NotFound
from coach.store.nodes import Node
from coach.store.versions import Version
from coach.studio._planned import tried_before
from coach.studio.judge import as_like, judgement_of, rank_of
from coach.studio.planner import PROMPT_LENGTH
from coach.studio.request import Reference

MAX_DEPTH = 3
"""How many revisions away from the photos a picture may be; the next one is rendered afresh from them.

Each edit of an edit takes something of the face away, even with the photo beside it. Were it a tenth each
time, three would leave a face that is 27 % another's, which a face model still takes for the same person
without doubt (cosine distance 0.1, where honest photos of one person are 0.2 apart); six would make it half
another's (0.27). So the limit is three, before anybody sees it, and not where it is measured."""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a change of a version is made from.

    Attributes:
        parent: The version the person wants changed.
        scene: What the first picture of its line shows; ``None``: nobody wrote it down.
        wishes: Everything that was to change since then, the new wish last. Later ones win.
        afresh: Whether it is made from the photos alone, because its parent is too far from them.
    """

    parent: Version
    scene: str | None
    wishes: tuple[str, ...]
    afresh: bool

    @classmethod
    def of(cls, nodes: Sequence[Node], ref: str, wish: str, *, marked: bool = False) -> Revision:
        """What changing a version takes.

        Args:
            nodes: The tree of its identity.
            ref: The handle or the id of one of them.
            wish: What is to change.
            marked: Only a marked part of it may change, so it is never made afresh.

        Raises:
            NotFound: It is none of them.
        """
        first, *later = ancestry(nodes, ref)
        parent = later[-1] if later else first
        return cls(
            parent=parent.version,
            scene=first.made.wish,
            wishes=(*(node.made.wish for node in later if node.made.wish), wish),
            afresh=parent.depth >= MAX_DEPTH and not marked,
        )

    def prompt(self, render: Callable[[Sequence[str]], str]) -> tuple[str, int]:
        """The prompt with as many of the wishes as it can hold, and how many of the oldest it leaves out.

        Args:
            render: Makes the prompt with the wishes that it is given, one at least. Only what is rendered can
                be measured: what a person wrote becomes longer when it is quoted.
        """

        def fits(without: int) -> bool:
            return len(render(self.wishes[without:])) <= PROMPT_LENGTH

        without = bisect_left(range(len(self.wishes) - 1), True, key=fits)
        return render(self.wishes[without:]), without

    def references(self, photos: Sequence[str]) -> tuple[Reference, ...]:
        """The pictures to send: the parent first, unless it is made afresh, then the photos with these ids.

        The original photos go along each time: a copy of a copy drifts away from the face.
        """
        parent = () if self.afresh else (Reference(kind="version", id=self.parent.id),)
        return (*parent, *(Reference(kind="photo", id=photo) for photo in photos))


def ancestry(nodes: Sequence[Node], ref: str) -> list[Node]:
    """A version, by its handle or id, and all it goes back to: the first picture first.

    Raises:
        NotFound: It is none of the nodes.
    """
    by_handle = {node.handle: node for node in nodes}
    here = next((node for node in nodes if ref in (node.handle, node.version.id)), None)
    if here is None:
        raise NotFound("version", ref)
    line = [here]
    while here.parent is not None:  # a parent is older, so this ends
        here = by_handle[here.parent]
        line.append(here)
    return line[::-1]


def last_shown(nodes: Sequence[Node]) -> Node:
    """The version the person saw last; there is at least one.

    It is the newest, unless that was put behind another: of several pictures of one request, and after a
    second try, the best is shown; and a draft stays while its final picture is not as like.
    """
    made, last = nodes[-1].made, nodes[-1].version.generation_id
    together = {last, tried_before(made.key)}
    shown = [node for node in nodes if node.version.generation_id in together]
    best = min(shown, key=lambda node: rank_of(node.version))
    draft = next((node for node in nodes if node.version.id == made.finishes), None)
    return draft if draft and not as_like(best.version, draft.version) else best


@dataclass(frozen=True, kw_only=True)
class AtDepth:
    """How like the person the pictures of one depth are.

    Attributes:
        depth: How many revisions they are away from the photos.
        handles: The pictures, in the order they were made.
        bands: How each was judged; ``None``: it was not.
        distance: The median of the face's distances to the photos; ``None``: none was measured.
    """

    depth: int
    handles: tuple[str, ...]
    bands: tuple[str | None, ...]
    distance: float | None


def likeness_by_depth(nodes: Sequence[Node]) -> list[AtDepth]:
    """Whether revising takes the person away: their likeness for each depth that there is."""
    return [
        AtDepth(
            depth=depth,
            handles=tuple(node.handle for node in those),
            bands=tuple(node.likeness for node in those),
            distance=median(found) if (found := list(_distances(those))) else None,
        )
        for depth in sorted({node.depth for node in nodes})
        for those in [[node for node in nodes if node.depth == depth]]
    ]


def _distances(nodes: Sequence[Node]) -> Iterator[float]:
    for node in nodes:
        judged = judgement_of(node.version)
        if judged is not None and judged.distance is not None:
            yield judged.distance
