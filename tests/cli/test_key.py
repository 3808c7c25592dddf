"""``coach key``: a key is shown once, counts at once, and is ended with the sessions of its person."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from coach.cli._books import opened_store
from coach.errors import NotFound, SettingsError
from coach.store.credentials import Credential, Credentials
from tests.cli.test_spend_reconcile import run


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and no key of a service."""
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    monkeypatch.delenv("COACH_DATABASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


async def found(secret: str) -> Credential | None:
    async with opened_store() as store:
        return await Credentials(store.database).find(secret, "key")


async def sign_in(user: str, times: int) -> None:
    async with opened_store(read_only=False) as store:
        for _ in range(times):
            await Credentials(store.database).issue(user, "session")


def listed(user: str) -> Sequence[dict[str, object]]:
    kept: list[dict[str, object]] = json.loads(run("key", "list", "--user", user, "--json"))
    return kept


def test_a_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no database yet"):
        run("key", "list")
    said = run("key", "new", "--user", "ann", "--label", "her phone", "--days", "7", "--operator")
    secret = next(line for line in said.splitlines() if line.startswith("coach_"))
    known = asyncio.run(found(secret))
    assert known is not None and (known.user_id, known.operator, known.label) == ("ann", True, "her phone")
    assert "shown this once" in said
    [kept] = listed("ann")
    assert (kept["kind"], kept["operator"], kept["tenant"]) == ("key", True, "")
    shown = run("key", "list", "--user", "ann")
    assert "her phone" in shown and "operator" in shown and str(kept["id"]) in shown
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    run("key", "new", "--user", "ann", "--tenant", "t1")
    asyncio.run(sign_in("ann", 2))
    one_session = next(str(each["id"]) for each in listed("ann") if each["kind"] == "session")
    assert "Ended:" in run("key", "revoke", one_session, "--user", "ann")
    assert "and 1 session(s)" in run("key", "revoke", str(kept["id"]), "--user", "ann")
    assert [(each["kind"], each["tenant"]) for each in listed("ann")] == [("key", "t1")]
    assert asyncio.run(found(secret)) is None
    for user, key_id in (("ben", listed("ann")[0]["id"]), ("ann", kept["id"])):
        with pytest.raises(NotFound):
            run("key", "revoke", str(key_id), "--user", user)


def test_who_has_no_key_is_told_how_to_make_one() -> None:
    run("key", "new", "--user", "ann", "--sandbox")
    said = run("key", "list", "--user", "ben", "--sandbox")
    assert "coach key new --user ben --sandbox" in said
