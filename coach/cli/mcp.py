"""``coach mcp``: the coach as tools of somebody's own agent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, cast

import typer

from coach.cli._options import CoachFolder, Person, UseSandbox, to_type
from coach.errors import SettingsError

if TYPE_CHECKING:
    from anyio import AsyncFile

    from coach.adapters.mcp import Means


def mcp(
    user: Person = "me",
    folder: CoachFolder = "coach.reference",
    all_tools: Annotated[
        bool,
        typer.Option("--all-tools", help="List the actions of every phase, for clients that list them once."),
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP instead, for several people: `coach serve`, at /mcp.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where to listen, with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --http; 0 takes a free one.")] = 8000,
    answer: Annotated[
        bool,
        typer.Option("--answer", help="Answer here what waits for a yes of --user; serves nothing."),
    ] = False,
    sandbox: UseSandbox = False,
) -> None:
    """Serve the coach to an MCP client, which starts this command and talks over its input and output.

    It acts as one person, --user. Standard output belongs to the protocol.
    """
    from coach.adapters._extra import lacks_mcp

    try:
        import coach.adapters.mcp  # noqa: F401
    except ModuleNotFoundError as missing:
        if not lacks_mcp(missing):
            raise
        raise SettingsError("MCP needs the extra `mcp`: pip install 'coach[mcp]'.") from None
    if http:
        from coach.cli.serve import serve

        serve(folder, host=host, port=port, sandbox=sandbox, guests=False, open_page=False)
        return
    if answer:
        asyncio.run(_answer(folder, user, sandbox=sandbox))
        return
    asyncio.run(_over_stdio(folder, user, all_tools=all_tools, sandbox=sandbox))


async def _over_stdio(folder: str, user: str, *, all_tools: bool, sandbox: bool) -> None:
    from mcp.server.stdio import stdio_server

    import coach
    from coach.adapters.mcp import Person, create_server
    from coach.cli._open import settings_for
    from coach.cli._stdin import lines
    from coach.runtime import shared_secret

    with settings_for(sandbox=sandbox) as settings:
        # The SDK's own reader would hold up a stop until the client closes its end.
        stdin = cast("AsyncFile[str]", lines())
        async with coach.open(folder, settings) as opened, stdio_server(stdin) as (reading, writing):
            server = create_server(
                opened,
                who=lambda _: Person(user_id=user),
                secret=shared_secret(settings),
                all_tools=all_tools,
                means=_means(user, sandbox=sandbox),
            )
            await server.run(reading, writing, server.create_initialization_options())


async def _answer(folder: str, user: str, *, sandbox: bool) -> None:
    import coach
    from coach.adapters.mcp import IN_DOUBT, Person, Talks, told
    from coach.cli._open import settings_for

    with settings_for(sandbox=sandbox) as settings:
        async with coach.open(folder, settings) as opened:
            talks, person = Talks(opened), Person(user_id=user)
            questions = await talks.waiting(person)
            for each in questions:
                yes = typer.confirm(f"{told(each)}\n")
                typer.echo((await talks.decide(person, each.call_id, each.digest, yes=yes)).say)
            doubts = await talks.doubts(person)
            if doubts and typer.confirm(IN_DOUBT):
                await talks.try_again(person, doubts)
                typer.echo("Another picture may be asked for.")
            if not questions and not doubts:
                typer.echo(f"Nothing waits for {user}.")


def _means(user: str, *, sandbox: bool) -> Means:
    """The client runs on this machine, and so does a terminal."""
    from pathlib import Path

    from coach.adapters.mcp import Means
    from coach.cli._session import read_photo

    photo = to_type(f"coach photo add FILE --user {user}", sandbox=sandbox)
    answer = to_type(f"coach mcp --answer --user {user}", sandbox=sandbox)
    where = "Where this client cannot ask the user, in a terminal"
    return Means(
        photo=f"{where} they add a photo and agree to its use with `{photo}`.",
        yes=f"{where} they answer with `{answer}`.",
        read=lambda path: read_photo(Path(path)),
    )
