"""A worker of RunPod's that runs ComfyUI, as the handler of worker-comfyui 5.8.5 does it (d2a5572)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from PIL import Image, ImageOps

from coach.sandbox import comfy
from coach.sandbox.faults.job import FAILS
from coach.sandbox.painter import Commission, encode, paint, quick

Json = dict[str, Any]

MOST_RESULT = 20_000_000
"""Bytes of a result that RunPod takes; a larger one is refused and never arrives."""

_KEPT_LINK = 7 * 24 * 3600  # seconds, as runpod-python's rp_upload signs them


class TooLarge(Exception):
    """The result is refused: as far as anybody sees, the job is worked on until its time is over."""


def handle(id: str, sent: Json, ending: str | None, *, is_quick: bool, most: int = MOST_RESULT) -> Json:
    """Do a job. Blocks.

    Args:
        id: The job's.
        sent: What ``/run`` was sent.
        ending: How it is to end, a name of :mod:`coach.sandbox.faults.job`; ``None``: well.
        is_quick: Pictures are only labelled.
        most: Bytes of the largest result.

    Returns:
        What the state of the job is answered with: ``output``, ``error`` and what else there is.

    Raises:
        TooLarge: There is no bucket for a result that needs one.
    """
    if ending in FAILS:
        return FAILS[ending]
    asked = _checked(sent["input"])
    if "error" in asked:
        return asked
    try:
        pictures = {each["name"]: _opened(each) for each in asked["images"]}
    except (binascii.Error, OSError, ValueError) as exc:
        details = [f"Error decoding base64 for an image: {exc}"]
        return {"error": "Failed to upload one or more input images", "output": {"details": details}}
    try:
        outputs = comfy.judge(asked["workflow"], pictures.keys())
    except comfy.Refused as refused:
        return {"error": _refusal(refused.body)}
    wanted = [comfy.wanted(asked["workflow"], output) for output in outputs]
    made = [each for one in wanted for each in _drawn(one, pictures, is_quick=is_quick)]
    if bucket := sent.get("s3Config"):
        return {"output": {"images": [_stored(id, data, bucket) for data in made]}}
    if ending == "job_too_large" or sum(map(len, made)) * 4 // 3 > most:
        raise TooLarge
    return _result(made, ending)


def _checked(given: Any) -> Json:
    """The input, as ``validate_input`` has it; or its ``error``."""
    if given is None:
        return {"error": "Please provide input"}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {"error": "Invalid JSON format in input"}
    if not isinstance(given, dict) or given.get("workflow") is None:
        return {"error": "Missing 'workflow' parameter"}
    images = given.get("images")
    if images is not None and not (
        isinstance(images, list)
        and all(isinstance(each, dict) and {"name", "image"} <= each.keys() for each in images)
    ):
        return {"error": "'images' must be a list of objects with 'name' and 'image' keys"}
    return {"workflow": given["workflow"], "images": images or []}


def _opened(each: Mapping[str, str]) -> Image.Image:
    data = base64.b64decode(each["image"].rpartition(",")[2], validate=True)
    image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
    image.load()
    return ImageOps.exif_transpose(image)


def _refusal(body: Json) -> str:
    """The text that ``queue_workflow`` makes of ComfyUI's refusal."""
    error = body["error"]
    failed = error["type"] == "prompt_outputs_failed_validation"
    message = "Workflow validation failed" if failed else error["message"]
    details = [
        f"• Node {id} ({key}): {value}"
        for id, found in body["node_errors"].items()
        for key, value in found.items()
    ]
    if not details:
        return f"{message}. Raw response: {json.dumps(body)}"
    return f"{message}:\n" + "\n".join(details)


def _drawn(one: comfy.Wanted, pictures: Mapping[str, Image.Image], *, is_quick: bool) -> list[bytes]:
    given = [pictures[name] for name in one.pictures]
    size = one.size or (given[0].size if given else (1024, 1024))
    made = []
    for number in range(one.count):
        seed = hashlib.sha256(f"{one.prompt}:{one.seed}:{number}".encode()).hexdigest()
        if is_quick:
            made.append(quick(size, format="png", compression=100, transparent=False, stamp=seed))
            continue
        picture = paint(Commission(prompt=one.prompt, size=size, seed=seed, images=given))
        made.append(encode(picture.image, picture.mark, hash=seed[:8], format="png"))
    return made


def _stored(id: str, data: bytes, bucket: Mapping[str, str]) -> Json:
    """Put a picture into the bucket that came along, as runpod-python does it."""
    boto3: Any = importlib.import_module("boto3")  # an extra; without it nobody gives a bucket along
    config: Any = importlib.import_module("botocore.config").Config
    client = boto3.client(
        "s3",
        endpoint_url=bucket["endpointUrl"],
        aws_access_key_id=bucket["accessId"],
        aws_secret_access_key=bucket["accessSecret"],
        region_name="us-east-1",
        config=config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    key = f"{id}/{uuid4().hex[:8]}.png"
    where = {"Bucket": bucket["bucketName"], "Key": key}
    client.put_object(**where, Body=data, ContentType="image/png")
    link = client.generate_presigned_url("get_object", Params=where, ExpiresIn=_KEPT_LINK)
    return {"filename": "ComfyUI_00001_.png", "type": "s3_url", "data": link}


def _result(made: Sequence[bytes], ending: str | None) -> Json:
    texts = [base64.b64encode(data).decode() for data in made]
    if ending == "job_bad_picture":
        texts = [base64.b64encode(b"no picture" * 20).decode()]
    listed: list[Json] = [
        {"filename": f"ComfyUI_{number:05}_.png", "type": "base64", "data": text}
        for number, text in enumerate(texts, 1)
    ]
    match ending:
        case "job_v4":
            return {"output": {"message": texts[0], "status": "success", "refresh_worker": False}}
        case "job_results":
            return {"output": {"job_results": {"images": texts}}}
        case "job_nested":
            return {"output": {"output": {"images": texts}}}
        case "job_root":
            return {"images": [f"data:image/png;base64,{text}" for text in texts]}
        case "job_partial":
            return {"output": {"images": listed, "errors": ["Failed to fetch image data for b.png"]}}
        case "job_no_pictures":
            return {"output": {"status": "success_no_images", "images": []}}
        case "job_link_inside":
            inside = {**listed[0], "type": "s3_url", "data": "https://169.254.169.254/a.png"}
            return {"output": {"images": [inside]}}
        case _:
            return {"output": {"images": listed}}
