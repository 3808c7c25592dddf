"""The store as a whole."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from coach.store import FolderBlobs, Store


async def test_its_services_have_the_names_that_actions_ask_for(store: Store) -> None:
    services = store.services()

    assert set(services) == {
        *("store", "blobs", "people", "consents", "photos", "identities", "notes"),
        *("conversations", "calls", "versions"),
    }
    assert services["photos"] is store.photos
    assert services["store"] is store


async def test_the_tables_can_be_left_as_they_are(empty_database_url: str, tmp_path: Path) -> None:
    store = await Store.open(empty_database_url, blobs=FolderBlobs(tmp_path), migrate=False)

    with pytest.raises(DBAPIError):
        await store.people.get("anna")
    await store.close()
