"""What a person does in a turn, as it comes over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from coach.text import message_text


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


class Pressed(_Did):
    """They press an action's button; that is their yes."""

    type: Literal["press"]
    action: str = Field(max_length=64, examples=["accept_identity_visualization"])
    arguments: dict[str, Any] = Field(default_factory=dict, examples=[{"identity_id": "i1", "version": "v2"}])


class Decided(_Did):
    """They answer a call that waits for them, as it was shown."""

    type: Literal["decide"]
    call_id: str = Field(max_length=200)
    digest: str = Field(max_length=200)
    yes: bool


Did = Annotated[Said | Came | Pressed | Decided, Field(discriminator="type")]


def press_id(turn_id: str) -> str:
    """The call id under which a turn's button is recorded."""
    return f"button-{turn_id}"
