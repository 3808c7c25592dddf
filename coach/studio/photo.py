"""The photo coach: looks at a person's photos before any money is spent, and picks those to send along."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from coach.errors import ConsentMissing, PhotoRefused
from coach.faces import FaceModel, PhotoReport, best_set, look, off_loop
from coach.store import Photo, Store

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds a prompt waits for what is to be said about photos; one look takes a tenth of one."""

ONE_LOOK = 5.0
"""Seconds one look may take; the photo is taken as it is then, and looked at another time."""

NO_PHOTO = "There is no photo yet. Please add one that shows the face from the front."


class PhotoCoach:
    """Says what is to be said about a person's photos.

    Args:
        store: Where the photos are.
        model: The face model, :func:`coach.faces.face_model`; with ``None`` nobody looks, and every photo
            counts as usable.
    """

    def __init__(self, store: Store, model: FaceModel | None) -> None:
        self._store, self._model = store, model
        self._looking: dict[str, asyncio.Task[PhotoReport]] = {}  # by photo, while somebody looks

    @property
    def can_look(self) -> bool:
        """Whether there is a face model."""
        return self._model is not None

    async def look(self, user_id: str, photo_id: str) -> PhotoReport:
        """What is to be said about one photo; kept with it, and looked at once for each face model.

        Raises:
            NotFound: This person has no such photo.
            ConsentMissing: The person has not agreed that their photos are used; nothing was read.
        """
        return await self._look(await self._store.photos.get(user_id, photo_id))

    async def references(self, user_id: str, most: int, *, anyway: bool = False) -> list[Photo]:
        """The photos to send along, at most ``most``: the primary one first, then the best.

        Call it before anything is paid for. Photos that do not serve are left out.

        Args:
            user_id: Whose photos.
            most: How many, at least one.
            anyway: The person was told what to change and wants it made from what there is.

        Raises:
            PhotoRefused: No photo serves: ``no_photo``, or what is to be changed in the primary one, with a
                sentence for the person.
            ConsentMissing: The person has not agreed that their photos are used; nothing was read.
        """
        photos = sorted(await self._store.photos.list(user_id), key=lambda photo: not photo.primary)
        if not photos:
            raise PhotoRefused("no_photo", NO_PHOTO)
        reports = [await self._look(photo) for photo in photos]
        if not anyway and not any(report.usable for report in reports):
            raise PhotoRefused(reports[0].reason, reports[0].say)
        return [photos[index] for index in _chosen(reports, most)]

    async def seen(self, photos: Sequence[Photo]) -> list[PhotoReport | None]:
        """What is known of photos, for a prompt: those at which nobody has looked are looked at now.

        Never an error, and after :data:`PATIENCE` seconds what there is until then.

        Returns:
            For each photo its report; ``None``: nobody has looked, and nobody can or may now.
        """
        found = [report_of(photo.report) for photo in photos]
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for at, photo in enumerate(photos):
                    found[at] = found[at] or await self._glance(photo)
        return found

    async def _glance(self, photo: Photo) -> PhotoReport | None:
        if self._model is None:
            return None
        try:
            return await self._look(photo)
        except ConsentMissing:
            return None
        except Exception as exc:
            logger.warning("Photo %s could not be looked at (%s).", photo.id, type(exc).__name__)
            logger.debug("Why:", exc_info=True)
            return None

    async def _look(self, photo: Photo) -> PhotoReport:
        await self._store.consents.require(photo.user_id)
        if self._model is None:
            return look(None, b"")
        if (known := _known(photo, self._model)) is not None:
            return known
        # However many ask at once, one looks; and goes on when whoever asked first waits no longer.
        looking = self._looking.get(photo.id)
        if looking is None:
            looking = asyncio.create_task(self._look_now(self._model, photo.user_id, photo.id))
            self._looking[photo.id] = looking
            looking.add_done_callback(lambda ended: self._looked(photo.id, ended))
        return await asyncio.shield(looking)

    def _looked(self, photo_id: str, ended: asyncio.Task[PhotoReport]) -> None:
        del self._looking[photo_id]
        if not ended.cancelled():
            ended.exception()  # else asyncio complains of what nobody waited for

    async def _look_now(self, model: FaceModel, user_id: str, photo_id: str) -> PhotoReport:
        photo = await self._store.photos.get(user_id, photo_id)
        if (known := _known(photo, model)) is not None:  # since it was read by whoever asks
            return known
        data = await self._store.photos.bytes(user_id, photo_id)
        try:
            async with asyncio.timeout(ONE_LOOK):
                report = await off_loop(look, model, data)
        except TimeoutError:
            logger.warning("Nobody looked at photo %s in time.", photo_id)
            return look(None, b"")
        await self._store.photos.note_report(user_id, photo_id, asdict(report))
        return report


def report_of(kept: Mapping[str, Any] | None) -> PhotoReport | None:
    """The report kept with a photo; ``None``: nobody has looked, or another version of this library did."""
    try:
        return None if kept is None else PhotoReport(**kept)
    except TypeError:
        return None


def _known(photo: Photo, model: FaceModel) -> PhotoReport | None:
    """What this model has seen in a photo before."""
    known = report_of(photo.report)
    return known if known is not None and known.model == model.name else None


def _chosen(reports: Sequence[PhotoReport], most: int) -> list[int]:
    """The best set, with the first photo in front unless it is left out for its faults."""
    best = best_set(reports, len(reports))
    return sorted(best, key=bool)[:most]
