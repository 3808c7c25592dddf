"""``coach persona``: a table of invented people becomes folders of pictures and a report."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from coach.cli import _open
from coach.errors import InputRefused
from coach.personas import Persona
from coach.personas.files import folder_name
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.studio.provenance import read
from tests._environment import environment
from tests.cli.test_spend_reconcile import run


def report(folder: Path) -> list[dict[str, str]]:
    with (folder / "report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_becomes_folders_and_one_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_open, "PICTURE_SECONDS", 0.0)
    table, out = tmp_path / "people.csv", tmp_path / "out"
    table.write_text("firstname,lastname,bio_x\n=Ana,Ruiz,Stars\nBo,Lee,sandbox-blocked-output\nCy,Poe,Sun\n")
    out.mkdir()
    (out / folder_name(Persona(firstname="Cy", lastname="Poe", bio_x="Sun"))).touch()
    options = (str(table), "--out", str(out), "--sandbox")
    said = run("persona", *options, code=1)
    assert "policy" in said and "made" in said
    ana, bo, cy = report(out)
    assert cy["state"] == "store" and "EEXIST" in cy["say"] and "kept" in cy["say"]
    assert (ana["name"], ana["state"], ana["pictures"]) == ("'=Ana Ruiz", "made", "4")
    assert float(ana["usd"]) > 0 and bo["state"] == "policy" and "safety check" in bo["say"]
    files = sorted(path.name for path in (out / ana["folder"]).iterdir())
    assert files == ["base.png", *(f"picture-0{number}.jpg" for number in range(1, 5)), "sheet.jpg"]
    sheet = read(out / ana["folder"] / "sheet.jpg")
    assert len(sheet.made_from) == 5
    with Image.open(out / ana["folder"] / "sheet.jpg") as image:
        assert image.width > image.height


def test_what_cannot_be_made_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(InputRefused, match="Number 1"):
        run("persona", str(tmp_path / "p.json"))
    with pytest.raises(InputRefused, match="multiple of 4"):
        run("persona", str(tmp_path / "p.json"), "--images", "5")


def test_a_place_that_takes_nothing_is_said_before_anything_is_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    table, blocked = tmp_path / "people.csv", tmp_path / "blocked"
    table.write_text("firstname,lastname\nAna,Ruiz\n")
    blocked.touch()
    with pytest.raises(FileExistsError):
        run("persona", str(table), "--out", str(blocked), "--sandbox")
    assert not (tmp_path / "home").exists()


def test_who_may_have_paid_reads_which_word_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, out = tmp_path / "people.csv", tmp_path / "out"
    table.write_text("firstname,lastname\nAna,Ruiz\n")
    with Sandbox(quick=True, faults=[Rule(mode="reset", route="generations", times=1)]) as sandbox:
        for name, value in environment(sandbox).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
        no = run("persona", str(table), "--out", str(out), code=1, answer="n\n")
        assert "1 persona, 4 pictures of each: at most $" in no and "Go on?" in no
        assert not list(sandbox.log) and not (out / "report.csv").exists()
        run("persona", str(table), "--out", str(out), "--yes", code=1)
    [ana] = report(out)
    assert "may have been charged" in ana["say"] and "Only with --again" in ana["say"]
