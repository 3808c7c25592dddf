"""Sheets for the person to look at: their photo beside the pictures of an identity, and all its versions.

A sheet is made of what is kept and can be made again: a blob of the kind ``derived``, without a row.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageOps

from coach.errors import Conflict, InputRefused, NotFound
from coach.faces import Face, FaceModel, align, off_loop, opened
from coach.store import Store, blob_key
from coach.store.blobs import photo_sheet
from coach.store.nodes import Node
from coach.studio._derived import here_since, keep
from coach.studio._sheet import Box, Card, side_by_side, tree
from coach.studio.judge import judgement_of
from coach.studio.provenance import Ingredient, Kind, Signer, derive, ingredient

MOST = 5
"""How many pictures stand beside the photo: more would be too small on a screen."""

MOST_ON_SHEET = 60
"""How many versions a sheet of all of them shows: the newest."""

AT_ONCE = 2
"""How many sheets are made at the same time: they cost nothing, and must not take the machine either."""

_PANEL, _THUMB = (440, 560), (200, 300)
"""Width and height in pixels of a picture in a comparison, and on a sheet of all versions."""

_NEAR = 480
"""Pixels of a side of the picture in which a face is looked at once more."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet that is kept.

    Attributes:
        blob: Where it is in the blob store.
        data: The JPEG itself.
        handles: The versions on it.
        width: Pixels.
        height: Pixels.
        boxes: Where the pictures of a comparison are on it, the photo first: left, top, width and height in
            pixels. All are of one size, the faces in them too.
    """

    blob: str
    data: bytes
    handles: tuple[str, ...]
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A picture at the size it is shown at, and its file as the sheet's marks name it."""

    picture: Image.Image
    file: Ingredient


class Sheets:
    """Makes sheets of people's pictures, off the event loop; of one picture after the other.

    Args:
        store: Where the pictures are.
        model: Finds the faces; ``None``: none is installed, and pictures are shown from the head down.
        signer: Signs a C2PA manifest into each sheet; ``None``: they carry the IPTC mark alone.
    """

    def __init__(self, store: Store, *, model: FaceModel | None, signer: Signer | None = None) -> None:
        self._store, self._model, self._signer = store, model, signer
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def compare(self, user_id: str, identity_ref: str, refs: Sequence[str] = ()) -> Sheet:
        """The person's photo and versions beside it, every face at the same size.

        Args:
            refs: Which versions, by handle or id, in the order in which they are to stand, at most
                :data:`MOST`; left out: as many of the newest.

        Raises:
            ConsentMissing: The person has not agreed that their photo is used, or took it back meanwhile.
            NotFound: This person has no such identity, or it has no such version; or the photo was deleted
                meanwhile.
            Conflict: There is no photo, or no version.
            InputRefused: A picture is damaged, or there are too many.
            Erasing: The person is being erased, or was erased meanwhile.
        """
        every = _some(await self._store.versions.tree(user_id, identity_ref))
        nodes = _chosen(every, refs)
        since = await here_since(self._store, user_id)
        await self._store.consents.require(user_id)
        photo = await self._store.photos.primary(user_id)
        if photo is None:
            raise Conflict("There is no photo to compare with.")
        async with self._turn:
            beside = await self._panel(await self._store.photos.bytes(user_id, photo.id))
            shown = [await self._panel(await self._bytes(node)) for node in nodes]
            cards = [Card(picture=beside.picture, title="your photo")]
            cards += [_card(node, each) for node, each in zip(nodes, shown, strict=True)]
            image, boxes = await asyncio.to_thread(side_by_side, cards)
            data = await asyncio.to_thread(self._marked, image, "comparison", [*shown, beside])
        sheet = _sheet(user_id, photo_sheet(photo.id, _digest(nodes)), nodes, image, data, boxes)

        async def may_be_shown() -> None:
            await self._store.consents.require(user_id)
            await self._store.photos.get(user_id, photo.id)

        await keep(
            self._store, user_id, sheet.blob, sheet.data, "image/jpeg", since=since, still=may_be_shown
        )
        return sheet

    async def versions(self, user_id: str, identity_ref: str) -> Sheet:
        """The versions of an identity as a tree, at most :data:`MOST_ON_SHEET`.

        Raises:
            NotFound: This person has no such identity.
            Conflict: It has no version.
            InputRefused: A picture is damaged.
            Erasing: The person is being erased, or was erased meanwhile.
        """
        nodes = _some(await self._store.versions.tree(user_id, identity_ref))[-MOST_ON_SHEET:]
        since = await here_since(self._store, user_id)
        async with self._turn:
            # By hash alone: as whole files, so many would be 500 MB.
            shown = [await asyncio.to_thread(_thumbnail, await self._bytes(node)) for node in nodes]
            cards = {node.handle: _card(node, each) for node, each in zip(nodes, shown, strict=True)}
            parents = {node.handle: node.parent if node.parent in cards else None for node in nodes}
            image = await asyncio.to_thread(tree, cards, parents)
            data = await asyncio.to_thread(self._marked, image, "sheet", shown)
        name = f"sheet-{nodes[0].version.identity_id}-{_digest(nodes)}.jpg"
        sheet = _sheet(user_id, name, nodes, image, data)
        await keep(self._store, user_id, sheet.blob, sheet.data, "image/jpeg", since=since)
        return sheet

    async def _bytes(self, node: Node) -> bytes:
        return await self._store.blobs.get(node.version.blob)

    async def _panel(self, data: bytes) -> _Shown:
        """A picture as it stands in a comparison: around its largest face, or its upper part."""
        image, file = await asyncio.to_thread(_read, data, whole=self._signer is not None)
        near = await off_loop(_around_face, self._model, image) if self._model else None
        return _Shown(picture=near or ImageOps.fit(image, _PANEL, centering=(0.5, 0.2)), file=file)

    def _marked(self, image: Image.Image, kind: Kind, made_of: Sequence[_Shown]) -> bytes:
        parent, *others = [each.file for each in made_of]
        return derive(parent, image, media_type="image/jpeg", kind=kind, others=others, signer=self._signer)


