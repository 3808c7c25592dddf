"""Finished pictures for a model that may see them."""

from __future__ import annotations

from datetime import UTC, datetime

from coach.errors import CoachError
from coach.events import Finished
from coach.store import Consents, Versions
from coach.studio import Thumbnails
from coach.turn import Turn

PURPOSE = "pictures_to_model"
"""What a person must have agreed to: :data:`coach.CONSENT_TEXT` speaks of the picture service alone."""

WIDTH = 512
"""Pixels: enough to tell what is in a picture; a larger one costs more tokens with every request."""

MOST_BYTES = 1_000_000


class Looks:
    """The pictures that one turn made, smaller, with their AI mark.

    Args:
        turn: The turn. Only what its person had made since now is given.

    Raises:
        CoachError: Its coach has not the services of :func:`coach.open`.
    """

    def __init__(self, turn: Turn) -> None:
        self._user_id, self._since = turn.user_id, datetime.now(UTC)
        self._consents = turn.coach.service("consents", Consents)
        self._versions = turn.coach.service("versions", Versions)
        self._thumbnails = turn.coach.service("thumbnails", Thumbnails)

    async def at(self, event: Finished) -> tuple[bytes, str] | None:
        """The picture a call ended with, and its media type.

        ``None``: There is none that was made in this turn, the person has not agreed, or it cannot be had.
        What stands in the event is not trusted: an action of any coach wrote it.
        """
        data = event.data if event.state == "done" else None
        if not data or not isinstance(version_id := data.get("version_id"), str):
            return None
        if await self._consents.active(self._user_id, PURPOSE) is None:
            return None
        try:
            version = await self._versions.find(self._user_id, version_id)
            if version.created_at < self._since:
                return None
            made = await self._thumbnails.of(version, WIDTH)
        except CoachError:  # it is gone, or damaged: the words about it stay true
            return None
        return made if len(made[0]) <= MOST_BYTES else None
