"""coach itself, in three depths: the hot path, a whole picture, a whole action; and many conversations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Self

import coach
from benchmarks.peers import KEY, PROMPT, STREAMED, WANTED, streams
from benchmarks.worker import HOLD, memory_mb
from coach.store import BlobKind, blob_key
from coach.studio import (
    GateLimits,
    GptImageEngine,
    PhotoCoach,
    PictureRequest,
    Reference,
    Sheets,
    Spool,
    Studio,
)
from coach.studio._arrive import arrive
from coach.studio._examine import Examined, Glanced
from coach.studio.engines import ImagePart, Order, Span
from coach.studio.spool import SpoolFile
from coach.testing import ScriptedModel, call

PHASE = "identity_visualization"
IDENTITIES = 16
TICK = 0.01


def _settings(address: str, folder: Path) -> coach.Settings:
    return coach.Settings.read(openai_api_key=KEY, openai_base_url=address, home=folder, picture_seconds=540)


def _engine(settings: coach.Settings) -> GptImageEngine:
    return GptImageEngine(settings.openai(keep_alive=False), seconds=settings.picture_seconds)


class HotPath:
    """From the request to the durable picture: engine, spool, decode, check, blob. No ledger, no store."""

    packages = ("openai", "aiohttp", "pybase64")

    @classmethod
    async def open(cls, address: str, photo: bytes, folder: Path) -> Self:
        """See :class:`benchmarks.worker.Peer`."""
        return cls(address, photo, folder)

    def __init__(self, address: str, photo: bytes, folder: Path) -> None:
        settings = _settings(address, folder)
        self._engine, self._spool, self._names = _engine(settings), Spool(folder / "spool"), count()
        self._order = Order(
            operation="edit",
            model=WANTED["model"],
            prompt=PROMPT,
            params={**WANTED, **(STREAMED if streams(address) else {})},
            images=(ImagePart(name="photo-1.jpg", data=photo, media_type="image/jpeg"),),
        )

    async def picture(self, path: Path) -> None:
        """One picture, and each of its previews, durable in a folder of blobs."""
        name, blobs, previews = f"{next(self._names):032x}", coach.FolderBlobs(path.parent), list[Any]()
        with self._spool.open(name) as file:

            def seen(span: Span) -> None:
                file.flush()
                previews.append(asyncio.create_task(self._preview(blobs, file, span, len(previews))))

            async with self._engine.send(self._order, begun=_unused) as answer:
                where = await arrive(answer, self._engine, file, pictures=4, seen=seen)
            await asyncio.gather(*previews)
            await file.commit()
            found = await asyncio.to_thread(self._picture, file, answer.media_type, where)
            await blobs.put(_key(name, "pictures", found.ending), found.path, found.media_type)
            file.remove()

    def _picture(self, file: SpoolFile, media_type: str, where: Sequence[Span] | None) -> Examined:
        return self._engine.read(file.body, media_type, file.decoded, where).pictures[0]

    async def _preview(self, blobs: coach.FolderBlobs, file: SpoolFile, span: Span, number: int) -> None:
        found = await asyncio.to_thread(self._partial, file, span, number)
        name = f"{file.generation_id}-{number}"
        await blobs.put(_key(name, "previews", found.ending), found.path, found.media_type)

    def _partial(self, file: SpoolFile, span: Span, number: int) -> Glanced:
        into = file.body.with_suffix(f".preview{number}")
        return self._engine.read_partial(file.part, span, into).picture


def _key(name: str, kind: BlobKind, ending: str) -> str:
    return blob_key("ana", kind, f"{name}.{ending}")


async def _unused(job_id: str) -> None:
    """The images API has no jobs."""


async def _open(address: str, folder: Path) -> tuple[coach.Store, Studio]:
    settings = _settings(address, folder)
    store = await coach.Store.open(settings.database, blobs=coach.FolderBlobs(folder / "made"))
    limits = GateLimits(at_once=4096, patience=600)  # or all but 16 would wait
    return store, Studio(store=store, engine=_engine(settings), spool=Spool(folder / "spool"), limits=limits)


def _reference(store: coach.Store, studio: Studio) -> coach.Coach:
    """The reference coach. Nobody looks at faces: no peer does, and it is not what is measured."""
    others = {
        "photo_coach": PhotoCoach(store, None),
        "sheets": Sheets(store, model=None),
        "stickers": coach.Stickers(store=store, studio=studio, fetcher=coach.Fetcher()),
    }
    return coach.load("coach.reference", **store.services(), **others, studio=studio)


async def _arrive(store: coach.Store, user_id: str, photo: bytes, *, identities: int = 1) -> str:
    """Somebody who has agreed, with a photo and identities that have a moment. Returns the photo's id."""
    await store.people.ensure(user_id)
    await store.consents.give(user_id, statement="yes")
    for number in range(identities):
        identity = await store.identities.add(user_id, f"Night-sky guide {number}")
        await store.identities.update(user_id, identity.handle, visualization=PROMPT)
    return (await store.photos.add(user_id, photo)).id


