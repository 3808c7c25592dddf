"""The pictures of a job's answer, found by what they are: each shape calls them otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coach.errors import Paid
from coach.studio.engines import Received, Span
from coach.studio.engines._payload import Pictures, Text, parse
from coach.studio.engines._runpod_reply import PICTURE, hole_in, paid_of, places_of, usage_of, why_none
from coach.studio.faults import fault


def read_result(body: Path, into: Path) -> Received:
    """Decode the pictures into files; see :meth:`coach.studio.engines.Engine.read`. Blocks.

    The base64 is passed over first: only where the rest says that a picture is, there is one.
    """
    pictures, usage = Pictures(into), None
    paid: Paid = "unknown"
    try:
        with Text(body) as text:
            answer, holes = parse(text, text.whole, _pass_over, begins=PICTURE, numbered=True)
            if not isinstance(answer, dict):
                raise ValueError("not an object")
            places = places_of(answer) if answer.get("status") == "COMPLETED" else []
            if not places:
                raise why_none(answer)
            paid, usage = paid_of(answer), usage_of(answer)
            for place in places:
                _take(text, place, holes, pictures)
        if not pictures.good:
            raise ValueError("no picture")
    except ValueError as exc:
        # One that was cut on its way is not what the service has: it can be fetched again.
        detail = f"The answer is not as documented ({type(exc).__name__})."
        raise fault("bad_answer", paid=paid, detail=detail, usage=usage) from None
    return Received(pictures=tuple(pictures.good), unreadable=pictures.bad, usage=usage)


def _pass_over(text: Text) -> Span:
    """Where the base64 is that begins here, with the quote after it."""
    start = text.at
    for _ in text.base64():
        pass
    return Span(start, text.at + 1)


def _take(text: Text, place: str, holes: Sequence[Span], pictures: Pictures) -> None:
    number = hole_in(place)
    if number is None or number >= len(holes):
        pictures.skip()
        return
    text.seek(holes[number])
    pictures.take(text)
