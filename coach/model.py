"""The language model a conversation talks with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from coach._replies import Reply as Reply
from coach._replies import streamed_reply
from coach._structured import Saying, request_of
from coach.errors import ModelError

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class Model(Protocol):
    """What a conversation needs of a language model."""

    def reply(
        self, *, system: str, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[str | Reply]:
        """Ask for one reply: pieces of text as they come, then the whole :class:`Reply`, last.

        Raises:
            ModelError: There is no usable reply.
        """


class OpenAIModel:
    """Any server that speaks OpenAI's chat completions, streaming.

    Args:
        client: The SDK's client; it brings key, address, time-outs and retries.
        model: The model's name there.
        calls: How it makes calls: ``"tools"``, or ``"schema"`` for a server that has none, or whose model
            writes them as text: the whole reply is then a JSON object (``response_format``).
    """

    def __init__(
        self, client: AsyncOpenAI, *, model: str, calls: Literal["tools", "schema"] = "tools"
    ) -> None:
        self._client, self._model, self._calls = client, model, calls

    async def reply(
        self, *, system: str, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[str | Reply]:
        """See :class:`Model`."""
        if self._calls == "schema":
            pieces = self._said(self._pieces(**request_of(system, messages, tools)))
        else:
            # What only some servers take is left out rather than sent empty.
            extra: dict[str, Any] = {"tools": list(tools)} if tools else {}
            pieces = self._pieces([{"role": "system", "content": system}, *messages], **extra)
        async for piece in pieces:
            yield piece

    async def _said(self, pieces: AsyncIterator[str | Reply]) -> AsyncIterator[str | Reply]:
        """A reply in JSON as what it says, while it comes, and what it calls."""
        saying = Saying()
        try:
            async for piece in pieces:
                said, calls = (saying.add(piece), ()) if isinstance(piece, str) else saying.end()
                if said:
                    yield said
                if not isinstance(piece, str):
                    yield Reply(text=saying.said, calls=calls)
        except ValueError as exc:
            raise ModelError(
                f"The model {self._model!r} did not answer in the JSON schema that was asked for, or was cut "
                "off. Use a server that keeps to `response_format`, or set COACH_CHAT_CALLS=tools."
            ) from exc

    async def _pieces(self, messages: list[Any], **extra: Any) -> AsyncIterator[str | Reply]:
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            chunks: Any = await self._client.chat.completions.create(
                model=self._model, messages=messages, stream=True, **extra
            )
            async with chunks:
                async for piece in streamed_reply(chunks):
                    yield piece
        except (OpenAIError, HTTPError, OSError) as exc:
            raise ModelError(_sentence(exc, self._model)) from exc
        except (ValueError, TypeError, AttributeError, RecursionError) as exc:
            # The SDK passes on whatever a server sends, unchecked.
            raise ModelError(f"The model {self._model!r} sent an answer that is none.") from exc


def _sentence(exc: Exception, model: str) -> str:
    """What went wrong, for the operator, without the foreign text, which may quote keys or prompts."""
    status, code = getattr(exc, "status_code", None), str(getattr(exc, "code", None))
    # A code is a word of theirs; anything else in its place might be a secret.
    code = code if re.fullmatch(r"[a-z_]{1,40}", code) else "no code"
    match status:
        case None:
            return f"The model {model!r} could not be reached or broke off. Check OPENAI_BASE_URL."
        case 401 | 403:
            return f"The model server refused the key (HTTP {status}). Check OPENAI_API_KEY."
        case 404:
            return f"The model server does not know {model!r} (HTTP 404). Check COACH_CHAT_MODEL."
        case _:
            return f"The model server answered HTTP {status} ({code}) for {model!r}."
