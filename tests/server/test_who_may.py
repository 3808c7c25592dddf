"""Every operation of the OpenAPI document, asked for by strangers, by others, and by those whose it is."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from coach.sandbox import Sandbox
from coach.store.erase import NOBODY
from tests.conftest import on_sqlite
from tests.server._document import Operation, all_of
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for
from tests.server._things import missing, path_of, things_of

SECRET = "a shared secret of 32 characters"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Asks a server for operations, in different names."""

    served: Served
    client: httpx2.AsyncClient

    @property
    def operations(self) -> list[Operation]:
        return all_of(self.served.app)

    async def __call__(
        self, operation: Operation, things: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """The status, and what kind of problem it is; of what streams only the status."""
        self.client.cookies.clear()
        path = path_of(operation.path, operation.parameters, things)
        sent = {**operation.body, "headers": {**operation.body.get("headers", {}), **headers}}
        async with self.client.stream(operation.method, path, **sent) as answer:
            if answer.headers.get("content-type") != "application/problem+json":
                return answer.status_code, None
            await answer.aread()
            return answer.status_code, answer.json()["code"]


@pytest.fixture
async def ask(quick_sandbox: Sandbox, database_url: str, tmp_path: Path) -> AsyncIterator[Asking]:
    """A server that takes the host's tokens too."""
    server = {"jwt_key": SECRET, "jwt_audience": "coach", "requests_per_minute": 10_000}
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    app = an_app(settings, server=server, faces=None)
    async with serving(app) as served, httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        yield Asking(served=served, client=client)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(secret: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={secret}"}


def token(**more: Any) -> str:
    """A token of the host's, about Ann."""
    said = {"sub": "ann", "aud": "coach", "exp": int(time.time()) + 600} | more
    return jwt.encode(said, SECRET, "HS256")


def changed(secret: str) -> str:
    """The same but for its last letter but one: the last one may have bits that do not count."""
    return secret[:-2] + ("A" if secret[-2] != "A" else "B") + secret[-1]


async def strangers(served: Served) -> dict[str, dict[str, str]]:
    """Those who show nothing, or what does not count."""
    issue = served.here.credentials.issue
    ended, _ = await issue("ann", "key", lasts=timedelta(seconds=-1))
    ended_session, _ = await issue("ann", "session", lasts=timedelta(seconds=-1))
    revoked, credential = await issue("ann", "key")
    await served.here.credentials.revoke("ann", credential.id)
    session, _ = await issue("ann", "session")
    return {
        "nobody": {},
        "an ended key": bearer(ended),
        "an ended session": cookie(ended_session),
        "a revoked key": bearer(revoked),
        "a changed key": bearer(changed(await served.key("ann"))),
        "a changed session": cookie(changed(session)),
        "a session as a key": bearer(session),
        "a key as a session": cookie(await served.key("ann")),
        "an ended token": bearer(token(exp=int(time.time()) - 600)),
        "another service's token": bearer(token(aud="another")),
        "a changed token": bearer(changed(token())),
        "a bad token beside a session": {**cookie(session), **bearer("x.y.z")},
        "basic": {"Authorization": "Basic YW5uOmFubg=="},
    }


@on_sqlite
async def test_a_stranger_gets_what_is_for_everybody_and_nothing_else(ask: Asking) -> None:
    hers, wrong = await things_of(ask.served, "ann"), []
    for who, headers in (await strangers(ask.served)).items():
        for operation in ask.operations:
            got = await ask(operation, hers, headers)
            if (got == (401, "not_signed_in")) != operation.needs_somebody or got[0] >= 500:
                wrong.append((who, operation.name, got))
    assert not wrong


@on_sqlite
async def test_nobody_is_asking_for_what_is_left_of_erased_people(ask: Asking) -> None:
    things, headers = await things_of(ask.served, "ann"), bearer(token(sub=NOBODY))
    for operation in (each for each in ask.operations if each.needs_somebody):
        assert await ask(operation, things, headers) == (422, "input_refused"), operation.name


async def test_somebody_elses_things_are_as_if_they_were_not_there(ask: Asking) -> None:
    hers, wrong = await things_of(ask.served, "ann"), []
    others = bearer(await ask.served.key("ben")), bearer(token(sub="ben"))
    about_things = [each for each in ask.operations if each.needs_somebody and each.parameters]
    assert about_things
    for operation in about_things:
        for headers in others:
            got = await ask(operation, hers, headers)
            nothing = await ask(operation, missing(hers), headers)
            expected = (403, "forbidden") if operation.needs_operator else (404, "not_found")
            if not got == nothing == expected:
                wrong.append((operation.name, got, nothing))
    assert not wrong


@on_sqlite
async def test_only_an_operator_sees_everybodys_books(ask: Asking) -> None:
    things, operator = await things_of(ask.served, "ann"), bearer(token(scope="coach:operator"))
    for operation in (each for each in ask.operations if each.needs_operator):
        assert await ask(operation, things, bearer(token())) == (403, "forbidden"), operation.name
        status, _ = await ask(operation, things, operator)
        assert status not in (401, 403) and status < 500, operation.name


@on_sqlite
async def test_one_may_do_with_ones_own_what_the_document_says(ask: Asking) -> None:
    hers, wrong = await things_of(ask.served, "ann"), []
    mine = [each for each in ask.operations if each.needs_somebody and not each.needs_operator]
    for operation in mine:
        for headers in (bearer(await ask.served.key("ann")), bearer(token())):
            status, code = await ask(operation, hers, headers)
            gone = status == 404 and operation.method == "DELETE"  # the second time
            if (status in (401, 404, 405, 422) and not gone) or status >= 500:
                wrong.append((operation.name, status, code))
    assert not wrong
