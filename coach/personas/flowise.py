"""A Flowise flow as the writer of prompts: the prediction API of FlowiseAI/Flowise 3.1.

The persona goes in as the start state of an agent flow, JSON in a text under ``person_data``, and the flow
answers with JSON in a text. It is asked once: an answer that does not come is an error.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from coach._readable import Readable
from coach.errors import ModelError, SettingsError
from coach.personas.persona import Persona
from coach.personas.writers import final_prompt

MAX_BYTES = 1_000_000
"""Of an answer: a flow that lists all it did says more than its text."""

_START = "startAgentflow_0"
"""What Flowise calls the first node of an agent flow."""


class FlowiseSettings(Readable):
    """Where the flow is, from the environment or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", str_strip_whitespace=True, env_ignore_empty=True
    )

    url: str | None = Field(
        None, validation_alias="FLOWISE_URL", description="https://host; left out: no flow writes prompts."
    )
    flow_id: str | None = Field(None, validation_alias="FLOWISE_FLOW_ID", description="The flow's id.")
    token: SecretStr | None = Field(
        None, validation_alias="FLOWISE_TOKEN", description="Its API key; left out: the flow needs none."
    )
    seconds: float = Field(
        120, gt=0, le=600, validation_alias="FLOWISE_SECONDS", description="How long it may take."
    )

    def writer(self) -> FlowiseWriter | None:
        """The flow; ``None``: none is set.

        Raises:
            SettingsError: The address is none, or the flow's id is missing.
        """
        if self.url is None:
            return None
        if self.flow_id is None:
            raise SettingsError("FLOWISE_URL is set; set FLOWISE_FLOW_ID too.")
        token = None if self.token is None else self.token.get_secret_value()
        return FlowiseWriter(self.url, self.flow_id, token=token, seconds=self.seconds)


class FlowiseWriter:
    """Asks a flow; a :class:`~coach.personas.writers.Writer`.

    Args:
        url: Of the server, without ``/api``.
        flow_id: The flow's id.
        token: Its API key; ``None``: it needs none.
        seconds: How long it may take in all.

    Raises:
        SettingsError: The address or the key cannot be one.
    """

    def __init__(self, url: str, flow_id: str, *, token: str | None = None, seconds: float = 120) -> None:
        if not _is_address(url):
            raise SettingsError("FLOWISE_URL is not an address. Write https://host.")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise SettingsError("FLOWISE_TOKEN has characters that no key has. Copy it again.")
        self._url = f"{url.rstrip('/')}/api/v1/prediction/{quote(flow_id, safe='')}"
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._seconds = seconds

    async def write(self, persona: Persona, *, used: Sequence[str] = ()) -> str:
        """See :class:`~coach.personas.writers.Writer`."""
        try:
            async with asyncio.timeout(self._seconds):
                text = await self._asked(_payload(persona, used))
        except TimeoutError:
            say = f"The Flowise flow did not answer within {self._seconds:g} s. Check FLOWISE_SECONDS."
            raise ModelError(say, timeout=True) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as exc:
            say = f"The Flowise flow could not be reached or broke off ({type(exc).__name__})."
            raise ModelError(f"{say} Check FLOWISE_URL.") from None
        return final_prompt(text, who="The Flowise flow")

    async def _asked(self, payload: dict[str, Any]) -> str:
        """The text of the flow's answer."""
        timeout = httpx2.Timeout(None, connect=10)
        async with (
            httpx2.AsyncClient(timeout=timeout) as client,
            client.stream("POST", self._url, json=payload, headers=self._headers) as response,
        ):
            if response.status_code != 200:
                raise ModelError(_refusal(response.status_code))
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise ModelError("The Flowise flow's answer is too large.")
            streamed = response.headers.get("content-type", "").startswith("text/event-stream")
        return _streamed(bytes(body)) if streamed else _whole(bytes(body))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # e.g. a bracket that is not closed
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _payload(persona: Persona, used: Sequence[str]) -> dict[str, Any]:
    data = persona.model_dump()
    # The form that flows for this know: an empty text for what is not said.
    data |= {"gender": persona.gender or "", "ethnicity": persona.ethnicity or ""}
    state = [{"key": "person_data", "value": json.dumps(data, ensure_ascii=False)}]
    if used:
        history = "Ideas already used, to avoid: " + "\n".join(used)
        state.append({"key": "prompts_history", "value": history})
    return {"question": "go", "streaming": False, "overrideConfig": {"startState": {_START: state}}}


def _refusal(status: int) -> str:
    """What a status means here; the message of Flowise may quote what it was sent."""
    match status:
        case 401:
            return "Flowise did not accept the key (HTTP 401). Check FLOWISE_TOKEN."
        case 403:
            return "Flowise does not let us use the flow from here (HTTP 403)."
        case 404:
            return "Flowise does not know the flow (HTTP 404). Check FLOWISE_FLOW_ID and FLOWISE_URL."
        case _:
            return f"The Flowise flow failed (HTTP {status})."


def _whole(body: bytes) -> str:
    try:
        answer = json.loads(body)
        # A flow with a structured answer has it as it is.
        text = answer["text"] if "text" in answer else json.dumps(answer["json"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ModelError("The Flowise flow's answer has no text.") from None
    if not isinstance(text, str):
        raise ModelError("The Flowise flow's answer has no text.")
    return text


def _streamed(body: bytes) -> str:
    """The tokens of a stream: its events have their names inside the JSON, and an odd line before it."""
    said, ended = [], False
    # At line feeds alone: JSON may hold what Python takes for the end of a line too, e.g. U+2028.
    for line in body.decode(errors="replace").split("\n"):
        if not line.startswith("data:"):
            continue
        try:
            event = json.loads(line.removeprefix("data:"))
            name, data = event["event"], event["data"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if name == "error":
            raise ModelError("The Flowise flow failed while it answered.")
        if name == "token":
            said.append(str(data))
        ended = ended or name == "end"
    if not ended:
        raise ModelError("The Flowise flow broke off while it answered.")
    return "".join(said)
