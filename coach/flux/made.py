"""What comes of a request for a FLUX picture: the picture, or the reason why there is none."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coach.errors import CoachError, Paid, PictureError
from coach.flux.styles import Style
from coach.store import Store, Version
from coach.studio import Generated
from coach.studio.comfy import Workflow


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked for, as far as the answer repeats it."""

    prompt: str
    style: Style | None
    width: int
    height: int

    def to_dict(self) -> dict[str, Any]:
        """What both kinds of answers say of it."""
        return {
            "prompt": self.prompt,
            "width": self.width,
            "height": self.height,
            "style_title": None if self.style is None else self.style.title,
        }


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that was made and kept.

    Attributes:
        generated: What the studio says of it; its first version is the picture.
        workflow: What was sent, with the seed that was drawn.
        saved_path: Where it was saved beside the store; ``None``: it was not.
        repairs: What differs from what was asked for, a sentence each.
    """

    asked: Asked
    generated: Generated
    workflow: Workflow
    saved_path: Path | None
    repairs: tuple[str, ...]
    store: Store = field(repr=False)

    @property
    def version(self) -> Version:
        """The picture as the store has it."""
        return self.generated.versions[0]

    @property
    def request_id(self) -> str:
        """``img_`` and the first eight characters of the generation's id."""
        return f"img_{short(self.generated.generation_id)}"

    async def to_dict(self) -> dict[str, Any]:
        """The result dictionary of seed 004. ``images`` has the picture as base64.

        Raises:
            StoreUnavailable: The picture cannot be read now.
        """
        data = await self.store.blobs.get(self.version.blob)
        return {
            "request_id": self.request_id,
            "status": "success",
            "images": [base64.b64encode(data).decode()],
            "seed": self.workflow.seed,
            "style_id": None if self.asked.style is None else self.asked.style.id,
            "saved_path": None if self.saved_path is None else str(self.saved_path),
            "metadata": {
                **self.asked.to_dict(),
                "width": self.version.width,
                "height": self.version.height,
                "steps": self.workflow.steps,
                "timestamp": f"{self.version.created_at:%Y-%m-%dT%H:%M:%SZ}",
                "model": self.generated.model,
                "repairs": list(self.repairs),
                "quote_micros": self.generated.quote_micros,
                "actual_micros": self.generated.actual_micros,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no picture."""

    asked: Asked
    error: CoachError

    @property
    def code(self) -> str:
        """What happened: the picture's code, or what kind of refusal it was, e.g. ``input_refused``."""
        if isinstance(self.error, PictureError):
            return self.error.code
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.error).__name__).lower()

    @property
    def paid(self) -> Paid:
        """Whether it is charged."""
        return self.error.paid if isinstance(self.error, PictureError) else "unpaid"

    async def to_dict(self) -> dict[str, Any]:
        """The same form as :meth:`Picture.to_dict`, with an ``error``."""
        error: Mapping[str, Any] = {"code": self.code, "say": str(self.error), "paid": self.paid}
        return {
            "request_id": None,
            "status": "error",
            "images": [],
            "seed": None,
            "style_id": None if self.asked.style is None else self.asked.style.id,
            "saved_path": None,
            "error": error,
            "metadata": self.asked.to_dict(),
        }


Outcome = Picture | Failure


def short(generation_id: str) -> str:
    """The first eight characters: random ones, as ids are (UUID 4)."""
    return generation_id[:8]
