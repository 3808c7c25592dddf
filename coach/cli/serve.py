"""``coach serve``: the coach in a browser, and for programs over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._logs import log_to_stderr
from coach.cli._options import UseSandbox, to_type
from coach.errors import SettingsError

if TYPE_CHECKING:
    from coach.server import ServerSettings


def serve(
    folder: Annotated[
        str, typer.Argument(help="A coach folder, or the name of a package that is one.")
    ] = "coach.reference",
    host: Annotated[
        str, typer.Option(help="Where to listen. 0.0.0.0: for other machines too.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    sandbox: UseSandbox = False,
    guests: Annotated[
        bool | None,
        typer.Option(
            "--guests/--no-guests",
            help="Whether somebody may talk without a key. Left out: COACH_GUESTS; with --sandbox yes.",
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
) -> None:
    """Serve the coach: a page to talk with it, and its API. Needs OPENAI_API_KEY, or --sandbox.

    Stop it with Ctrl-C: pictures that are on their way are received and kept first.
    """
    try:
        asyncio.run(_serve(folder, host=host, port=port, sandbox=sandbox, guests=guests, open_page=open_page))
    except asyncio.CancelledError:
        raise typer.Exit(130) from None


async def _serve(
    folder: str, *, host: str, port: int, sandbox: bool, guests: bool | None, open_page: bool
) -> None:
    from coach.cli._open import settings_for

    try:
        from coach.server import create_app
        from coach.server.serving import serve as serve_until_stopped
    except ModuleNotFoundError:
        raise SettingsError("Serving needs the extra `server`: pip install 'coach[server]'.") from None

    server = _settings(sandbox=sandbox, guests=guests)

    def began(port: int) -> None:
        address = _address(host, port)
        typer.echo(_greeting(address, server, sandbox=sandbox))
        if open_page:
            typer.launch(address)

    log_to_stderr()
    with settings_for(sandbox=sandbox) as settings:
        app = create_app(folder, settings, server=server)
        await serve_until_stopped(app, server, host=host, port=port, began=began)


def _settings(*, sandbox: bool, guests: bool | None) -> ServerSettings:
    """What is set; with the sandbox, nothing of what is set for the real server."""
    from coach.server import ServerSettings

    given = {} if guests is None else {"guests": guests}
    return (
        ServerSettings.plain(**{"guests": True, "says_sandbox": True} | given)
        if sandbox
        else ServerSettings.read(**given)
    )


def _address(host: str, port: int) -> str:
    """Where the page is, for a browser on this machine."""
    name = "localhost" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


def _greeting(address: str, server: ServerSettings, *, sandbox: bool) -> str:
    key = to_type("coach key new --user ann", sandbox=sandbox)
    who = "Whoever opens it may talk, as a guest" if server.guests else "Who has a key may talk"
    money = "" if sandbox or not server.guests else ", and what that costs is yours to pay"
    tokens = ", and whom your own service sends with a token" if server.jwt_key else ""
    stand_in = "Its pictures are drawn by the sandbox, not made by a model.\n" if sandbox else ""
    return (
        f"The coach is here: {address}\n{stand_in}"
        f"{who}{money}{tokens}. To make a key, in another terminal: {key}\n"
        f"Stop it with Ctrl-C."
    )
