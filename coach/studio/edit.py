"""One function for every way of making a picture: it says which way it took, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coach.context import Context
from coach.errors import InputRefused
from coach.store import Store
from coach.studio.generated import Generated
from coach.studio.planner import Operation
from coach.studio.request import Reference
from coach.studio.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Edited(Generated):
    """What :func:`edit_image` made.

    Attributes:
        mode: ``generate`` from words alone, ``edit`` of one picture, ``compose`` of several, ``inpaint`` of a
            part of the first.
        why: What was chosen and why, in plain sentences; :attr:`repairs` among them.
    """

    mode: Operation
    why: tuple[str, ...]


async def edit_image(
    studio: Studio,
    store: Store,
    ctx: Context,
    *,
    prompt: str,
    images: Sequence[bytes | Reference] = (),
    mask: bytes | None = None,
    size: str | None = None,
    quality: str | None = None,
    background: str | None = None,
    output_format: str | None = None,
    output_compression: int | None = None,
    moderation: str | None = None,
    n: int = 1,
    partial_images: int = 0,
    keep_faces: bool = False,
    identity_id: str | None = None,
    key: str | None = None,
) -> Edited:
    """Make pictures from words, from pictures, or of a part of one.

    The words of the picture service's images API. Nothing is replaced by something else: what the model does
    not take is refused, by name; what is left out, or ``auto``, is chosen, and said in ``why``.

    Args:
        studio: Makes and pays for it.
        store: Where everything is kept.
        ctx: Whose picture. Progress and previews go there.
        prompt: What to show, 1 to 32,000 characters.
        images: The pictures to work from, all of them, in this order: files, or what is kept already.
        mask: A PNG of the first picture's size, fully transparent where that may change.
        size: Width and height in pixels, ``1024x1536``.
        quality: ``low``, ``medium``, ``high``, and what else the model has.
        background: ``opaque`` or ``transparent``.
        output_format: ``png``, ``jpeg`` or ``webp``.
        output_compression: 0 to 100, of JPEG and WebP.
        moderation: ``low`` only where the operator allows it.
        n: How many pictures, 1 to 10.
        partial_images: How many unfinished pictures to show on the way, 0 to 3.
        keep_faces: Whether faces, logos and fine details in the pictures must stay as they are.
        identity_id: The handle or id of the identity that they are of; ``None``: the person's workshop.
        key: What makes it the same request; ``None``: the conversation and the call.

    Raises:
        InputRefused: A value is none of those allowed; ``field`` and ``allowed`` say which, in these names.
        PhotoRefused: A picture cannot be used; ``field`` says which: ``image``, or ``image[0]`` and so on.
        ConsentMissing: Pictures go along and the person has not agreed to that.
        NotFound: This person has no such picture or identity.
        Conflict: The key was used for another request, or another process is at work on it.
        PictureError: No picture; ``paid`` says what is known about the money.
    """
    raise InputRefused("Editing is not there yet.")
