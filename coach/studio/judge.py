"""Is it them? Each picture of a person is compared with the photos it was made from.

What is measured is kept with the version as a :class:`Judgement`; of the faces themselves nothing is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import CoachError, ConsentMissing, NotFound, StoreUnavailable
from coach.faces import Band, FaceModel, KnownFaces, off_loop
from coach.store import Store
from coach.store.tables import versions
from coach.store.versions import Version
from coach.studio.generation import Generation
from coach.studio.request import PictureRequest

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds one comparison may take. A picture that was paid for does not wait longer to be shown."""

NOISE = 0.05
"""Cosine distance that says nothing: half the resolution, or a slight blur, moves a face by 0.045."""

_FAILED = "The comparison did not succeed."
_BETTER = {"strong": 0, "fair": 1, None: 2, "not measured": 2, "cannot judge": 2, "no": 3}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How like the person a picture is: a band, not a proof.

    Attributes:
        likeness: ``strong``, ``fair``, ``no``; ``cannot judge`` when the comparison was not possible, and
            ``not measured`` when nothing compares faces: see ``why``; ``None``: no face was to be kept.
        distance: Cosine distance to the most alike photo, 0 to 2. Means nothing without the band.
        threshold: Below it is ``strong``, for this person's photos.
        photo_id: The most alike photo.
        why: One sentence.
        model: The face model that measured; ``""``: none did.
        skin: What became of the skin's colour; ``None``: not measured.
        skin_shift: By how much it differs from the photo's, as CIEDE2000.
        outside: How much changed outside the mask, as a share of those pixels; ``None``: there was no mask.
    """

    likeness: Band | Literal["not measured"] | None
    why: str
    distance: float | None = None
    threshold: float | None = None
    photo_id: str | None = None
    model: str = ""
    skin: Literal["kept", "lighter", "darker", "other"] | None = None
    skin_shift: float | None = None
    outside: float | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Judgement:
        """What :meth:`to_json` made; what a newer release added is left out."""
        return cls(**{each.name: data[each.name] for each in fields(cls) if each.name in data})

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the version."""
        return asdict(self)

    @property
    def acceptable(self) -> bool:
        """Whether nothing was found that speaks against showing it as the person."""
        return self.likeness != "no" and self.skin not in ("lighter", "darker")


def judgement_of(version: Version) -> Judgement | None:
    """How a version was judged; ``None``: not yet, or there was neither a face to keep nor a mask."""
    return None if version.judgement is None else Judgement.from_json(version.judgement)


def rank_of(version: Version) -> tuple[int, float]:
    """Lower is better: by the band, then by the distance. With another skin it is no better than ``no``."""
    judged = judgement_of(version)
    if judged is None:
        return _BETTER[None], 0.0
    return _BETTER[judged.likeness if judged.acceptable else "no"], judged.distance or 0.0


def as_like(one: Version, other: Version) -> bool:
    """Whether ``one`` is at least as like the person as ``other``, as far as that was measured."""
    (band, distance), (other_band, other_distance) = rank_of(one), rank_of(other)
    if band != other_band:
        return band < other_band
    return distance <= other_distance + NOISE


@dataclass(frozen=True, kw_only=True)
class _Person:
    """Whom the pictures of a generation are compared with, while they are."""

    photo_ids: tuple[str, ...]
    faces: KnownFaces


class Judge:
    """Compares pictures with the photos they were made from.

    Args:
        store: Where both are.
        model: Compares faces; ``None``: none is installed, and nothing is measured.
    """

    def __init__(self, store: Store, model: FaceModel | None) -> None:
        self._store, self._model = store, model

    def measures(self, request: PictureRequest) -> bool:
        """Whether the pictures of a request are going to be compared with photos."""
        return self._model is not None and bool(request.photos)

    async def judge(self, generation: Generation) -> dict[str, Judgement]:
        """Judge the pictures of a stored generation. A comparison that goes wrong is an answer too.

        Returns:
            By version id; empty when no face was to be kept.

        Raises:
            StoreUnavailable: The versions cannot be read now.
        """
        asked = generation.asked
        if asked is None or not asked.keep_face or not asked.references:
            return {}
        made = await self._store.versions.of_generations(generation.user_id, [generation.id])
        if not asked.photos or self._model is None:
            why = "No face model is installed." if asked.photos else "No photo went along to compare it with."
            judged = {version.id: Judgement(likeness="not measured", why=why) for version in made}
        else:
            person = await self._person(self._model, generation, asked.photos)
            judged = {version.id: await self._compare(version, person) for version in made}
        # What was measured when a picture was put back around its mask stays.
        kept = {version.id: judgement_of(version) for version in made}
        return {
            each: replace(found, outside=before.outside) if (before := kept[each]) else found
            for each, found in judged.items()
        }

    async def _person(
        self, model: FaceModel, generation: Generation, photo_ids: Sequence[str]
    ) -> _Person | str:
        """The photos that are still there, or why there are none."""
        try:
            # After a crash it may be a while since they were sent, and a consent can be taken back.
            await self._store.consents.require(generation.user_id, "pictures")
            photos = await self._photos(generation.user_id, photo_ids)
        except ConsentMissing:
            return "There is no consent any more to use the photos."
        except StoreUnavailable:
            logger.warning("Generation %s was not judged: its photos could not be read.", generation.id)
            return "The photos could not be read."
        if not photos:
            return "The photos that it was made from are gone."
        return _Person(photo_ids=tuple(photos), faces=KnownFaces(model, tuple(photos.values())))

    async def _photos(self, user_id: str, photo_ids: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for each in photo_ids:
            with suppress(NotFound):  # deleted since: the others still show the person
                found[each] = await self._store.photos.bytes(user_id, each)
        return found

    async def _compare(self, version: Version, person: _Person | str) -> Judgement:
        if isinstance(person, str):
            return Judgement(likeness="cannot judge", why=person)
        try:
            candidate = await self._store.versions.bytes(version.user_id, version.id)
        except CoachError:
            logger.warning("Version %s could not be judged: it could not be read.", version.id)
            return Judgement(likeness="cannot judge", why=_FAILED)
        return await compared(
            person.faces, candidate, what=f"Version {version.id}", photo_ids=person.photo_ids
        )


async def compared(
    faces: KnownFaces, candidate: bytes, *, what: str, photo_ids: Sequence[str] = ()
) -> Judgement:
    """Compare a picture with faces. One that goes wrong is an answer too.

    Args:
        what: What the log calls the picture.
        photo_ids: Of the photos of the faces, where they are some.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            found = await off_loop(faces.judge, candidate)
    except Exception as exc:
        logger.warning("%s could not be judged (%s).", what, type(exc).__name__)
        logger.debug("Why:", exc_info=True)
        return Judgement(likeness="cannot judge", why=_FAILED)
    return Judgement(
        likeness=found.band,
        why=found.why,
        distance=found.distance,
        threshold=found.threshold,
        photo_id=photo_ids[found.photo] if photo_ids and found.photo is not None else None,
        model=found.model,
        skin=found.skin,
        skin_shift=found.skin_shift,
    )


async def note(connection: AsyncConnection, user_id: str, judgements: Mapping[str, Judgement]) -> None:
    """Keep judgements, by version id, inside the caller's write transaction."""
    for version_id, judgement in judgements.items():
        mine = update(versions).where(versions.c.user_id == user_id, versions.c.id == version_id)
        await connection.execute(mine.values(judgement=judgement.to_json()))


def summary(judgements: Collection[Judgement]) -> str:
    """One line for the history: what was found, without a word about the person."""
    return f"likeness {', '.join(str(each.likeness) for each in judgements) or 'not measured'}"