class WholePicture:
    """``studio.generate`` with all that is real: SQLite, the ledger, the blobs, the consent, the photo."""

    packages = ("sqlalchemy", "aiosqlite")

    def __init__(self, studio: Studio, photo_id: str, *, previews: int) -> None:
        self._studio, self._names = studio, count()
        photo = Reference(kind="photo", id=photo_id)
        self._request = PictureRequest(prompt=PROMPT, references=(photo,), keep_face=True, previews=previews)

    @classmethod
    async def open(cls, address: str, photo: bytes, folder: Path) -> Self:
        """See :class:`benchmarks.worker.Peer`."""
        store, studio = await _open(address, folder)
        photo_id = await _arrive(store, "ana", photo, identities=IDENTITIES)
        return cls(studio, photo_id, previews=3 if streams(address) else 0)

    async def picture(self, path: Path) -> float | None:
        """One picture. Returns the seconds until the first preview was a file, if there was one."""
        began, first, number = time.perf_counter(), list[float](), next(self._names)

        async def hear(event: coach.Event) -> None:
            if isinstance(event, coach.Preview):
                first.append(time.perf_counter() - began)

        who = coach.Context(user_id="ana", conversation_id="c1", call_id=f"{number}", emit=hear)
        await self._studio.generate(who, self._request, identity_id=f"i{number % IDENTITIES + 1}")
        return first[0] if first else None


class WholeAction:
    """The reference coach's ``generate_identity_image``, called as a model calls it, in a turn of its own."""

    packages = ("sqlalchemy", "aiosqlite")

    def __init__(self, reference: coach.Coach) -> None:
        self._coach, self._numbers = reference, count()

    @classmethod
    async def open(cls, address: str, photo: bytes, folder: Path) -> Self:
        """See :class:`benchmarks.worker.Peer`."""
        store, studio = await _open(address, folder)
        await _arrive(store, "ana", photo, identities=IDENTITIES)
        return cls(_reference(store, studio))

    async def picture(self, path: Path) -> None:
        """One action: the turn with its prompt, the call's record, the picture."""
        identity = f"i{next(self._numbers) % IDENTITIES + 1}"
        turn = await self._coach.turn(user_id="ana", phase=PHASE, conversation_id="c1")
        events = [event async for event in turn.run([call("generate_identity_image", identity_id=identity)])]
        if not _is_done(events):
            raise RuntimeError(f"the action made no picture: {events}")


class Conversations:
    """Many people, each in a conversation of their own, all waiting for their picture at the same time."""

    packages = ("sqlalchemy", "aiosqlite")

    def __init__(self, reference: coach.Coach, number: int) -> None:
        self._coach, self._number = reference, number

    @classmethod
    async def open(cls, address: str, photo: bytes, folder: Path) -> Self:
        """See :class:`benchmarks.worker.Peer`. How many is in the address."""
        number = int(address.partition("hold")[2].partition("/")[0])
        store, studio = await _open(address, folder)
        small = (folder.with_name("small.png")).read_bytes()
        for person in range(number):
            await _arrive(store, f"person-{person}", small)
        return cls(replace(_reference(store, studio), first_phase=PHASE), number)

    async def talk(self, path: Path) -> dict[str, float]:
        """All of them at once. Returns how many got their picture, and what it took while they waited."""
        before, samples, first = memory_mb("VmRSS"), list[tuple[float, float, float]](), list[float]()

        async def watch() -> None:
            while True:
                asked = time.perf_counter()
                await asyncio.sleep(TICK)
                samples.append((asked, time.perf_counter() - asked - TICK, memory_mb("VmRSS")))

        async def one(person: int) -> list[coach.Event]:
            model = ScriptedModel([[call("generate_identity_image", identity_id="i1")], "There you are."])
            talk = await coach.Conversation.start(self._coach, model, user_id=f"person-{person}")
            events = []
            async for event in talk.say("Yes, I am ready."):
                events.append(event)
                if isinstance(event, coach.Preview):
                    first.append(time.perf_counter())
            return events

        watching = asyncio.create_task(watch())
        heard = await asyncio.gather(*(one(person) for person in range(self._number)))
        watching.cancel()
        if not first:
            raise RuntimeError(f"nobody got a picture: {heard[0]}")
        # The server answers HOLD seconds after the last one asked; in the middle of that nothing happens.
        waited = [sample for sample in samples if 0.4 * HOLD < min(first) - sample[0] < 0.8 * HOLD]
        lags = sorted(lag for _, lag, _ in waited)
        return {
            "asked": self._number,
            "finished": sum(map(_is_done, heard)),
            "kb_each": (max(rss for *_, rss in waited) - before) * 1e3 / self._number,
            "lag_median_ms": lags[len(lags) // 2] * 1e3,
            "lag_p99_ms": lags[len(lags) * 99 // 100] * 1e3,
            "lag_most_ms": max(lag for _, lag, _ in samples) * 1e3,
        }


def _is_done(events: Sequence[coach.Event]) -> bool:
    return any(isinstance(event, coach.Finished) and event.state == "done" for event in events)
