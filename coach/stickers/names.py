"""What the ready-made stickers are called. Apart from them, so that naming them takes no time."""

from __future__ import annotations

NAMES = ("GM", "GN", "LFG", "HODL", "WAGMI", "NGMI", "SER", "REKT", "ALPHA", "HIGHER")
"""In the order of a pack."""
