"""How the picture actions ask the studio, and what they say afterwards."""

from __future__ import annotations

from typing import Any

from coach import Generated, Identity, PictureRequest, Reference, Result

from ._shared import PictureData


def scene_of(identity: Identity, scene: str) -> dict[str, Any]:
    """What ``prompts/images/*.md`` are filled with."""
    return {
        "name": identity.name,
        "statement": identity.statement,
        "scene": scene,
        "appearance": identity.appearance,
    }


def portrait(prompt: str, photo_id: str, *, version_id: str | None = None) -> PictureRequest:
    """A portrait that keeps the face of the photo; with ``version_id``, as a change of that picture."""
    references = [Reference(kind="photo", id=photo_id)]
    if version_id is not None:
        references.insert(0, Reference(kind="version", id=version_id))
    return PictureRequest(prompt=prompt, references=tuple(references), keep_face=True)


def first_look(identity: Identity, generated: Generated) -> Result[PictureData]:
    """What the model reads and the application gets once a picture is there."""
    version = generated.versions[0]
    data = PictureData(
        identity_id=identity.id,
        version_id=version.id,
        handle=version.handle,
        blob=version.blob,
        model=generated.model,
        operation=generated.operation,
        width=version.width,
        height=version.height,
        repairs=generated.repairs,
        quote_micros=generated.quote_micros,
        actual_micros=generated.actual_micros,
        seconds=generated.seconds,
    )
    say = (
        f"The picture of {identity.name} is on the user's screen as {version.handle}. "
        "Ask them what they see, and whether it is them."
    )
    return Result(say=say, data=data)
