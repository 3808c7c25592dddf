"""A person of whom there is something everywhere: more than 40 strings and bytes that are nowhere else."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from coach.store import (
    Credentials,
    FlowRuns,
    Flows,
    Happenings,
    StickerSpecs,
    Store,
    Turns,
    blob_key,
    owner_of,
)
from coach.store.serving import orders
from coach.store.states import GenerationState
from coach.store.tables import calls, generation_steps, generations, identities, photos, versions
from coach.studio.generation import Generation
from coach.studio.ledger import Ledger
from tests.store._rows import way_to

USER = "canary-00-user"
OTHER = "somebody else"
TENANT = "a tenant"
COST = 40_000


@dataclass(kw_only=True)
class Planted:
    """What was planted, and where it is looked for."""

    folder: Path
    canaries: list[bytes] = field(default_factory=lambda: [USER.encode()])

    def new(self, what: str) -> str:
        """A canary as text."""
        self.canaries.append(f"canary-{len(self.canaries):02}-{what}".encode())
        return self.canaries[-1].decode()

    def found(self, *places: Path) -> list[str]:
        """The canaries that are still in a file, or in its name."""
        files = [path for place in (self.folder, *places) for path in [place, *place.rglob("*")]]
        data = b"".join(path.read_bytes() + str(path).encode() for path in files if path.is_file())
        return self.found_in(data + "".join(map(str, files)).encode())

    def found_in(self, data: bytes) -> list[str]:
        """The canaries that are in some bytes."""
        return [each.decode("latin-1") for each in self.canaries if each in data]


async def plant(store: Store, folder: Path, photo: bytes) -> Planted:
    """Plant them all. ``folder`` holds what is in files: the database, the blobs, the spool."""
    here = Planted(folder=folder)
    await store.people.ensure(OTHER)
    await store.people.rename(USER, here.new("name"))
    await store.consents.give(USER, statement=here.new("statement"), text_version=here.new("text"))
    await store.notes.add(USER, here.new("note"))
    await _pictures(store, here, photo, await _identity(store, here))
    await _served(store, here, await _talk(store, here))
    await _flow(store, here)
    await _spec(store, here)
    logging.getLogger("coach").warning("What is logged names nobody.")
    return here


async def _identity(store: Store, here: Planted) -> str:
    identity = await store.identities.add(USER, here.new("identity"), note=here.new("origin"))
    told = {name: here.new(name) for name in ("visualization", "appearance")}
    said = here.new("i-am")
    async with store.database.write() as connection:
        mine = update(identities).where(identities.c.id == identity.id)
        await connection.execute(mine.values(statement=said, **told))
    return identity.id


async def _served(store: Store, here: Planted, conversation_id: str) -> None:
    """What is kept when the talk is over HTTP."""
    await Credentials(store.database).issue(USER, "key", label=here.new("label"), tenant=here.new("tenant"))
    body = {"type": "say", "text": here.new("said")}
    await Turns(store.database).begin(
        USER, conversation_id, key=here.new("key"), body=body, holder=here.new("holder")
    )
    happened = [("say", {"text": here.new("happened")})]
    await Happenings(store.database).append(USER, here.new("channel"), happened, turn_id="t")


async def _talk(store: Store, here: Planted) -> str:
    conversation = await store.conversations.start(USER, coach="reference", phase="hello", tenant=TENANT)
    for role in ("user", "assistant"):
        message = {"role": role, "content": here.new(role) + "x" * 9000}  # more than a page of SQLite
        await store.conversations.append(USER, conversation.id, message)
    row: dict[str, Any] = dict.fromkeys(("phase", "prompt_version", "digest", "action"), "")
    row |= {
        "id": "call",
        "user_id": USER,
        "conversation_id": conversation.id,
        "created_at": datetime.now(UTC),
    }
    row |= {"state": "done", "call_id": here.new("call"), "say": here.new("answer")}
    row |= {"arguments": {"wish": here.new("argument")}, "data": {"what": here.new("data")}}
    async with store.database.write() as connection:
        await connection.execute(insert(calls), row)
    return conversation.id


async def _flow(store: Store, here: Planted) -> None:
    graph = {"nodes": [{"text": here.new("flow")}]}
    flow = await Flows(store.database).add(USER, graph, title=here.new("title"), tenant=TENANT)
    await FlowRuns(store.database).begin(USER, flow.id, key=here.new("run"), body={}, holder="a process")
    waiting = {"id": "o1", "user_id": USER, "key": here.new("order"), "tenant": TENANT, "service": "openai"}
    waiting |= {"batch": False, "tag": 0, "asked": "", "body": {"wish": here.new("ordered")}, "taken": 0}
    waiting |= {"news": [["progress", {"text": here.new("news")}]], "state": "running", "held_by": ""}
    async with store.database.write() as connection:
        await connection.execute(insert(orders), waiting | {"wanted": True, "created_at": datetime.now(UTC)})
    await Happenings(store.database).append(USER, flow.id, [("node", {"say": here.new("happening")})])


async def _spec(store: Store, here: Planted) -> None:
    specs, hash = StickerSpecs(store.database), here.new("hash")
    base, url = ("upload", here.new("base")), f"https://example.com/{here.new('url')}"
    row = await specs.add(USER, hash, {"prompt": here.new("spec")}, base=base, url=url, quote_micros=1)  # type: ignore[arg-type]
    await specs.made(row, here.new("made"), [{"rule": "margin", "say": here.new("violation")}])


async def _pictures(store: Store, here: Planted, photo: bytes, identity_id: str) -> None:
    taken = await store.photos.add(USER, photo)
    here.canaries.append((await store.blobs.get(taken.blob))[2000:2040])  # of its pixels
    original = blob_key(USER, "originals", f"{taken.id}.jpg")
    await store.blobs.put(original, here.new("original").encode(), "image/jpeg")
    async with store.database.write() as connection:
        mine = update(photos).where(photos.c.id == taken.id)
        await connection.execute(mine.values(original=original, report={"say": here.new("report")}))
    ends: tuple[GenerationState, ...] = (
        "done",
        "failed",
        "unknown",
        "sending",
        "received",
        "stored",
        "reserved",
    )
    for number, state in enumerate(ends):
        await _generation(store, here, identity_id, f"g{number}", state, full=not number)
    for kind in ("previews", "derived"):
        await store.blobs.put(blob_key(USER, kind, "g0-0.png"), here.new(kind).encode(), "image/png")  # type: ignore[arg-type]
    blobs: dict[str, Any] = {
        name: blob_key(USER, "pictures", f"g0-{name}.png") for name in ("blob", "provider_blob")
    }
    for name, key in blobs.items():
        await store.blobs.put(key, here.new(name).encode(), "image/png")
    row: dict[str, Any] = {"id": "v", "user_id": USER, "identity_id": identity_id, "generation_id": "g0"}
    row |= {"number": 1, "handle": "v1", "sha256": here.new("sha"), "media_type": "image/png", **blobs}
    row |= {"width": 1, "height": 1, "prompt": here.new("version"), "created_at": datetime.now(UTC)}
    row |= {"judgement": {"why": here.new("judgement")}}
    async with store.database.write() as connection:
        await connection.execute(insert(versions), row)
    incoming = here.folder / "blobs" / ".incoming"
    if incoming.is_dir():
        (incoming / f"{owner_of(USER)}.0").write_text(here.new("incoming"))


async def _generation(
    store: Store, here: Planted, identity_id: str, id: str, state: GenerationState, *, full: bool
) -> None:
    """A line of the ledger as it is in a state, and its files in the spool."""
    words = ("prompt", "key", "request_hash", "conversation_id", "turn_id", "wish", "job_id", "request_id")
    values: dict[str, Any] = {name: here.new(name) if full else f"{USER} {id}" for name in words}
    values |= {"params": {"user": here.new("param")}, "repairs": [here.new("repair")]} if full else {}
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    plain: dict[str, Any] = {"params": {}, "repairs": [], "request": {"prompt": USER}}
    plain |= {"user_id": USER, "identity_id": identity_id, "tenant": TENANT, "parent_id": None}
    plain |= {"engine": "gpt-image", "model": "gpt-image-2", "operation": "edit", "quote_micros": COST}
    generation = Generation(
        id=id, created_at=moment, updated_at=moment, posts=1, **{**plain, **values}, spool=f"{id}.part"
    )
    row = {name: value for name, value in vars(generation).items() if name in generations.c}
    step = {"generation_id": id, "seq": 90, "state": state, "at": moment, "detail": f"said of {USER}"}
    usage = {"output_tokens": 7, "said": USER}
    async with store.database.write() as connection:
        await connection.execute(insert(generations), row)
        await connection.execute(insert(generation_steps), step)
        for to in way_to(state):
            more: dict[str, Any] = {"usage": usage} if to == "done" else {}
            generation = await Ledger(store.database).advance(
                generation, to, detail=USER, connection=connection, **more
            )
        await connection.execute(update(generations).where(generations.c.id == id).values(updated_at=moment))
    spool = here.folder / "spool"
    spool.mkdir(exist_ok=True)
    endings = ("body", "json", "picture.0", "picture.plain", "preview") if full else ("part",)
    for ending in endings:
        text = here.new(ending) if full else f"{USER} {id}"
        (spool / f"{id}.{ending}").write_text(json.dumps({"what": text}))
