"""What a file's marks mean, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coach.studio.provenance import Provenance

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"

MEANING = {
    "trainedAlgorithmicMedia": "made by a generative AI model",
    "compositeWithTrainedAlgorithmicMedia": "changed in part by a generative AI model",
    "compositeSynthetic": "put together of several pictures, at least one made by a generative AI model",
    "algorithmicMedia": "made by a program, not from other media",
    "algorithmicallyEnhanced": "improved by a program",
    "composite": "put together of several pictures",
    "compositeCapture": "put together of several photos",
    "computationalCapture": "a photo, put together of several shots by the camera",
    "digitalArt": "drawn with a program",
    "digitalCapture": "a photo",
    "digitalCreation": "made by a person with a program",
    "humanEdits": "a photo that a person edited",
    "minorHumanEdits": "a photo that a person edited",
    "screenCapture": "a picture of a screen",
}
"""The terms of the IPTC vocabulary that pictures have, in plain words."""


SAYS_NOTHING = "This picture does not say where it is from. That means nothing: marks are easily removed."
"""What is to be said of a file in which nothing is found."""


def facts(found: Provenance) -> Iterator[tuple[str, str]]:
    """What a file says of where it is from: pairs of a heading, which may come again, and plain words.

    Of one that :attr:`~Provenance.is_silent` there are none: :data:`SAYS_NOTHING`.
    """
    credentials = found.credentials
    if found.is_silent:
        return
    yield "What it is", _meaning(found.source_type or credentials.source_type)
    if credentials.made_by:
        yield "Made by", credentials.made_by
    for sha256 in found.made_from:
        yield "Made from", f"the picture with SHA-256 {sha256}"
    if not found.made_from:
        for title in credentials.made_from:
            yield "Made from", title
    if credentials.signed_by:
        when = f", {credentials.signed_at}" if credentials.signed_at else ""
        how = f", with {credentials.software}" if credentials.software else ""
        yield "Signed by", f"{credentials.signed_by}{when}{how}"
    yield "Signature", credentials.why
    if credentials.state in ("tampered", "broken") and credentials.codes:
        yield "Signature", ", ".join(credentials.codes)
    if credentials.state in ("absent", "unchecked"):
        yield "Signature", "Without a signature that holds, anybody can have written this."


def _meaning(source_type: str | None) -> str:
    if source_type is None:
        return "not said"
    term = source_type.removeprefix(IPTC)
    return MEANING.get(term, f"of a source type we do not know: {term}")
