"""What a person does in a turn, as it comes over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import from_json

from coach.errors import InputRefused
from coach.store.types import write_json
from coach.text import clean, message_text


class _Did(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(_Did):
    """They say something."""

    type: Literal["say"]
    text: Annotated[str, AfterValidator(message_text)] = Field(
        description="What they say.", examples=["Hello, I am Ann."]
    )


class Came(_Did):
    """They are here, and let the coach speak first."""

    type: Literal["greet"]


def _as_kept(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as they come back from the database: the same key with the same ones is the same turn."""
    try:
        kept: dict[str, Any] = from_json(write_json(clean(arguments)))
    except (ValueError, RecursionError):
        raise InputRefused("`arguments` is nested too deeply.", field="arguments") from None
    return kept


Word = Annotated[str, AfterValidator(clean)]


class Pressed(_Did):
    """They press an action's button; that is their yes."""

    type: Literal["press"]
    action: Word = Field(max_length=64, examples=["accept_identity_visualization"])
    arguments: Annotated[dict[str, Any], AfterValidator(_as_kept)] = Field(
        default_factory=dict, examples=[{"identity_id": "i1", "version": "v2"}]
    )


class Decided(_Did):
    """They answer a call that waits for them, as it was shown."""

    type: Literal["decide"]
    call_id: Word = Field(max_length=200)
    digest: Word = Field(max_length=200)
    yes: bool


Did = Annotated[Said | Came | Pressed | Decided, Field(discriminator="type")]


def press_id(turn_id: str) -> str:
    """The call id under which a turn's button is recorded."""
    return f"button-{turn_id}"
