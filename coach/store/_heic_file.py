"""The outside of a HEIC file: its size, and how much work its decoder would have with it.

A few hundred bytes can claim a huge picture, name one tile ten thousand times, or hide a larger picture in
the coded data than the file speaks of. So all that decides about the work is read first, down to the coded
picture's own header; what is unusual there is not decoded.

Sources: ISO/IEC 14496-12 §8.11 (items), ISO/IEC 23008-12 §6 (grids, properties), ISO/IEC 14496-15 §8.3.3
(``hvcC``), ITU-T H.265 §7.3 (parameter sets).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from coach.store._bits import Bits, Fields

# Honest files have some hundred boxes, a tile in one or a few units, and some kilobytes of `meta`.
_MOST_BOXES = 16_384
_MOST_UNITS = 16_384
_MOST_PLACES = 16_384
_LONGEST_META = 1024 * 1024
_PARAMETERS = range(32, 35)


class NotThisHeic(ValueError):
    """It is built in a way that cameras do not build it, and is not decoded."""


@dataclass(frozen=True, kw_only=True)
class HeicSize:
    """What a HEIC file holds.

    Attributes:
        width: Pixels of the picture, before turning.
        height: Pixels of the picture, before turning.
        work: Pixels that are decoded for it: its tiles, and what lies over it.
    """

    width: int
    height: int
    work: int


@dataclass(kw_only=True)
class _Items:
    """The items of a file, by their number."""

    file: bytes
    primary: int = -1
    kinds: dict[int, bytes] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    has: dict[int, list[int]] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    tiles: dict[int, list[int]] = field(default_factory=dict)
    over: dict[int, list[int]] = field(default_factory=dict)
    idat: bytes = b""
    read: int = 0
    units: int = 0
    sizes: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def property(self, item: int, kind: bytes) -> bytes:
        known = [self.properties[index - 1] for index in self.has.get(item, ()) if index]
        found = [content for name, content in known if name == kind]
        if len(found) != 1:
            raise NotThisHeic(f"an item has one {kind!r}")
        return found[0]

    def data(self, item: int) -> bytes:
        places = self.extents.get(item, ())
        parts = []
        for method, at, length in places:
            part = (self.idat if method == 1 else self.file)[at : at + length if length else None]
            self.read += len(part)
            if self.read > len(self.file):
                raise NotThisHeic("the same bytes are in a picture more than once")
            parts.append(part)
        return b"".join(parts)


def read_heic(data: bytes) -> HeicSize:
    """Look at a HEIC file from the outside.

    Raises:
        NotThisHeic: It is no picture in HEVC, or built as no camera does.
        struct.error: It is damaged.
    """
    metas = [body for kind, body in _boxes(data) if kind == b"meta"]
    if len(metas) != 1 or len(metas[0]) > _LONGEST_META:
        raise NotThisHeic("a file has one short list of items")
    items = _Items(file=data)
    _read_meta(items, metas[0][4:])
    width, height = struct.unpack_from(">II", items.property(items.primary, b"ispe"), 4)
    # What lies over it: its transparency. Apple's own additions, as the light of its HDR, are left alone.
    over = items.over.get(items.primary, ())
    own = [item for item in over if not items.property(item, b"auxC")[4:].startswith(b"urn:com:apple:")]
    shown = [items.primary, *own]
    work = sum(_work(items, item) for item in shown)
    return HeicSize(width=width, height=height, work=max(work, width * height))


def _work(items: _Items, item: int) -> int:
    """The pixels that are decoded for an item."""
    if items.kinds.get(item) == b"hvc1":
        return _coded(items, item)
    if items.kinds.get(item) != b"grid":
        raise NotThisHeic("a picture in HEVC or a grid of them")
    grid, tiles = items.data(item), items.tiles.get(item, [])
    width, height = struct.unpack_from(">II" if grid[1] & 1 else ">HH", grid, 4)
    if len(tiles) != (grid[2] + 1) * (grid[3] + 1) or len(set(tiles)) != len(tiles):
        raise NotThisHeic("a grid has one tile for each place")
    if any(items.kinds.get(tile) != b"hvc1" for tile in tiles):
        raise NotThisHeic("a tile is a picture in HEVC")
    return max(int(width * height), sum(_coded(items, tile) for tile in tiles))


def _coded(items: _Items, item: int) -> int:
    """The pixels the decoder would make of a coded picture, by its parameter sets."""
    config = items.property(item, b"hvcC")
    if config not in items.sizes:  # all tiles share one
        items.sizes[config] = _configured(config)
    pixels, length_size = items.sizes[config]
    units, pictures = Fields(items.data(item)), 0
    while units.left:
        unit = units.take(units.number(length_size))
        kind = unit[0] >> 1 & 63
        # The first bit after the header: the first slice of a picture.
        pictures += kind < 32 and unit[2] >> 7
        items.units += 1
        if kind in _PARAMETERS or pictures > 1 or items.units > _MOST_UNITS:
            raise NotThisHeic("an item is one picture, of the size its configuration says")
    return pixels


def _configured(config: bytes) -> tuple[int, int]:
    """The pixels of the largest picture a decoder is told of, and how long the length of a unit is."""
    fields, pixels = Fields(config), 0
    fields.skip(21)
    length_size = (fields.number(1) & 3) + 1
    for _ in range(fields.number(1)):
        fields.skip(1)
        for _ in range(fields.number(2)):
            unit = fields.take(fields.number(2))
            if unit[0] >> 1 & 63 == 33:
                width, height = _size_in(unit)
                pixels = max(pixels, width * height)
    if not pixels:
        raise NotThisHeic("a coded picture has a size")
    return pixels, length_size


def _size_in(sps: bytes) -> tuple[int, int]:
    """Width and height in a sequence parameter set (H.265 §7.3.2.2)."""
    bits = Bits(sps[2:].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)
    there = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in there:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    return bits.golomb(), bits.golomb()


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in a stretch of a file: kind and content."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        elif length == 0:
            length = len(data) - at
        if length < head:
            raise NotThisHeic("a box is shorter than its head")
        yield kind, data[at + head : at + length]
        at += length
    raise NotThisHeic("too many boxes")


def _read_meta(items: _Items, meta: bytes) -> None:
    seen = set()
    for kind, body in _boxes(meta):
        if kind in seen and kind != b"free":
            # Two readers could believe two different ones.
            raise NotThisHeic("a list is there once")
        seen.add(kind)
        fields = Fields(body)
        if kind == b"idat":
            items.idat = body
        elif kind == b"iprp":
            _read_properties(items, body)
        elif kind in (b"pitm", b"iinf", b"iref", b"iloc"):
            version = fields.number(1)
            fields.skip(3)
            if kind == b"pitm":
                items.primary = fields.number(4 if version else 2)
            elif kind == b"iinf":
                fields.skip(4 if version else 2)
                _read_kinds(items, fields.rest())
            elif kind == b"iref":
                _read_references(items, fields.rest(), wide=version > 0)
            else:
                _read_places(items, fields, version)


def _read_kinds(items: _Items, body: bytes) -> None:
    for kind, entry in _boxes(body):
        if kind == b"infe" and entry[0] >= 2:
            fields = Fields(entry)
            fields.skip(4)
            number = fields.number(4 if entry[0] > 2 else 2)
            fields.skip(2)
            if number in items.kinds:
                raise NotThisHeic("an item is one thing")
            items.kinds[number] = fields.take(4)


def _read_references(items: _Items, body: bytes, *, wide: bool) -> None:
    size = 4 if wide else 2
    for kind, entry in _boxes(body):
        fields = Fields(entry)
        source = fields.number(size)
        to = [fields.number(size) for _ in range(fields.number(2))]
        if kind == b"dimg":
            items.tiles.setdefault(source, []).extend(to)
        elif kind == b"auxl":
            for item in to:
                items.over.setdefault(item, []).append(source)


def _read_places(items: _Items, fields: Fields, version: int) -> None:
    sizes = fields.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide, number = 4 if version == 2 else 2, 0
    for _ in range(fields.number(wide)):
        item = fields.number(wide)
        method = fields.number(2) & 15 if version else 0
        fields.skip(2)
        start = fields.number(base)
        places = items.extents.setdefault(item, [])
        parts = fields.number(2)
        if (number := number + parts) > _MOST_PLACES:
            raise NotThisHeic("too many parts")
        for _ in range(parts):
            fields.skip(index if version else 0)
            places.append((method, start + fields.number(offset), fields.number(length)))


def _read_properties(items: _Items, body: bytes) -> None:
    for kind, content in _boxes(body):
        if kind == b"ipco":
            items.properties += _boxes(content)
        elif kind == b"ipma":
            fields = Fields(content)
            version, flags = fields.number(1), fields.number(3)
            for _ in range(fields.number(4)):
                item = fields.number(4 if version else 2)
                indices = [fields.number(2 if flags & 1 else 1) for _ in range(fields.number(1))]
                mask = 0x7FFF if flags & 1 else 0x7F
                items.has.setdefault(item, []).extend(index & mask for index in indices)
