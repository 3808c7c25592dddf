"""The arithmetic of ``make likeness``, and its way from a folder of photos to distances."""

from pathlib import Path

import pytest

from benchmarks.likeness import Evaluation, pairs_in
from benchmarks.likeness_report import accepted, at_most, equal_error, rejected
from tests.faces._people import changed, the_model


def test_error_rates_and_where_they_are_equal() -> None:
    honest, foreign = [0.1, 0.2, 0.3, 0.6], [0.25, 0.7, 0.8, 0.9]
    assert (rejected(honest, 0.3), accepted(foreign, 0.3)) == (0.5, 0.25)
    rate, limit = equal_error(honest, foreign)
    assert rate == 0.25 and 0.3 < limit <= 0.6
    assert equal_error([0.1, 0.2], [0.7, 0.8])[0] == 0
    assert at_most(300) == pytest.approx(0.01, abs=1e-3), "the rule of three"


def test_a_folder_with_a_table_of_pairs_is_evaluated(
    tmp_path: Path, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    photos = {"a.png": photo_bytes, "b.png": other_photo_bytes}
    photos["c.png"] = changed(photo_bytes, lambda picture: picture.crop((40, 40, 480, 560)))
    for name, data in photos.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "master.csv").write_text("file_x,file_y,Decision\na.png,c.png,Yes\na.png,b.png, No\n")
    assert [same for _, _, same in pairs_in(tmp_path)] == [True, False]
    model = the_model()
    found = Evaluation({model.name: model}, tmp_path)
    (same,), (other,) = (found.distances(model.name, same=same) for same in (True, False))
    assert same < 0.1 < 0.7 < other
