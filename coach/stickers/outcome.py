"""What comes of a request: always exactly one of spec, image, needs, error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from coach.errors import CoachError, Paid
from coach.stickers.gate import Violation
from coach.stickers.spec import JobSpec
from coach.store import SpecRow, Version

Wanted = Literal["spec", "image"]
"""What a message asks for; see :func:`coach.stickers.decide.decide`."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A job spec, free. ``row`` has its hash and its quote."""

    row: SpecRow
    kind: Literal["spec"] = "spec"

    def to_dict(self) -> dict[str, Any]:
        """The contract's answer: the spec itself, its keys in the contract's order."""
        return JobSpec.model_validate(self.row.spec).model_dump(mode="json")


@dataclass(frozen=True, kw_only=True)
class Image:
    """A sticker that passed the quality gate.

    Attributes:
        row: The spec that it was made of.
        version: The service's picture that it was made of; it is kept.
        blob: Where the sticker is.
        cost_micros: What was charged for it, in micro-dollars; ``None``: not known.
        pictures: How many pictures were paid for.
    """

    row: SpecRow
    version: Version
    blob: str
    cost_micros: int | None
    pictures: int
    kind: Literal["image"] = "image"

    def to_dict(self) -> dict[str, Any]:
        """The contract's answer. In code it is the key of a blob; over HTTP a link stands in its place."""
        return {"image_url": self.blob}


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Something is missing: the names of the fields, and a sentence about them."""

    needs: tuple[str, ...]
    hint: str
    kind: Literal["needs"] = "needs"

    def to_dict(self) -> dict[str, Any]:
        """The contract's answer."""
        return {"needs": list(self.needs), "hint": self.hint}


@dataclass(frozen=True, kw_only=True)
class Failed:
    """No sticker. Where a picture was made that the quality gate refused, it is here, and it was paid for.

    Attributes:
        say: Why, for the person.
        code: Why, for programs: ``gate_refused``, or what kind of error it was.
        paid: Whether something was charged; ``None``: nothing was asked for.
        error: What was raised; ``None``: the gate refused it.
        violations: What the gate found.
        row, version: What was made of what; ``None``: nothing was.
        blob: The sticker that was refused; ``None``: there is none.
        cost_micros: As in :class:`Image`.
    """

    say: str
    code: str
    paid: Paid | None = None
    error: CoachError | None = None
    violations: Sequence[Violation] = ()
    row: SpecRow | None = None
    version: Version | None = None
    blob: str | None = None
    cost_micros: int | None = None
    kind: Literal["error"] = "error"

    @classmethod
    def of(cls, error: CoachError) -> Self:
        """An error as an outcome."""
        code = getattr(error, "code", None) or _CODES.get(type(error).__name__, "failed")
        return cls(say=str(error), code=code, paid=getattr(error, "paid", None), error=error)

    def to_dict(self) -> dict[str, Any]:
        """The contract's answer, and beside it why. Never under the name by which a done picture is known."""
        told: dict[str, Any] = {"error": self.say, "code": self.code, "paid": self.paid}
        told["reason"] = getattr(self.error, "reason", None)
        told["violations"] = [vars(each) for each in self.violations]
        return {name: value for name, value in told.items() if value}


_CODES: Mapping[str, str] = {
    "ConsentMissing": "consent_missing",
    "NotFound": "not_found",
    "FetchRefused": "fetch_refused",
    "InputRefused": "input_refused",
    "Conflict": "conflict",
}

Outcome = Spec | Image | Needs | Failed
"""By ``kind``: ``spec``, ``image``, ``needs`` or ``error``."""
