"""Everything that is kept: people, their consents, photos, conversations, identities and pictures.

SQLite in a file or PostgreSQL; bytes in a folder or an S3 bucket. Every method takes the person first and
sees only what is theirs; somebody else's thing and a missing thing give the same ``NotFound``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coach.store import upstreams as upstreams  # its tables are part of the schema
from coach.store.bell import Bell
from coach.store.blobs import BlobKind, Blobs, FolderBlobs, S3Blobs, blob_key, owner_of
from coach.store.calls import Calls
from coach.store.consent import CONSENT_TEXT, CONSENT_VERSION, Consent, Consents
from coach.store.conversations import Conversation, Conversations, Message
from coach.store.credentials import Credential, Credentials
from coach.store.database import Database
from coach.store.flows import FlowRow, FlowRuns, Flows, RunRow
from coach.store.happenings import Happening, Happenings
from coach.store.identities import Identities, Identity
from coach.store.nodes import Node
from coach.store.notes import Note, Notes
from coach.store.people import People, Person
from coach.store.photos import Photo, Photos
from coach.store.stickers import SpecRow, StickerSpecs
from coach.store.tables import Stage
from coach.store.turns import TurnRow, Turns
from coach.store.versions import NewVersion, Version, Versions

if TYPE_CHECKING:
    from coach.store.migrate import State

__all__ = [
    "CONSENT_TEXT",
    "CONSENT_VERSION",
    "BlobKind",
    "Blobs",
    "Calls",
    "Consent",
    "Consents",
    "Conversation",
    "Conversations",
    "Credential",
    "Credentials",
    "Database",
    "FlowRow",
    "FlowRuns",
    "Flows",
    "FolderBlobs",
    "Happening",
    "Happenings",
    "Identities",
    "Identity",
    "Message",
    "NewVersion",
    "Node",
    "Note",
    "Notes",
    "People",
    "Person",
    "Photo",
    "Photos",
    "RunRow",
    "S3Blobs",
    "SpecRow",
    "Stage",
    "StickerSpecs",
    "Store",
    "TurnRow",
    "Turns",
    "Version",
    "Versions",
    "blob_key",
    "owner_of",
]


class Store:
    """A database and a blob store, as the services that actions and context keys ask for by name."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self.database = database
        self.blobs = blobs
        self.bell = Bell(database)
        self.people = People(database)
        self.photos = Photos(database, blobs)
        self.consents = Consents(database, forget=self.photos.forget)
        self.identities = Identities(database)
        self.notes = Notes(database)
        self.conversations = Conversations(database)
        self.calls = Calls(database)
        self.versions = Versions(database, blobs)

    @classmethod
    async def open(cls, url: str, *, blobs: Blobs, migrate: bool = True) -> Store:
        """Open the database and bring it to the tables of this version.

        Args:
            url: ``sqlite:///path/to/file.db`` or ``postgresql://user:password@host:5432/name``.
            blobs: Where bytes are kept.
            migrate: ``False``: leave the tables as they are.

        Raises:
            SettingsError: The address is not understood, the database cannot be made or reached or is newer
                than this version, or a driver is missing.
        """
        store = cls(Database(url), blobs)
        if migrate:
            # Alembic is only needed here; importing the store's types stays quick.
            from coach.store.migrate import migrate as run_migrations

            try:
                await run_migrations(store.database)
            except BaseException:
                await store.close()
                raise
        return store

    @staticmethod
    async def inspect(url: str) -> State:
        """Say whose tables a database has. See :func:`coach.store.migrate.inspect`."""
        from coach.store.migrate import inspect

        return await inspect(url)

    def services(self) -> dict[str, object]:
        """Everything in it under the name an action or a context key asks for, ``store`` included."""
        return {
            "store": self,
            "blobs": self.blobs,
            "people": self.people,
            "consents": self.consents,
            "photos": self.photos,
            "identities": self.identities,
            "notes": self.notes,
            "conversations": self.conversations,
            "calls": self.calls,
            "versions": self.versions,
        }

    async def close(self) -> None:
        """Close every connection."""
        await self.bell.close()
        await self.database.close()
