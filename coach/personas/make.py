"""From a persona to pictures of them: a base selfie, grids made from it, and the tiles of the grids.

Each stage is a picture of the ledger under a key of the persona and the stage. A run that was broken off is
just run again: what is paid is found, and what it was asked with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from coach._money import total
from coach.context import Context
from coach.errors import Conflict, GridRefused, InputRefused
from coach.faces import FaceModel
from coach.personas.persona import Persona
from coach.personas.tiles import split
from coach.personas.writers import LONGEST, Writer, rendered
from coach.store import Store, Version
from coach.studio import Generated, Generation, PictureRequest, Reference, Studio
from coach.studio.content import last
from coach.studio.provenance import Signer

PER_GRID = 4
"""Pictures on one grid."""

MOST = 40
"""The most pictures of one persona: each four cost another grid."""

_DEAREST = "\U0001f642"
"""A character of the most bytes, by which a prompt is quoted."""

Stage = Literal["base", "prompts", "grids", "pictures"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a stage is."""

    stage: Stage
    done: int
    of: int


Tell = Callable[[Step], Awaitable[None]]


async def unheard(step: Step) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class PersonaPictures:
    """What was made of a persona: versions in the workshop of its owner.

    Attributes:
        base: The selfie that all others are made from.
        grids: As they came.
        pictures: Their tiles, grid by grid, row by row. ``coach.studio.judge.judgement_of`` says how like the
            base each is, where the face extra is installed.
        actual_micros: What it cost in all, in micro-dollars, whenever it was paid; ``None``: not known.
    """

    persona: Persona
    base: Version
    grids: tuple[Version, ...]
    pictures: tuple[Version, ...]
    actual_micros: int | None


