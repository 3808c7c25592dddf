"""What only the person can answer: whether something may happen, their agreement, their photo.

They are asked through their client, by elicitation, and never through its model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import mcp_types as types
from pydantic import BaseModel, ConfigDict

from coach.events import Waiting
from coach.store import CONSENT_TEXT, Store
from coach.store.consent import SUBJECTS
from coach.text import one_line, written_out

About = Literal["yes", "consent", "photo", "page", "doubt"]

IN_DOUBT = "A picture may have been charged without arriving. Try again? It may then be paid a second time."
"""What a person reads before another picture may be asked for."""


class Asked(BaseModel):
    """What a question is about. It goes out sealed and comes back with the answer.

    Attributes:
        call_id: The call that cannot go on without it.
        digest: Of the call that waits for a yes.
        doubts: The keys of the pictures that may have been charged. A yes is for these: of one that came to
            be in doubt since, the person was not told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: About
    call_id: str
    digest: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question to the person.

    Attributes:
        asked: What it is about.
        params: As elicitation has it.
    """

    asked: Asked
    params: types.ElicitRequestFormParams | types.ElicitRequestURLParams


@dataclass(frozen=True, kw_only=True)
class Means:
    """How people do what no model may do for them.

    Attributes:
        photo: A sentence that says how they add a photo and agree to its use where their client cannot ask.
        yes: The same for how they answer a question.
        page: Where the coach's page is, by the request; ``None``: there is none.
        read: Reads a file of the machine that the client's user sits at; ``None``: that is another machine.
    """

    photo: str = ""
    yes: str = ""
    page: Callable[[Any], str | None] | None = None
    read: Callable[[str], bytes] | None = None


def can_fill_in(capabilities: types.ClientCapabilities | None) -> bool:
    """Whether a client can ask its user with a form. One that names no way has this one."""
    asks = None if capabilities is None else capabilities.elicitation
    return asks is not None and (asks.form is not None or asks.url is None)


def can_open(capabilities: types.ClientCapabilities | None) -> bool:
    """Whether a client can send its user to a page."""
    asks = None if capabilities is None else capabilities.elicitation
    return asks is not None and asks.url is not None


def confirmation(waiting: Waiting) -> Question:
    """Whether a call may happen, with exactly what it would do."""
    return Question(
        asked=Asked(about="yes", call_id=waiting.call_id, digest=waiting.digest),
        params=_form(told(waiting), {}),
    )


def told(waiting: Waiting) -> str:
    """What a person reads before their yes: the question, and exactly what would be done."""
    lines = [f"{name}: {_exact(value)}" for name, value in waiting.arguments.items() if value is not None]
    terms = ["", waiting.terms.text] if waiting.terms and waiting.terms.text else []
    return written_out("\n".join([waiting.ask, "", waiting.action, *lines, *terms]))


def agreement(call_id: str) -> Question:
    """Whether their photos may be used, in the words that are kept."""
    says = {"type": "string", "title": "You say", "enum": list(SUBJECTS.values())}
    return Question(
        asked=Asked(about="consent", call_id=call_id), params=_form(CONSENT_TEXT, {"statement": says})
    )


def another_try(call_id: str, doubts: list[str]) -> Question:
    """Whether another picture may be asked for, when one may have been charged."""
    asked = Asked(about="doubt", call_id=call_id, doubts=tuple(doubts))
    return Question(asked=asked, params=_form(IN_DOUBT, {}))


def photo_file(call_id: str) -> Question:
    """Which file on this machine is a photo of them."""
    path = {"type": "string", "title": "Photo", "description": "The path of a JPEG, PNG, WebP or HEIC file."}
    say = (
        "For a picture of you, a photo is needed: your face, alone, in daylight. It is read on this machine."
    )
    return Question(asked=Asked(about="photo", call_id=call_id), params=_form(say, {"file": path}))


def photo_page(call_id: str, page: str) -> Question:
    """Where they can add a photo of themselves."""
    say = (
        "For a picture of you, a photo is needed: your face, alone, in daylight. Add it on the coach's page."
    )
    params = types.ElicitRequestURLParams(message=say, url=page, elicitation_id=call_id)
    return Question(asked=Asked(about="page", call_id=call_id), params=params)


async def agree(store: Store, user_id: str, content: Mapping[str, Any]) -> bool:
    """Write down what they agreed to; says whether they chose one of the statements they were shown."""
    for subject, statement in SUBJECTS.items():
        if content.get("statement") == statement:
            await store.consents.give(user_id, statement=statement, subject=subject)
            return True
    return False


async def add_photo(store: Store, user_id: str, content: Mapping[str, Any], means: Means) -> bool:
    """Keep the photo they named; says whether they named any.

    Raises:
        PhotoRefused: It is no photo that can be used; a sentence for the person.
    """
    path = content.get("file")
    if means.read is None or not isinstance(path, str) or not path.strip():
        return False
    await store.photos.add(user_id, await asyncio.to_thread(means.read, path.strip()))
    return True


def _form(message: str, fields: dict[str, Any]) -> types.ElicitRequestFormParams:
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return types.ElicitRequestFormParams(message=message, requested_schema=schema)


def _exact(value: Any) -> str:
    """A value as it will be used, on one line; what cannot be seen is written out."""
    told = json.dumps(value, ensure_ascii=False)
    return told if one_line(told) == told else json.dumps(value)
