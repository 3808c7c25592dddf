"""One picture: its bytes, where it is from, and parts of it that are marked."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, Request, Response, UploadFile, status
from pydantic import BaseModel, Field

from coach.server.caller import SignedIn
from coach.server.routes._picture_rules import FORMS
from coach.server.routes._pictures import Shown, VersionOut
from coach.server.routes.files import HEADERS
from coach.server.running import Here
from coach.store import Version
from coach.studio import Reference, Thumbnails, add_mask
from coach.studio.ledger import Ledger
from coach.studio.mask import MASK_BYTES
from coach.studio.masks import handle_of
from coach.studio.provenance import SAYS_NOTHING, facts, read
from coach.studio.thumbnails import NARROWEST, WIDEST

router = APIRouter(prefix="/api/v1/versions/{version_id}", tags=["pictures"])


async def _mine(version_id: str, caller: SignedIn, here: Here) -> Version:
    return await here.store.versions.find(caller.user_id, version_id)


Mine = Annotated[Version, Depends(_mine)]


class Fact(BaseModel):
    """One thing a file says of itself."""

    what: str = Field(examples=["What it is"])
    says: str = Field(examples=["made by a generative AI model"])


class ProvenanceOut(BaseModel):
    """How a picture was made: what is written down here, and what the file itself says to anybody."""

    version_id: str
    made_with: str = Field(description="The picture model.", examples=["gpt-image-2"])
    operation: str = Field(description="generate, edit, compose or inpaint.", examples=["edit"])
    made_from: list[Reference] = Field(description="The pictures that went along.")
    wish: str | None = Field(description="What was asked for, in the person's words.")
    changed: list[str] = Field(description="What differs from what was asked for.")
    sha256: str = Field(description="Of the file: what is made from it names it so.")
    source_type: str | None = Field(description="The IPTC digital source type, a URI.")
    parents: list[str] = Field(description="The SHA-256 of the files it says it is made from.")
    signature: str = Field(description="Whether its C2PA manifest holds.", examples=["absent"])
    says: list[Fact] = Field(description="What the file says, in words.")


class MaskOut(BaseModel):
    """A part of a picture that was marked."""

    mask: str = Field(
        description="What the action `revise_identity_image` takes as `mask`.", examples=["m-3fa9c1d2"]
    )


@router.get("/")
async def version(mine: Mine, show: Shown) -> VersionOut:
    """One picture."""
    return VersionOut.of(mine, show)


@router.get(
    "/picture/",
    response_class=Response,
    responses={
        200: {
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/png", "image/jpeg", "image/webp")
            }
        }
    },
)
async def picture(
    mine: Mine,
    here: Here,
    width: Annotated[
        int | None,
        Query(
            ge=NARROWEST,
            le=WIDEST,
            description="For a smaller one: at least so many pixels wide. It keeps its AI mark, and names "
            "the picture it is made from. Left out: the picture itself.",
        ),
    ] = None,
) -> Response:
    """The bytes of a picture."""
    if width is None:
        data, media_type = await here.store.blobs.get(mine.blob), mine.media_type
    else:
        data, media_type = await here.coach.service("thumbnails", Thumbnails).of(mine, width)
    return Response(data, media_type=media_type, headers=HEADERS)


@router.get("/provenance/")
async def provenance(mine: Mine, here: Here) -> ProvenanceOut:
    """How a picture was made, and what its file says of that."""
    made = await Ledger(here.store.database).get(mine.user_id, mine.generation_id)
    found = await asyncio.to_thread(read, await here.store.blobs.get(mine.blob))
    told = [Fact(what=what, says=says) for what, says in facts(found)]
    return ProvenanceOut(
        version_id=mine.id,
        made_with=made.model,
        operation=made.operation,
        made_from=list(made.asked.references) if made.asked else [],
        wish=made.wish,
        changed=list(made.repairs),
        sha256=found.sha256,
        source_type=found.source_type,
        parents=list(found.made_from),
        signature=found.credentials.state,
        says=told or [Fact(what="What it is", says=SAYS_NOTHING)],
    )


@router.post(
    "/masks/",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={
        "requestBody": {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def mark(
    mine: Mine,
    request: Request,
    here: Here,
    mask: Annotated[UploadFile | None, File(description="A PNG of the picture's size.")] = None,
) -> MaskOut:
    """Mark the part of a picture that may change: a PNG of its size, as the body or as the form's `mask`.

    White where it may change and black elsewhere, as one paints it; or fully transparent where it may change.
    """
    sent = await (_body(request) if mask is None else mask.read(MASK_BYTES))
    of = Reference(kind="version", id=mine.id)
    return MaskOut(mask=handle_of(await add_mask(here.store, mine.user_id, of, sent)))


async def _body(request: Request) -> bytes:
    """The body, as far as it can be a mask: a longer one is refused as too large."""
    if request.headers.get("content-type", "").startswith(FORMS):
        return b""  # it was read already, and held no mask
    data = bytearray()
    async for piece in request.stream():
        data += piece[: MASK_BYTES - len(data)]
    return bytes(data)
