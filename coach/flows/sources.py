"""The pictures that go along with a node: its own, and those of the nodes that go into it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from coach.errors import InputRefused, NotFound
from coach.flows.graph import Flow, ImageNode, Node, TextNode, TransformNode, refused
from coach.store import Store, Version
from coach.studio import Reference
from coach.studio.masks import find_mask, picture_size
from coach.studio.uploads import find_upload


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture that goes along.

    Attributes:
        sha256: Of its bytes; ``""``: it is still to be made.
        blob: Where they are.
        size: Width and height in pixels; ``None``: nobody has looked.
    """

    reference: Reference
    sha256: str
    blob: str
    size: tuple[int, int] | None = None

    @classmethod
    def of(cls, version: Version) -> Source:
        """A picture that was made."""
        reference, size = Reference(kind="version", id=version.id), (version.width, version.height)
        return cls(reference=reference, sha256=version.sha256, blob=version.blob, size=size)

    @classmethod
    def to_come(cls, size: tuple[int, int] | None) -> Source:
        """A picture that is still to be made: enough to know what a picture of it costs."""
        return cls(reference=Reference(kind="version", id="to come"), sha256="", blob="", size=size)


async def sources_of(
    store: Store, user_id: str, flow: Flow, node: TransformNode, made: Mapping[str, Source]
) -> list[Source]:
    """What goes along with a node: its own picture, then those that go into it, in the order of the edges.

    Args:
        made: What goes on from the transforms before it, by node.

    Raises:
        InputRefused: A picture is missing, or gone; ``field`` names the node that is to have it.
    """
    own = await find_own(store, user_id, node)
    sources = [own] if own else []
    for each in flow.into(node.id):
        if isinstance(each, TransformNode):
            sources.append(made[each.id])
        elif isinstance(each, ImageNode):
            sources.append(await _shown(store, user_id, each))
    return sources


async def size_of(store: Store, user_id: str, source: Source) -> tuple[int, int] | None:
    """Width and height of a picture in pixels; ``None``: it is still to be made, and nobody knows yet."""
    if source.size is not None or not source.blob:
        return source.size
    return await picture_size(store, user_id, source.reference)


async def find_own(store: Store, user_id: str, node: Node) -> Source | None:
    """The picture that is in a node itself; ``None``: there is none in it.

    Raises:
        InputRefused: This person has no such picture, or it is gone.
    """
    upload, version, _ = _named(node)
    try:
        if upload is not None:
            blob = await find_upload(store, user_id, upload)
            return Source(reference=Reference(kind="upload", id=upload), sha256=upload, blob=blob)
        return None if version is None else Source.of(await store.versions.find(user_id, version))
    except NotFound as missing:
        name = f"data.{missing.kind}"
        raise refused(node.id, name, f"has an {missing.kind} that is not there; add it again") from None


async def mask_of(store: Store, user_id: str, node: Node) -> Reference | None:
    """The mask of a node; ``None``: it has none.

    Raises:
        InputRefused: This person has no such mask, or it is gone.
    """
    if (handle := _named(node)[2]) is None:
        return None
    try:
        return await find_mask(store, user_id, handle)
    except NotFound:
        raise refused(node.id, "data.mask", "has a mask that is not there; draw it again") from None


async def check_own(store: Store, user_id: str, flow: Flow, *, before: Flow | None = None) -> None:
    """See that the pictures and masks in a flow are this person's.

    Args:
        before: What it was until now: what is in it already may be gone by now, and stays.

    Raises:
        InputRefused: Something is not theirs, or not there; ``field`` names the node and what it is.
    """
    known = {_named(node) for node in before.nodes} if before else set()
    for node in flow.nodes:
        if _named(node) not in known:
            await find_own(store, user_id, node)
            await mask_of(store, user_id, node)


async def own_pictures(store: Store, user_id: str, flow: Flow) -> Mapping[str, Source]:
    """The pictures that are in nodes themselves, by node, without those that are gone."""
    found = {}
    for node in flow.nodes:
        with suppress(InputRefused):
            if (source := await find_own(store, user_id, node)) is not None:
                found[node.id] = source
    return found


async def _shown(store: Store, user_id: str, node: ImageNode) -> Source:
    if (found := await find_own(store, user_id, node)) is None:
        raise refused(node.id, "data.upload", "has no picture yet; add one, or take out what it goes into")
    return found


def _named(node: Node) -> tuple[str | None, str | None, str | None]:
    """The upload, the version and the mask in a node."""
    match node:
        case TextNode():
            return None, None, None
        case ImageNode():
            return node.data.upload, node.data.version, None
        case TransformNode():
            return node.data.upload, None, node.data.mask
