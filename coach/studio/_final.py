"""From an accepted draft to the picture that is kept: made once more in full quality, if it is as like."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from coach.context import Context
from coach.errors import Conflict
from coach.store import Store
from coach.store.versions import Version
from coach.studio._make import Wanted, look_up
from coach.studio._planned import final_key
from coach.studio._say import say_likeness
from coach.studio.generated import Generated
from coach.studio.judge import as_like, judgement_of
from coach.studio.ledger import Generation, Ledger
from coach.studio.request import PictureRequest, Reference


async def finishing(
    store: Store, ledger: Ledger, ctx: Context, *, identity_id: str, version: str, prompt: str
) -> tuple[Version, Wanted, Generation | None]:
    """The draft, what is wanted of it, and the generation that was to finish it before.

    Whoever watches is told that it is being made, when it is not there yet.

    Raises:
        Conflict: It is no draft, or its identity is archived.
        NotFound: This person has no such identity or version.
    """
    draft = await store.versions.get(ctx.user_id, identity_id, version)
    request, known = await request_of_final(ledger, draft, prompt)
    key = final_key(draft.id)
    wanted = await look_up(store, ctx, request, identity_id=identity_id, parent=draft.id, key=key)
    if known is None or known.state != "done":
        with suppress(Exception):  # nobody listening is no reason to stop
            await ctx.report("Making it in full quality")
    return draft, wanted, known


async def request_of_final(
    ledger: Ledger, draft: Version, prompt: str
) -> tuple[PictureRequest, Generation | None]:
    """What to ask for to finish a draft, and the generation that was to finish it before.

    Raises:
        Conflict: It is no draft.
    """
    known = await ledger.find(draft.user_id, final_key(draft.id))
    # Once asked for it is that picture, although its words may have been edited since.
    request = known.asked if known else None
    if request is None:
        request = final_of(draft, await ledger.get(draft.user_id, draft.generation_id), prompt)
    return request, known


def final_of(draft: Version, drawn: Generation, prompt: str) -> PictureRequest:
    """What to ask for to finish a draft: an edit of it, with the photos it was made from. Without its mask:
    what lies outside of that is of a draft's quality too.

    Raises:
        Conflict: It is no draft.
    """
    asked = drawn.asked
    if asked is None or asked.grade != "draft":
        raise Conflict(f"{draft.handle} is no draft: it was made in full quality.")
    photos = [Reference(kind="photo", id=each) for each in asked.photos]
    return PictureRequest(
        prompt=prompt,
        references=(Reference(kind="version", id=draft.id), *photos),
        keep_face=bool(photos),
        background=asked.background,
        shape=asked.shape,
        previews=asked.previews,
    )


async def shown(store: Store, draft: Version, made: Generated) -> Generated:
    """A finished draft and what to show of it: the better one comes first, and is the accepted one.

    Args:
        draft: As it was before.
        made: The final picture.
    """
    final = made.versions[0]
    if not as_like(final, draft):
        say = f"The draft stays: the final picture, kept as {final.handle}, is not as like you."
        return replace(made, versions=(draft, *made.versions), say_likeness=_say(say, draft))
    # By now they may have accepted another one: that stays.
    if (await store.versions.find(draft.user_id, draft.id)).accepted_at is not None:
        final = await store.versions.accept(draft.user_id, draft.identity_id, final.id)
    say = _say("The final picture takes the place of the draft.", final)
    return replace(made, versions=(final, *made.versions[1:], draft), say_likeness=say)


def _say(which: str, version: Version) -> str:
    return " ".join(filter(None, (which, say_likeness(judgement_of(version), None))))