def _read(data: bytes, *, whole: bool) -> tuple[Image.Image, Ingredient]:
    file, image = ingredient(data, whole=whole), opened(data)
    if image is None:
        raise InputRefused("This picture is damaged or incomplete.")
    return image, file


def _thumbnail(data: bytes) -> _Shown:
    image, file = _read(data, whole=False)
    return _Shown(picture=ImageOps.fit(image, _THUMB, centering=(0.5, 0.3)), file=file)


def _around_face(model: FaceModel, image: Image.Image) -> Image.Image | None:
    found = model.find(image)
    return align(image, _from_near(model, image, found[0]), _PANEL) if found else None


def _from_near(model: FaceModel, image: Image.Image, face: Face) -> Face:
    """The same face, looked at once more: in a small one that leans, YuNet puts the eyes level."""
    left, top, width, height = face.box
    side = 2 * max(width, height)
    corner = left + (width - side) // 2, top + (height - side) // 2
    near = image.crop((*corner, corner[0] + side, corner[1] + side)).resize((_NEAR, _NEAR))
    found = model.find(near)
    if not found:
        return face
    scale = side / _NEAR
    points = tuple((corner[0] + x * scale, corner[1] + y * scale) for x, y in found[0].landmarks)
    return replace(face, landmarks=points)


def _some(nodes: Sequence[Node]) -> list[Node]:
    if not nodes:
        raise Conflict("There is no picture yet.")
    return list(nodes)


def _chosen(nodes: Sequence[Node], refs: Sequence[str]) -> Sequence[Node]:
    """Those that are asked for, in that order, each once; the newest when none is."""
    known = {name: node for node in nodes for name in (node.version.id, node.handle)}
    for ref in refs:
        if ref not in known:
            raise NotFound("version", ref)
    chosen = list({known[ref].version.id: known[ref] for ref in refs}.values())
    if len(chosen) > MOST:
        raise InputRefused(f"At most {MOST} pictures stand beside the photo; these are {len(chosen)}.")
    return chosen or nodes[-MOST:]


def _card(node: Node, shown: _Shown) -> Card:
    accepted = node.version.accepted_at is not None
    band = node.likeness or "not measured"
    return Card(picture=shown.picture, title=node.handle, band=band, skin=_skin(node), accepted=accepted)


def _skin(node: Node) -> str | None:
    """``lighter`` or ``darker``, if the skin came out so."""
    judged = judgement_of(node.version)
    return judged.skin if judged is not None and judged.skin in ("lighter", "darker") else None


def _sheet(
    user_id: str,
    name: str,
    nodes: Sequence[Node],
    image: Image.Image,
    data: bytes,
    boxes: tuple[Box, ...] = (),
) -> Sheet:
    return Sheet(
        blob=blob_key(user_id, "derived", name),
        data=data,
        handles=tuple(node.handle for node in nodes),
        width=image.width,
        height=image.height,
        boxes=boxes,
    )


def _digest(nodes: Sequence[Node]) -> str:
    """What is seen on a sheet, as 16 hex digits: the same sheet is made twice under one name."""
    seen = [
        (node.handle, node.version.sha256, node.likeness, _skin(node), node.version.accepted_at)
        for node in nodes
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
