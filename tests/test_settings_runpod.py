"""RunPod's settings: seed 004's names, and what is wrong is named and never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

import coach
from coach.studio import Capabilities
from tests.studio._rented import engine_at

GIVEN = {"runpod_api_key": "rp-secret", "runpod_server_100_id": "e100"}
BUCKET = {
    "runpod_s3_endpoint": "https://s3.example.org",
    "runpod_s3_bucket": "results",
    "runpod_s3_access_key": "a",
    "runpod_s3_secret_key": "b",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in coach.Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_seeds_names_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert coach.Settings.read().runpod() is None and coach.Settings.read().services == ("openai",)
    named = {
        **{"RUNPOD_API_KEY": "k", "RUNPOD_SERVER_100_ID": "a", "RUNPOD_SERVER_SCHNELL_ID": "b"},
        **{"SYNC_TIMEOUT": "300", "POLLING_INTERVAL": "0.5", "MAX_POLLING_DURATION": "90"},
        **{"MAX_POLLING_ATTEMPTS": "7", "COACH_RUNPOD_USD_PER_SECOND": "0.0005", "COACH_TEACACHE": "off"},
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    settings = coach.Settings.read()
    engine = settings.runpod()
    assert engine is not None and settings.services == ("openai", "runpod")
    offered = engine.offers(Capabilities.load()).of(["runpod"]).models
    assert offered.keys() == {"flux-dev", "flux-schnell"}
    for model in offered.values():
        assert (model.seconds, model.prices.second) == (300, 500)
        assert model.worker is not None and model.worker.teacache == "off"
    assert offered["flux-schnell"].worker and offered["flux-schnell"].worker.steps == 4


def test_a_bucket_is_for_large_results() -> None:
    assert coach.Settings.read(**GIVEN, **BUCKET).runpod() is not None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"runpod_api_key": None}, "Set both of RUNPOD_API_KEY and RUNPOD_SERVER_100_ID"),
        ({"runpod_server_100_id": None}, "Set both of RUNPOD_API_KEY and RUNPOD_SERVER_100_ID"),
        ({"runpod_server_100_id": "../secret"}, "RUNPOD_SERVER_100_ID"),
        ({"runpod_api_key": "two\nsecret"}, "RUNPOD_API_KEY has characters that no key has"),
        ({"runpod_base_url": "http://secret.example.org"}, "RUNPOD_BASE_URL begins with http://"),
        ({"runpod_base_url": "secret.example.org"}, "RUNPOD_BASE_URL is not an address"),
        ({"max_polling_duration": 541}, "MAX_POLLING_DURATION"),
        ({"teacache": "new"}, "COACH_TEACACHE"),
        ({"runpod_s3_bucket": None}, "Set all of RUNPOD_S3_ENDPOINT"),
        ({"runpod_s3_endpoint": "https://secret.example.org/path"}, "more than a host and a port"),
        ({"runpod_s3_endpoint": "http://secret.example.org"}, "RUNPOD_S3_ENDPOINT begins with http://"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(changed: dict[str, object], says: str) -> None:
    with pytest.raises(coach.SettingsError, match=says) as caught:
        coach.Settings.read(**{**GIVEN, **BUCKET, **changed}).runpod()
    assert "secret" not in str(caught.value)


def test_what_a_worker_has_is_not_said_of_a_model_without_one() -> None:
    table = Capabilities.load()
    bare = table.models["flux-kontext"].model_copy(update={"worker": None})
    table = table.model_copy(update={"models": {**table.models, "flux-kontext": bare}})
    engine = engine_at("http://127.0.0.1:1", teacache="off")
    offered = engine.offers(table).models
    assert offered["flux-kontext"].worker is None
    assert offered["flux-dev"].worker is not None and offered["flux-dev"].worker.teacache == "off"
