"""A face that becomes somebody else's, as it does where a model edits its own edits.

The stranger is in the proportions: eyes and mouth move apart, the cheeks come in. A deterministic warp, so no
second person's photo is needed, and one that face networks notice.
"""

from __future__ import annotations

import io
from itertools import pairwise

from PIL import Image

from coach.sandbox.painter.figure import Box
from coach.sandbox.painter.sign import encode, read_mark

_CELLS = 16
_AROUND = 0.75
"""How far from the middle of the face the warp reaches, as a part of the face's width and height."""

_ALONG, _ACROSS = 0.6, 0.25
"""How far a share of 1 moves: the eyes and the mouth apart, the cheeks together, as parts of that reach."""


def drifted(photo: Image.Image, face: Box, share: float) -> Image.Image:
    """The photo (RGB) with its face so far on the way to a stranger's: 0 is unchanged, 1 is the stranger."""
    left, top, right, bottom = (
        part * side for part, side in zip(face, (*photo.size, *photo.size), strict=True)
    )
    centre = (left + right) / 2, (top + bottom) / 2
    reach = max(1.0, (right - left) * _AROUND), max(1.0, (bottom - top) * _AROUND)

    def source(x: int, y: int) -> tuple[float, float]:
        across, down = (x - centre[0]) / reach[0], (y - centre[1]) / reach[1]
        weight = share * max(0.0, 1 - across**2) * max(0.0, 1 - down**2)
        return x + _ACROSS * across * weight * reach[0], y - _ALONG * down * weight * reach[1]

    columns, rows = (
        sorted({round(centre[axis] + reach[axis] * (2 * n / _CELLS - 1)) for n in range(_CELLS + 1)})
        for axis in (0, 1)
    )
    mesh = []
    for x0, x1 in pairwise(columns):
        for y0, y1 in pairwise(rows):
            corners = (source(x0, y0), source(x0, y1), source(x1, y1), source(x1, y0))
            mesh.append(((x0, y0, x1, y1), tuple(number for corner in corners for number in corner)))
    region = columns[0], rows[0], columns[-1], rows[-1]
    warped = photo.transform(photo.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    whole = photo.copy()
    whole.paste(warped.crop(region), region[:2])
    return whole


def other_face(picture: bytes) -> bytes:
    """A picture drawn here with a stranger's face in it; one without a face is returned as it is."""
    with Image.open(io.BytesIO(picture)) as drawn:
        mark = read_mark(drawn)
        if mark is None or mark.face is None:
            return picture
        left, top, right, bottom = mark.face
        face = left / drawn.width, top / drawn.height, right / drawn.width, bottom / drawn.height
        whole = drifted(drawn.convert("RGB"), face, 1.0)
        if drawn.has_transparency_data:
            whole.putalpha(drawn.convert("RGBA").getchannel("A"))
        return encode(whole, mark, hash="", format=(drawn.format or "PNG").lower())
