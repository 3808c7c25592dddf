"""Pictures out of an answer in a file: the bytes as they came, and nothing else."""

import base64
import gzip
import hashlib
import json
import random
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI

from coach.errors import PictureError
from coach.studio import GptImageEngine
from coach.studio.engines._sse import FrameSplitter
from tests.studio._service import answer, frames, noted, picture, store

UNUSED = GptImageEngine(AsyncOpenAI(api_key="a-key", base_url="http://127.0.0.1:9"))
"""Reading needs no service."""

GOLD, TEAL = picture("gold"), picture("teal")


@pytest.mark.parametrize("place", [0, 20, 40, 100_000, 1_000_000, -30, -6])
def test_a_picture_that_was_damaged_on_its_way_is_none(place: int, tmp_path: Path) -> None:
    damaged = bytearray(noted(random.Random(place).randbytes(1_200_000)))
    damaged[place] ^= 1
    body = json.dumps(answer(bytes(damaged), GOLD)).encode()
    received = UNUSED.read(store(tmp_path / "a.body", body), "application/json", tmp_path / "a.picture")
    assert [found.path.read_bytes() for found in received.pictures] == [GOLD]
    assert received.unreadable == 1
    assert [path.name for path in tmp_path.glob("a.picture*")] == ["a.picture.0"]


def test_what_is_no_final_picture_leaves_no_file(tmp_path: Path) -> None:
    unnamed = re.sub(rb"event: .*\n", b"", frames(TEAL, TEAL, final=GOLD))
    UNUSED.read(store(tmp_path / "a.body", unnamed), "text/event-stream", tmp_path / "a.picture")
    assert [path.name for path in tmp_path.glob("a.picture*")] == ["a.picture.0"]


def test_base64_written_with_json_escapes_is_read(tmp_path: Path) -> None:
    data = noted(bytes(range(256)) * 3)
    escaped = base64.b64encode(data).decode().replace("/", "\\/").replace("+", "\\u002B")
    body = b'{"data": [{ "b64_json" : "' + escaped.encode() + b'" }]}'
    received = UNUSED.read(store(tmp_path / "a.body", body), "application/json", tmp_path / "a.picture")
    assert received.pictures[0].path.read_bytes() == data


@given(
    sizes=st.lists(st.integers(0, 1_700_000), min_size=1, max_size=3),
    spaces=st.sampled_from(["", " ", "\n  "]),
)
@settings(max_examples=25, deadline=None)
def test_pictures_of_any_length_come_out_as_they_went_in(sizes: list[int], spaces: str) -> None:
    pictures = [noted(random.Random(size).randbytes(size)) for size in sizes]
    body = json.dumps(answer(*pictures), indent=spaces or None).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = store(Path(folder) / "a.body", body)
        received = UNUSED.read(path, "application/json", Path(folder) / "a.picture")
        assert [found.path.read_bytes() for found in received.pictures] == pictures
        hashes = [hashlib.sha256(picture).hexdigest() for picture in pictures]
        assert [found.sha256 for found in received.pictures] == hashes


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (json.dumps(answer(GOLD)).encode(), "application/json"),
        (frames(TEAL, final=GOLD), "text/event-stream"),
    ],
)
def test_an_answer_that_was_compressed_is_not_lost(body: bytes, media_type: str, tmp_path: Path) -> None:
    path = store(tmp_path / "a.body", gzip.compress(body))
    received = UNUSED.read(path, media_type, tmp_path / "a.picture")
    assert received.pictures[0].path.read_bytes() == GOLD
    assert path.read_bytes() == gzip.compress(body), "what arrived stays as it was"


@pytest.mark.parametrize("unfinished", [0, 2])
def test_what_was_seen_on_its_way_is_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unfinished: int
) -> None:
    body = frames(TEAL, TEAL, final=GOLD)
    body = body[: len(body) - unfinished]
    finder = UNUSED.find_partials("text/event-stream")
    shown = [span for at in range(0, len(body), 999) for span in finder.feed(body[at : at + 999])]
    where = finder.others()
    assert len(shown) == 2 and where is not None and len(where) == 1
    packed = store(tmp_path / "b.body", gzip.compress(body))
    received = UNUSED.read(packed, "text/event-stream", tmp_path / "b.picture", where)
    assert received.pictures[0].path.read_bytes() == GOLD, "what lies where in it was never seen"

    def again(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(FrameSplitter, "feed", again)
    path = store(tmp_path / "a.body", body)
    received = UNUSED.read(path, "text/event-stream", tmp_path / "a.picture", where)
    assert received.pictures[0].path.read_bytes() == GOLD


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"data": [{"b64_json": "' + b"A" * 100_000_000 + b'"}]}'),
        gzip.compress(json.dumps(answer(GOLD)).encode())[:-20],
        gzip.compress(b"x" * 1000)[:200] + b"nonsense",
        b"\x1f\x8b",
    ],
    ids=["a bomb", "cut off", "damaged", "nothing in it"],
)
def test_what_cannot_be_unpacked_was_paid_for_and_stays(body: bytes, tmp_path: Path) -> None:
    path = store(tmp_path / "a.body", body)
    with pytest.raises(PictureError) as caught:
        UNUSED.read(path, "application/json", tmp_path / "a.picture")
    assert (caught.value.code, caught.value.paid) == ("bad_answer", "paid")
    assert path.read_bytes() == body
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 4_000_000


def test_no_more_pictures_are_decoded_than_can_be_asked_for(tmp_path: Path) -> None:
    body = json.dumps(answer(*[GOLD] * 12)).encode()
    received = UNUSED.read(store(tmp_path / "a.body", body), "application/json", tmp_path / "a.picture")
    assert (len(received.pictures), received.unreadable) == (10, 2)


def test_a_decoded_picture_is_nobody_elses_to_read(tmp_path: Path) -> None:
    body = store(tmp_path / "a.body", json.dumps(answer(GOLD)).encode())
    [found] = UNUSED.read(body, "application/json", tmp_path / "a.picture").pictures
    assert found.path.stat().st_mode & 0o777 == 0o600


def test_decoding_again_leaves_what_became_a_blob_alone(tmp_path: Path) -> None:
    store(tmp_path / "a.picture.0", TEAL)
    (tmp_path / "blob").hardlink_to(tmp_path / "a.picture.0")
    body = store(tmp_path / "a.body", json.dumps(answer(GOLD)).encode())
    [found] = UNUSED.read(body, "application/json", tmp_path / "a.picture").pictures
    assert (found.path.read_bytes(), (tmp_path / "blob").read_bytes()) == (GOLD, TEAL)
