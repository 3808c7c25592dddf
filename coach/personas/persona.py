"""A persona: somebody invented, as whoever invents them describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from coach.errors import InputRefused
from coach.text import clean, one_line

BIO = 2_000
"""Characters of one bio."""

NAMES = ("bio_facebook", "bio_instagram", "bio_x", "bio_tiktok")
"""The four bios."""

_TOLD = 5
"""So many of the things that are wrong are named: a table has as many columns as it likes."""


def _line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _maybe(value: Any) -> Any:
    """An empty cell of a table says nothing."""
    return None if isinstance(value, str) and not value.strip() else _line(value)


def _no_number(value: str | None) -> str | None:
    """An age is told as one, which is looked at."""
    if value is not None and any(sign.isnumeric() for sign in value):
        raise PydanticCustomError("number", "A number does not belong here; an age goes into `age`")
    return value


def _text(value: Any) -> Any:
    return clean(value).strip() if isinstance(value, str) else value


Name = Annotated[Annotated[str, Field(min_length=1, max_length=80)], BeforeValidator(_line)]
Word = Annotated[
    Annotated[str, Field(max_length=60)] | None, BeforeValidator(_maybe), AfterValidator(_no_number)
]
Bio = Annotated[Annotated[str, Field(max_length=BIO)], BeforeValidator(_text)]
Age = Annotated[Annotated[int, Field(ge=18, le=120)] | None, BeforeValidator(_maybe)]


class Persona(BaseModel):
    """An invented person. All of it is data in a prompt, never a template or an order.

    What is left out is not assumed: neither a gender nor an ethnicity nor an age follows from a name.

    Attributes:
        gender: In any words; ``m`` and ``f`` are understood too.
        ethnicity: In any words.
        age: 18 to 120: no pictures of children are made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    firstname: Name
    lastname: Name
    gender: Word = None
    bio_facebook: Bio = ""
    bio_instagram: Bio = ""
    bio_x: Bio = ""
    bio_tiktok: Bio = ""
    ethnicity: Word = None
    age: Age = None

    @classmethod
    def read(cls, given: Any) -> Self:
        """From a mapping, as a file or a row of a table has it.

        Raises:
            InputRefused: Something is missing, unknown, too long, or no such value; ``field`` names one.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
            wrong = "; ".join(f"{_where(each['loc']) or 'it'}: {each['msg']}" for each in found[:_TOLD])
            more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
            raise InputRefused(
                f"This is no persona: {wrong}{more}.", field=_where(found[0]["loc"][:1]) or None
            ) from None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.firstname} {self.lastname}"

    @property
    def bios(self) -> tuple[str, ...]:
        """Those that there are."""
        return tuple(bio for name in NAMES if (bio := getattr(self, name)))

    @property
    def who(self) -> str:
        """Man, woman, their own word, or nothing that was not said."""
        low = (self.gender or "").lower()
        return _WHO.get(low, self.gender or "person")

    @property
    def digest(self) -> str:
        """Names this persona: 32 hex digits of a hash of all that is said of them."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


def _where(place: Sequence[Any]) -> str:
    """Where something is wrong. It is the file's own word: short, and on one line."""
    return ".".join(one_line(str(each))[:40] for each in place)


_WHO = {"m": "man", "male": "man", "f": "woman", "female": "woman"}
