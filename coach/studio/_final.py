"""From an accepted draft to the picture that is kept: made once more in full quality, if it is as like."""

from __future__ import annotations

from dataclasses import replace

from coach.errors import Conflict
from coach.store import Store
from coach.store.versions import Version
from coach.studio._say import say_likeness
from coach.studio.generated import Generated
from coach.studio.judge import as_like, judgement_of
from coach.studio.ledger import Generation
from coach.studio.request import PictureRequest, Reference

_PROMPT = (
    "The first picture is a draft. Make the same picture again in full quality and detail, and change "
    "nothing in it: the person, their pose, clothes and expression, the place, light and framing stay."
)
_FACE = " The other pictures are photos of this person: keep their face, skin and hair as they are there."


def final_of(draft: Version, drawn: Generation) -> PictureRequest:
    """What to ask for to finish a draft: an edit of it, with the photos it was made from. Without its mask:
    what lies outside of that is of a draft's quality too.

    Raises:
        Conflict: It is no draft.
    """
    if drawn.request is None or drawn.request["grade"] != "draft":
        raise Conflict(f"{draft.handle} is no draft: it was made in full quality.")
    asked = PictureRequest.model_validate(drawn.request)
    photos = tuple(each for each in asked.references if each.kind == "photo") if asked.keep_face else ()
    return PictureRequest(
        prompt=_PROMPT + _FACE if photos else _PROMPT,
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
