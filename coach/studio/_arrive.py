"""An answer on its way into the spool: written as it comes, never held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coach._durable import code_of
from coach._reached import reached
from coach.studio.engines import Answer, Engine, Span
from coach.studio.faults import fault
from coach.studio.spool import Head, SpoolFile

MOST_BYTES = 64 * 1024 * 1024
"""More than any picture or preview takes in an answer: 3840x2160 pixels as PNG in base64 are under 45 MB."""


async def arrive(
    answer: Answer, engine: Engine, file: SpoolFile, *, pictures: int, seen: Callable[[Span], None]
) -> list[Span] | None:
    """Write an answer into its file as it comes.

    Args:
        pictures: How many pictures, previews among them, it may hold.
        seen: Told where a preview lies once all of it is written.

    Returns:
        See :meth:`coach.studio.engines.PartialFinder.others`.

    Raises:
        PictureError: The connection broke, the disk is full, or the answer has no end.
    """
    room = MOST_BYTES * pictures
    with _writing(answer):
        file.note(Head(engine=engine.name, media_type=answer.media_type, request_id=answer.request_id))
    reached("after_headers")
    partials = engine.find_partials(answer.media_type)
    async for chunk in answer.chunks():
        room -= len(chunk)
        if room < 0:
            detail = "The answer is larger than pictures are."
            raise fault("bad_answer", paid="paid", detail=detail, request_id=answer.request_id)
        with _writing(answer):
            file.write(chunk)
        reached("mid_body")
        for span in partials.feed(chunk):
            seen(span)
    with _writing(answer):
        file.flush()
    return partials.others()


@contextmanager
def _writing(answer: Answer) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        detail = f"The spool did not take the answer ({code_of(exc)})."
        raise fault("no_room", paid="paid", detail=detail, request_id=answer.request_id) from exc
