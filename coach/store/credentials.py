"""Who may speak for whom over a network: keys for programs, sessions for browsers. Only hashes are kept."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select

from coach.store._rows import columns, every, first, hold, new_id, now, rows_of
from coach.store.database import Database
from coach.store.serving import CredentialKind, credentials
from coach.text import one_line

PREFIX = "coach_"
"""How every secret begins, so that one that leaked can be recognised for what it is."""

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", flags=re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What speaks for a person.

    Attributes:
        label: What it is for, in its owner's words.
        tenant: Whose customer the person is, where the host serves several; ``""``: nobody's.
        operator: Whether it may see the books of everybody.
        expires_at: When it ends by itself; ``None``: when revoked.
    """

    id: str
    user_id: str
    kind: CredentialKind
    label: str
    tenant: str
    operator: bool
    created_at: datetime
    expires_at: datetime | None


class Credentials:
    """The credentials of this database.

    A secret is 256 random bits, so its plain SHA-256 cannot be guessed back: a slow hash is for what people
    choose themselves.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(
        self,
        user_id: str,
        kind: CredentialKind,
        *,
        label: str = "",
        tenant: str = "",
        operator: bool = False,
        lasts: timedelta | None = None,
    ) -> tuple[str, Credential]:
        """Make a credential.

        Args:
            lasts: For how long; ``None``: until it is revoked.

        Returns:
            The secret, which is shown this once and kept nowhere, and what is kept of it.
        """
        secret, moment = PREFIX + secrets.token_urlsafe(32), now()
        credential = Credential(
            id=new_id(),
            user_id=user_id,
            kind=kind,
            label=one_line(label),
            tenant=tenant,
            operator=operator,
            created_at=moment,
            expires_at=None if lasts is None else moment + lasts,
        )
        async with self._database.write() as connection:
            await hold(connection, user_id)
            row = {**vars(credential), "secret_hash": _hash(secret)}
            await connection.execute(insert(credentials), row)
        return secret, credential

    async def find(self, secret: str, kind: CredentialKind) -> Credential | None:
        """The credential of a secret that holds now; ``None``: there is none of this kind."""
        if not _SECRET.fullmatch(secret):
            return None
        still = or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > now())
        asked = select(*columns(credentials, Credential)).where(
            credentials.c.secret_hash == _hash(secret), credentials.c.kind == kind, still
        )
        async with self._database.read() as connection:
            row = await first(connection, asked)
        return Credential(**row) if row else None

    async def list(self, user_id: str) -> Sequence[Credential]:
        """A person's credentials, oldest first, also those that have ended."""
        mine = rows_of(credentials, Credential, user_id).order_by(credentials.c.created_at)
        async with self._database.read() as connection:
            return await every(connection, mine, Credential)

    async def revoke(self, user_id: str, credential_id: str) -> bool:
        """End a credential; says whether this person had it."""
        mine = delete(credentials).where(credentials.c.user_id == user_id, credentials.c.id == credential_id)
        async with self._database.write() as connection:
            return (await connection.execute(mine)).rowcount > 0


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
