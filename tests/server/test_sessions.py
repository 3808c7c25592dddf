"""Who is asking: keys, sessions in a browser, guests, and the host's tokens."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Header

from coach.errors import SettingsError
from coach.sandbox import Sandbox
from coach.server import Caller, ServerSettings
from coach.server.tokens import HostTokens
from coach.store.credentials import PREFIX
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for

SESSIONS, TALKS = "/api/v1/sessions/", "/api/v1/conversations/"
SECRET = "a shared secret of 32 characters"


@asynccontextmanager
async def browser(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody's browser: it keeps cookies."""
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        yield client


def cookie(answer: httpx2.Response) -> Any:
    """The cookie that an answer sets."""
    [morsel] = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


async def test_a_key_becomes_a_session_that_ends_with_signing_out(served: Served) -> None:
    key = await served.key("ann", operator=True, tenant="t1")
    async with browser(served) as page:
        assert (await page.get(SESSIONS)).json() == {"signed_in": False, "guests": False}
        signed_in = await page.post(SESSIONS, json={"key": key})
        assert (signed_in.json()["user_id"], signed_in.json()["guest"]) == ("ann", False)
        kept = cookie(signed_in)
        assert (kept.key, kept["httponly"], kept["samesite"], kept["path"]) == ("sessionid", True, "lax", "/")
        asked = (await page.get(SESSIONS)).json()
        assert asked == {"signed_in": True, "guests": False, "user_id": "ann", "operator": True}
        assert (await page.post(TALKS)).status_code == 201
        [talk] = await served.here.store.conversations.list("ann")
        assert talk.tenant == "t1"

        assert (await page.delete(SESSIONS)).status_code == 204
        assert dict(page.cookies) == {}
        again = await page.get(TALKS, headers={"Cookie": f"sessionid={kept.value}"})
        assert again.status_code == 401
        assert (await page.delete(SESSIONS)).status_code == 204
    assert [each.kind for each in await served.here.credentials.list("ann")] == ["key"]


async def test_a_session_does_not_outlive_its_key_and_is_no_key(small: Served) -> None:
    key = await small.key("ann", lasts=timedelta(hours=1))
    async with browser(small) as page:
        await page.post(SESSIONS, json={"key": key})
        session = str(page.cookies["sessionid"])
        answers = [
            await page.post(SESSIONS, json={"key": wrong})
            for wrong in (session, key[:-1] + "x", "", f"{PREFIX}x")
        ]
        as_key = await page.get(TALKS, headers={"Authorization": f"Bearer {session}"})
    assert {answer.status_code for answer in (*answers, as_key)} == {401}
    hour, lasts = await small.here.credentials.list("ann")
    assert lasts.kind == "session" and hour.expires_at is not None and lasts.expires_at is not None
    assert lasts.expires_at <= hour.expires_at + timedelta(seconds=1)


async def test_a_guest_is_a_new_person_once_for_each_browser(small: Served, served: Served) -> None:
    async with browser(small) as one, browser(small) as two:
        first = (await one.post(SESSIONS, json={})).json()
        again = (await one.post(SESSIONS, json={})).json()
        other = (await two.post(SESSIONS, json={})).json()
    assert first["guest"] and first["user_id"].startswith("guest-") and first == again
    assert other["user_id"] != first["user_id"]
    async with browser(served) as stranger:
        refused = await stranger.post(SESSIONS, json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_over_https_behind_a_trusted_proxy_the_cookie_is_this_hosts_alone(
    quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    settings = settings_for(quick_sandbox, tmp_path)
    for proxies, name in (((), "sessionid"), (("127.0.0.1",), "__Host-sessionid")):
        server = {"guests": True, "guests_per_hour": 1, "trusted_proxies": proxies}
        async with serving(an_app(settings, server=server, faces=None)) as served, browser(served) as page:
            kept = cookie(await page.post(SESSIONS, json={}, headers=forwarded))
            assert (kept.key, bool(kept["secure"])) == (name, bool(proxies))
            page.cookies.clear()
            # Whoever is believed says who asks: another address may bring another guest.
            other = forwarded | {"X-Forwarded-For": "203.0.113.10"}
            status = (await page.post(SESSIONS, json={}, headers=other)).status_code
            assert status == (200 if proxies else 429)


def claims(**more: Any) -> dict[str, Any]:
    """What the host says of Ann, for us."""
    now = int(time.time())
    return {"sub": "ann", "aud": "coach", "iss": "host", "exp": now + 60, "iat": now} | more


def without(name: str) -> dict[str, Any]:
    """The same, but a claim is left out."""
    return {key: value for key, value in claims().items() if key != name}


def unsigned(said: dict[str, Any]) -> str:
    """A token that says it needs no signature."""
    parts = ({"alg": "none", "typ": "JWT"}, said)
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}."


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A private key and its public key, PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return secret.decode(), public.decode()


def tokens(**given: Any) -> HostTokens:
    """The host's tokens, as they are set."""
    read = HostTokens.of(ServerSettings.plain(jwt_audience="coach", jwt_issuer="host", **given))
    assert read is not None
    return read


def test_a_token_of_the_host_says_who_asks(pair: tuple[str, str], tmp_path: Path) -> None:
    private, public = pair
    (tmp_path / "public.pem").write_text(public)
    said = claims(tenant="t1", scope="photos coach:operator", aud=["other", "coach"])
    signed = jwt.encode(said, private, "RS256")
    for key in (public, public.replace("\n", "\\n"), str(tmp_path / "public.pem")):
        known = tokens(jwt_key=key).read(signed)
        assert known is not None
        assert (known.user_id, known.tenant, known.operator) == ("ann", "t1", True)
    known = tokens(jwt_key=SECRET).read(jwt.encode(claims(scope="coach:operators"), SECRET, "HS256"))
    assert known is not None and not known.operator


def test_no_other_token_is_believed(pair: tuple[str, str]) -> None:
    private, public = pair
    by_secret = [
        *(jwt.encode(without(name), SECRET, "HS256") for name in ("sub", "aud", "exp", "iss")),
        jwt.encode(claims(exp=int(time.time()) - 60), SECRET, "HS256"),
        jwt.encode(claims(nbf=int(time.time()) + 60), SECRET, "HS256"),
        jwt.encode(claims(aud="another service"), SECRET, "HS256"),
        jwt.encode(claims(iss="another host"), SECRET, "HS256"),
        jwt.encode(claims(sub=""), SECRET, "HS256"),
        jwt.encode(claims(tenant=7), SECRET, "HS256"),
        jwt.encode(claims(), "another secret of 32 characters!", "HS256"),
        jwt.encode(claims(), SECRET * 2, "HS512"),
        jwt.encode(claims(), private, "RS256"),
        unsigned(claims()),
        *("", ".", "..", "x", "ä.ö.ü", "coach_x", "\x00"),
    ]
    good = jwt.encode(claims(), SECRET, "HS256")
    changed = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(len(good))]
    reader = tokens(jwt_key=SECRET)
    assert reader.read(good) is not None
    assert [each for each in (*by_secret, *changed) if reader.read(each) is not None] == []
    # What is signed with the public key as if it were a shared secret: algorithm confusion.
    assert tokens(jwt_key=public).read(with_secret(good, public)) is None
    assert tokens(jwt_key=public).read(unsigned(claims())) is None


