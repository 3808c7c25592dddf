"""Tokens of the host: JSON Web Tokens (RFC 7519) in which it says who is asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from coach.errors import SettingsError
from coach.server.settings import ServerSettings

OPERATOR = "coach:operator"
"""The scope of those who may see the books of everybody."""

LEEWAY = 10.0
"""Seconds by which the host's clock and ours may differ."""

_PEM = "-----BEGIN "


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a token says. Its fields are those of :class:`~coach.server.caller.Caller`."""

    user_id: str
    tenant: str
    operator: bool


class HostTokens:
    """Reads the host's tokens.

    Args:
        key: A shared secret, or a public key in PEM.
        algorithms: How a token may be signed. What it says of itself decides nothing (RFC 8725, 3.1).
        audience: Its ``aud`` must be, or hold, this.
        issuer: Its ``iss`` must be this; ``None``: any.

    Raises:
        SettingsError: The key does not fit an algorithm, is too short for it, or an algorithm is unknown.
    """

    def __init__(self, key: str, algorithms: Sequence[str], *, audience: str, issuer: str | None) -> None:
        algorithms = algorithms or (["RS256"] if key.startswith(_PEM) else ["HS256"])
        self._key, self._algorithms = key, list(algorithms)
        self._audience, self._issuer = audience, issuer
        for name in self._algorithms:
            _fits(key, name)

    @classmethod
    def of(cls, settings: ServerSettings) -> HostTokens | None:
        """Those of the settings; ``None``: the host sends none.

        Raises:
            SettingsError: See above; or there is a key without an audience.
        """
        if settings.jwt_key is None:
            return None
        if settings.jwt_audience is None:
            raise SettingsError(
                "COACH_JWT_KEY is set; set COACH_JWT_AUDIENCE too: a token that was made for another service "
                "must not work here."
            )
        key = _read(settings.jwt_key.get_secret_value())
        return cls(key, settings.jwt_algorithms, audience=settings.jwt_audience, issuer=settings.jwt_issuer)

    def read(self, token: str) -> Claims | None:
        """What a token says; ``None``: it is not the host's, not for us, too old, or says not enough."""
        try:
            said = jwt.decode(
                token,
                self._key,
                self._algorithms,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "aud", "sub"]},
            )
        except jwt.PyJWTError:
            return None
        return _claims(said)


def _claims(said: dict[str, Any]) -> Claims | None:
    subject, tenant, scope = said["sub"], said.get("tenant", ""), said.get("scope", "")
    if not (subject and isinstance(tenant, str) and isinstance(scope, str)):
        return None
    return Claims(user_id=subject, tenant=tenant, operator=OPERATOR in scope.split())


def _read(key: str) -> str:
    """A key, or what is in the file that it names."""
    if key.startswith(_PEM):
        return key.replace("\\n", "\n")  # as many write it into one line of an environment
    try:
        file = Path(key).expanduser()
        if not file.is_file():
            return key
    except (OSError, ValueError, RuntimeError):  # it cannot be a path
        return key
    try:
        return file.read_text().strip()
    except (OSError, ValueError):
        raise SettingsError("The file that COACH_JWT_KEY names cannot be read.") from None


def _fits(key: str, algorithm: str) -> None:
    try:
        if algorithm == "none":
            raise NotImplementedError
        known = jwt.get_algorithm_by_name(algorithm)
        short = known.check_key_length(known.prepare_key(key))
    except (jwt.InvalidKeyError, NotImplementedError, ValueError, TypeError):
        raise SettingsError(
            f"COACH_JWT_KEY does not fit {algorithm[:20]!r} of COACH_JWT_ALGORITHMS: HS… takes a shared "
            "secret; RS…, PS…, ES… and EdDSA take a public key in PEM."
        ) from None
    if short:
        raise SettingsError(
            "COACH_JWT_KEY is too short. A shared secret for HS256 has at least 32 characters, "
            "for HS512 64; an RSA key 2048 bits."
        )
