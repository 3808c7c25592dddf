"""Terms: what exactly a person says yes to, where an action sends something or costs money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from coach._money import dollars


@dataclass(frozen=True, kw_only=True)
class AgreedPicture:
    """A picture that goes along, or that a yes is about.

    Attributes:
        name: What the service sees it as, e.g. ``photo-1``; of a version, its handle.
        sha256: The hash of its bytes, 64 hex digits.
        blob: The key of its bytes in the blob store, to show it by; ``""``: it has none of its own.
    """

    name: str
    sha256: str
    blob: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a person's yes is bound to, beside the action and its arguments.

    Attributes:
        prompt: The text that is sent, to the byte; ``""``: none is.
        pictures: The pictures that go along with it, in their order.
        model: Which model is asked; ``""``: none.
        micros: The most it can cost, in micro-dollars (USD 1e-6); ``None``: not known.
    """

    prompt: str = ""
    pictures: tuple[AgreedPicture, ...] = ()
    model: str = ""
    micros: int | None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Terms:
        """Terms as :meth:`plain` gave them, also after they were in a database."""
        return cls(**{**kept, "pictures": tuple(AgreedPicture(**each) for each in kept["pictures"])})

    def plain(self) -> dict[str, Any]:
        """The terms as plain data, for JSON."""
        return {**asdict(self), "pictures": [asdict(each) for each in self.pictures]}

    def cover(self, other: Terms) -> bool:
        """Whether a yes to these terms is one to the others: the same, or the same for less."""
        mine, theirs = (self.prompt, self.pictures, self.model), (other.prompt, other.pictures, other.model)
        if self.micros is None or other.micros is None:
            return mine == theirs and self.micros == other.micros
        return mine == theirs and other.micros <= self.micros

    @property
    def text(self) -> str:
        """The terms for a person to read; the prompt stands in it as it is. ``""``: nothing to say."""
        costs = f"It costs at most {dollars(self.micros)}."
        if not self.prompt:
            named = ", ".join(each.name for each in self.pictures)
            about = [f"It is about {named}."] if named else []
            return " ".join(about if self.micros == 0 else [*about, costs])
        named = ", ".join(f"{each.name} (SHA-256 {each.sha256[:12]}…)" for each in self.pictures)
        # The prompt comes last: whatever it says, nothing that counts follows it.
        return (
            f"{costs} Sent to {self.model}: {named or 'no picture'}, and this text, exactly as it is:\n\n"
            f"{self.prompt}"
        )
