"""``coach demo``: a whole conversation, from hello to the accepted picture, without a key."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coach.errors import CoachError, InputRefused

if TYPE_CHECKING:
    from coach.cli._session import Session

MARK = ".coach-demo"
"""A folder with this file in it is ours to empty."""

LONGEST = 40
"""Turns after which the demo gives up: a script that loops must end in a sentence too."""


def demo(
    photo: Annotated[
        Path | None, typer.Option(help="Your own photo; left out: a portrait in the public domain.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the conversation and the pictures are written.")] = Path(
        "coach-demo"
    ),
) -> None:
    """Run a whole conversation with the sandbox: no key, nothing leaves this machine, nothing is paid.

    A scripted person talks with a scripted coach; the framework between them is the real one.
    """
    from coach.cli._session import read_photo
    from coach.store.intake import clean_photo

    picture = photo or portrait()
    clean_photo(read_photo(picture))  # better refused now than after five phases
    asyncio.run(_run(picture, _emptied(out)))


def portrait() -> Path:
    """Grace Hopper's portrait (US Navy, public domain), which comes with matplotlib.

    Raises:
        InputRefused: matplotlib is not installed.
    """
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise InputRefused(
            "The demo's portrait comes with matplotlib: the extra `demo`. Or give a photo with --photo."
        )
    return Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"


def _emptied(out: Path) -> Path:
    """The folder, empty; one that holds something else is left alone."""
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).exists():
            raise InputRefused(
                f"{str(out)!r} is not empty and not from an earlier demo. Choose another --out."
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
    return out


async def _run(photo: Path, out: Path) -> None:
    from coach.cli._open import opened
    from coach.cli._session import Session
    from coach.cli._terminal import Terminal
    from coach.cli._transcript import Transcript
    from coach.conversation import Conversation

    began = time.monotonic()
    async with opened("coach.reference", sandbox=True, home=out / "data") as (coach, model):
        conversation = await Conversation.start(coach, model, user_id="demo")
        session = Session(coach, conversation, Terminal(), Transcript(folder=out, sandbox=True))
        session.terminal.note(
            "Everything here runs on this machine. The coach and the person follow a script, and the "
            "pictures are drawn by the sandbox, not made by a model. The framework between is the real one."
        )
        await session.greet()
        ended = await _converse(session, photo)
        _report(session, seconds=time.monotonic() - began)
    if not ended:
        raise CoachError("The demo did not come to its end: see above what stopped it.")


async def _converse(session: Session, photo: Path) -> bool:
    """Let the person speak until they have nothing more to say; says whether they came to see themselves."""
    from coach.sandbox import ScriptedPerson

    person = ScriptedPerson()
    for _ in range(LONGEST):
        if session.stopped:
            return False
        if session.waiting is not None:
            session.terminal.note(f"{session.question()} [y/N] y", style="bold")
            await session.decide(yes=True)
            continue
        line = person.next(
            session.conversation.phase,
            session.heard,
            has_photo=await session.has_photo(),
            versions=len(session.pictures),
        )
        if line is None:
            return bool(session.pictures)
        if line == "/photo":
            session.terminal.say("you", f"/photo {photo.name}", style="bold green")
            session.show_consent()
            session.terminal.note("Do you agree? [y/N] y", style="bold")
            if not await session.add_photo(photo):
                return False
        else:
            await session.say(line, echo=True)
    return False


def _report(session: Session, *, seconds: float) -> None:
    from coach._money import dollars
    from coach.cli._likeness import likeness
    from coach.cli._table import print_table

    page = session.transcript.write()
    if not session.pictures:
        return
    rows = [
        (
            shown.data["handle"],
            likeness(shown.data.get("likeness"), shown.data.get("skin")),
            dollars(shown.data["quote_micros"]),
            dollars(shown.data["actual_micros"]),
            f"{shown.data['seconds']:.1f} s",
            str(shown.path),
        )
        for shown in session.pictures
    ]
    models = " and ".join(dict.fromkeys(shown.data["model"] for shown in session.pictures))
    columns = ("", "Likeness", "Quoted", "Actual", "Time", "File")
    print_table(session.terminal.console, f"What was made, with {models}", columns, rows)
    session.terminal.lines(
        "",
        f"The conversation: {page}",
        "Quoted and actual are what the model would have charged; the sandbox charges nothing.",
        f"It took {seconds:.0f} seconds. Your turn: .venv/bin/coach chat --sandbox",
    )