async def make_persona(
    persona: Persona,
    *,
    studio: Studio,
    store: Store,
    ctx: Context,
    writer: Writer,
    images: int = PER_GRID,
    faces: FaceModel | None = None,
    signer: Signer | None = None,
    again: bool = False,
    tell: Tell = unheard,
) -> PersonaPictures:
    """Make pictures of a persona that are not there yet.

    More pictures of the same persona are further grids; the ones that are there stay. A persona of which
    anything is said differently is another one.

    Args:
        studio: Makes and pays for them.
        store: Where they are kept.
        ctx: Whose they are: the operator's own, or whoever they invent it for.
        writer: Writes what the grids show.
        images: How many, a multiple of :data:`PER_GRID`, at most :data:`MOST`.
        faces: Compares the tiles with the base; ``None``: nothing is measured.
        signer: Signs the tiles; ``None``: they carry the IPTC mark alone.
        again: Ask once more for what may have been paid and did not come, and for a grid that is refused.
        tell: Called when a stage has come further.

    Raises:
        InputRefused: No such number of pictures.
        ModelError: No prompt could be written.
        GridRefused: A grid cannot be split. It was paid for, and is kept.
        PictureError: A picture was not made; ``paid`` says what is known about the money.
        Conflict: Another process is at work on the same persona; or (``Erasing``) its owner is being erased.
    """
    check_number(images)
    run = _Run(
        persona=persona,
        studio=studio,
        store=store,
        ctx=ctx,
        writer=writer,
        faces=faces,
        signer=signer,
        again=again,
        tell=tell,
        workshop=(await store.identities.workshop(ctx.user_id)).id,
    )
    return await run.all(images // PER_GRID)


def check_number(images: int) -> None:
    """See whether so many pictures can be made.

    Raises:
        InputRefused: They cannot.
    """
    if images % PER_GRID or not PER_GRID <= images <= MOST:
        say = f"Ask for a multiple of {PER_GRID} pictures, at most {MOST}: they are made four at a time."
        raise InputRefused(say, field="images", allowed=(f"{PER_GRID} to {MOST}",))


def quote(persona: Persona, *, studio: Studio, images: int = PER_GRID) -> int | None:
    """The most that the pictures of a persona can cost while none is there, in micro-dollars.

    Further takes of grids that cannot be split are not in it: nobody has them made but who says ``again``.

    Returns:
        ``None``: it is not known beforehand.

    Raises:
        InputRefused, PictureError: No such number of pictures; or as :meth:`coach.Studio.quote`.
    """
    check_number(images)
    base = studio.quote(base_request(persona)).micros
    grid = studio.quote(_grid_request(_DEAREST * LONGEST, "base")).micros
    return None if base is None or grid is None else base + images // PER_GRID * grid


def base_request(persona: Persona) -> PictureRequest:
    """What is asked for to have the base selfie."""
    return PictureRequest(prompt=rendered("base.md", persona), shape="square", previews=0)


def grid_request(prompt: str, base: Version) -> PictureRequest:
    """What is asked for to have a grid.

    Args:
        prompt: What the four show.
        base: The picture of whom they show.
    """
    return _grid_request(prompt, base.id)


def _grid_request(prompt: str, base_id: str) -> PictureRequest:
    reference = Reference(kind="version", id=base_id)
    text = rendered("grid.md", Persona(firstname="-", lastname="-"), prompt=prompt)
    return PictureRequest(prompt=text, references=(reference,), keep_face=True, shape="square", previews=0)


@dataclass(frozen=True, kw_only=True)
class _Run:
    persona: Persona
    studio: Studio
    store: Store
    ctx: Context
    writer: Writer
    faces: FaceModel | None
    signer: Signer | None
    again: bool
    tell: Tell
    workshop: str

    async def all(self, count: int) -> PersonaPictures:
        made = [await self._made("base", base_request(self.persona))]
        base = made[0].versions[0]
        await self._say("base", 1, 1)
        used: list[str] = []
        grids: list[Version] = []
        tiles: list[Version] = []
        for number in range(1, count + 1):
            takes, grid, pictures = await self._grid(number, count, base, used)
            made += takes
            grids.append(grid)
            tiles += pictures
            await self._say("pictures", len(tiles), count * PER_GRID)
        return PersonaPictures(
            persona=self.persona,
            base=base,
            grids=tuple(grids),
            pictures=tuple(tiles),
            actual_micros=total(each.actual_micros for each in made),
        )

    async def _grid(
        self, number: int, count: int, base: Version, used: list[str]
    ) -> tuple[list[Generated], Version, tuple[Version, ...]]:
        """A grid that can be split, its tiles, and all that was paid for it; what it shows is used now."""
        made: list[Generated] = []
        while True:
            stage = _take(number, len(made) + 1)
            was_there = (await self._latest(stage))[1] is not None
            made.append(await self._pictured(stage, base, used, number, count))
            grid = next(each for each in made[-1].versions if each.parent_id == base.id)
            await self._say("grids", number, count)
            try:
                tiles = await split(self.store, grid, base=base, faces=self.faces, signer=self.signer)
            except GridRefused:
                following = (await self._latest(_take(number, len(made) + 1)))[1]
                if following is None and not (self.again and was_there):  # never two for one word
                    raise
                continue
            return made, grid, tiles

    async def _pictured(
        self, stage: str, base: Version, used: list[str], number: int, count: int
    ) -> Generated:
        """The grid of a stage; what it shows is written first, unless that is in the ledger."""
        _, row = await self._latest(stage)
        if row is not None and row.asked is not None and row.wish is not None:
            request, prompt = row.asked, row.wish
        else:
            prompt = await self.writer.write(self.persona, used=used)
            request = grid_request(prompt, base)
        await self._say("prompts", number, count)
        try:
            made = await self._made(stage, request, parent=base.id, wish=prompt)
        except Conflict:
            # Somebody else had it written, in other words, and was quicker: theirs counts.
            _, row = await self._latest(stage)
            if row is None or row.asked is None or row.asked == request:
                raise
            prompt = row.wish or prompt
            made = await self._made(stage, row.asked, parent=base.id, wish=prompt)
        used.append(prompt)
        return made

    async def _made(
        self, stage: str, request: PictureRequest, *, parent: str | None = None, wish: str | None = None
    ) -> Generated:
        key, row = await self._latest(stage)
        return await self.studio.generate(
            # Each stage has a conversation of its own: what is in doubt of one persona keeps no other back.
            replace(self.ctx, conversation_id=self._content(stage), call_id=stage),
            row.asked if row is not None and row.asked is not None and parent is None else request,
            identity_id=self.workshop,
            parent=parent,
            key=key,
            again=self.again,
            wish=wish,
            batch=True,  # twenty pictures and more: whoever looks at one that is being made goes first
        )

    async def _latest(self, stage: str) -> tuple[str, Generation | None]:
        return await last(self.studio.ledger, self.ctx.user_id, self._content(stage))

    def _content(self, stage: str) -> str:
        return f"persona {self.persona.digest} {stage}"

    async def _say(self, stage: Stage, done: int, of: int) -> None:
        await self.tell(Step(stage=stage, done=done, of=of))


def _take(number: int, take: int) -> str:
    return f"grid {number}" + (f" take {take}" if take > 1 else "")
