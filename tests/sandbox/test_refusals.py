"""What the real picture service refuses is refused here, with its codes."""

import base64
import io
from typing import Any

import httpx2
import pytest
from PIL import Image

from coach.sandbox import BLOCKED_INPUT, BLOCKED_OUTPUT, Sandbox, images, intake

REQUEST, PICTURE = "invalid_request_error", "image_generation_user_error"
GOOD = {"model": "gpt-image-2.5-sunburst", "prompt": "a hill"}
Json = dict[str, Any]


def png(size: tuple[int, int] = (64, 64), *, mode: str = "RGB", **how: Any) -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new(mode, size).save(out, how.pop("format", "PNG"), **how)
    return out.getvalue()


PNG, SEEN_THROUGH = png(), png(mode="RGBA")


def refused(response: httpx2.Response) -> tuple[int, str | None, str | None, str]:
    """Status, code, parameter and type of a refusal, whose envelope has its four keys."""
    error = response.json()["error"]
    assert list(error)[:4] == ["message", "type", "param", "code"] and error["message"]
    assert response.headers["x-request-id"].startswith("req_")
    return response.status_code, error["code"], error["param"], error["type"]


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": None}, 400, "missing_required_parameter", "model"),
        ({"model": "gpt-image-1"}, 404, "model_not_found", None),
        ({"model": "dall-e-3"}, 404, "model_not_found", None),
        ({"model": "gpt-image-2.5"}, 404, "model_not_found", None),
        ({"model": 7}, 404, "model_not_found", None),
        ({"prompt": None}, 400, "missing_required_parameter", "prompt"),
        ({"prompt": ""}, 400, "empty_string", "prompt"),
        ({"prompt": 7}, 400, "invalid_type", "prompt"),
        ({"prompt": "x" * 32_001}, 400, "string_above_max_length", "prompt"),
        ({"response_format": "b64_json"}, 400, "unknown_parameter", "response_format"),
        ({"style": "vivid"}, 400, "unknown_parameter", "style"),
        ({"input_fidelity": "high"}, 400, "unknown_parameter", "input_fidelity"),
        ({"n": 0}, 400, "integer_below_min_value", "n"),
        ({"n": 11}, 400, "integer_above_max_value", "n"),
        ({"n": "two"}, 400, "invalid_type", "n"),
        ({"n": True}, 400, "invalid_type", "n"),
        ({"stream": "yes"}, 400, "invalid_type", "stream"),
        ({"stream": True, "partial_images": 4}, 400, "integer_above_max_value", "partial_images"),
        ({"partial_images": 2}, 400, "invalid_value", "partial_images"),
        ({"output_compression": 101}, 400, "integer_above_max_value", "output_compression"),
        ({"output_compression": 50}, 400, "invalid_value", "output_compression"),
        ({"output_format": "gif"}, 400, "invalid_value", "output_format"),
        ({"frame_count": 9}, 400, "invalid_value", "frame_count"),
        ({"background": "none"}, 400, "invalid_value", "background"),
        ({"background": "transparent", "output_format": "jpeg"}, 400, "invalid_value", "background"),
        ({"moderation": "off"}, 400, "invalid_value", "moderation"),
        ({"quality": "hd"}, 400, "invalid_value", "quality"),
        ({"quality": "max", "model": "gpt-image-2"}, 400, "invalid_value", "quality"),
        ({"size": "512x512"}, 400, "invalid_value", "size"),
        ({"size": "1000x1000"}, 400, "invalid_value", "size"),
        ({"size": "big"}, 400, "invalid_value", "size"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(
    wire: httpx2.Client, sandbox: Sandbox, change: Json, status: int, code: str, param: str | None
) -> None:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    answer = wire.post("/images/generations", json=body)
    assert refused(answer) == (status, code, param, REQUEST)
    assert (sandbox.log[-1].error_code, sandbox.log[-1].micros) == (code, 0)


@pytest.mark.parametrize(
    ("model", "fidelity", "taken"),
    [
        ("gpt-image-1.5", "high", True),
        ("gpt-image-1.5", None, True),
        ("gpt-image-1-mini", "low", True),
        ("gpt-image-1-mini", "high", False),
        ("gpt-image-2", "high", False),
        ("gpt-image-2.5-flare", "low", False),
        ("gpt-image-2.6-sunburst", "high", False),
        ("gpt-image-2.5-sunburst", None, False),
    ],
)
def test_input_fidelity_is_for_the_old_models_even_as_null(
    wire: httpx2.Client, model: str, fidelity: str | None, taken: bool
) -> None:
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    body = {"model": model, "prompt": "x", "images": [{"image_url": url}], "input_fidelity": fidelity}
    answer = wire.post("/images/edits", json={**body, "quality": "low", "size": "1024x1024"})
    if taken:
        assert answer.status_code == 200
    else:
        assert refused(answer) == (400, "invalid_input_fidelity_model", "input_fidelity", PICTURE)


@pytest.mark.parametrize(
    ("files", "code", "param"),
    [
        ([], "missing_required_parameter", "image"),
        ([("image", ("upload", PNG, "application/octet-stream"))], "unsupported_file_mimetype", "image"),
        ([("image", ("a.gif", PNG, "image/gif"))], "unsupported_file_mimetype", "image"),
        (
            [("image[]", ("a.png", PNG, "image/png")), ("image[]", ("b", PNG, "text/plain"))],
            "unsupported_file_mimetype",
            "image[1]",
        ),
        ([("image", ("a.png", b"not a picture", "image/png"))], "invalid_image_file", "image"),
        ([("image", ("a.png", PNG[:60], "image/png"))], "invalid_image_file", "image"),
        ([("image", ("a.png", png(format="GIF"), "image/png"))], "invalid_image_file", "image"),
        ([("image[]", ("a.png", PNG, "image/png"))] * 17, "invalid_value", "image"),
        ([("picture", ("a.png", PNG, "image/png"))], "unknown_parameter", "picture"),
        ([("image", (None, "text"))], "invalid_type", "image"),
    ],
    ids=[
        "none",
        "octet-stream",
        "gif",
        "second of two",
        "undecodable",
        "cut",
        "gif inside",
        "17",
        "name",
        "text",
    ],
)
def test_a_wrong_file_is_named(wire: httpx2.Client, files: Any, code: str, param: str) -> None:
    # One field goes as a file too, so that the body is multipart even without an image.
    fields = [(name, (None, value)) for name, value in GOOD.items()]
    answer = wire.post("/images/edits", files=[*fields, *files])
    assert refused(answer) == (400, code, param, REQUEST)


def test_a_part_without_a_type_is_missing_one(wire: httpx2.Client) -> None:
    lines = [
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-image-2',
        b'\r\n--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx',
        b'\r\n--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n' + PNG,
        b"\r\n--b--\r\n",
    ]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = wire.post("/images/edits", content=b"".join(lines), headers=headers)
    assert refused(answer) == (400, "missing_file_mimetype", "image", REQUEST)


@pytest.mark.parametrize(
    ("overlays", "model", "param"),
    [
        ({"mask": png((32, 64), mode="RGBA")}, "gpt-image-2", "mask"),
        ({"mask": PNG}, "gpt-image-2", "mask"),
        ({"mask": png(mode="RGBA", format="WEBP", lossless=True)}, "gpt-image-2", "mask"),
        ({"mask": SEEN_THROUGH, "markup": SEEN_THROUGH}, "gpt-image-2.5-flare", "markup"),
        ({"markup": SEEN_THROUGH}, "gpt-image-2", "markup"),
        ({"mask": SEEN_THROUGH + bytes(4 * 1024 * 1024)}, "gpt-image-2", "mask"),
    ],
    ids=["size", "no alpha", "not a PNG", "both", "markup before 2.5", "4 MB"],
)
def test_a_wrong_mask_is_named(
    wire: httpx2.Client, overlays: dict[str, bytes], model: str, param: str
) -> None:
    files = {"image": ("a.png", PNG, "image/png")}
    files |= {name: (name, data, "image/png") for name, data in overlays.items()}
    answer = wire.post("/images/edits", data={**GOOD, "model": model}, files=files)
    assert refused(answer) == (400, "invalid_value", param, REQUEST)


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        (None, "missing_required_parameter", "images"),
        ("a", "invalid_type", "images"),
        ([], "missing_required_parameter", "image"),
        ([{}], "invalid_value", "images[0]"),
        ([{"image_url": "https://example.org/a.png"}], "invalid_value", "images[0]"),
        ([{"image_url": "data:image/png;base64,?"}], "invalid_value", "images[0]"),
        (
            [{"image_url": "data:image/png;base64,AA==", "detail": "high"}],
            "unknown_parameter",
            "images[0].detail",
        ),
        ([{"image_url": "data:image/gif;base64,AA=="}], "unsupported_file_mimetype", "images[0]"),
        ([{"image_url": "data:," + "A" * 20_971_520}], "string_above_max_length", "images[0].image_url"),
    ],
    ids=["none", "text", "empty", "no key", "link", "base64", "other key", "gif", "long"],
)
def test_a_wrong_reference_is_named(wire: httpx2.Client, given: Any, code: str, param: str) -> None:
    answer = wire.post("/images/edits", json={**GOOD} | ({} if given is None else {"images": given}))
    assert refused(answer) == (400, code, param, REQUEST)


