"""What every answer tells browsers: what may run and load in it, who may show it, that nobody keeps it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.server.settings import ServerSettings

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)
_NO_STORE = (b"cache-control", b"no-store")


class SafeHeaders:
    """Adds to each answer what it does not say itself.

    Args:
        settings: Who may show the page in a frame; whether pages of other origins ask here, which then may
            show its pictures too.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        whose = b"cross-origin" if settings.cors_origins else b"same-origin"
        self._headers = [
            (b"content-security-policy", f"{_POLICY}{settings.frame_ancestors}".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", whose),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                message["headers"] = self._with(said, is_api="/api/" in scope["path"])
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)

    def _with(self, said: list[tuple[bytes, bytes]], *, is_api: bool) -> list[tuple[bytes, bytes]]:
        if is_api and not any(name == b"cache-control" and b"no-store" in value for name, value in said):
            said = [*(each for each in said if each[0] != b"cache-control"), _NO_STORE]
        names = {name for name, _ in said}
        return [*said, *(each for each in self._headers if each[0] not in names)]
