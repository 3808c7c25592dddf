"""One paid POST through the OpenAI SDK."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx2
from openai import APIStatusError, AsyncOpenAI, AsyncStream

from coach.studio.engines import ImagePart
from coach.studio.engines._once import Once
from coach.studio.engines._openai_errors import from_status


class Post(Once):
    """A request through the SDK that leaves at most once, whatever client it is given: the SDK's retries and
    redirects are off."""

    def __init__(self, client: AsyncOpenAI) -> None:
        super().__init__("OPENAI_BASE_URL, OPENAI_API_KEY")
        self._client = client

    async def send(
        self, path: str, body: Mapping[str, Any], files: Iterable[tuple[str, ImagePart]] = ()
    ) -> AsyncStream[object]:
        """Send it, as JSON, or as a form when files go along. The answer's body is left unread.

        Raises:
            PictureError: No answer to read; ``paid`` says what is known.
        """
        parts = list(files)
        # Compression costs more than it saves on base64.
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        sent: dict[str, Any]
        if parts:
            headers["Content-Type"] = "multipart/form-data"
            sent = {"files": self._form(body, parts)}
        else:
            data = json.dumps(body).encode()
            headers["Content-Length"] = str(len(data))
            sent = {"content": self._once(data)}
        try:
            return await self._client.post(
                path,
                cast_to=object,
                options={
                    "headers": headers,
                    "max_retries": 0,
                    "follow_redirects": False,
                    # The rest is up to a deadline: a time-out for each read is not one for the whole.
                    "timeout": httpx2.Timeout(None, connect=10),
                },
                # The SDK leaves the body of a stream unread.
                stream=True,
                stream_cls=AsyncStream[object],
                **sent,
            )
        except APIStatusError as exc:
            raise from_status(exc) from None
        except Exception as exc:
            raise self.broken(exc.__cause__ or exc) from exc

    def _form(
        self, body: Mapping[str, Any], files: Iterable[tuple[str, ImagePart]]
    ) -> list[tuple[str, tuple[str | None, io.BytesIO, str] | tuple[None, io.BytesIO]]]:
        """The parts of a form: fields first, as parts without a file's name."""
        fields = [(name, _text(value)) for name, value in body.items()]
        (first, value), *others = fields
        return [
            (first, (None, _First(value, self._leave))),
            *((name, (None, io.BytesIO(value))) for name, value in others),
            *((name, (part.name, io.BytesIO(part.data), part.media_type)) for name, part in files),
        ]


class _First(io.BytesIO):
    """The part of a form that is read first."""

    def __init__(self, data: bytes, leave: Callable[[], None]) -> None:
        super().__init__(data)
        self._leave = leave

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0:
            self._leave()
        return super().read(size)


def _text(value: object) -> bytes:
    """A value as a field of a form has it."""
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()
