"""How the picture actions ask the studio, and what they say afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coach import (
    Context,
    Generated,
    Identity,
    PhotoCoach,
    PhotoRefused,
    PictureRequest,
    Reference,
    Refused,
    Result,
    Studio,
)

from ._shared import PictureData

MOST_PHOTOS = 3
"""How many photos go along. More of them show little that is new, and each is paid for with every picture."""


async def photos_to_send(
    ctx: Context, photo_coach: PhotoCoach, studio: Studio, *, beside: int = 0, anyway: bool = False
) -> list[str]:
    """The ids of the person's photos that a picture is made from: as many as the model has room for.

    Args:
        beside: How many other pictures go along. Where these are all it has room for, there is none.

    Raises:
        Refused: They have none; or no photo serves, and it is not to be tried ``anyway``.
        ConsentMissing: The person has not agreed that their photos are used.
    """
    try:
        most = min(MOST_PHOTOS, studio.capabilities.model(studio.model).references - beside)
        photos = await photo_coach.references(ctx.user_id, max(most, 1), anyway=anyway)
    except PhotoRefused as exc:
        raise Refused(f"Nothing was made. Tell the user in your own words: {exc}") from exc
    return [photo.id for photo in photos] if most > 0 or not beside else []


def scene_of(identity: Identity, scene: str, photos: Sequence[str]) -> dict[str, Any]:
    """What ``prompts/images/*.md`` are filled with."""
    return {
        "name": identity.name,
        "statement": identity.statement,
        "scene": scene,
        "appearance": identity.appearance,
        "photos": len(photos),
    }


def portrait(
    prompt: str, references: Sequence[Reference], studio: Studio, *, mask: Reference | None = None
) -> PictureRequest:
    """A portrait that keeps the face of the photos among the references.

    Args:
        mask: Where the first of them may change; left out: everywhere.
    """
    return PictureRequest(
        prompt=prompt,
        references=tuple(references),
        mask=mask,
        keep_face=True,
        grade=studio.grade,
        previews=studio.previews,
    )


def first_look(
    identity: Identity, generated: Generated, *, afresh: bool = False, left_out: int = 0
) -> Result[PictureData]:
    """What the model reads and the application gets once a picture is there.

    Args:
        afresh: Whether it was drawn anew from the photos.
        left_out: How many of the oldest wishes its prompt could not hold.
    """
    data = picture_data(identity, generated)
    data.afresh = afresh
    said = [f"The picture of {identity.name} is on the user's screen as {data.handle}."]
    others = [version.handle for version in generated.versions[1:]]
    if others:
        said.append(f"Kept too, and not shown: {', '.join(others)}.")
    if afresh:
        said.append("It was drawn anew from the photos and the wishes, so details may differ. Tell them so.")
    if left_out:
        data.repairs += (f"The prompt could not hold all wishes; the oldest were left out: {left_out}.",)
        said.append(f"Tell the user: {data.repairs[-1]}")
    if generated.say_likeness:
        said.append(f"What was measured{_for_whom(generated)}: {generated.say_likeness}")
    said.append("Ask them what they see, and whether it is them; that is theirs to say.")
    return Result(say=" ".join(said), data=data)


def _for_whom(generated: Generated) -> str:
    """What is good is theirs to say; what is not, or could not be measured, they hear before they have to."""
    judged = generated.judgements.get(generated.versions[0].id)
    fine = judged is None or (judged.acceptable and judged.likeness not in ("cannot judge", "not measured"))
    return " (say it only if they ask)" if fine else ", in words for the user"


def picture_data(identity: Identity, generated: Generated) -> PictureData:
    """What the application gets of a picture: of the best, when there are several."""
    version = generated.versions[0]
    judged = generated.judgements.get(version.id)
    return PictureData(
        identity_id=identity.id,
        version_id=version.id,
        handle=version.handle,
        blob=version.blob,
        model=generated.model,
        operation=generated.operation,
        width=version.width,
        height=version.height,
        likeness=judged.likeness if judged else None,
        likeness_why=judged.why if judged else None,
        skin=judged.skin if judged else None,
        say_likeness=generated.say_likeness,
        outside=judged.outside if judged else None,
        second_try=generated.second_try,
        repairs=generated.repairs,
        quote_micros=generated.quote_micros,
        actual_micros=generated.actual_micros,
        seconds=generated.seconds,
    )
