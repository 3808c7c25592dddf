"""Twenty uploads that are small to send and large, or slow, to take in.

``python -m tests.marks._bombs FOLDER`` writes them: making them takes more memory than taking them in may.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tests.store._images import claimed_heic, claimed_webp, heic, png, save


def bombs() -> list[bytes]:
    """Just within the limits, four of each; then beyond them."""
    within = [_png(), _jpeg(), _webp(), _heic()]
    beyond = [png(60_000, 60_000), claimed_webp(16_383, 16_383), _scans(), claimed_heic(2048)]
    return within * 4 + beyond


def _png() -> bytes:
    return png(8000, 4999, rows=4999)


def _jpeg() -> bytes:
    return save(Image.new("RGB", (8000, 4999)), "JPEG", progressive=True, subsampling=0)


def _webp() -> bytes:
    return save(Image.new("RGBA", (4000, 3999)), "WEBP", lossless=True, method=0)


def _heic() -> bytes:
    return heic(Image.new("RGB", (8064, 6048)), quality=10)


def _scans() -> bytes:
    """A JPEG whose last scan is there a hundred thousand times."""
    whole = _jpeg()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 100_000 + whole[-2:]


if __name__ == "__main__":
    for number, bomb in enumerate(bombs()):
        (Path(sys.argv[1]) / str(number)).write_bytes(bomb)
