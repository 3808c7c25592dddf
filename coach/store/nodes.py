"""An identity's versions as a tree: each with what it was made from, for what wish, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coach.store.versions import Version

FINAL = "final picture of "
"""What the key of a picture that finishes a draft begins with; the draft's id follows."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the ledger knows of how a picture was made.

    Attributes:
        request: What was wanted, as :class:`coach.studio.request.PictureRequest` writes it; ``None``: made
            before that was kept.
        wish: The person's words for what is to change in its parent; of a first picture, its scene.
        actual_micros: What its generation cost, in micro-dollars; ``None``: not known.
        pictures: How many pictures came of that generation, and share the cost.
        key: Its key in the ledger.
    """

    request: Mapping[str, Any] | None
    wish: str | None
    engine: str
    model: str
    operation: str
    actual_micros: int | None
    pictures: int
    key: str

    @property
    def references(self) -> Sequence[Mapping[str, str]]:
        """The pictures that went along, as ``{"kind": …, "id": …}``, in order."""
        given: Sequence[Mapping[str, str]] = (self.request or {}).get("references", ())
        return given

    @property
    def finishes(self) -> str | None:
        """The id of the draft that it is the full quality of; ``None``: of none."""
        return self.key.removeprefix(FINAL) if self.key.startswith(FINAL) else None

    @property
    def photos(self) -> list[str]:
        """The ids of the photos whose face was to be kept."""
        kept = (self.request or {}).get("keep_face", False)
        return [one["id"] for one in self.references if one["kind"] == "photo"] if kept else []


@dataclass(frozen=True, kw_only=True)
class Node:
    """One version in the tree.

    Attributes:
        parent: The handle of the version it was made from, in the same identity; ``None``: from none.
        depth: How many revisions away it is from a picture made from the original photos only. To finish a
            draft is none: nothing is to change in it.
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
    def is_draft(self) -> bool:
        """Whether it was made quickly and cheaply, to be finished when the person accepts it."""
        return (self.made.request or {}).get("grade") == "draft"

    @property
    def likeness(self) -> str | None:
        """How like the person it was judged to be; ``None``: it was not judged."""
        return (self.version.judgement or {}).get("likeness")


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A version in a line: without its prompt, and without what was asked for, which are long.

    Attributes:
        parent: The handle of the version it was made from, in the same identity; ``None``: from none.
        wish: The person's words for what is to change in that one; of a first picture, its scene.
        judgement: How it was judged.
    """

    handle: str
    parent: str | None
    wish: str | None
    judgement: Mapping[str, Any] | None
    accepted: bool

    @property
    def likeness(self) -> str | None:
        """How like the person it was judged to be; ``None``: it was not judged."""
        return (self.judgement or {}).get("likeness")


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
            depth=max(depths, default=-1) + (how.finishes not in start),
        )
    return list(nodes.values())
