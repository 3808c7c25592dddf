"""Finding the frames of a server-sent-event stream without keeping them."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import NamedTuple

from coach.studio.engines import Span

_HEAD = 64
"""How much of a line is looked at: enough for ``event: image_generation.partial_image``."""


class Frame(NamedTuple):
    """One event: its name, and where its data lies in the stream."""

    event: str
    data: Span


MOST_LINES = 100_000
"""Lines that are looked at; a stream that means well has a few dozen. What follows is not read."""


class FrameSplitter:
    """Takes a stream in pieces of any size and says where its events lie (WHATWG HTML, server-sent events).

    Lines end with LF, CRLF or CR. The data of an event that spans several ``data:`` lines includes the line
    ends and field names between them.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._line = 0
        self._head = b""
        self._event = ""
        self._data: Span | None = None
        self._after_cr = False
        self._lines = 0

    def feed(self, chunk: bytes | bytearray) -> list[Frame]:
        """Take the next bytes; return the events they complete."""
        frames: list[Frame] = []
        begin = 0
        for end in _line_ends(chunk):
            self._lines += 1
            if self._lines > MOST_LINES:
                return frames
            if chunk[end : end + 1] == b"\n" and (chunk[end - 1 : end] == b"\r" if end else self._after_cr):
                self._line += 1  # the second half of a CRLF
            else:
                self._look_at(chunk[begin : min(end, begin + _HEAD)])
                frames += self._end_line(self._seen + end)
            begin = end + 1
        self._look_at(chunk[begin : begin + _HEAD])
        self._after_cr = chunk[-1:] == b"\r" if len(chunk) else self._after_cr
        self._seen += len(chunk)
        return frames

    def finish(self) -> list[Frame]:
        """The event at the end of a stream that did not close it with a blank line."""
        return self._end_line(self._seen) + self._end_frame()

    def _look_at(self, piece: bytes | bytearray) -> None:
        self._head += piece[: _HEAD - len(self._head)]

    def _end_line(self, end: int) -> list[Frame]:
        head, start = self._head, self._line
        self._head, self._line = b"", end + 1
        if start == 0 and head.startswith(BOM_UTF8):
            head, start = head[len(BOM_UTF8) :], len(BOM_UTF8)
        if not head:
            return self._end_frame()
        if head.startswith(b"event:"):
            self._event = head[6:].strip().decode("ascii", "replace")
        elif head.startswith(b"data:"):
            first = start + 5 if self._data is None else self._data.start
            self._data = Span(first, end)
        return []

    def _end_frame(self) -> list[Frame]:
        event, data = self._event, self._data
        self._event, self._data = "", None
        return [] if data is None else [Frame(event, data)]


def _line_ends(chunk: bytes | bytearray) -> Iterator[int]:
    """Where LF and CR are, in order."""
    feed, cr = chunk.find(b"\n"), chunk.find(b"\r")
    while feed >= 0 or cr >= 0:
        if cr < 0 or 0 <= feed < cr:
            yield feed
            feed = chunk.find(b"\n", feed + 1)
        else:
            yield cr
            cr = chunk.find(b"\r", cr + 1)
