"""Settings: typed, from the environment, with errors that name the setting and never its value."""

from __future__ import annotations

from pathlib import Path

import pytest

import coach
from coach.stickers.foreign import read_agents_spec
from coach.store import FolderBlobs, S3Blobs


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in coach.Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_everything_has_a_place_and_only_the_key_is_missing(tmp_path: Path) -> None:
    settings = coach.Settings.read()
    assert settings.home == tmp_path / ".coach"
    assert settings.database == f"sqlite:///{tmp_path}/.coach/coach.sqlite3"
    assert isinstance(settings.blobs(), FolderBlobs)
    with pytest.raises(coach.SettingsError, match=r"OPENAI_API_KEY.*OPENAI_BASE_URL.*--sandbox"):
        settings.openai()


def test_the_seeds_names_work_and_code_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "OPENAI_API_KEY": "sk-1",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        "S3_ENDPOINT": "http://127.0.0.1:2",
        "S3_ACCESS_KEY": "a",
        "S3_SECRET_KEY": "b",
        "S3_BUCKET_NAME": "avatars",
    }.items():
        monkeypatch.setenv(name, value)
    settings = coach.Settings.read(home=tmp_path / "mine", openai_api_key="sk-2")
    assert isinstance(settings.blobs(), S3Blobs)
    client = settings.openai()
    assert (client.api_key, str(client.base_url)) == ("sk-2", "http://127.0.0.1:1/v1/")
    assert settings.home == tmp_path / "mine"
    assert "sk-2" not in repr(settings)


def test_a_env_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COACH_IMAGE_MODEL=gpt-image-2\nCOACH_HOME=~/there\nUNRELATED=1\n")
    settings = coach.Settings.read()
    assert (settings.image_model, settings.home) == ("gpt-image-2", tmp_path / "there")


@pytest.mark.parametrize(
    ("name", "value"), [("COACH_PICTURE_SECONDS", "soon-secret"), ("COACH_MAX_PICTURE_USD", "-1")]
)
def test_a_wrong_value_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(coach.SettingsError, match=name) as info:
        coach.Settings.read()
    assert value not in str(info.value)


def test_a_bucket_without_its_keys_and_an_unknown_setting_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUCKET_NAME", "avatars")
    with pytest.raises(coach.SettingsError, match="S3_ACCESS_KEY"):
        coach.Settings.read().blobs()
    with pytest.raises(coach.SettingsError, match="imagemodel"):
        coach.Settings.read(imagemodel="x")


MEMEPUTER = {"memeputer_api_key": "mp-secret", "memeputer_agent_id": "agent"}


def test_memeputer_is_there_when_its_key_and_agent_are_set() -> None:
    assert coach.Settings.read().memeputer(10, read_agents_spec) is None
    assert coach.Settings.read().services == ("openai",)
    settings = coach.Settings.read(**MEMEPUTER)
    assert settings.memeputer(10, read_agents_spec) is not None
    assert settings.services == ("openai", "memeputer")
    assert "mp-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"memeputer_agent_id": None}, "Set both of MEMEPUTER_API_KEY and MEMEPUTER_AGENT_ID"),
        ({"memeputer_api_key": "two\nlines"}, "MEMEPUTER_API_KEY has characters that no key has"),
        ({"memeputer_url": "http://127.evil.example"}, "COACH_MEMEPUTER_URL begins with http://"),
        (
            {"memeputer_direct_path": "/v1/images", "memeputer_steps": "2"},
            "leave out COACH_MEMEPUTER_DIRECT_PATH",
        ),
        ({"memeputer_url": "http://developers.example.org"}, "COACH_MEMEPUTER_URL begins with http://"),
        ({"memeputer_url": "developers.example.org"}, "COACH_MEMEPUTER_URL is not an address"),
        (
            {"fetch_trusted": "https://a.example.org/path"},
            "COACH_FETCH_TRUSTED has something that is no origin",
        ),
    ],
)
def test_what_is_wrong_with_memeputer_is_named_and_not_repeated(
    changed: dict[str, str | None], said: str
) -> None:
    with pytest.raises(coach.SettingsError, match=said) as caught:
        coach.Settings.read(**MEMEPUTER | changed).memeputer(10, read_agents_spec)
    assert not any(value and value in str(caught.value) for value in changed.values())


@pytest.mark.parametrize("path", ["no/slash", "/with space", "https://elsewhere.example.org/x"])
def test_a_direct_path_is_a_path(path: str) -> None:
    with pytest.raises(coach.SettingsError, match="COACH_MEMEPUTER_DIRECT_PATH"):
        coach.Settings.read(memeputer_direct_path=path)


def test_origins_that_are_trusted_are_told_with_commas() -> None:
    settings = coach.Settings.read(fetch_trusted=" https://bucket.example.org , http://127.0.0.1:9 ,")
    assert settings.fetcher()._trusted == {"https://bucket.example.org", "http://127.0.0.1:9"}
