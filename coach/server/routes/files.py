"""Pictures by signed link."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from coach.server.running import Here
from coach.store.blobs import ENDINGS

router = APIRouter(tags=["pictures"])

_TYPES = {ending: media_type for media_type, ending in ENDINGS.items()}
HEADERS = {
    "Cache-Control": "private, no-store",
    # What a browser opens by itself may run nothing and load nothing.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""How a picture is sent: nobody between keeps it, and nothing in it runs."""


def base_of(request: Request) -> str:
    """What a signed link begins with here; its token follows."""
    return str(request.url_for("file", token="-")).removesuffix("-")


@router.get("/api/v1/files/{token}", response_class=Response, name="file")
async def file(token: str, here: Here) -> Response:
    """A picture, for whoever has the link. A link works for ten minutes at most."""
    key = here.links.read(token)
    data = await here.store.blobs.get(key)
    media_type = _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
    return Response(data, media_type=media_type, headers=HEADERS)
