"""A coach with everything it needs: the database, the pictures, the studio, closed again at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from coach._stream import drain
from coach.errors import SettingsError
from coach.faces import FaceModel, face_model, off_loop
from coach.folder import Coach, load
from coach.settings import Settings
from coach.stickers.exchange import Stickers
from coach.stickers.foreign import read_agents_spec
from coach.store import Store
from coach.store.database import read_url
from coach.studio import (
    Budgets,
    GateLimits,
    GptImageEngine,
    OpenAIBackgroundEngine,
    PhotoCoach,
    Sheets,
    Spool,
    Studio,
    Thumbnails,
)
from coach.studio.engines import Engine
from coach.studio.gate import MakeGate
from coach.studio.queue import WorkQueue

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from coach.studio.provenance import Signer

logger = logging.getLogger(__name__)

Gates: TypeAlias = Callable[[Store], MakeGate]
"""Makes the gates of a studio that has its things in a store."""

_PATIENCE = 120.0
_ACTION_SECONDS = 590.0
_UNMEASURED = "Likeness is not measured: install the extra, `pip install 'coach[likeness]'`."


@asynccontextmanager
async def open(
    source: str | Path = "coach.reference", settings: Settings | None = None, /, **services: object
) -> AsyncIterator[Coach]:
    """Open a coach with the library's own services.

    Args:
        source: A coach folder, or the name of a package that is one.
        settings: Left out: read from the environment.
        services: More services for its actions and context keys, or other ones under the same names. A
            ``faces`` among them is the :class:`~coach.faces.FaceModel` that everything here looks with;
            ``None``: nothing is measured. Left out: the installed one.

    Yields:
        The coach. Its services: ``store`` and all it holds (``people``, ``photos``, ``identities`` …),
        ``faces``, ``sheets``, ``thumbnails``, ``photo_coach``; and ``studio`` and ``stickers`` when an action
        asks for one of them. On leaving, pictures that were asked for are received and kept first, and those
        that wait for their turn are refused unpaid: let a shutdown lead here.

    Raises:
        SettingsError: A setting is missing or wrong. Where FLUX is set up, no other service's key is needed.
        FolderError: The coach folder has errors, or asks for a service nobody gives.
    """
    settings = settings or Settings.read()
    async with opened(source, settings, services) as coach:
        yield coach


@asynccontextmanager
async def opened(
    source: str | Path, settings: Settings, services: Mapping[str, object], *, gate: Gates | None = None
) -> AsyncIterator[Coach]:
    """See :func:`open`.

    Args:
        gate: Of a worker, which makes its pictures itself whatever ``COACH_QUEUE`` says.
    """
    coach = load(source)
    async with AsyncExitStack() as stack:
        # Without an action that makes pictures, no key of a picture service is needed.
        paints = any({"studio", "stickers"} & {*action.needs} for action in coach.actions.values())
        paints = paints and "studio" not in services
        client = None
        # And where FLUX is set up, none of another service.
        if paints and (settings.openai_api_key is not None or "runpod" not in settings.services):
            client = await stack.enter_async_context(settings.openai(keep_alive=False))
        store = await Store.open(settings.database, blobs=settings.blobs())
        stack.push_async_callback(store.close)
        faces, signer = await _faces(services), await asyncio.to_thread(settings.signer)
        looking = {
            "photo_coach": PhotoCoach(store, faces),
            "sheets": Sheets(store, model=faces, signer=signer),
            "thumbnails": Thumbnails(store, signer=signer),
        }
        provided = {**store.services(), **looking, **services, "faces": faces}
        stack.push_async_callback(drain)  # before what it needs is closed
        if paints:
            if faces is None and "faces" not in services:
                logger.warning(_UNMEASURED)
            queue = None
            if gate is None and settings.queue == "workers":
                queue = await stack.enter_async_context(_by_workers(settings, store))
            studio = _studio(settings, store, client, faces, signer, queue=queue, gate=gate)
            stack.push_async_callback(studio.close)
            await studio.recover()
            provided["studio"] = studio
        paying = provided.get("studio")
        if isinstance(paying, Studio) and "stickers" not in services:
            provided["stickers"] = _stickers(settings, store, paying, signer)
        yield coach.with_services(**provided)


def shared_secret(settings: Settings) -> bytes:
    """What every process of one database has: the salt, or what lies in this machine's spool."""
    if settings.salt is not None:
        return settings.salt.get_secret_value().encode()
    return Spool(settings.home / "spool").secret()


