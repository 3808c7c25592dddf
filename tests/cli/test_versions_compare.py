"""``coach versions`` and ``coach compare``: an identity's pictures for who keeps the database."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from coach.errors import Conflict, ConsentMissing, NotFound, SettingsError
from coach.store import FolderBlobs, Store
from coach.store.tables import versions
from coach.studio.provenance import read
from tests.cli.test_spend_reconcile import run
from tests.store._rows import PICTURE, add_versions
from tests.studio._certificates import certificates


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo_bytes: bytes) -> Path:
    """The folder of a person with a photo and four pictures; no key is set."""
    monkeypatch.delenv("COACH_DATABASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    asyncio.run(fill(tmp_path, photo_bytes))
    return tmp_path


async def fill(home: Path, photo: bytes) -> None:
    store = await Store.open(f"sqlite:///{home}/coach.sqlite3", blobs=FolderBlobs(home / "blobs"))
    await store.consents.give("ann", statement="yes")
    await store.photos.add("ann", photo)
    identity = await store.identities.add("ann", "Night-sky guide")
    file = io.BytesIO()
    Image.new("RGB", (90, 120), "teal").save(file, "PNG")
    await store.blobs.put(PICTURE.blob, file.getvalue(), "image/png")
    paid = {"actual_micros": 59_513, "model": "gpt-image-2", "operation": "compose", "request": {}}
    first, _ = await add_versions(store, "ann", identity.id, count=2, wish="on a hill", **paid)
    base = {"references": [{"kind": "version", "id": first.id}]}
    await add_versions(
        store,
        "ann",
        identity.id,
        parent_id=first.id,
        **(paid | {"wish": "at\nsunrise", "request": base, "actual_micros": None}),
    )
    await store.identities.add("ann", "Baker")
    await store.versions.accept("ann", "i1", "v1a")
    async with store.database.write() as connection:
        judged = update(versions).where(versions.c.handle == "v1a")
        found = {"likeness": "fair", "distance": 0.412, "why": "", "outside": 0.314, "skin": "darker"}
        await connection.execute(judged.values(judgement=found))
    await store.close()


def test_versions_are_a_tree_with_what_each_cost_and_how_like_it_is(kept: Path) -> None:
    said = run("versions", "i1", "--user", "ann").splitlines()
    rows = [line.split("  ") for line in said if "gpt-image-2, compose" in line]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert [row[0] for row in rows] == ["v1", "v1a (accepted)", "v2"]
    assert rows[0][1:4] == ["not judged", "0", "$0.059513 for 2"]
    assert rows[1][1:5] == ["fair, skin darker", "31%", "1", "unknown"] and rows[1][-1] == "at sunrise"
    assert said[-2:] == [
        "Made from the photos alone: 2 not judged",
        "1 change away from that: 1 fair, median distance 0.41",
    ]
    facts = json.loads(run("versions", "i1", "--user", "ann", "--json"))
    assert [(one["handle"], one["parent"], one["depth"]) for one in facts] == [
        ("v1", None, 0),
        ("v2", None, 0),
        ("v1a", "v1", 1),
    ]
    assert facts[2]["accepted"] and facts[2]["judgement"]["likeness"] == "fair"
    assert run("versions", "i2", "--user", "ann") == "This identity has no picture yet.\n"
    assert run("versions", "i2", "--user", "ann", "--out", "none.jpg") and not Path("none.jpg").exists()


def test_the_sheets_are_written_where_one_says(kept: Path) -> None:
    assert "v1, v2, v1a: all.jpg" in run("versions", "i1", "--user", "ann", "--out", "all.jpg")
    assert run("compare", "i1", "v1a", "v1", "--user", "ann") == "v1a, v1: compare-i1.jpg\n"
    for name in ("all.jpg", "compare-i1.jpg"):
        with Image.open(name) as image:
            assert image.format == "JPEG" and image.width > 200
        assert Path(name).stat().st_mode & 0o777 == 0o600  # the photo is on one of them


@pytest.mark.parametrize("stamp", ["", "http://127.0.0.1:1/stamp"])
def test_the_sheets_are_signed_when_they_can_be(
    kept: Path, monkeypatch: pytest.MonkeyPatch, stamp: str
) -> None:
    chain, key = certificates().write(kept)
    monkeypatch.setenv("COACH_C2PA_CERTIFICATE", str(chain))
    monkeypatch.setenv("COACH_C2PA_KEY", str(key))
    monkeypatch.setenv("COACH_C2PA_TIMESTAMP_URL", stamp)
    run("versions", "i1", "--user", "ann", "--out", "all.jpg")
    run("compare", "i1", "--user", "ann")
    for name in ("all.jpg", "compare-i1.jpg"):
        assert read(Path(name)).credentials.state == ("absent" if stamp else "untrusted")


def test_what_is_not_there_is_named(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="There is no identity 'i9'"):
        run("versions", "i9", "--user", "ann")
    with pytest.raises(NotFound, match="There is no version 'v9'"):
        run("compare", "i1", "v9", "--user", "ann")
    for command in ("compare", "versions"):
        said = run(command, "i1", "--user", "ann", "--out", "all.png", code=2)
        assert "ends in .jpg" in said and not Path("all.png").exists()
    with pytest.raises(Conflict, match="no picture yet"):
        run("compare", "i2", "--user", "ann")
    run("consent", "revoke", "--user", "ann")
    with pytest.raises(ConsentMissing, match=r"To agree: coach consent give --user ann$"):
        run("compare", "i1", "--user", "ann")
    with pytest.raises(SettingsError, match="The sandbox has no database yet"):
        run("compare", "i1", "--sandbox")
