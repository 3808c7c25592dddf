"""What an operator is told of a generation's file: does somebody work on it, is a picture in it?"""

from __future__ import annotations

from typing import Literal

from coach.errors import Conflict, PictureError
from coach.store._rows import now
from coach.studio.engines import Engine
from coach.studio.generation import Generation
from coach.studio.recovery import ABANDONED
from coach.studio.spool import Spool

Whereabouts = Literal["working", "left", "elsewhere"]
"""A process works on it, or may elsewhere; it was left behind in our spool; it is old and not here."""


def whereabouts(spool: Spool | None, generation: Generation) -> Whereabouts:
    """Who works on a generation that has not ended. The system lets go of a file when its process dies."""
    file = spool.claim(generation.id) if spool else None
    if file is not None:
        with file:
            return "left"
    if (spool and spool.has(generation.id)) or now() - generation.updated_at < ABANDONED:
        return "working"
    return "elsewhere"


def refuse_if_here(spool: Spool, generation_id: str) -> None:
    """See that no picture lies in the spool: what is here is put away, and not settled by hand.

    Raises:
        Conflict: One does, or somebody works on it. The next start will look at it.
    """
    file = spool.claim(generation_id)
    if file is None:
        if spool.has(generation_id):
            raise Conflict("A process is at work on this picture: look again when it is done.")
        return
    # Not before there is a file to read: the SDK takes longer to import than books to be read.
    from openai import AsyncOpenAI

    from coach.studio.engines.gpt_image import GptImageEngine
    from coach.studio.engines.openai_background import OpenAIBackgroundEngine

    with file:
        path, head = file.arrived, file.head()
        # Nothing is asked of anybody: reading an answer takes no key.
        client = AsyncOpenAI(api_key="none", base_url="http://localhost")
        engines: tuple[Engine, ...] = (GptImageEngine(client), OpenAIBackgroundEngine(client))
        for engine in engines:
            if path is None or head is None or engine.name != head.engine:
                continue
            try:
                engine.read(path, head.media_type, file.decoded)
            except (PictureError, OSError):
                continue
            finally:
                file.remove_decoded()
            path.touch()  # newer than the doubt: so the next start looks at it again
            raise Conflict(
                "The whole answer lies in the spool, so nothing was settled: start coach, or ask with its "
                "key again, and the picture is put away and counted."
            )