def unshared(settings: Settings) -> Iterator[str]:
    """What keeps processes from sharing their pictures, a sentence for each setting that is missing."""
    if read_url(settings.database).get_backend_name() != "postgresql":
        yield "Workers meet on PostgreSQL: set COACH_DATABASE_URL to a postgresql:// address."
    if settings.salt is None:
        yield (
            "Set COACH_SALT, to the same secret for every process: it keys who a person is at the picture "
            "service and whose limits are shared."
        )
    if any(find_spec(package) is None for package in ("procrastinate", "psycopg", "opentelemetry")):
        yield "Workers need the extra `workers`: pip install 'coach[workers]'."


def see_shared(settings: Settings) -> None:
    """See that processes can share their pictures.

    Raises:
        SettingsError: They cannot; it says what is missing.
    """
    if missing := list(unshared(settings)):
        raise SettingsError(" ".join(missing))


async def _faces(services: Mapping[str, object]) -> FaceModel | None:
    """The face model that was given, also when that is none; else the one that is installed."""
    if "faces" not in services:
        return await off_loop(face_model)
    return cast("FaceModel | None", services["faces"])


def _longest(settings: Settings) -> float:
    """Seconds one picture may take, by whichever service."""
    polled = settings.max_polling_duration if settings.runpod_endpoints else 0.0
    return max(settings.picture_seconds, polled)


# Waiting and sending together stay below the time-out of the picture actions; so does a second try.
def _patience(settings: Settings) -> float:
    return min(_PATIENCE, _ACTION_SECONDS - _longest(settings))


def second_try_within(settings: Settings) -> float:
    """Seconds since a picture was begun after which no second try begins; 0: there is never one."""
    return _left(settings) if settings.second_try else 0.0


def _left(settings: Settings) -> float:
    return _ACTION_SECONDS - _longest(settings) - _patience(settings)


def previews_of(settings: Settings, faces: FaceModel | None) -> int:
    """How many unfinished pictures are shown. A face in them is not judged: it may be somebody else's."""
    return settings.previews if settings.previews is not None else (0 if faces else 2)


def _openai(settings: Settings, client: AsyncOpenAI | None) -> list[Engine]:
    """The engine that is asked, and the one for what was asked for in the other mode; without a key none."""
    if client is None:
        return []
    seconds = settings.picture_seconds
    direct: Engine = GptImageEngine(client, seconds=seconds)
    background: Engine = OpenAIBackgroundEngine(client, model=settings.background_model, seconds=seconds)
    return [direct, background] if settings.picture_mode == "direct" else [background, direct]


def _studio(
    settings: Settings,
    store: Store,
    client: AsyncOpenAI | None,
    faces: FaceModel | None,
    signer: Signer | None,
    *,
    queue: WorkQueue | None,
    gate: Gates | None,
) -> Studio:
    further = (settings.runpod(), settings.memeputer(settings.picture_seconds, read_agents_spec))
    engines = [*_openai(settings, client), *(each for each in further if each is not None)]
    own = None if client else next(iter(settings.runpod_endpoints))
    return Studio(
        store=store,
        engine=engines[0],
        others=engines[1:],
        spool=Spool(settings.home / "spool"),
        model=settings.image_model or own,
        budgets=Budgets.of_usd(**settings.budgets),
        limits=GateLimits(
            at_once=settings.pictures_at_once,
            per_minute=settings.pictures_per_minute,
            patience=_patience(settings),
        ),
        salt=None if settings.salt is None else settings.salt.get_secret_value(),
        faces=faces,
        signer=signer,
        second_try=second_try_within(settings),
        grade=settings.grade,
        previews=previews_of(settings, faces),
        queue=queue,
        gate=None if gate is None else gate(store),
    )


@asynccontextmanager
async def _by_workers(settings: Settings, store: Store) -> AsyncIterator[WorkQueue]:
    """The queue of a process that leaves its pictures to workers."""
    see_shared(settings)
    from coach.workers.common import Common
    from coach.workers.jobs import open_jobs
    from coach.workers.queue import ByWorkers

    common = Common(store=store, secret=shared_secret(settings))
    async with open_jobs(settings.database, store.database) as app:
        yield ByWorkers(store, app, common, patience=_patience(settings))


def _stickers(settings: Settings, store: Store, studio: Studio, signer: Signer | None) -> Stickers:
    if settings.sticker_engine == "memeputer" and "memeputer" not in settings.services:
        raise SettingsError(
            "COACH_STICKER_ENGINE is memeputer: set MEMEPUTER_API_KEY and MEMEPUTER_AGENT_ID too."
        )
    return Stickers(
        store=store,
        studio=studio,
        fetcher=settings.fetcher(),
        engine="gpt_image" if settings.sticker_engine == "gpt_image" else "memeputer_i2i",
        second_try=_left(settings),
        signer=signer,
    )
