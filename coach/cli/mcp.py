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
    sandbox: UseSandbox = False,
) -> None:
    """Serve the coach to an MCP client, which starts this command and talks over its input and output.

    It acts as one person, --user. Standard output belongs to the protocol.
    """
    try:
        import coach.adapters.mcp  # noqa: F401
    except ModuleNotFoundError:
        raise SettingsError("MCP needs the extra `mcp`: pip install 'coach[mcp]'.") from None
    if http:
        from coach.cli.serve import serve

        serve(folder, host=host, port=port, sandbox=sandbox, guests=False, open_page=False)
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


def _means(user: str, *, sandbox: bool) -> Means:
    """The client runs on this machine, and so does a terminal."""
    from pathlib import Path

    from coach.adapters.mcp import Means
    from coach.cli._session import read_photo

    photo = to_type(f"coach photo add FILE --user {user}", sandbox=sandbox)
    page, key = (
        to_type("coach serve", sandbox=sandbox),
        to_type(f"coach key new --user {user}", sandbox=sandbox),
    )
    return Means(
        elsewhere=(
            f"Where this client cannot ask them, the user adds a photo and agrees to its use with `{photo}`, "
            f"and answers questions on the page of `{page}`, with a key of `{key}`."
        ),
        read=lambda path: read_photo(Path(path)),
    )