def with_secret(token: str, secret: str) -> str:
    """The token, signed anew with HS256 and any secret at all: the library refuses to."""
    signed = token.rpartition(".")[0]
    tag = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jwt_key": "short", "jwt_audience": "coach"}, "too short"),
        ({"jwt_key": SECRET}, "COACH_JWT_AUDIENCE"),
        ({"jwt_key": SECRET, "jwt_audience": "c", "jwt_algorithms": ("none",)}, "'none'"),
        ({"jwt_key": SECRET, "jwt_audience": "c", "jwt_algorithms": ("RS256",)}, "'RS256'"),
        ({"jwt_key": SECRET, "jwt_audience": "c", "jwt_algorithms": ("XX",)}, "'XX'"),
    ],
)
def test_a_key_that_cannot_check_tokens_is_said_at_once(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as info:
        HostTokens.of(ServerSettings.plain(**given))
    assert SECRET not in str(info.value)


def test_a_public_key_is_never_taken_for_a_shared_secret(pair: tuple[str, str]) -> None:
    with pytest.raises(SettingsError, match="'HS256'"):
        tokens(jwt_key=pair[1], jwt_algorithms=("RS256", "HS256"))


async def test_keys_work_beside_the_hosts_tokens(quick_sandbox: Sandbox, tmp_path: Path) -> None:
    server = {"jwt_key": SECRET, "jwt_audience": "coach"}
    app = an_app(settings_for(quick_sandbox, tmp_path), server=server, faces=None)
    async with serving(app) as served, browser(served) as client:
        bearers = jwt.encode(claims(), SECRET, "HS256"), await served.key("ann")
        asked = [await client.post(TALKS, headers={"Authorization": f"bearer {each}"}) for each in bearers]
        assert [answer.status_code for answer in asked] == [201, 201]
        assert len(await served.here.store.conversations.list("ann")) == 2
        # Whoever shows a token is who it says, or nobody, whatever cookie comes along.
        await client.post(SESSIONS, json={"key": bearers[1]})
        assert (await client.get(TALKS, headers={"Authorization": "Bearer x.y.z"})).status_code == 401


async def test_inside_another_application_the_host_says_who_asks(
    quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    async def asking(x_user: str = Header("")) -> Caller | str | None:
        return Caller(user_id="root", operator=True) if x_user == "root" else x_user or None

    inner = an_app(settings_for(quick_sandbox, tmp_path), current_user=asking, faces=None)
    host = FastAPI(lifespan=inner.lifespan)
    host.mount("/coach", inner)
    transport = httpx2.ASGITransport(app=host)
    async with (
        inner.lifespan(host),
        httpx2.AsyncClient(transport=transport, base_url="http://host") as client,
    ):
        assert (await client.get(f"/coach{TALKS}")).status_code == 401
        for user in ("ann", "root"):
            answer = await client.get(f"/coach{SESSIONS}", headers={"X-User": user})
            said = {"user_id": user, "operator": user == "root", "signed_in": True, "guests": False}
            assert answer.json() == said | {"by_host": True}
        # Nobody signs in here: that is the host's.
        assert (await client.post(f"/coach{SESSIONS}", json={})).status_code == 405
        too_long = await client.post(f"/coach{TALKS}", headers={"X-User": "x" * 201})
    assert too_long.status_code == 422