@pytest.mark.parametrize(("word", "stage"), [(BLOCKED_INPUT, "input"), (BLOCKED_OUTPUT, "output")])
def test_the_safety_check_gives_its_stage_and_reasons(wire: httpx2.Client, word: str, stage: str) -> None:
    answer = wire.post("/images/generations", json={**GOOD, "prompt": f"a hill, {word}"})
    assert refused(answer) == (400, "moderation_blocked", "", PICTURE)
    error = answer.json()["error"]
    assert error["moderation_details"] == {"moderation_stage": stage, "categories": ["violence"]}
    assert answer.headers["x-request-id"] in error["message"]


@pytest.mark.parametrize(
    ("path", "how", "expected"),
    [
        (
            "/images/generations",
            {"content": b"{", "headers": {"content-type": "application/json"}},
            (400, None),
        ),
        ("/images/generations", {"json": []}, (400, None)),
        ("/images/generations", {"data": GOOD}, (400, "unsupported_content_type")),
        ("/images/edits", {"content": b"x"}, (400, "unsupported_content_type")),
        ("/images/edits", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, (400, None)),
        (
            "/images/generations",
            {"json": GOOD, "headers": {"authorization": "Bearer bad-key"}},
            (401, "invalid_api_key"),
        ),
        ("/images/generations", {"json": GOOD, "headers": {"authorization": ""}}, (401, None)),
    ],
    ids=["broken JSON", "a list", "a form", "no type", "no boundary", "bad key", "no key"],
)
def test_a_request_that_cannot_be_read_or_has_no_key(
    wire: httpx2.Client, path: str, how: Any, expected: tuple[int, str | None]
) -> None:
    assert refused(wire.post(path, **how))[:2] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/embeddings", 404), ("GET", "/images/edits", 405)]
)
def test_an_unknown_address_has_the_envelope_too(
    wire: httpx2.Client, method: str, path: str, status: int
) -> None:
    answer = wire.request(method, path)
    assert answer.status_code == status and answer.json()["error"]["type"] == REQUEST


def test_a_file_that_is_too_large_is_not_even_read(
    wire: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "IMAGE_BYTES", len(PNG))
    answer = wire.post("/images/edits", data=GOOD, files={"image": ("a.png", PNG, "image/png")})
    assert refused(answer) == (400, "invalid_value", "image", REQUEST)


def test_a_picture_with_too_many_pixels_is_no_picture(
    wire: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PIXELS", 64 * 64 - 1)
    answer = wire.post("/images/edits", data=GOOD, files={"image": ("a.png", PNG, "image/png")})
    assert refused(answer) == (400, "invalid_image_file", "image", REQUEST)


def test_our_own_fault_has_the_envelope_too(wire: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def spilt(commission: object) -> None:
        raise RuntimeError("the paint is all over the floor")

    monkeypatch.setattr(images, "paint", spilt)
    answer = wire.post("/images/generations", json=GOOD)
    assert answer.status_code == 500 and answer.json()["error"]["type"] == "server_error"
    assert "floor" not in answer.text
