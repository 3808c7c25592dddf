"""Sheets for the person to look at: their photo beside the pictures of an identity, and all its versions.

A sheet is made of what is kept and can be made again: a blob of the kind ``derived``, without a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image, ImageOps

from coach.errors import Conflict
from coach.faces import Face, FaceModel, align, off_loop
from coach.store import Store, blob_key
from coach.store.nodes import Node
from coach.studio._sheet import Card, side_by_side, tree
from coach.studio.provenance import Kind, Signer, derive

MOST = 5
"""How many pictures stand beside the photo: more would be too small on a screen."""

MOST_ON_SHEET = 60
"""How many versions a sheet of all of them shows: the newest. Their files are in memory together."""

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
    """

    blob: str
    data: bytes
    handles: tuple[str, ...]
    width: int
    height: int


class Sheets:
    """Makes sheets of people's pictures, off the event loop.

    Args:
        store: Where the pictures are.
        model: Finds the faces; ``None``: none is installed, and pictures are shown from the head down.
        signer: Signs a C2PA manifest into each sheet; ``None``: they carry the IPTC mark alone.
    """

    def __init__(self, store: Store, *, model: FaceModel | None, signer: Signer | None = None) -> None:
        self._store, self._model, self._signer = store, model, signer

    async def compare(self, user_id: str, identity_ref: str, refs: Sequence[str] = ()) -> Sheet:
        """The person's photo and versions beside it, every face at the same size.

        Args:
            refs: Which versions, by handle or id; left out: the newest. At most :data:`MOST` are shown.

        Raises:
            ConsentMissing: The person has not agreed that their photo is used.
            NotFound: This person has no such identity, or it has no such version.
            Conflict: There is no photo, or no version.
        """
        nodes = _some(await self._store.versions.tree(user_id, identity_ref))
        await self._store.consents.require(user_id, "pictures")
        photo = await self._store.photos.primary(user_id)
        if photo is None:
            raise Conflict("There is no photo to compare with.")
        if refs:
            wanted = [await self._store.versions.get(user_id, identity_ref, ref) for ref in refs]
            ids = {version.id for version in wanted}
            nodes = [node for node in nodes if node.version.id in ids]
        nodes = nodes[-MOST:]
        photo_data = await self._store.photos.bytes(user_id, photo.id)
        files = await self._files(nodes)
        made = await off_loop(self._comparison, photo_data, nodes, files)
        name = f"comparison-{photo.id}-{_digest(nodes)}.jpg"
        return await self._keep(user_id, name, nodes, *made)

    async def versions(self, user_id: str, identity_ref: str) -> Sheet:
        """The versions of an identity as a tree, at most :data:`MOST_ON_SHEET`.

        Raises:
            NotFound: This person has no such identity.
            Conflict: It has no version.
        """
        nodes = _some(await self._store.versions.tree(user_id, identity_ref))[-MOST_ON_SHEET:]
        files = await self._files(nodes)
        made = await off_loop(self._tree, nodes, files)
        name = f"sheet-{nodes[0].version.identity_id}-{_digest(nodes)}.jpg"
        return await self._keep(user_id, name, nodes, *made)

    def _comparison(
        self, photo: bytes, nodes: Sequence[Node], files: Sequence[bytes]
    ) -> tuple[Image.Image, bytes]:
        cards = [Card(picture=self._face(photo), title="your photo")]
        cards += [_card(node, self._face(data)) for node, data in zip(nodes, files, strict=True)]
        return self._marked(side_by_side(cards), "comparison", [*files, photo])

    def _tree(self, nodes: Sequence[Node], files: Sequence[bytes]) -> tuple[Image.Image, bytes]:
        shown = [node.handle for node in nodes]
        cards = {
            node.handle: _card(node, ImageOps.fit(_opened(data), _THUMB, centering=(0.5, 0.3)))
            for node, data in zip(nodes, files, strict=True)
        }
        parents = {node.handle: node.parent if node.parent in shown else None for node in nodes}
        return self._marked(tree(cards, parents), "sheet", files)

    def _marked(self, sheet: Image.Image, kind: Kind, made_of: Sequence[bytes]) -> tuple[Image.Image, bytes]:
        parent, *others = made_of
        return sheet, derive(
            parent, sheet, media_type="image/jpeg", kind=kind, others=others, signer=self._signer
        )

    def _face(self, data: bytes) -> Image.Image:
        """A picture as it stands in a comparison: around its largest face, or its upper part."""
        image = _opened(data)
        found = self._model.find(image) if self._model else []
        if self._model and found:
            return align(image, _from_near(self._model, image, found[0]), _PANEL)
        return ImageOps.fit(image, _PANEL, centering=(0.5, 0.2))

    async def _files(self, nodes: Sequence[Node]) -> list[bytes]:
        return [await self._store.blobs.get(node.version.blob) for node in nodes]

    async def _keep(
        self, user_id: str, name: str, nodes: Sequence[Node], sheet: Image.Image, data: bytes
    ) -> Sheet:
        key = blob_key(user_id, "derived", name)
        await self._store.blobs.put(key, data, "image/jpeg")
        return Sheet(
            blob=key,
            data=data,
            handles=tuple(node.handle for node in nodes),
            width=sheet.width,
            height=sheet.height,
        )


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


def _card(node: Node, picture: Image.Image) -> Card:
    accepted = node.version.accepted_at is not None
    return Card(picture=picture, title=node.handle, band=node.likeness or "not measured", accepted=accepted)


def _opened(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _digest(nodes: Sequence[Node]) -> str:
    """What is seen on a sheet, as 16 hex digits: the same sheet is made twice under one name."""
    seen = [(node.handle, node.version.sha256, node.likeness, node.version.accepted_at) for node in nodes]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
