"""Which sizes a model takes (OpenAI image guide, sizes)."""

from datetime import date

import pytest

from coach.sandbox.errors import ApiError
from coach.sandbox.rules import check, models

SIZES = {
    "auto": True,
    "1024x1024": True,
    "1536x864": True,
    "3840x2160": True,
    "2880x2880": True,
    "1440x480": True,
    "816x816": True,
    "800x800": False,
    "1440x464": False,
    "3856x1600": False,
    "3840x2176": False,
    "1025x1024": False,
    "0x0": False,
    "-16x16": False,
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("model", sorted(models()))
def test_free_sizes_have_their_bounds_and_fixed_ones_are_three(model: str, size: str) -> None:
    taken = SIZES[size] if models()[model].sizes == "free" else size in ("auto", "1024x1024")
    params = {"model": model, "prompt": "x", "size": size}
    if taken:
        assert check("generations", params, today=date(2026, 11, 20)).name == model
        return
    with pytest.raises(ApiError) as caught:
        check("generations", params, today=date(2026, 11, 20))
    assert caught.value.code == "invalid_value"
