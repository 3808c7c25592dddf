"""XMP, as far as provenance needs it: what a picture's packet says, and the packet we write.

Read with no trust at all: nothing is resolved, a document type (where entities are declared) is refused, and
length and depth are bounded. Nothing is kept of it but the two properties that are looked for.

Sources: ISO 16684-1 (XMP), parts 7 and 8 and the `xmpMM` and `stRef` name spaces; IPTC Photo Metadata
Standard 2023.2, "Digital Source Type"; RFC 6920 §7: ``nih:sha-256;<hex>`` names bytes by their hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from coach.text import one_line

LONGEST = 1024 * 1024
"""Bytes of a packet that are looked at: honest ones have some thousand."""

_DEEPEST = 64
_LONGEST_TEXT = 1000
_MOST_PARENTS = 256
_HASH = re.compile(r"nih:sha-256;([0-9a-f]{64})(?:;[0-9a-f])?")

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_REF = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_SOURCE_TYPE = f"{_IPTC} DigitalSourceType"
_DOCUMENT = f"{_REF} documentID"
_PARENT = (f"{_MM} DerivedFrom", f"{_MM} Ingredients")
_RESOURCE = f"{_RDF} resource"


class NotXmp(ValueError):
    """It is no XMP that we read."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What a packet says.

    Attributes:
        source_type: The IPTC digital source type, a URI; ``None``: not said.
        parents: The SHA-256 in hex of the pictures it is made from, the one it derives from first.
    """

    source_type: str | None
    parents: tuple[str, ...]


def packet(source_type: str, parents: Sequence[str]) -> bytes:
    """The packet for a picture.

    Args:
        source_type: A URI of the IPTC vocabulary.
        parents: The SHA-256 in hex of the pictures it is made from. The first is ``xmpMM:DerivedFrom``; with
            several, all of them are ``xmpMM:Ingredients``.
    """
    names = [f'stRef:documentID="nih:sha-256;{parent}"' for parent in parents]
    derived = f"<xmpMM:DerivedFrom {names[0]}/>"
    if len(names) > 1:
        bag = "".join(f"<rdf:li {name}/>" for name in names)
        derived += f"<xmpMM:Ingredients><rdf:Bag>{bag}</rdf:Bag></xmpMM:Ingredients>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about="" xmlns:xmpMM="{_MM}" xmlns:stRef="{_REF}" xmlns:Iptc4xmpExt="{_IPTC}">'
        f"<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>{derived}"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def parse(data: bytes) -> Marks:
    """Read a packet in whichever of its spellings: as attribute, as element, as structure.

    Raises:
        NotXmp: It is longer than :data:`LONGEST`, no XML, nested too deeply, or has a document type.
    """
    if len(data) > LONGEST:
        raise NotXmp("the packet is too long")
    reading = _Reading()
    try:
        # Some fill up with NUL, which no parser takes; in UTF-16, half of the characters end with it.
        whole = data if data.startswith((b"\xfe\xff", b"\xff\xfe")) else data.rstrip(b"\0")
        reading.parser.Parse(whole, True)
    # What Python's codecs raise for an encoding the packet invents, beside what the parser does.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise NotXmp("the packet cannot be read") from error
    return Marks(source_type=reading.source_type, parents=tuple(dict.fromkeys(reading.parents)))


@dataclass
class _Reading:
    """The handlers of one parse."""

    source_type: str | None = None
    parents: list[str] = field(default_factory=list)
    parser: expat.XMLParserType = field(init=False)
    _path: list[str] = field(default_factory=list)
    _text: str = ""

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._read
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise NotXmp("the packet declares a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise NotXmp("the packet is nested too deeply")
        self._text = ""
        for key, value in attributes.items():
            self._found(name if key == _RESOURCE else key, value)

    def _read(self, text: str) -> None:
        if self._path[-1] in (_SOURCE_TYPE, _DOCUMENT):
            self._text = (self._text + text)[:_LONGEST_TEXT]

    def _end(self, name: str) -> None:
        self._found(name, self._text)
        self._text = ""
        self._path.pop()

    def _found(self, name: str, value: str) -> None:
        value = one_line(value)[:_LONGEST_TEXT]
        if name == _SOURCE_TYPE and value and self.source_type is None:
            self.source_type = value
        elif name == _DOCUMENT and any(each in self._path for each in _PARENT):
            parent = _HASH.fullmatch(value)
            if parent and len(self.parents) < _MOST_PARENTS:
                self.parents.append(parent[1])
