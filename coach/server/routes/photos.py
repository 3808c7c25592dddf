"""The person's photos: added, removed, and chosen to make pictures from."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from pydantic import Field

from coach.errors import ConsentMissing, PhotoRefused
from coach.server.caller import SignedIn
from coach.server.routes._pictures import Shown
from coach.server.routes.me import MeOut, PhotoOut, the_person
from coach.server.running import Here
from coach.store.intake import MAX_BYTES
from coach.studio import PhotoCoach

router = APIRouter(prefix="/api/v1/users/me", tags=["person"])

_Photo = Annotated[
    UploadFile | None, File(description="A JPEG, PNG, WebP or HEIC file of at most 20 MB. One is enough.")
]


class Uploaded(MeOut):
    """The person, with the photo that was just added. Without `consent.active` nobody looks at it yet."""

    photo: PhotoOut = Field(description="The one that was added; or the same that was there before.")


@router.put("/upload-photo/")
async def upload_photo(
    caller: SignedIn, here: Here, show: Shown, image: _Photo = None, photo: _Photo = None, file: _Photo = None
) -> Uploaded:
    """Add a photo of you, under one of three names of the field, and hear what the photo coach says of it."""
    sent = image or photo or file
    if sent is None:
        raise PhotoRefused("no_file", "No photo was sent. Send it as the form's field `image`.")
    # One byte more than is taken: the intake then says that it is too large.
    added = await here.store.photos.add(caller.user_id, await sent.read(MAX_BYTES + 1))
    report = None
    with suppress(ConsentMissing):
        report = await here.coach.service("photo_coach", PhotoCoach).look(caller.user_id, added.id)
    person = await the_person(caller.user_id, here, show)
    return Uploaded(**dict(person), photo=PhotoOut.of(added, report, show))


@router.delete("/photos/{photo_id}/")
async def remove_photo(photo_id: str, caller: SignedIn, here: Here, show: Shown) -> MeOut:
    """Delete a photo. Pictures that were made from it stay."""
    await here.store.photos.remove(caller.user_id, photo_id)
    return await the_person(caller.user_id, here, show)


@router.post("/photos/{photo_id}/primary/")
async def make_primary(photo_id: str, caller: SignedIn, here: Here, show: Shown) -> MeOut:
    """Let pictures be made from this photo first."""
    await here.store.photos.make_primary(caller.user_id, photo_id)
    return await the_person(caller.user_id, here, show)
