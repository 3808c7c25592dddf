"""What commands about a person's photos share: the store, made when it is not there yet, and their yes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._books import places

if TYPE_CHECKING:
    from coach.faces import PhotoReport
    from coach.store import Consent, Store

Yes = Annotated[
    bool, typer.Option("--yes", help="They have read `coach consent show` and agree: do not ask again.")
]


@asynccontextmanager
async def begun_store(*, sandbox: bool) -> AsyncIterator[Store]:
    """What is kept; the first command makes it.

    Raises:
        SettingsError: The database or the bucket cannot be used.
    """
    from coach.store import FolderBlobs, Store

    settings = places(sandbox=sandbox)
    blobs = FolderBlobs(settings.home / "blobs") if sandbox else settings.blobs()
    store = await Store.open(settings.database, blobs=blobs)
    try:
        yield store
    finally:
        await store.close()


async def agreed(store: Store, user: str, *, yes: bool) -> Consent:
    """The person's consent: the one on record, or else their yes to the text that is shown to them.

    Raises:
        ConsentMissing: They did not say yes.
    """
    from coach.errors import ConsentMissing
    from coach.store import CONSENT_TEXT
    from coach.store.consent import declared

    known = await store.consents.active(user)
    if known is not None:
        return known
    if not yes:
        typer.echo(f"{declared()}\n", err=True)
        if not typer.confirm("Do you agree?", err=True):
            raise ConsentMissing("Without your yes no photo is read. Nothing was kept.")
    return await store.consents.give(user, statement=CONSENT_TEXT)


def finding(report: PhotoReport | None) -> str:
    """What the photo coach says; or that nobody has looked, and why."""
    from coach.faces import face_model

    if report is not None and report.reason != "not_looked":
        return report.say
    if face_model() is None:
        return "Whether the face is clear in it, nobody here can tell: that needs the extra `likeness`."
    return "Nobody has looked yet whether the face is clear in it."
