"""What stands in a request beside the name of a spec: it says the same, or nothing is made of either."""

from __future__ import annotations

from dataclasses import replace

from coach.errors import InputRefused
from coach.fetch import Fetcher
from coach.stickers import base as bases
from coach.stickers import order
from coach.stickers.request import StickerRequest
from coach.stickers.write import write_spec
from coach.store import SpecRow, Store

_OTHER = (
    "{} not as in the spec that `spec_hash` names. Leave {} out; or leave `spec_hash` out, for a new spec."
)


async def check_named(store: Store, fetcher: Fetcher, request: StickerRequest, row: SpecRow) -> None:
    """See that a request says nothing else than the spec that it names.

    Raises:
        InputRefused: It does; ``field`` names the first of what it may be.
        ConsentMissing, FetchRefused, PhotoRefused, NotFound: as :func:`coach.stickers.base.take`.
    """
    _check_wish(request, row)
    base = request.base
    if base is None or (base.url is not None and base.url == row.url):
        return
    picture = await bases.take(store, fetcher, row.user_id, base)
    picture = replace(picture, url=picture.url or row.url)
    if order.name_of(order.spec_of(row), picture) != row.hash:
        raise _other([request.base_field])


def _check_wish(request: StickerRequest, row: SpecRow) -> None:
    given = [name for name, text in request.wish.items() if text and text.strip()]
    if not given:
        return
    if not request.has_wish:
        raise _other(given)
    spec = order.spec_of(row)
    told = write_spec(
        engine=spec.engine,
        template_id=request.template_id,
        user_prompt=request.user_prompt,
        user_context=request.user_context,
    )
    if told != spec:
        raise _other(given)


def _other(fields: list[str]) -> InputRefused:
    named = " and ".join(f"`{field}`" for field in fields)
    is_one = len(fields) == 1
    say = _OTHER.format(f"{named} {'is' if is_one else 'are'}", "it" if is_one else "them")
    return InputRefused(say, field=fields[0])
