"""Finding the events of a stream, however it was cut into pieces."""

import codecs
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coach.studio.engines._sse import Frame, FrameSplitter

STREAM = (
    b": hello\n\n"
    b'event: image_edit.partial_image\r\ndata: {"a": 1}\r\n\r\n'
    b"\n\n"
    b"event: nothing\n\n"
    b"data: one\nid: 3\nevent: late\n\n"
    b"event: long\ndata: " + b"x" * 500 + b"\n\n"
    b"data: two\ndata: lines\n\n"
    b"data: open"
)
OTHERS = [
    STREAM.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
    STREAM.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    codecs.BOM_UTF8 + STREAM[9:],
]
"""The same events with other line ends, and with the mark that may come first."""

EVENTS = [
    ("image_edit.partial_image", b' {"a": 1}'),
    ("late", b" one"),
    ("long", b" " + b"x" * 500),
    ("", b" two\ndata: lines"),
    ("", b" open"),
]


def split(pieces: list[bytes]) -> list[Frame]:
    splitter = FrameSplitter()
    return [frame for piece in pieces for frame in splitter.feed(piece)] + splitter.finish()


@given(st.sampled_from([STREAM, *OTHERS]), st.lists(st.integers(0, 2 * len(STREAM)), max_size=40))
def test_events_are_the_same_however_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(stream)]
    frames = split([stream[start:end] for start, end in pairwise(at)])
    found = [(frame.event, stream[slice(*frame.data)]) for frame in frames]
    plain = [(event, data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")) for event, data in found]
    assert plain == EVENTS


def test_a_name_of_any_length_takes_no_memory_and_hides_no_event() -> None:
    splitter = FrameSplitter()
    frames = splitter.feed(b"event: " + b"x" * 1_000_000 + b"\ndata: 1\n\n")
    assert [len(frame.event) for frame in frames] == [57]


def test_an_event_is_told_as_soon_as_its_blank_line_is_there() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(b"event: a\ndata: 1\n") == []
    assert [frame.event for frame in splitter.feed(b"\n")] == ["a"]


def test_a_stream_without_line_ends_takes_no_memory() -> None:
    splitter = FrameSplitter()
    for _ in range(100):
        splitter.feed(b"data: " + b"x" * 100_000)
    assert max(len(value) for value in vars(splitter).values() if isinstance(value, bytes)) <= 64
