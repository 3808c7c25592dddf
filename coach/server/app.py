"""The application: everything that is opened with it, and every route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection

import coach
from coach._calls import Limits
from coach.errors import CoachError
from coach.folder import Coach
from coach.model import Model, OpenAIModel
from coach.runtime import shared_secret
from coach.server import problems
from coach.server.bodies import Bodies
from coach.server.caller import FOUND, identify, known
from coach.server.cross_site import CrossSite
from coach.server.headers import SafeHeaders
from coach.server.links import Links
from coach.server.live import Live
from coach.server.observed import TELEMETRY, Observed
from coach.server.openapi import complete
from coach.server.rates import Rates
from coach.server.routes import ROUTERS, sessions
from coach.server.running import Opener, Running
from coach.server.runs import Runs
from coach.server.settings import ServerSettings
from coach.server.talks import Talks
from coach.server.tokens import HostTokens
from coach.settings import Settings
from coach.store import Store
from coach.store.credentials import Credentials
from coach.studio import Spool
from coach.studio.instruments import count_picture

if TYPE_CHECKING:
    from coach.adapters.mcp import OverHttp


class CoachApp(FastAPI):
    """The application, to be run or to be mounted in another one.

    Attributes:
        lifespan: For the host: ``FastAPI(lifespan=coach_app.lifespan)``. It opens the coach, and at the end
            receives and keeps what was asked for.
    """

    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return complete(super().openapi())


def create_app(
    source: str | Path = "coach.reference",
    settings: Settings | None = None,
    *,
    server: ServerSettings | None = None,
    current_user: Callable[..., Any] | None = None,
    model: Model | None = None,
    limits: Limits | None = None,
    **services: object,
) -> CoachApp:
    """Make the application.

    Args:
        source: A coach folder, or the name of a package that is one.
        settings: Left out: read from the environment.
        server: The server's own settings; left out: read from the environment.
        current_user: Who is asking, where the host knows: a FastAPI dependency that gives their id, a
            :class:`Caller`, or ``None`` for nobody. Left out: keys, and the sessions of the page.
        model: What the coach speaks with; left out: the settings' chat model.
        limits: How much one turn may do.
        services: As for :func:`coach.open`.

    Raises:
        SettingsError: A setting is missing or wrong; when it is opened, also of what only then is looked at.
        FolderError: When it is opened: the coach folder has errors.
    """
    settings, server = settings or Settings.read(), server or ServerSettings.read()
    tokens = HostTokens.of(server)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Running]:
        async with AsyncExitStack() as stack:
            opened_coach = await stack.enter_async_context(coach.open(source, settings, **services))
            speaks = model
            if speaks is None:
                client = await stack.enter_async_context(settings.openai())
                speaks = OpenAIModel(client, model=settings.chat_model, calls=settings.chat_calls)
            store = opened_coach.service("store", Store)
            live, spool = Live(store), Spool(settings.home / "spool")
            talks, runs = Talks(opened_coach, speaks, store, live, limits), Runs(opened_coach, store, live)
            live.start(talks, runs)
            stack.push_async_callback(live.close)
            running = Running(
                coach=opened_coach,
                settings=settings,
                spool=spool,
                server=server,
                store=store,
                credentials=Credentials(store.database),
                tokens=tokens,
                rates=Rates(server),
                links=Links(shared_secret(settings), seconds=server.link_seconds),
                live=live,
                talks=talks,
                runs=runs,
                mcp=await stack.enter_async_context(_over_mcp(opened_coach, shared_secret(settings), limits)),
            )
            if running.studio is not None:
                running.studio.ledger.told_outcome = count_picture
            yield running

    opener = Opener(opened)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opener.lifespan():
            yield

    app = CoachApp(
        title="coach",
        version=metadata.version("coach"),
        lifespan=lifespan,
        docs_url=None,  # the usual pages load their scripts from elsewhere
        redoc_url=None,
        telemetry=TELEMETRY,
    )
    app.lifespan = lifespan
    app.state.opener, app.state.host_knows = opener, current_user is not None
    problems.install(app)
    _wrap(app, server)
    if current_user is not None:
        app.dependency_overrides[identify] = current_user
    for router in ROUTERS if current_user is not None else (*ROUTERS, sessions.signing_in):
        app.include_router(router)
    return app


def _wrap(app: FastAPI, server: ServerSettings) -> None:
    """What every request goes through, from the innermost to the outermost."""

    async def knows(asking: HTTPConnection) -> bool:
        with suppress(CoachError):  # what cannot be looked up now, the route will say
            asking.scope[FOUND] = await known(asking, await app.state.opener.get())
            return asking.scope[FOUND] is not None
        return True

    app.add_middleware(Bodies, knows=None if app.state.host_knows else knows)
    app.add_middleware(CrossSite)
    app.add_middleware(problems.Caught)
    if server.cors_origins:
        # Without cookies: pages elsewhere ask with a bearer token.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=server.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Retry-After", "Sticker-Spec", "Sticker-Quote-Micros", "Sticker-Cost-Micros"],
        )
    app.add_middleware(SafeHeaders, settings=server)
    app.add_middleware(Observed)


@asynccontextmanager
async def _over_mcp(
    opened_coach: Coach, secret: bytes, limits: Limits | None
) -> AsyncIterator[OverHttp | None]:
    """The coach's MCP server; ``None``: the extra is not installed."""
    from coach.adapters._extra import lacks_mcp

    try:
        from coach.adapters.mcp import over_http
    except ModuleNotFoundError as missing:
        if not lacks_mcp(missing):
            raise
        yield None
        return
    async with over_http(opened_coach, secret=secret, limits=limits) as served:
        yield served
