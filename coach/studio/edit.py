"""One function for every way of making a picture: it says which way it took, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from coach.context import Context
from coach.errors import InputRefused
from coach.store import Identity, Store
from coach.studio._given import given
from coach.studio._planned import key_of
from coach.studio._values import one_of, within
from coach.studio.generated import Generated
from coach.studio.generation import Generation
from coach.studio.planner import PROMPT_LENGTH, Operation, Plan
from coach.studio.request import Background, Exact, PictureRequest, Reference
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
    model: str | None = None,
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
        model: Another model than the studio's, by its name in the table; what it cannot do is refused.
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
    request = asked(
        prompt,
        size=size,
        quality=quality,
        background=background,
        output_format=output_format,
        output_compression=output_compression,
        moderation=moderation,
        model=model,
        n=n,
        previews=partial_images,
        keep_faces=keep_faces,
    )
    _check_count(studio, len(images), masked=mask is not None)
    return await _made(studio, store, ctx, request, images, mask, identity_id, key_of(ctx, key))


async def _made(
    studio: Studio,
    store: Store,
    ctx: Context,
    request: PictureRequest,
    images: Sequence[bytes | Reference],
    mask: bytes | None,
    identity_id: str | None,
    key: str,
) -> Edited:
    """What comes of a request whose pictures are still to be put into it."""
    is_new = await studio.ledger.find(ctx.user_id, key) is None
    if images and is_new:
        await store.consents.require(ctx.user_id)
    pictures = await given(store, ctx.user_id, images, mask)
    request = pictures.put_into(request)
    if is_new:
        studio.plan(request)  # what is refused leaves nothing behind
    place = await _place(store, ctx.user_id, identity_id)
    if is_new:
        await pictures.keep(store, ctx.user_id)
    made = await studio.generate(
        ctx, request, identity_id=place.id, parent=pictures.parent, key=key, wish=request.prompt
    )
    return await _edited(studio, request, made)


def asked(
    prompt: str,
    *,
    size: str | None = None,
    quality: str | None = None,
    background: str | None = None,
    output_format: str | None = None,
    output_compression: int | None = None,
    moderation: str | None = None,
    model: str | None = None,
    n: int = 1,
    previews: int = 0,
    keep_faces: bool = False,
) -> PictureRequest:
    """What :func:`edit_image` asks for, without the pictures that go along and the shape they give it.

    Raises:
        InputRefused: A value that no model takes; the plan looks at what differs among them.
    """
    background = "auto" if background is None else background
    _check_words(prompt, background, n=n, partial_images=previews)
    exact = Exact(
        size="auto" if size is None else size,
        quality="auto" if quality is None else quality,
        output_format=output_format,
        output_compression=output_compression,
        moderation=moderation,
        model=model,
    )
    return PictureRequest(
        prompt=prompt,
        keep_face=keep_faces,
        background=cast("Background", background),
        count=n,
        previews=previews,
        exact=exact,
    )


def _check_words(prompt: str, background: str, *, n: int, partial_images: int) -> None:
    if not 1 <= len(prompt) <= PROMPT_LENGTH:
        span = f"1 to {PROMPT_LENGTH} characters"
        raise InputRefused(f"The prompt has {span}.", field="prompt", allowed=(span,))
    one_of("background", background, get_args(Background))
    within("n", n, 1, 10)
    within("partial_images", partial_images, 0, 3)


def _check_count(studio: Studio, count: int, *, masked: bool) -> None:
    """Refuse more pictures than any model takes before one of them is read, and a mask of none."""
    most = max(model.references for model in studio.capabilities.models.values())
    why = " A mask needs a picture to change." if masked else ""
    within("image", count, int(masked), most, why=why)


async def _place(store: Store, user_id: str, identity_id: str | None) -> Identity:
    if identity_id is None:
        return await store.identities.workshop(user_id)
    return await store.identities.get(user_id, identity_id)


async def _edited(studio: Studio, request: PictureRequest, made: Generated) -> Edited:
    version = made.versions[0]
    row = (await studio.generation(version.user_id, made.generation_id)).generation
    why = tuple(reasons(studio, request, row))
    return Edited(**vars(made), mode=cast("Operation", row.operation), why=why)


def reasons(studio: Studio, request: PictureRequest, made: Plan | Generation) -> Iterator[str]:
    """What is chosen for a request, and why, a sentence each; the same before it is made and after."""
    model = studio.capabilities.models.get(made.model)
    yield _WAYS[made.operation].format(len(request.references))
    quality = f" in {made.params['quality']} quality," if "quality" in made.params else ""
    yield "{model} makes it, {size},{0} as {output_format}.".format(quality, **made.params)
    yield from made.repairs
    if request.references and request.exact and request.exact.size == "auto":
        yield f"Of the shapes it makes, {request.shape} comes nearest to the first picture's."
    if request.keep_face and request.references:
        if made.params.get("input_fidelity") == "high":
            yield "Faces and fine details are asked to be kept, by a high input fidelity."
        elif model and model.keeps_faces:
            yield f"{model.name} keeps faces and fine details by itself; it has no setting for that."


_WAYS: Mapping[str, str] = {
    "generate": "No picture was given, so it is made from the words alone.",
    "edit": "One picture was given, so that is changed.",
    "compose": "{} pictures were given, so one is made of all of them, in their order.",
    "inpaint": "A mask was given, so only what it marks is changed; the rest stays as it is, the size too.",
}
"""Why it was made in which way."""
