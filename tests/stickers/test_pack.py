"""A pack on one sheet. The ten templates through the sandbox are among the marks."""

from pathlib import Path

import pytest
from PIL import Image

from coach.errors import InputRefused
from coach.stickers.pack import MOST, contact_sheet
from coach.studio.provenance import IPTC, read
from tests.stickers._stickers import made, spec
from tests.studio._drawn import sha256


def test_a_sheet_has_rows_and_shows_what_is_transparent(tmp_path: Path) -> None:
    sticker = made(tmp_path, spec("GM"))
    contact_sheet([sticker] * 7, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        seven = sheet.convert("RGB")
    contact_sheet([sticker] * 5, tmp_path / "row.png")
    with Image.open(tmp_path / "row.png") as row:
        five = row.convert("RGB")
    assert five.width == seven.width and five.height < seven.height < 2 * five.height
    assert {colour for _, colour in five.getcolors(1 << 20) or ()} >= {(255, 255, 255), (217, 221, 227)}


def test_it_says_what_is_on_it(tmp_path: Path) -> None:
    sticker = made(tmp_path, spec("GM"))
    contact_sheet([sticker], tmp_path / "sheet.png")
    said = read(tmp_path / "sheet.png")
    assert said.source_type == f"{IPTC}trainedAlgorithmicMedia"
    assert said.made_from == (sha256(sticker.read_bytes()),)


def test_what_is_no_pack_is_refused(tmp_path: Path) -> None:
    sticker, other = made(tmp_path, spec()), tmp_path / "other.png"
    for wrong in (b"no picture", b"", sticker.read_bytes()[:300], b"x" * (513 * 1024)):
        other.write_bytes(wrong)
        with pytest.raises(InputRefused, match="no sticker"):
            contact_sheet([sticker, other], tmp_path / "sheet.png")
    Image.new("RGBA", (64, 64)).save(other)
    with pytest.raises(InputRefused, match="no sticker"):
        contact_sheet([other], tmp_path / "sheet.png")
    for count in (0, MOST + 1):
        with pytest.raises(InputRefused, match="1 to 120"):
            contact_sheet([sticker] * count, tmp_path / "sheet.png")
