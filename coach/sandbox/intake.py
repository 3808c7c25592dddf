"""Reading an images request off the wire: multipart or JSON, parameters and files."""

from __future__ import annotations

import base64
import binascii
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageOps
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from coach.sandbox import errors
from coach.sandbox.rules import ModelRules

IMAGES = 16
IMAGE_BYTES = 50 * 1024 * 1024
MASK_BYTES = 4 * 1024 * 1024
DATA_URL_LENGTH = 20_971_520

_MIMES = ("image/png", "image/jpeg", "image/webp")
PIXELS = 100_000_000
_INTEGERS = ("n", "output_compression", "partial_images", "frame_count", "frame_duration_ms")
_OVERLAYS = ("mask", "markup")
_FILES = ("image", "image[]", *_OVERLAYS)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file of a request: the parameter it came as, its bytes, and the type it was said to have."""

    param: str
    data: bytes
    mime: str | None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a request carried. ``params`` have their JSON types, whatever the encoding."""

    params: Mapping[str, Any]
    images: Sequence[Upload] = ()
    overlays: Mapping[str, Upload] = field(default_factory=dict)


async def read_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        ApiError: It is something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise errors.bad_content_type(kind, "application/json")
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise errors.not_json() from None
    if not isinstance(body, dict):
        raise errors.not_json()
    return body


async def read_edit(request: Request) -> Sent:
    """An edit, in either encoding.

    Raises:
        ApiError: The body is neither, or a reference is not one.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_form(request)
    if kind == "application/json":
        return _from_json(await read_json(request))
    raise errors.bad_content_type(kind, "application/json", "multipart/form-data")


async def _read_form(request: Request) -> Sent:
    try:
        async with request.form() as form:
            return await _from_form(form)
    except HTTPException:
        raise errors.not_form() from None


async def _from_form(form: FormData) -> Sent:
    params: dict[str, Any] = {}
    images: list[Upload] = []
    overlays: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            if name in _FILES:
                raise errors.wrong_type(name.removesuffix("[]"), "a file")
            params["svg" if name.startswith("svg[") else name] = _typed(name, value)
        elif name not in _FILES:
            raise errors.unknown(name)
        elif (value.size or 0) >= IMAGE_BYTES:
            raise errors.too_large(name, IMAGE_BYTES)
        else:
            upload = Upload(param=name, data=await value.read(), mime=value.headers.get("content-type"))
            if name in _OVERLAYS:
                overlays[name] = upload
            else:
                images.append(upload)
    return Sent(params=params, images=_numbered(images), overlays=overlays)


def _typed(name: str, text: str) -> object:
    """A form field as the JSON value it stands for."""
    if name in _INTEGERS and text.lstrip("-").isdecimal():
        return int(text)
    if name == "stream" and text in ("true", "false"):
        return text == "true"
    return text


def _numbered(images: list[Upload]) -> list[Upload]:
    """Images of an array are named ``image[0]``, ``image[1]``… in errors."""
    return [
        Upload(param="image" if image.param == "image" else f"image[{i}]", data=image.data, mime=image.mime)
        for i, image in enumerate(images)
    ]


def _from_json(body: dict[str, Any]) -> Sent:
    params = {name: value for name, value in body.items() if name not in ("images", "mask")}
    references = body.get("images")
    if references is None:
        raise errors.missing("images")
    if not isinstance(references, list):
        raise errors.wrong_type("images", "an array of objects")
    images = [referenced(f"images[{i}]", one) for i, one in enumerate(references)]
    mask = body.get("mask")
    return Sent(
        params=params, images=images, overlays={} if mask is None else {"mask": referenced("mask", mask)}
    )


def referenced(param: str, reference: object) -> Upload:
    """A picture that came as a data URL, in an object with ``image_url``.

    Raises:
        ApiError: It came another way, or cannot be read.
    """
    if not isinstance(reference, dict) or len(reference.keys() & {"image_url", "file_id"}) != 1:
        raise errors.invalid(param, f"'{param}' must have exactly one of 'image_url' and 'file_id'.")
    for name in reference.keys() - {"image_url", "file_id"}:
        raise errors.unknown(f"{param}.{name}")
    url = reference.get("image_url")
    if not isinstance(url, str) or not url.startswith("data:"):
        # The sandbox has no files and fetches nothing.
        raise errors.invalid(param, f"'{param}': the sandbox takes base64 data URLs only.")
    if len(url) > DATA_URL_LENGTH:
        raise errors.too_long(f"{param}.image_url", len(url), DATA_URL_LENGTH)
    head, _, text = url.removeprefix("data:").partition(",")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise errors.invalid(param, f"'{param}': the data URL is not valid base64.") from None
    return Upload(param=param, data=data, mime=head.removesuffix(";base64"))


def open_images(sent: Sent, rules: ModelRules) -> tuple[list[Image.Image], Image.Image | None]:
    """Check and decode every file of an edit.

    Returns:
        The images, and the mask if there is one.

    Raises:
        ApiError: The first file that is wrong.
    """
    if not sent.images:
        raise errors.missing("image")
    if len(sent.images) > IMAGES:
        message = f"Too many images: at most {IMAGES} are supported, got {len(sent.images)}."
        raise errors.invalid(sent.images[0].param.partition("[")[0], message)
    images = [open_image(upload, number, IMAGE_BYTES) for number, upload in enumerate(sent.images, start=1)]
    if len(sent.overlays) > 1:
        raise errors.invalid("markup", "'markup' cannot be combined with 'mask'.")
    if "markup" in sent.overlays and not rules.markup:
        raise errors.invalid("markup", f"'markup' is not supported by the model '{rules.name}'.")
    overlay = next((_overlay(upload, images[0]) for upload in sent.overlays.values()), None)
    return images, overlay if "mask" in sent.overlays else None


def open_image(upload: Upload, number: int, most: int) -> Image.Image:
    """Decode a file by what is in it; its declared type only has to be one of the three.

    Raises:
        ApiError: It is none of these, larger than ``most`` bytes, or damaged.
    """
    if upload.mime not in _MIMES:
        raise errors.bad_mime(upload.param, upload.mime)
    if len(upload.data) >= most:
        raise errors.too_large(upload.param, most)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(upload.data), formats=("PNG", "JPEG", "WEBP"))
            if image.width * image.height > PIXELS:
                raise errors.bad_image(upload.param, number)
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise errors.bad_image(upload.param, number) from None
    return image


def _overlay(upload: Upload, first: Image.Image) -> Image.Image:
    """A mask or markup: a PNG with transparent pixels, as large as the first image when upright."""
    image = open_image(upload, 1, MASK_BYTES)
    name = upload.param
    if image.format != "PNG":
        raise errors.invalid(name, f"'{name}' must be a PNG file.")
    if image.size != ImageOps.exif_transpose(first).size:
        raise errors.invalid(name, f"'{name}' must have the same dimensions as the first image.")
    if not image.has_transparency_data:
        raise errors.invalid(name, f"'{name}' must have an alpha channel.")
    return image
