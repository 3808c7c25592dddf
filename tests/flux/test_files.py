"""Where pictures are saved: names that are safe, and nothing that leads elsewhere."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.errors import InputRefused
from coach.flux import Style, files
from coach.flux.files import checked_name, file_name, folder_of, place, save

INK = Style(id="1", title="Ink Intensity")


def test_the_names_are_those_of_the_seed() -> None:
    moment = datetime(2025, 10, 11, 14, 20, 35, tzinfo=UTC)
    assert folder_of(INK) == "1_ink_intensity"
    assert folder_of(Style(id="16", title="Dynamic Simplicity")) == "16_dynamic_simplicity"
    assert file_name(moment, "a1b2c3d4") == "generated_20251011_142035_a1b2c3d4.png"
    there = moment.astimezone(timezone(timedelta(hours=-9)))
    assert file_name(there, "a1b2c3d4") == "generated_20251011_142035_a1b2c3d4.png"


@settings(max_examples=50)
@given(title=st.text(min_size=1, max_size=80), id=st.sampled_from(["1", "con", "nul", "a-b_c"]))
def test_no_title_leads_out_of_the_folder(title: str, id: str) -> None:
    name = folder_of(Style.model_construct(id=id, title=title))
    assert Path(name).name == name == PureWindowsPath(name).name and name not in (".", "..")
    assert not set(name) & set('<>:"/\\|?*.') and name.isprintable() and len(name) <= 120
    assert name == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        *("", "../x.png", "a/b.png", "a\\b.png", "/etc/passwd", "C:x.png", "..", ".", "...png", " a", "a "),
        *("a\x00.png", "a\n.png", "con", "CON.png", "nul.txt", "com1.png", "LPT9", "x" * 81, "a?.png", "a*b"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InputRefused, match="A file name has 1 to 80 characters") as caught:
        checked_name(name)
    assert caught.value.field == "filename"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cyberpunk_night.png", "cyberpunk_night.png"),
        ("Nacht über Köln", "Nacht über Köln.png"),
        ("a.jpg", "a.jpg.png"),
    ],
)
def test_a_good_name_is_kept(name: str, kept: str) -> None:
    assert checked_name(name) == kept


def test_a_link_in_the_folder_leads_nowhere_else(tmp_path: Path) -> None:
    root, outside = tmp_path / "pictures", tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / "1_ink_intensity").symlink_to(outside)
    with pytest.raises(InputRefused, match="would not be in the folder"):
        place(root, INK, "a.png")


def test_a_picture_is_written_whole_for_its_owner_alone_and_once(tmp_path: Path) -> None:
    path = place(tmp_path, INK, "a.png")
    save(path, b"one", chosen=True)
    assert path.read_bytes() == b"one" and path.stat().st_mode & 0o777 == 0o600
    save(path, b"one", chosen=True)
    with pytest.raises(InputRefused, match=r"another picture 'a\.png' already"):
        save(path, b"two", chosen=True)
    assert path.read_bytes() == b"one"
    save(path, b"two", chosen=False)
    assert [each.name for each in path.parent.iterdir()] == ["a.png"] and path.read_bytes() == b"two"


def test_a_picture_that_came_meanwhile_under_the_chosen_name_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place(tmp_path, INK, "a.png")

    def meanwhile(written: Path) -> None:
        path.write_bytes(b"theirs")

    monkeypatch.setattr(files, "sync", meanwhile)
    with pytest.raises(InputRefused, match="another picture"):
        save(path, b"ours", chosen=True)
    assert [each.read_bytes() for each in path.parent.iterdir()] == [b"theirs"]
