"""``coach photo`` and ``coach consent``: for a person, with their yes first, on a real store."""

import asyncio
import json
from pathlib import Path

import pytest
from PIL import Image

from coach.cli._agree import begun_store
from coach.errors import ConsentMissing, NotFound, PhotoRefused, SettingsError
from coach.store import CONSENT_TEXT
from tests.cli.test_spend_reconcile import run
from tests.store._images import exif, quadrants, save


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and no key."""
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COACH_DATABASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def grace(tmp_path: Path, photo_bytes: bytes) -> str:
    """A good photo."""
    (tmp_path / "grace.jpg").write_bytes(photo_bytes)
    return str(tmp_path / "grace.jpg")


@pytest.fixture
def nobody(tmp_path: Path) -> str:
    """A picture without a face, that says where it was taken."""
    (tmp_path / "nobody.png").write_bytes(save(quadrants(size=(300, 200)), "PNG", exif=exif()))
    return str(tmp_path / "nobody.png")


def kept(home: Path, kind: str) -> list[Path]:
    return sorted(home.glob(f"blobs/me/{kind}/*"))


def test_a_photo_is_added_after_their_yes_looked_at_and_removed(
    tmp_path: Path, grace: str, nobody: str
) -> None:
    home = tmp_path / "home"
    with pytest.raises(SettingsError, match="no database yet"):
        run("photo", "list")
    with pytest.raises(ConsentMissing, match="Nothing was kept"):
        run("photo", "add", grace, answer="n\n")
    assert "no photo yet" in run("photo", "list")

    said = run("photo", "add", grace, answer="y\n")
    assert CONSENT_TEXT in said and "You say: This is me, and I am an adult." in said
    assert "Kept: 512x600" in said and "That is a good photo" in said
    second = json.loads(run("photo", "add", nobody, "--keep-original", "--json"))
    assert (second["primary"], second["original_kept"], second["report"]["reason"]) == (
        False,
        True,
        "no_face",
    )
    assert "Anna" in kept(home, "originals")[0].read_bytes().decode("latin-1")

    listed = json.loads(run("photo", "list", "--json"))
    assert [photo["primary"] for photo in listed] == [True, False]
    assert "from now on" in run("photo", "primary", "2")
    assert [photo["primary"] for photo in json.loads(run("photo", "list", "--json"))] == [False, True]
    assert "I cannot find a face" in run("photo", "list")
    run("photo", "remove", listed[1]["id"])
    assert (len(kept(home, "photos")), kept(home, "originals")) == (1, [])
    for none in ("2", "1" * 5000):
        with pytest.raises(NotFound, match=f"no photo '{none[:20]}"):
            run("photo", "remove", none)


def test_a_file_is_checked_and_nothing_is_kept(tmp_path: Path, grace: str, nobody: str) -> None:
    assert "That is a good photo" in run("photo", "check", grace)
    assert json.loads(run("photo", "check", nobody, "--json", code=1))["reason"] == "no_face"
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(PhotoRefused, match="damaged"):
        run("photo", "check", str(broken))
    assert not (tmp_path / "home").exists()

    for nothing in ("nope.jpg", "nope", "me/1"):
        with pytest.raises(PhotoRefused, match=f"There is no file '{nothing}'"):
            run("photo", "check", nothing)
    run("photo", "add", nobody, "--yes")
    [photo] = json.loads(run("photo", "list", "--json"))
    assert "I cannot find a face" in run("photo", "check", photo["id"], code=1)
    assert "I cannot find a face" in run("photo", "check", "1", code=1)


def test_consent_is_shown_given_and_taken_back_with_the_photos(tmp_path: Path, grace: str) -> None:
    assert "me has not agreed" in run("consent", "show")
    assert not (tmp_path / "home").exists()
    assert "Nothing was written down" in run("consent", "give", answer="n\n", code=1)
    assert json.loads(run("consent", "show", "--json"))["consent"] is None

    given = json.loads(run("consent", "give", "--subject", "other", "--days", "7", "--yes", "--json"))
    assert given["statement"].startswith("I have the agreement of the person in the photo")
    assert given["until"] > given["given_at"]
    assert "me agreed on" in run("consent", "show")
    assert "Do you agree" not in run("photo", "add", grace)

    kept_twice = json.loads(run("photo", "add", grace, "--json"))
    assert [photo["id"] for photo in json.loads(run("photo", "list", "--json"))] == [kept_twice["id"]]
    assert json.loads(run("consent", "revoke", "--json")) == {"user_id": "me", "photos_deleted": 1}
    said = run("consent", "revoke")
    assert "(0)" in said and "--out" in said
    assert kept(tmp_path / "home", "photos") == []
    assert "me has not agreed" in run("consent", "show")


def test_a_stored_photo_is_not_read_once_the_agreement_has_ended(grace: str) -> None:
    run("photo", "add", grace, "--yes")
    run("consent", "revoke")
    asyncio.run(added_without_asking(Path(grace).read_bytes()))
    with pytest.raises(ConsentMissing):
        run("photo", "check", "1")
    run("consent", "give", "--yes")
    assert "That is a good photo" in run("photo", "check", "1")


async def added_without_asking(photo: bytes) -> None:
    async with begun_store(sandbox=False) as store:
        await store.photos.add("me", photo)


def test_what_to_type_next_is_for_the_same_books() -> None:
    for real, hint in (
        (("consent", "show"), "coach consent give --user me"),
        (("consent", "revoke"), "coach erase me"),
        (("photo", "list"), "coach photo add FILE --user me"),
    ):
        assert f"{hint} --sandbox\n" in run(*real, "--sandbox")
    run("consent", "revoke")
    assert "coach erase me\n" in run("consent", "revoke")
    assert "--user me\n" in run("photo", "list") and "--user me\n" in run("consent", "show")


def test_without_the_extra_it_is_said_that_looking_needs_it(
    grace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.faces.face_model", lambda: None)
    needs = "nobody here can tell: that needs the extra `likeness`"
    for command in (("check", grace), ("add", grace, "--yes"), ("list",)):
        assert needs in run("photo", *command)
    monkeypatch.undo()


def test_a_picture_too_small_for_a_face_is_a_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "tiny.png")
    with pytest.raises(PhotoRefused, match="too small"):
        run("photo", "add", str(tmp_path / "tiny.png"), "--yes")
