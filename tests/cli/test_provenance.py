"""``coach provenance``: plain words, JSON for programs, and an exit code for each outcome."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.cli import app, main
from coach.studio.provenance import Signer, derive, read
from tests.studio._certificates import Certificates, certificates
from tests.studio._drawn import SMALL, encoded


def run(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["provenance", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    file = tmp_path / "plain.png"
    SMALL.save(file)
    return file


@pytest.fixture(scope="module")
def authority() -> Certificates:
    return certificates()


@pytest.fixture
def signed(plain: Path, authority: Certificates, tmp_path: Path) -> Path:
    """What was made of a service's signed picture, signed by a coach."""
    signer = Signer.from_settings(*authority.write(tmp_path))
    parent = authority.as_service(plain.read_bytes())
    file = tmp_path / "made.jpg"
    file.write_bytes(derive(parent, SMALL, media_type="image/jpeg", kind="crop", signer=signer))
    return file


def test_a_picture_without_marks_says_nothing(plain: Path) -> None:
    assert "does not say where it is from" in run(plain, code=3)
    assert json.loads(run(plain, "--json", code=3))["credentials"]["state"] == "absent"


def test_a_mark_without_a_signature_is_only_a_word(plain: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.webp"
    made.write_bytes(derive(plain.read_bytes(), SMALL, media_type="image/webp", kind="masked"))
    shown = run(made)
    assert "What it is   changed in part by a generative AI model" in shown
    assert f"Made from    the picture with SHA-256 {read(plain).sha256}" in shown
    assert "Signature    It carries no C2PA manifest." in shown
    assert "anybody can have written this" in shown


def test_a_signed_picture_says_who_made_and_who_signed_it(
    signed: Path, authority: Certificates, tmp_path: Path
) -> None:
    shown = run(signed)
    assert "What it is   made by a generative AI model" in shown
    assert "Made by      gpt-image" in shown
    assert "Signed by    Tests, A coach, with coach" in shown
    assert "whether the signer is who they say is not known here" in shown
    assert "anybody" not in shown
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root)
    assert "the signer is one you trust" in run(signed, "--anchors", root)
    told = json.loads(run(signed, "--anchors", root, "--json"))
    assert told["credentials"]["state"] == "trusted" and told["made_from"] == list(read(signed).made_from)
    refused = run(signed, "--anchors", signed, code=2)  # in a box, its lines broken anywhere
    assert "holds no certificate" in " ".join(refused.replace("│", " ").split())


def test_a_changed_picture_is_told_by_the_exit_code_too(signed: Path) -> None:
    data = bytearray(signed.read_bytes())
    data[-40] ^= 1
    signed.write_bytes(data)
    shown = run(signed, code=4)
    assert "It was changed after it was signed." in shown and "assertion.dataHash.mismatch" in shown
    assert json.loads(run(signed, "--json", code=4))["why"] == "It was changed after it was signed."


def test_what_cannot_be_read_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.png").write_bytes(b"<html>")
    monkeypatch.setattr("sys.argv", ["coach", "provenance", str(tmp_path / "page.png")])
    monkeypatch.setattr("coach.cli.stop_like_ctrl_c", lambda: None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert "coach: This is no PNG, JPEG or WebP picture" in capsys.readouterr().err
    run(tmp_path / "missing.png", code=2)


def test_what_a_foreign_manifest_claims_cannot_steer_the_terminal(plain: Path, tmp_path: Path) -> None:
    said = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:I="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        '<x:a I:DigitalSourceType="a&#x9b;2J\nSignature    trusted"/></x:xmpmeta>'
    )
    (tmp_path / "odd.jpg").write_bytes(encoded(form="JPEG", xmp=said.encode()))
    shown = run(tmp_path / "odd.jpg")
    assert "of a source type we do not know: a 2J Signature trusted" in shown and "\x9b" not in shown
