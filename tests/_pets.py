"""Types that are awkward to say in a schema: a tagged union, and an enum of text and numbers."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class Mood(Enum):
    glad = "glad"
    three = 3


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    friend: Cat | None = None


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
