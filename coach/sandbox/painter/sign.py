"""What makes a sandbox picture recognisable: the words on it, a note in its metadata, and what IPTC calls it.

IPTC's word is the one for what was done here, and not the one for a model's pictures, for which it stands in:
``composite`` with a person, whose photo is in it, else ``algorithmicMedia``. Sources: IPTC Photo Metadata
Standard 2023.2, "Digital Source Type"; ISO 16684-1 and -3.
"""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from coach.sandbox.painter.brush import blur
from coach.sandbox.painter.light import LIGHTS
from coach.sandbox.painter.scene import PLACES, Scene

LABEL = "SANDBOX · not a real picture"
NOTE = "Drawn by the coach sandbox, not a real picture."
_DESCRIPTION = 0x010E
"""The EXIF tag ImageDescription."""
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
    '"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)

_BOX = r"=(-?\d+),(-?\d+),(-?\d+),(-?\d+)"
_MARK = re.compile(rf"{re.escape(NOTE)} place=(\w+) time=(\w+)(?: person{_BOX} face{_BOX})?")
_PREVIEW_SIDES = (14, 30, 64)
"""How many pixels along its longer side are left of a preview: the first, the second, the third."""


Pixels = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The note in a sandbox picture's metadata.

    Attributes:
        scene: Where and when it is.
        person: The box in pixels the person was put in.
        face: The box of their face, when there is a person.
        label: The box for the words on the picture, where its corners are transparent; it is not in the note.
    """

    scene: Scene
    person: Pixels | None = None
    face: Pixels | None = None
    label: Pixels | None = None

    def __str__(self) -> str:
        boxes = {"person": self.person, "face": self.face}
        where = "".join(f" {name}={','.join(map(str, box))}" for name, box in boxes.items() if box)
        return f"{NOTE} place={self.scene.place} time={self.scene.time}{where}"


def read_mark(image: Image.Image) -> Mark | None:
    """The note of a picture this sandbox drew, or ``None`` for any other image."""
    found = _MARK.search(str(image.info.get("sandbox") or image.getexif().get(_DESCRIPTION) or ""))
    if found is None or found[1] not in PLACES or found[2] not in LIGHTS:
        return None
    scene = Scene(place=found[1], time=found[2])
    if found[3] is None:
        return Mark(scene=scene)
    a, b, c, d, e, f, g, h = (int(n) for n in found.groups()[2:])
    return Mark(scene=scene, person=(a, b, c, d), face=(e, f, g, h))


def preview(image: Image.Image, index: int) -> Image.Image:
    """An unfinished state of a picture: blurred, less so as ``index`` (0 to 2) grows."""
    side = _PREVIEW_SIDES[min(index, 2)]
    k = side / max(image.size)
    small = image.resize(
        (max(2, round(image.width * k)), max(2, round(image.height * k))), Image.Resampling.BOX
    )
    return blur(small.resize(image.size, Image.Resampling.BICUBIC), image.width / side / 4)


def encode(image: Image.Image, mark: Mark, *, hash: str, format: str, compression: int = 100) -> bytes:
    """Write the label, the request's hash, the note and IPTC's word, and encode.

    Args:
        image: The picture, RGB or RGBA.
        mark: What the note says.
        hash: The request's hash, 8 hex digits; printed small in a corner.
        format: ``png``, ``jpeg`` or ``webp``.
        compression: 0 to 100, for JPEG and WebP, as the images API counts it.
    """
    image = image.copy()
    if mark.label is None:
        _write(image, hash)
    else:
        _write_inside(image, hash, mark.label)
    out = io.BytesIO()
    xmp = _XMP.format(term="composite" if mark.person else "algorithmicMedia")
    if format == "png":
        note = PngImagePlugin.PngInfo()
        note.add_text("sandbox", str(mark))
        note.add_itxt("XML:com.adobe.xmp", xmp)
        image.save(out, "PNG", pnginfo=note, compress_level=1)
        return out.getvalue()
    exif = Image.Exif()
    exif[_DESCRIPTION] = str(mark)
    words: dict[str, Any] = {"exif": exif, "xmp": xmp.encode()}
    if format == "jpeg":
        image.convert("RGB").save(out, "JPEG", quality=max(1, min(95, compression)), **words)
    else:
        image.save(out, "WEBP", quality=compression, method=0, **words)
    return out.getvalue()


def _write(image: Image.Image, hash: str) -> None:
    unit = min(image.size) / 1024
    draw, margin = ImageDraw.Draw(image), round(28 * unit)
    ink, edge = (
        ((255, 255, 255), (0, 0, 0)) if image.mode == "RGB" else ((255, 255, 255, 255), (0, 0, 0, 255))
    )
    stroke = max(1, round(1.4 * unit))
    for text, size, x, anchor in (
        (LABEL, 25 * unit, margin, "ls"),
        (hash, 17 * unit, image.width - margin, "rs"),
    ):
        font = ImageFont.load_default(size)
        at = (x, image.height - margin)
        draw.text(at, text, font=font, fill=ink, anchor=anchor, stroke_width=stroke, stroke_fill=edge)


_ON_CLOTH: dict[str, Any] = {
    **{"fill": (255, 255, 255, 255), "stroke_fill": (0, 0, 0, 255)},
    **{"stroke_width": 1, "anchor": "mm"},
}


def _write_inside(image: Image.Image, hash: str, box: Pixels) -> None:
    """The label on short lines in a box: on what a cut-out wears."""
    name, says = LABEL.split(" · ")
    draw, rows = ImageDraw.Draw(image), (name, *textwrap.wrap(says, len(name) + 3), hash)
    high = (box[3] - box[1]) / len(rows)
    for row, text in enumerate(rows):
        size = high * 0.9
        size *= min(1.0, (box[2] - box[0]) / max(1.0, ImageFont.load_default(size).getlength(text)))
        at = ((box[0] + box[2]) / 2, box[1] + high * (row + 0.5))
        draw.text(at, text, font=ImageFont.load_default(size), **_ON_CLOTH)
