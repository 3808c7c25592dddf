"""Signed links to pictures: they work for minutes, for whoever has them, and for one picture each."""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

from coach.errors import NotFound

_TAG = 16


class Links:
    """Makes and reads the tokens of signed links.

    Args:
        secret: What every process of one database has, and nobody else.
        seconds: How long a link works.
    """

    def __init__(self, secret: bytes, *, seconds: int) -> None:
        # A key of its own, so that what signs links signs nothing else.
        self._key = hmac.digest(secret, b"coach: links to pictures", "sha256")
        self.seconds = seconds

    def sign(self, blob: str) -> str:
        """The token of a link to a blob, from now on."""
        body = f"{int(time.time()) + self.seconds}:{blob}".encode()
        return urlsafe_b64encode(self._tag(body) + body).decode().rstrip("=")

    def read(self, token: str) -> str:
        """The key of the blob a token is for.

        Raises:
            NotFound: It is none of ours, or too old.
        """
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            tag, body = raw[:_TAG], raw[_TAG:]
            until, _, blob = body.decode().partition(":")
            if hmac.compare_digest(tag, self._tag(body)) and int(until) >= time.time():
                return blob
        except ValueError:
            pass
        raise NotFound("link", "")

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG]
