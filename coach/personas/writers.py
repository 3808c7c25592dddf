"""Who writes what a persona's pictures show: our own prompt for a language model, or a flow elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from coach.errors import ModelError
from coach.model import Model, Reply
from coach.personas.persona import Persona
from coach.prompt import Prompts
from coach.text import clean

LONGEST = 8_000
"""Characters of what a writer may write; beyond that it is no prompt for four pictures."""

_NOT_USABLE = 'did not answer with the JSON that was asked for: {"final_prompt": …}'


class Writer(Protocol):
    """Writes what four pictures of a persona show."""

    async def write(self, persona: Persona, *, used: Sequence[str] = ()) -> str:
        """The four ideas, 1 to :data:`LONGEST` characters.

        Args:
            used: What was written for this persona before, and is not to be repeated.

        Raises:
            ModelError: There is no usable answer.
        """


class ModelWriter:
    """Asks a language model with the prompt that comes with the library.

    Args:
        model: The language model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    async def write(self, persona: Persona, *, used: Sequence[str] = ()) -> str:
        """See :class:`Writer`."""
        system = rendered("write.md", persona, used=list(used))
        said = [{"role": "user", "content": "Write the prompt."}]
        async for piece in self._model.reply(system=system, messages=said, tools=()):
            if isinstance(piece, Reply):
                return final_prompt(piece.text, who="The language model")
        raise ModelError(f"The language model {_NOT_USABLE}.")


def final_prompt(text: str, *, who: str) -> str:
    """The prompt in an answer that is JSON in a text, alone or between the fences of Markdown.

    Raises:
        ModelError: There is none in it.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
        prompt = found["final_prompt"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ModelError(f"{who} {_NOT_USABLE}.") from None
    if not isinstance(prompt, str) or not 1 <= len(prompt.strip()) <= LONGEST:
        raise ModelError(f"{who} wrote no prompt of 1 to {LONGEST:,} characters.")
    return str(clean(prompt)).strip()


def rendered(template: str, persona: Persona, **values: Any) -> str:
    """One of the prompts beside this file."""
    data = {**persona.model_dump(), "who": persona.who, "name": persona.name}
    return _prompts().render(template, {"persona": data, "bios": list(persona.bios), **values}).text


@cache
def _prompts() -> Prompts:
    here = files(__package__)
    return Prompts({name: (here / name).read_text("utf-8") for name in ("base.md", "grid.md", "write.md")})
