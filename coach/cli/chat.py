"""``coach chat``: the conversation, in this terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coach._stream import drain
from coach.cli._options import CoachFolder, UseSandbox, to_type
from coach.cli._signals import stop_was_asked
from coach.cli._terminal import LABEL
from coach.errors import CoachError

if TYPE_CHECKING:
    from coach.cli._session import Session

INDENT = " " * LABEL
HELP = (
    "Type what you want to say. /photo PATH adds your photo, /pictures lists your pictures, /forget deletes "
    "your photos and takes your consent back, /quit leaves; the conversation is kept and goes on next time."
)
LEAVING = "Finishing what was begun, so that nothing paid for is lost. Ctrl-C again leaves at once."


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
    from coach.store import owner_of

    # input() belongs to the main thread, so that Ctrl-C ends it at once; the conversation runs in between.
    with asyncio.Runner() as runner, _exit_stack(runner) as stack:
        mine = out / owner_of(user)
        session = runner.run(_open(stack, folder, sandbox=sandbox, new=new, user=user, out=mine))
        try:
            _talk(runner, session)
        finally:
            again = to_type("coach chat", sandbox=sandbox)
            session.terminal.lines("", f"Kept: {session.transcript.write()}", f"`{again}` goes on from here.")


@contextmanager
def _exit_stack(runner: asyncio.Runner) -> Iterator[AsyncExitStack]:
    stack = AsyncExitStack()
    try:
        yield stack
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
        await session.tell_of_doubts()
    else:
        await session.greet()
    return session


def _talk(runner: asyncio.Runner, session: Session) -> None:
    while not stop_was_asked():
        try:
            if session.waiting is not None:
                yes = _yes(f"{INDENT}{session.question()} [y/N] ")
                _follow(runner, session, session.decide(yes=yes))
            elif not _line(runner, session):
                return
        except KeyboardInterrupt:
            return
        except CoachError as exc:
            session.terminal.note(str(exc), style="yellow")
        session.transcript.write()


def _line(runner: asyncio.Runner, session: Session) -> bool:
    """Ask the person for a line and do it; says whether they go on."""
    line = _ask("  you  ")
    match (line or "").split(maxsplit=1):
        case _ if line is None:
            return False
        case ["/quit" | "/exit"]:
            return False
        case ["/photo", path]:
            _photo(runner, session, Path(path.strip("'\"")))
        case ["/photo"]:
            session.terminal.note("Say where the photo is: /photo PATH")
        case ["/pictures"]:
            runner.run(session.list_pictures())
        case ["/forget"]:
            runner.run(session.forget_photos())
        case [word, *_] if word.startswith("/"):
            session.terminal.note(f"There is no {word[:20]}. {HELP}")
        case []:
            pass
        case _:
            _follow(runner, session, session.say(line or ""))
    return True


def _follow(runner: asyncio.Runner, session: Session, turn: Coroutine[Any, Any, None]) -> None:
    """Show a turn. The first Ctrl-C waits for what is being paid for, and shows it; the second one leaves."""
    try:
        runner.run(turn)
    except KeyboardInterrupt:
        session.terminal.note(LEAVING)
        runner.run(drain())
        runner.run(session.show_newest())


def _photo(runner: asyncio.Runner, session: Session, path: Path) -> None:
    from coach.cli._session import read_photo

    read_photo(path)  # better refused now than after the question
    session.show_consent()
    if not _yes(f"{INDENT}Do you agree? [y/N] "):
        session.terminal.note("Without your yes no photo is read. Nothing was kept.")
    elif runner.run(session.add_photo(path)):
        _follow(runner, session, session.say("I have added my photo.", echo=True))


def _yes(question: str) -> bool:
    return (_ask(question) or "").lower() in ("y", "yes")


def _ask(prompt: str) -> str | None:
    """A line from the person, or ``None`` at the end of input."""
    try:
        return input(prompt).strip()
    except EOFError:
        return None
