"""An identity's versions as a tree: each with what it was made from, for what wish, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coach.store.versions import Version


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the ledger knows of how a picture was made.

    Attributes:
        request: What was wanted, as :class:`coach.studio.request.PictureRequest` writes it; ``None``: made
            before that was kept.
        wish: The person's words for what is to change in its parent; of a first picture, its scene.
        actual_micros: What its generation cost, in micro-dollars; ``None``: not known.
        pictures: How many pictures came of that generation, and share the cost.
    """

    request: Mapping[str, Any] | None
    wish: str | None
    engine: str
    model: str
    operation: str
    actual_micros: int | None
    pictures: int

    @property
    def references(self) -> Sequence[Mapping[str, str]]:
        """The pictures that went along, as ``{"kind": …, "id": …}``, in order."""
        given: Sequence[Mapping[str, str]] = (self.request or {}).get("references", ())
        return given


@dataclass(frozen=True, kw_only=True)
class Node:
    """One version in the tree.

    Attributes:
        parent: The handle of the version it was made from, in the same identity; ``None``: from none.
        depth: How many revisions away it is from a picture made from the original photos only.
    """

    version: Version
    made: Made
    parent: str | None
    depth: int

    @property
    def handle(self) -> str:
        """What the model calls it."""
        return self.version.handle

    @property
    def likeness(self) -> str | None:
        """How like the person it was judged to be; ``None``: it was not judged."""
        return (self.version.judgement or {}).get("likeness")


def link(made: Iterable[tuple[Version, Made]]) -> list[Node]:
    """The tree of an identity's versions, given and returned in the order in which they were made."""
    nodes: dict[str, Node] = {}
    for version, how in made:
        parent = nodes.get(version.parent_id or "")
        if how.request is None:
            start = [version.parent_id] if version.parent_id else []
        else:
            start = [one["id"] for one in how.references if one["kind"] == "version"]
        # A picture of another identity is taken for one made from the photos: nothing here says otherwise.
        depths = [nodes[each].depth if each in nodes else 0 for each in start]
        nodes[version.id] = Node(
            version=version,
            made=how,
            parent=parent.handle if parent else None,
            depth=max(depths, default=-1) + 1,
        )
    return list(nodes.values())
