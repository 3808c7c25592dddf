"""The LoRA stack: which LoRAs a picture is made with, in what order and how strong. The rules are data."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from coach.errors import InputRefused

Role = Literal["style", "character", "cinematic"]

_ENDING = ".safetensors"
_EMPTY = "None"  # what the node calls a slot without one


def _in_the_folder(name: str) -> str:
    outside = name.startswith(("/", ".", " ")) or ".." in name or "\\" in name or not name.isprintable()
    if outside or name == _EMPTY:
        raise ValueError("a LoRA is named as the worker's folder of LoRAs has it")
    return name


LoraName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_in_the_folder)]
"""A file in the worker's folder of LoRAs or below it, with or without ``.safetensors``."""


class Lora(BaseModel):
    """A LoRA that is asked for.

    Attributes:
        role: What it does to a picture; the order and the factors of ``loras.toml`` go by it.
        name: Its file.
        strength: What is asked for, -10 to 10 (the node's range); multiplied by the role's factor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    name: LoraName
    strength: float = Field(default=1.0, ge=-10, le=10, allow_inf_nan=False)

    @property
    def file(self) -> str:
        """The name with its ending."""
        return self.name if self.name.endswith(_ENDING) else f"{self.name}{_ENDING}"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One LoRA as it is applied: its file, and how strong it is in the end."""

    file: str
    strength: float


def film(strength: float) -> Lora:
    """The cinematic LoRA, FILM-V3-FLUX."""
    return Lora(role="cinematic", name=_rules()["film"], strength=strength)


def slots() -> int:
    """How many LoRAs there is room for."""
    most: int = _rules()["slots"]
    return most


def stack(loras: Sequence[Lora]) -> tuple[Slot, ...]:
    """The LoRAs in the order in which they are applied: style, characters, cinematic; of a role, as given.

    Raises:
        InputRefused: There are more than there is room for, or one of them twice. It is named, not left out.
    """
    order: list[Role] = _rules()["order"]
    characters = sum(lora.role == "character" for lora in loras)
    placed = sorted(loras, key=lambda lora: order.index(lora.role))
    _check(placed)
    return tuple(Slot(file=lora.file, strength=_strength(lora, characters)) for lora in placed)


def _check(placed: Sequence[Lora]) -> None:
    most, seen = slots(), set[str]()
    for lora in placed:
        if lora.file in seen:
            raise InputRefused(f"The LoRA {lora.name!r} is asked for twice; once is enough.", field="loras")
        seen.add(lora.file)
    if len(placed) > most:
        left = ", ".join(repr(lora.name) for lora in placed[most:])
        say = f"There is room for {most} LoRAs; {len(placed)} are asked for. There is none for {left}."
        raise InputRefused(say, field="loras", allowed=(f"0 to {most}",))


def _strength(lora: Lora, characters: int) -> float:
    factors: list[Decimal] = _rules()["factors"][lora.role]
    # As decimal numbers: 0.75 times 0.7 is 0.525, not what binary fractions make of it.
    return float(Decimal(str(lora.strength)) * factors[min(characters, len(factors) - 1)])


@cache
def _rules() -> dict[str, Any]:
    text = Path(__file__).with_name("loras.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)
