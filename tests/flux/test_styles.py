"""The registry of styles: typed files, listed in order, and a wrong one is named."""

from pathlib import Path

import pytest

from coach.errors import InputRefused, SettingsError
from coach.flux import Styles
from coach.studio.comfy import Lora

MINE = 'id = "noir"\ntitle = "Noir"\n'


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.toml").write_text(text)
    return path


def test_the_librarys_own_are_there_with_samples() -> None:
    styles = Styles.load()
    assert [(style.id, style.title) for style in styles] == [
        ("1", "Ink Intensity"),
        ("16", "Dynamic Simplicity"),
    ]
    for style in styles:
        assert style.about and style.words and len(style.samples) >= 3
    assert styles.get("16").loras == (Lora(role="style", name="dynamic_simplicity", strength=0.9),)


def test_they_are_listed_by_number_and_then_by_name(tmp_path: Path) -> None:
    files = {f"f{id}": f'id = "{id}"\ntitle = "A"' for id in ("16", "2", "noir", "1", "b2", "b10")}
    styles = Styles.load(folder(tmp_path, **files))
    assert [style.id for style in styles] == ["1", "2", "16", "b2", "b10", "noir"]


def test_a_style_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputRefused, match=r"no style '\.\./x'. There are: 1, 16.") as caught:
        Styles.load().get("../x")
    assert (caught.value.field, caught.value.allowed) == ("style_id", ("1", "16"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id = ", "is no TOML file"),
        ("\xff", "is no TOML file"),
        ('title = "Noir"', "`id`: Field required"),
        ('id = "../x"\ntitle = "Noir"', "`id`: String should match"),
        ('id = "a"\ntitle = "No\\nir"', "`title`: Value error, a title is one line"),
        (MINE + 'lora = "../noir"', "`lora`: Value error, a LoRA is named"),
        (MINE + "lora_weight = 11", "`lora_weight`: Input should be less than"),
        (MINE + "cinematic_weight = nan", "`cinematic_weight`: Input should be"),
        (MINE + "strenght = 1", "`strenght`: Extra inputs"),
        (MINE + f'about = "{"x" * 70_000}"', "at most 64 kB"),
    ],
)
def test_a_wrong_file_is_named_and_what_is_wrong(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        Styles.load(tmp_path)
    assert str(caught.value).startswith("mine.toml") and said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_two_of_one_id_and_no_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"b\.toml: another style has the id 'noir' already"):
        Styles.load(folder(tmp_path, a=MINE, b=MINE))
    with pytest.raises(SettingsError, match="COACH_STYLES is no folder"):
        Styles.load(tmp_path / "none")
