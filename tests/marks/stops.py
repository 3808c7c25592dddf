"""``python -m tests.marks.stops``: a real ``coach serve`` is stopped while 20 pictures are on their way.

The picture service is the sandbox in another process. Once with SIGTERM and all the time it needs: each
picture is received and kept. Twice with SIGKILL after it: while the pictures are made, and while they come in
and are kept and told. After the next start the same turns, asked for again under their keys, must say how it
ended; no picture may have been asked for twice, and the ledger must agree with the service's own count.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import httpx2

from coach.cli.demo import portrait
from coach.store.credentials import Credentials
from coach.studio import Generation
from tests.marks import _counts, _fork
from tests.marks._served import served
from tests.marks._world import World, made
from tests.server._serve import Seen, events_of, names

PICTURE, BETWEEN = 6.0, 0.25
"""Seconds that the service takes for a picture, and between two people who ask for one."""

IMAGES = "/v1/images/"

Kill = Literal["", "while made", "while kept"]
KILLS: tuple[Kill, ...] = ("", "while made", "while kept")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is about to have a picture made, in a conversation."""

    user_id: str
    key: str
    talk: str

    async def turn(self, port: int) -> list[Seen]:
        """Press the button, always under the same key; gives what is seen until the stream ends."""
        asked = {"type": "press", "action": "generate_identity_image", "arguments": {"identity_id": "i1"}}
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": "the picture"}
        url = f"http://127.0.0.1:{port}/api/v1/conversations/{self.talk}/turns/"
        async with (
            httpx2.AsyncClient(timeout=60, headers=headers) as client,
            client.stream("POST", url, json=asked) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            seen = []
            with suppress(httpx2.RemoteProtocolError):  # it was killed
                async for each in events_of(answer):
                    seen.append(each)
            return seen


async def prepare(world: World, people: int) -> list[Person]:
    """So many people, each with a photo, an identity and its moment."""
    photo, ready = portrait().read_bytes(), []
    async with world.studio() as (store, _):
        for number in range(people):
            user_id = f"person-{number}"
            await store.consents.give(user_id, statement="yes")
            await store.photos.add(user_id, photo)
            identity = await store.identities.add(user_id, "Guide")
            await store.identities.update(user_id, identity.handle, visualization="On a hill at night.")
            talk = await store.conversations.start(user_id, coach="coach", phase="identity_visualization")
            key, _ = await Credentials(store.database).issue(user_id, "key")
            ready.append(Person(user_id=user_id, key=key, talk=talk.id))
    return ready


async def stop(
    world: World,
    people: list[Person],
    turns: list[asyncio.Task[list[Seen]]],
    process: subprocess.Popen[bytes],
    kill: Kill,
) -> None:
    """Say stop when every picture is on its way, and kill it then if that is wanted."""
    async with asyncio.timeout(180):
        while True:
            failed = [each for each in turns if each.done() and "image" not in names(each.result())]
            if len(asked(world)) + len(failed) >= len(people):
                break
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        while kill == "while kept":
            if (await ledger(world, people))["done", "paid"] >= len(people) / 4:
                break
            await asyncio.sleep(0.01)
    if kill:
        process.kill()


def asked(world: World) -> list[dict[str, object]]:
    """The requests for pictures that the service has received."""
    return [each for each in world.ask("/sandbox/log")["requests"] if IMAGES in each["route"]]


async def one_way(world: World, pictures: int, kill: Kill) -> list[str]:
    """Stop it and begin again; gives what is wrong then."""
    people = await prepare(world, pictures)
    env = {"COACH_HOME": str(world.folder), "COACH_DATABASE_URL": world.database, "OPENAI_API_KEY": "a-key"}
    env |= {"OPENAI_BASE_URL": f"http://127.0.0.1:{world.upstream}/v1", "COACH_CHAT_MODEL": "sandbox-coach"}
    env |= {"COACH_PICTURES_AT_ONCE": str(pictures), "COACH_SECOND_TRY": "no"}
    with served(**env) as (port, process):
        turns = []
        for each in people:
            turns.append(asyncio.create_task(each.turn(port)))
            await asyncio.sleep(BETWEEN)
        await stop(world, people, turns, process, kill)
        await asyncio.gather(*turns)
        ended = await asyncio.to_thread(process.wait, 60)
    wrong = [f"it ended with {ended}"] if ended != (-signal.SIGKILL if kill else 0) else []
    with served(**env) as (port, _):
        began = time.monotonic()
        told = await asyncio.gather(*(each.turn(port) for each in people))
        seconds = time.monotonic() - began
    ends = await ledger(world, people)
    for each, turn in zip(people, told, strict=True):
        wrong += untrue(names(turn), await ledger(world, [each]), killed=bool(kill))
    sys.stdout.write(
        f"SIGTERM{f', SIGKILL {kill}' if kill else ''} with {pictures} pictures on their way: "
        f"{len(asked(world))} posts, {dict(ends)}, all turns told {seconds:.1f} s after the start\n"
    )
    wrong += await _counts.compare(world, {each.talk: "" for each in people})
    return wrong + await _counts.add_up(world, sum(bool(each["micros"]) for each in asked(world)))


def untrue(turn: list[str], ends: Counter[tuple[str, str]], *, killed: bool) -> list[str]:
    """What is wrong with one person's turn after the restart, beside what the ledger says of their picture.

    A picture that came in, but was not told when the process died, is kept, and the turn says that it was cut
    off: what it would have done then is not done by itself.
    """
    told = "image" if "image" in turn else "error" if "error" in turn else ""
    ways = {(("done", "paid"), "image")}
    if killed:
        ways |= {(("done", "paid"), "error"), (("unknown", "unknown"), "error")}
    once = ends.total() == 1 and turn.count("started") == 1 and turn[-1:] == ["done"]
    right = once and (next(iter(ends)), told) in ways
    return [] if right else [f"{dict(ends)} in the ledger, and a turn is {turn}"]


async def ledger(world: World, people: list[Person]) -> Counter[tuple[str, str]]:
    """How many generations ended in which way."""
    async with world.studio() as (_, studio):
        rows: list[Generation] = [
            entry.generation for each in people for entry in await studio.generations(each.user_id, each.talk)
        ]
    return Counter((row.state, row.paid or "") for row in rows)


def main() -> int:
    """Both ways, on new databases."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--on", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--gently", action="store_true", help="only with SIGTERM")
    given, wrong = parser.parse_args(), []
    for dialect in given.on or ("sqlite", "postgres"):
        for kill in KILLS[:1] if given.gently else KILLS:
            with made(dialect, "coach", "sandbox", "--quick", "--delay", str(PICTURE)) as world:
                # In a child: the world is made by another one, which could not after threads were begun here.
                wrong += _fork.run(partial(one_way, world, given.pictures, kill))
    for line in wrong:
        sys.stdout.write(f"    {line}\n")
    sys.stdout.write(f"{given.pictures} pictures: {len(wrong)} wrong\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
