"""What an operator is told of a generation's file: does somebody work on it, is a picture in it?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from coach._durable import code_of
from coach.errors import Conflict, PictureError
from coach.store._rows import now
from coach.studio.engines import Engine
from coach.studio.generation import Generation
from coach.studio.recovery import ABANDONED
from coach.studio.spool import Head, Spool, SpoolFile

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
        Conflict: One does, or somebody works on it: the next start will look at it. Or what is here cannot be
            looked at, on a full disk for instance.
    """
    file = spool.claim(generation_id)
    if file is None:
        if spool.has(generation_id):
            raise Conflict("A process is at work on this picture: look again when it is done.")
        return
    with file:
        path, head = file.arrived, file.head()
        if path is None or head is None or not _is_whole(file, path, head):
            return
        path.touch()  # newer than the doubt: so the next start looks at it again
    raise Conflict(
        "The whole answer lies in the spool, so nothing was settled: start coach, or ask with its key again, "
        "and the picture is put away and counted."
    )


def _is_whole(file: SpoolFile, path: Path, head: Head) -> bool:
    # Not before there is a file to read: the SDK takes longer to import than books to be read.
    from openai import AsyncOpenAI

    from coach.fetch import Fetcher
    from coach.studio.engines.gpt_image import GptImageEngine
    from coach.studio.engines.memeputer import MemeputerEngine
    from coach.studio.engines.openai_background import OpenAIBackgroundEngine
    from coach.studio.engines.runpod import RunPodEngine

    # Nothing is asked of anybody: reading an answer takes no key.
    client = AsyncOpenAI(api_key="none", base_url="http://localhost")
    memeputer = MemeputerEngine(url="http://localhost", key="none", agent="none", fetcher=Fetcher())
    runpod = RunPodEngine(key="none", endpoints={}, fetcher=Fetcher())
    engines: tuple[Engine, ...] = (
        *(GptImageEngine(client), OpenAIBackgroundEngine(client)),
        *(memeputer, runpod),
    )
    try:
        for engine in engines:
            if engine.name == head.engine:
                engine.read(path, head.media_type, file.decoded)
                return True
    except PictureError:
        pass
    except OSError as exc:
        detail = f"What lies in the spool cannot be looked at ({code_of(exc)}), so nothing was settled: "
        raise Conflict(f"{detail}see that the disk has room, then try again.") from exc
    finally:
        file.remove_decoded()
    return False
