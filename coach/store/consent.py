"""Consent: what a person agreed to, whether it still holds, and the text they are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import ConsentMissing, InputRefused
from coach.store._rows import first, hold, new_id, now, rows_of
from coach.store.database import Database
from coach.store.erase import lock_person
from coach.store.tables import consents, photos

CONSENT_VERSION = "2026-11-20.2"
"""Changes with every change of :data:`CONSENT_TEXT`."""

# The 30 days: OpenAI's API data controls, "abuse monitoring logs".
CONSENT_TEXT = """\
To make pictures of you, your photos and a description of the picture are sent to the picture service \
that this coach uses. The service may keep them for up to 30 days to watch for abuse.

How good a photo is, and how much a picture looks like you, is measured here and not there. The numbers that \
describe your face are gone when that is done; only the result is kept.

Here your photos and pictures stay until you, or whoever runs this coach, erase them. You can take your \
agreement back at any time: then nothing more is sent, also not what still waits for its turn, and your \
photos are deleted here. Pictures that were already made stay until they are erased too.

By agreeing you say: this is me, or I have the agreement of the person in the photo; and I am an adult."""
"""What the person agrees to, in plain words."""

Subject = Literal["self", "other"]
"""Who is in the photos: the person themselves, or somebody who agreed to it."""

SUBJECTS: Mapping[Subject, str] = {
    "self": "This is me, and I am an adult.",
    "other": "I have the agreement of the person in the photo, and I am an adult.",
}
"""What the person declares with their agreement; kept in front of what they said."""


def declared(subject: Subject = "self") -> str:
    """What to show a person before their yes is written down: the text, and what will stand there."""
    return f"{CONSENT_TEXT}\n\nYou say: {SUBJECTS[subject]}"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What a person agreed to, and when.

    Attributes:
        purpose: What for, e.g. ``"pictures"``.
        text_version: The version of the text they were shown.
        statement: What they declare (:data:`SUBJECTS`), and what they said or pressed.
        until: When it ends by itself; ``None``: when revoked.
    """

    id: str
    user_id: str
    purpose: str
    text_version: str
    statement: str
    given_at: datetime
    until: datetime | None
    revoked_at: datetime | None


async def active_in(connection: AsyncConnection, user_id: str, purpose: str = "pictures") -> Consent | None:
    """The newest consent that holds now, or ``None``."""
    still = or_(consents.c.until.is_(None), consents.c.until > now())
    statement = (
        rows_of(consents, Consent, user_id)
        .where(consents.c.purpose == purpose, consents.c.revoked_at.is_(None), still)
        .order_by(consents.c.given_at.desc())
    )
    row = await first(connection, statement.limit(1))
    return Consent(**row) if row else None


def _stated(subject: Subject, said: str) -> str:
    """What they declare in front of what they said, unless they said that too."""
    declares = SUBJECTS[subject]
    return said if said.strip().startswith(declares) else f"{declares} {said}"


class Consents:
    """What people agreed to.

    Args:
        database: Where the rows are.
        forget: Deletes the bytes of what the agreement to pictures was about, once it is taken back.
    """

    def __init__(self, database: Database, forget: Callable[[str], Awaitable[None]]) -> None:
        self._database, self._forget = database, forget

    async def give(
        self,
        user_id: str,
        *,
        purpose: str = "pictures",
        text_version: str = CONSENT_VERSION,
        statement: str,
        until: datetime | None = None,
        subject: Subject = "self",
    ) -> Consent:
        """Write down that the person agreed, now.

        Args:
            user_id: Who.
            purpose: What for.
            text_version: The version of the text they were shown.
            statement: What they said or pressed.
            until: When it ends by itself; ``None``: when revoked.
            subject: Who is in the photos.

        Raises:
            InputRefused: They said nothing.
            ValueError: ``until`` has no time zone.
        """
        if not statement.strip():
            raise InputRefused(
                "An agreement needs what the person said or pressed. Nothing was written down."
            )
        consent = Consent(
            id=new_id(),
            user_id=user_id,
            purpose=purpose,
            text_version=text_version,
            statement=_stated(subject, statement),
            given_at=now(),
            until=until,
            revoked_at=None,
        )
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await connection.execute(insert(consents), vars(consent))
        return consent

    async def active(self, user_id: str, purpose: str = "pictures") -> Consent | None:
        """The newest consent that holds now, or ``None``."""
        async with self._database.read() as connection:
            return await active_in(connection, user_id, purpose)

    async def require(self, user_id: str, purpose: str = "pictures") -> Consent:
        """The consent that holds now.

        Raises:
            ConsentMissing: There is none.
        """
        consent = await self.active(user_id, purpose)
        if consent is None:
            raise ConsentMissing(
                f"There is no consent for {purpose!r}; show the consent text and record the person's yes."
            )
        return consent

    async def revoke(self, user_id: str, purpose: str = "pictures") -> None:
        """End every consent for this purpose; when it was for pictures, delete the person's photos.

        From the first moment on no photo is read for a picture, also not for one that waits for its turn:
        that one is refused, unpaid. Pictures that were made stay; ``coach erase`` removes everything. Safe to
        repeat, which also finishes what was interrupted.
        """
        change = (
            update(consents)
            .where(consents.c.user_id == user_id, consents.c.purpose == purpose)
            .where(consents.c.revoked_at.is_(None))
            .values(revoked_at=now())
        )
        async with self._database.write() as connection:
            # A photo that is just being written down is there afterwards, or sees that this ended.
            await lock_person(connection, user_id)
            await connection.execute(change)
            if purpose == "pictures":
                # With it: were we to die in between, agreeing anew would bring them back.
                await connection.execute(delete(photos).where(photos.c.user_id == user_id))
        if purpose == "pictures":
            await self._forget(user_id)
