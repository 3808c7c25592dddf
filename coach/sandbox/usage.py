"""What a picture would have used and cost: tokens, then micro-dollars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coach.sandbox.rules import FIXED_SIZES, ModelRules

PARTIAL_TOKENS = 100
"""What each partial image adds to the output (OpenAI image guide, streaming)."""

_LEAST_PATCHES, _MOST_PATCHES = 1024, 1536


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The tokens of one request."""

    text: int
    image: int
    output: int

    def body(self, *, details: bool) -> dict[str, object]:
        """``usage`` as the API writes it; only the unstreamed response has ``details`` of the output."""
        body: dict[str, object] = {
            "input_tokens": self.text + self.image,
            "input_tokens_details": {"image_tokens": self.image, "text_tokens": self.text},
            "output_tokens": self.output,
            "total_tokens": self.text + self.image + self.output,
        }
        if details:
            body["output_tokens_details"] = {"image_tokens": self.output, "text_tokens": 0}
        return body

    def micros(self, rules: ModelRules) -> int | None:
        """The price in micro-dollars (a dollar per million tokens is one each); ``None`` when not known."""
        if rules.prices is None:
            return None
        prices = rules.prices
        exact = self.text * prices["text"] + self.image * prices["image"] + self.output * prices["output"]
        return math.ceil(exact)


def measure(
    rules: ModelRules,
    *,
    prompt: str,
    images: Sequence[tuple[int, int]],
    size: tuple[int, int],
    quality: str,
    n: int,
    partials: int,
    fidelity: str,
) -> Usage:
    """Count the tokens of a request.

    Args:
        rules: The model's.
        prompt: Counted as one token for four bytes; the real tokeniser is not published for images.
        images: Width and height of every input image, the mask's too, in pixels.
        size: Of the picture, in pixels.
        quality: The one used, never ``auto``.
        n: How many pictures.
        partials: How many partial images of each.
        fidelity: ``low`` or ``high``; counts where the model lets one choose.
    """
    return Usage(
        text=math.ceil(len(prompt.encode()) / 4),
        image=sum(_input_tokens(rules, width, height, fidelity) for width, height in images),
        output=n * (_output_tokens(rules, size, quality) + partials * PARTIAL_TOKENS),
    )


def _output_tokens(rules: ModelRules, size: tuple[int, int], quality: str) -> int:
    """From the published table, or for the 2 models by the grid: patches times a share that grows with area.

    The formula reproduces every value known for gpt-image-2 and 2.5, e.g. 7,024 for a square of 1024 in
    ``high`` and 13,342 for 3840x2160 (calculator readings of September 2026).
    """
    width, height = size
    if rules.tokens:
        return rules.tokens[quality][FIXED_SIZES.index(f"{width}x{height}")]
    across = rules.grid[quality]
    down = round(across * min(size) / max(size))
    return math.ceil(across * down * (2_000_000 + width * height) / 4_000_000)


def _input_tokens(rules: ModelRules, width: int, height: int, fidelity: str) -> int:
    """By the vision guide for the 1 models (512-pixel tiles); for the 2 models patches of 32 pixels, scaled
    into 1,024 to 1,536 of them (a measurement: 512² and 1024² give 1,024, 2048² and 4000² give 1,521)."""
    if rules.tokens:
        k = 512 / min(width, height)
        tiles = math.ceil(width * k / 512) * math.ceil(height * k / 512)
        extra = 0 if fidelity == "low" else 4160 if width == height else 6240
        return 65 + 129 * tiles + extra
    across, down = width / 32, height / 32
    patches = across * down
    if patches > _MOST_PATCHES:
        k = math.sqrt(_MOST_PATCHES / patches)
        return max(_LEAST_PATCHES, math.floor(across * k) * math.floor(down * k))
    return max(_LEAST_PATCHES, math.ceil(across) * math.ceil(down))
