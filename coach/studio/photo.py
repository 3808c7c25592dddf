"""The photo coach: looks at a person's photos before any money is spent, and picks those to send along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from coach.errors import PhotoRefused
from coach.faces import FaceModel, PhotoReport, best_set, look, off_loop
from coach.store import Photo, Store

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

    async def _look(self, photo: Photo) -> PhotoReport:
        await self._store.consents.require(photo.user_id)
        if self._model is None:
            return look(None, b"")
        known = report_of(photo.report)
        if known is not None and known.model == self._model.name:
            return known
        data = await self._store.photos.bytes(photo.user_id, photo.id)
        report = await off_loop(look, self._model, data)
        await self._store.photos.note_report(photo.user_id, photo.id, asdict(report))
        return report


def report_of(kept: Mapping[str, Any] | None) -> PhotoReport | None:
    """The report kept with a photo; ``None``: nobody has looked, or another version of this library did."""
    try:
        return None if kept is None else PhotoReport(**kept)
    except TypeError:
        return None


def _chosen(reports: Sequence[PhotoReport], most: int) -> list[int]:
    """The best set, with the first photo in front unless it is left out for its faults."""
    best = best_set(reports, len(reports))
    return sorted(best, key=bool)[:most]
