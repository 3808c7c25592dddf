"""Reading big-endian numbers and single bits one after the other, as media files have them."""

from __future__ import annotations

import struct


class Fields:
    """Numbers and stretches of bytes, one after the other.

    Every method raises ``struct.error`` where the data ends.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > self.left:
            raise struct.error("the data ends too early")
        self._at += length
        return self._data[self._at - length : self._at]

    def skip(self, length: int) -> None:
        """Leave bytes out."""
        self.take(length)

    def number(self, length: int) -> int:
        """The next number, of that many bytes; 0 of none."""
        return int.from_bytes(self.take(length), "big")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)


class Bits:
    """Bits, one after the other. Where the data ends, ``struct.error``."""

    def __init__(self, data: bytes) -> None:
        self._bits, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise struct.error("the data ends too early")
        return self._bits >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """The next number in Exp-Golomb code (H.265 §9.2)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise struct.error("a number is too large")
        return (1 << zeros) - 1 + self.take(zeros)
