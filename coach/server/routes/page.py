"""The page: files that a browser takes as they are. Their addresses are relative, so it works mounted."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response, status
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)

# Short: a new release is there within a minute, and what did not change is not sent again.
_KEPT = {"Cache-Control": "private, max-age=60", "Vary": "Accept-Encoding"}
_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class _File:
    data: bytes
    packed: bytes
    media_type: str
    tag: str


def _read(data: bytes, media_type: str) -> _File:
    # Weak: it is the same file, packed or not.
    tag = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'
    return _File(data=data, packed=gzip.compress(data), media_type=media_type, tag=tag)


@cache
def _all() -> Mapping[str, _File]:
    found = (files("coach.server") / "page").iterdir()
    kinds = [(each, each.name.rpartition(".")[2]) for each in found]
    return {each.name: _read(each.read_bytes(), _TYPES[kind]) for each, kind in kinds if kind in _TYPES}


def _sent(name: str, request: Request) -> Response:
    file = _all().get(name)
    if file is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    headers = _KEPT | {"ETag": file.tag}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(file.packed if packed else file.data, media_type=file.media_type, headers=headers)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page."""
    return _sent("index.html", request)


@router.api_route("/page/{name}", methods=["GET", "HEAD"])
async def part(name: str, request: Request) -> Response:
    """What the page, or a host's page with `<coach-chat>` in it, is made of."""
    return _sent(name, request)
