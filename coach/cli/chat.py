"""``coach chat``: the conversation, in this terminal."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._options import CoachFolder, UseSandbox

if TYPE_CHECKING:
    from coach.cli._session import Session

HELP = (
    "Type what you want to say. /photo PATH adds your photo, /pictures lists your pictures, /quit leaves; "
    "the conversation is kept and goes on next time."
)


def chat(
    folder: CoachFolder = "coach.reference",
    sandbox: UseSandbox = False,
    new: Annotated[bool, typer.Option("--new", help="Begin anew instead of going on.")] = False,
    user: Annotated[str, typer.Option(help="Who you are here; conversations are kept per person.")] = "me",
    out: Annotated[Path, typer.Option(help="Where pictures and the text of the talk are written.")] = Path(
        "coach-chat"
    ),
) -> None:
    """Talk with the coach. Needs OPENAI_API_KEY (and OPENAI_BASE_URL for another server), or --sandbox."""
    # input() belongs to the main thread, so that Ctrl-C ends it at once; the talk runs in between.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            session = runner.run(_open(stack, folder, sandbox=sandbox, new=new, user=user, out=out))
            _talk(runner, session)
            session.terminal.note(f"Kept: {session.transcript.write()}. `coach chat` goes on from here.")
        finally:
            runner.run(stack.aclose())


async def _open(
    stack: AsyncExitStack, folder: str, *, sandbox: bool, new: bool, user: str, out: Path
) -> Session:
    from coach.cli._open import opened
    from coach.cli._session import Session
    from coach.cli._terminal import Terminal
    from coach.cli._transcript import Transcript
    from coach.conversation import Conversation
    from coach.store import Conversations

    coach, model = await stack.enter_async_context(opened(folder, sandbox=sandbox))
    earlier = await coach.service("conversations", Conversations).list(user)
    mine = [row for row in earlier if row.coach == coach.name]
    if mine and not new:
        conversation = await Conversation.resume(coach, model, user_id=user, conversation_id=mine[0].id)
    else:
        conversation = await Conversation.start(coach, model, user_id=user)
    session = Session(coach, conversation, Terminal(), Transcript(folder=out, sandbox=sandbox))
    session.terminal.note(HELP)
    messages = await conversation.messages()
    if messages:
        await session.recall(messages)
    else:
        await session.greet()
    return session


def _talk(runner: asyncio.Runner, session: Session) -> None:
    while True:
        if session.waiting is not None:
            yes = _ask(f"{session.question()} [y/N] ")
            runner.run(session.decide(yes=yes is not None and yes.lower() in ("y", "yes")))
            continue
        line = _ask("  you  ")
        match (line or "").split(maxsplit=1):
            case _ if line is None:
                return
            case ["/quit" | "/exit"]:
                return
            case ["/photo", path]:
                _photo(runner, session, Path(path))
            case ["/pictures"]:
                for shown in session.pictures:
                    session.terminal.note(f"{shown.data['handle']}  {shown.path}")
            case [word, *_] if word.startswith("/"):
                session.terminal.note(HELP)
            case []:
                continue
            case _:
                runner.run(session.say(line or ""))


def _photo(runner: asyncio.Runner, session: Session, path: Path) -> None:
    session.show_consent()
    yes = _ask("Do you agree? [y/N] ")
    if yes is None or yes.lower() not in ("y", "yes"):
        session.terminal.note("Without your yes no photo is read. Nothing was kept.")
    elif runner.run(session.add_photo(path)):
        runner.run(session.say("I have added my photo.", echo=True))


def _ask(prompt: str) -> str | None:
    """A line from the person, or ``None`` at the end of input."""
    try:
        return input(prompt).strip()
    except EOFError:
        return None
