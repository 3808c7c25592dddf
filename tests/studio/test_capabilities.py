"""The table of picture models: complete, consistent, and honest about what is not known."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from openai.types import ImageModel
from pydantic import ValidationError

from coach.errors import PictureError
from coach.studio import Capabilities, PictureRequest

TABLE = Capabilities.load()
TODAY = date(2026, 11, 20)
ASKED = PictureRequest(prompt="A guide under stars")


def test_every_model_the_sdk_names_is_in_the_table() -> None:
    assert set(get_args(ImageModel)) <= TABLE.models.keys()


def test_the_default_model_is_current_and_its_price_is_known_beforehand() -> None:
    default = TABLE.model(TABLE.default)
    assert default.warning(TABLE.checked) is None
    assert default.prices.image_out and default.input_image_tokens.most
    assert set(default.output_tokens) == set(default.qualities)


@pytest.mark.parametrize("name", TABLE.models)
def test_an_entry_agrees_with_itself_and_names_what_is_not_known(name: str) -> None:
    model = TABLE.model(name)
    assert set(model.output_tokens) <= set(model.qualities)
    assert all(set(sizes) >= set(model.sizes) for sizes in model.output_tokens.values())
    assert (model.shutdown is None) == (model.replacement is None)
    if model.replacement:
        assert TABLE.model(model.replacement).warning(TODAY) is None, "a replacement is there to stay"
    known = {
        "prices": bool(model.prices.text_in),
        "output_tokens": bool(model.output_tokens),
        "input_image_tokens": bool(model.input_image_tokens.most),
    }
    said = {re.split(r"\W", field)[0] for field in model.unknown}
    assert not model.operations or {field for field, value in known.items() if not value} <= said
    assert "20" in model.source, "a source has a date"


def test_a_model_is_refused_from_its_last_day_on_and_the_way_out_is_named() -> None:
    shutdown = TABLE.model("gpt-image-1.5").shutdown
    assert shutdown == date(2026, 12, 1)
    assert TABLE.plan(ASKED, "gpt-image-1.5", shutdown - timedelta(days=1)).model == "gpt-image-1.5"
    with pytest.raises(PictureError, match=r"gpt-image-2\.5-sunburst replaces it") as caught:
        TABLE.plan(ASKED, "gpt-image-1.5", shutdown)
    assert (caught.value.code, caught.value.paid) == ("model_retired", "unpaid")


@pytest.mark.parametrize("name", ["gpt-image-1", "dall-e-2", "dall-e-3"])
def test_a_model_that_is_gone_is_refused_today(name: str) -> None:
    with pytest.raises(PictureError, match="was shut down on 2026-"):
        TABLE.plan(ASKED, name, TODAY)


def test_a_model_nobody_knows_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(PictureError) as caught:
        TABLE.plan(ASKED, "gpt-image-9", TODAY)
    assert (caught.value.code, caught.value.paid) == ("model_unknown", "unpaid")
    assert "gpt-image-2.5-sunburst" in caught.value.detail


def test_a_warning_comes_thirty_days_before() -> None:
    [model] = TABLE.warnings(date(2026, 11, 1), model="gpt-image-1-mini")
    assert model == (
        "The picture model gpt-image-1-mini will be shut down on 2026-12-01; use gpt-image-2.5-flare."
    )
    assert TABLE.warnings(date(2026, 10, 31), model="gpt-image-1-mini") == ()
    warned = " ".join(TABLE.warnings(TODAY))
    assert "gpt-image-1 was shut down" in warned and "gpt-image-2.5" in warned
    assert "gpt-image-2.6-sunburst will" not in warned


def test_a_table_of_ones_own_is_read_and_a_wrong_field_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    text = 'checked = 2026-11-20\ndefault = "mine"\n[models.mine]\nsource = "me, 2026"\n'
    path.write_text(text)
    assert Capabilities.load(path).model("mine").operations == ()
    path.write_text(text + "magic = true\n")
    with pytest.raises(ValidationError, match="magic"):
        Capabilities.load(path)
