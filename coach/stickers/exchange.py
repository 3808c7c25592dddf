"""The exchange: a job spec, which is free and quoted, and then "now", which names the spec it executes."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence

from coach.context import Context
from coach.errors import (
    CoachError,
    Conflict,
    ConsentMissing,
    Erasing,
    NotFound,
    PictureError,
    StoreUnavailable,
)
from coach.fetch import Fetcher
from coach.stickers import base as bases
from coach.stickers import order
from coach.stickers._named import check_named
from coach.stickers.base import BasePicture
from coach.stickers.finished import Finisher, Sticker, better, worth_another
from coach.stickers.outcome import Failed, Image, Needs, Outcome, Spec, Wanted
from coach.stickers.request import Base, StickerRequest
from coach.stickers.spec import Engine, JobSpec
from coach.stickers.write import write_spec
from coach.store import SpecRow, StickerSpecs, Store
from coach.studio import Generated, Reference, Studio
from coach.studio.content import last, picture_of
from coach.studio.provenance import Signer
from coach.studio.studio import SECOND_TRY

logger = logging.getLogger(__name__)

IMAGE_MISSING = "Give the character's picture: base_image_url, a public https address."
WISH_MISSING = "Say in user_prompt what the sticker shows, or choose a template_id."
_DEARER = "This would cost more by now than was quoted. The new quote is there: look at it, and order again."
_LATE = Conflict("There was no time left for a second try.")
_REFUSED = "The picture was made, and it is no good sticker: {}"


class Stickers:
    """Writes specs and makes stickers of them.

    Args:
        store: Where everything is kept.
        studio: Makes and pays for the pictures.
        fetcher: Fetches base pictures that are given by their address.
        engine: Who draws.
        second_try: Seconds after an order within which a second picture is still begun; 0: there is none.
        signer: Signs the stickers; ``None``: they carry the IPTC mark alone.
    """

    def __init__(
        self,
        *,
        store: Store,
        studio: Studio,
        fetcher: Fetcher,
        engine: Engine = "gpt_image",
        second_try: float = SECOND_TRY,
        signer: Signer | None = None,
    ) -> None:
        self.engine = engine
        self.specs = StickerSpecs(store.database)
        self.terms = order.StickerTerms(specs=self.specs, studio=studio)
        self._store, self._studio, self._fetcher = store, studio, fetcher
        self._finisher, self._second_try = Finisher(store, signer), second_try

    async def ask(self, ctx: Context, request: StickerRequest, *, attempt: str = "") -> Outcome:
        """Answer a request: exactly one of spec, image, needs and error.

        The picture only when the message orders it (:func:`coach.stickers.decide.decide`), and only of a spec
        that this person was shown, or that the ordering request itself describes as the first of its picture.

        Args:
            ctx: Whose. Progress goes there.
            attempt: As in :meth:`generate`.

        Raises:
            Erasing: The person is being erased.
            StoreUnavailable: The database or the place for pictures cannot be used.
        """
        try:
            return await self._answer(ctx, request, attempt)
        except (Erasing, StoreUnavailable):
            raise
        except CoachError as error:
            return Failed.of(error)

    async def create_spec(
        self,
        ctx: Context,
        base: Base | Reference,
        *,
        template_id: str | None = None,
        user_prompt: str | None = None,
        user_context: str | None = None,
    ) -> SpecRow:
        """Write a spec, keep it, and say what a sticker of it costs at most. Free: no service is asked.

        Args:
            base: The character's picture, or which one of the person's it is.
            template_id, user_prompt, user_context: As in :class:`~coach.stickers.request.StickerRequest`.

        Raises:
            ConsentMissing, FetchRefused, PhotoRefused, NotFound: as :func:`coach.stickers.base.take`.
            InputRefused: There is no wish, or one that is not understood; ``field`` says which.
            PictureError: No model can make it.
        """
        picture = await bases.take(self._store, self._fetcher, ctx.user_id, base)
        told = {"template_id": template_id, "user_prompt": user_prompt, "user_context": user_context}
        return (await self._written(ctx.user_id, picture, told))[0]

    async def generate(self, ctx: Context, ref: str, *, attempt: str = "") -> Image | Failed:
        """Execute a spec: the picture is made, finished and judged, and once more if the gate refuses it.

        The same spec is the same sticker, whoever asks again: paid for once, also by two at once and after a
        crash. Every picture that is paid for stays, in the person's workshop.

        Args:
            ref: The spec's hash or handle.
            attempt: Another word makes another sticker of the same spec.

        Returns:
            The sticker; or the best one that the gate refused, with what is wrong with it.

        Raises:
            NotFound: This person has no such spec, or its picture is gone.
            Conflict: It would cost more than was quoted; or it is being made elsewhere for too long.
            ConsentMissing, InputRefused, PictureError: as :meth:`coach.Studio.generate`.
        """
        until = time.monotonic() + self._second_try
        row = await self.specs.get(ctx.user_id, ref)
        content = f"sticker {row.hash}"
        if attempt:
            content += f" {hashlib.sha256(attempt.encode()).hexdigest()[:16]}"
        try:
            await self._check(row, content)
        except Conflict:
            await self._kept(row.user_id, order.spec_of(row), _picture_of(row))
            raise
        first = await self._picture(ctx, row, content)
        found = [await self._finisher.finish(row, first.versions[0])]
        made, lost = [first], None
        if worth_another(found[0].violations):
            second = await self._once_more(ctx, row, f"{content} again", until)
            if isinstance(second, Generated):
                made.append(second)
                found.append(await self._finisher.finish(row, second.versions[0]))
            else:
                lost = second
        best = found[0] if len(found) == 1 else better(*found)
        row = await self.specs.made(row, best.version.id, [vars(each) for each in best.violations])
        return _outcome(row, best, made, lost)

    async def _answer(self, ctx: Context, request: StickerRequest, attempt: str) -> Outcome:
        from coach.stickers.decide import decide  # its patterns take longer to compile than all else here

        wanted = decide(request.message, words=(request.user_prompt, request.user_context))
        if request.spec_hash is not None:
            named = await self.specs.get(ctx.user_id, request.spec_hash)
            await check_named(self._store, self._fetcher, request, named)
            return await self._either(ctx, wanted, named, attempt)
        base = request.base
        if base is None:
            return Needs(needs=("base_image_url",), hint=IMAGE_MISSING)
        shown, picture = await self._shown(ctx.user_id, base)
        if not request.has_wish:
            if shown is None:
                return Needs(needs=("user_prompt",), hint=WISH_MISSING)
            return await self._either(ctx, wanted, shown, attempt)
        picture = picture or await bases.take(self._store, self._fetcher, ctx.user_id, base)
        row, is_news = await self._written(ctx.user_id, picture, request.wish)
        # What was changed since it was shown, or became dearer, has a quote that is to be seen first.
        is_unseen = shown is not None and is_news
        return await self._either(ctx, "spec" if is_unseen else wanted, row, attempt)

    async def _either(self, ctx: Context, wanted: Wanted, row: SpecRow, attempt: str) -> Outcome:
        return Spec(row=row) if wanted == "spec" else await self.generate(ctx, row.hash, attempt=attempt)

    async def _shown(self, user_id: str, base: Base) -> tuple[SpecRow | None, BasePicture | None]:
        """The last spec of a base picture, and that picture where it had to be taken in to know."""
        if base.url is not None:
            row = await self.specs.latest(user_id, url=base.url)
            if row is not None and await bases.is_there(self._store, row):
                return row, None
        picture = await bases.take(self._store, self._fetcher, user_id, base)
        return await self.specs.latest(user_id, base=picture.key), picture

    async def _written(
        self, user_id: str, picture: BasePicture, told: Mapping[str, str | None]
    ) -> tuple[SpecRow, bool]:
        spec = write_spec(
            engine=self.engine,
            template_id=told["template_id"],
            user_prompt=told["user_prompt"],
            user_context=told["user_context"],
        )
        return await self._kept(user_id, spec, picture)

    async def _kept(self, user_id: str, spec: JobSpec, picture: BasePicture) -> tuple[SpecRow, bool]:
        """A spec as a row, and whether that says anything new: another spec, or a higher price."""
        name = order.name_of(spec, picture)
        now = self._quote(spec, picture)
        before = await self.specs.find(user_id, name)
        row = await self.specs.add(
            user_id,
            name,
            spec.model_dump(mode="json"),
            base=picture.key,
            url=picture.url,
            quote_micros=now,
        )
        return row, before is None or _is_dearer(now, before)

    def _quote(self, spec: JobSpec, picture: BasePicture) -> int | None:
        request = order.asked(spec, picture.reference, picture.url, self._studio)
        return order.quote(request, spec.engine, self._studio).micros

    async def _check(self, row: SpecRow, content: str) -> None:
        """See that a picture of a spec can be made for what was quoted, unless it was made already.

        Raises:
            ConsentMissing: Its person does not agree any more.
            NotFound: Its picture is gone.
            Conflict: It would cost more.
        """
        if (await last(self._studio.ledger, row.user_id, content))[1] is not None:
            return
        await self._store.consents.require(row.user_id)
        if not await bases.is_there(self._store, row):
            raise NotFound("picture of the sticker spec", row.handle)
        spec, picture = order.spec_of(row), _picture_of(row)
        if _is_dearer(self._quote(spec, picture), row):
            raise Conflict(_DEARER)

    async def _picture(self, ctx: Context, row: SpecRow, content: str) -> Generated:
        spec, picture = order.spec_of(row), _picture_of(row)
        return await picture_of(
            content,
            ctx,
            order.asked(spec, picture.reference, row.url, self._studio),
            studio=self._studio,
            store=self._store,
            parent=row.base_id if row.base_kind == "version" else None,
            model=order.MODELS[spec.engine],
        )

    async def _once_more(
        self, ctx: Context, row: SpecRow, content: str, until: float
    ) -> Generated | CoachError:
        """The second picture; or why there is none, and the first is what there is."""
        if time.monotonic() >= until and (await last(self._studio.ledger, row.user_id, content))[1] is None:
            return _LATE
        await ctx.report("It is no good sticker yet; trying once more")
        try:
            await self._check(row, content)  # the first may have been made long ago, and prices go up
            return await self._picture(ctx, row, content)
        except (ConsentMissing, NotFound, PictureError, Conflict) as error:
            if isinstance(error, Erasing):
                raise
            logger.warning("The second try of sticker %s gave no picture: %s", row.hash[:8], error)
            return error


def _picture_of(row: SpecRow) -> BasePicture:
    return BasePicture(reference=Reference(kind=row.base_kind, id=row.base_id), url=row.url)


def _is_dearer(now: int | None, row: SpecRow) -> bool:
    return row.quote_micros is not None and (now is None or now > row.quote_micros)


def _outcome(
    row: SpecRow, best: Sticker, made: Sequence[Generated], lost: CoachError | None
) -> Image | Failed:
    # What came of the second try, where it may have been charged: nobody else tells the person.
    is_doubt = isinstance(lost, PictureError) and lost.paid != "unpaid"
    costs = [*(each.actual_micros for each in made), *([None] if is_doubt else [])]
    cost = None if None in costs else sum(each for each in costs if each is not None)
    if best.blob is not None and not best.violations:
        return Image(row=row, version=best.version, blob=best.blob, cost_micros=cost, pictures=len(made))
    return Failed(
        say=_REFUSED.format(" ".join(each.say for each in best.violations))
        + (f" {lost}" if is_doubt or lost is _LATE else ""),
        code="gate_refused",
        paid="paid",
        violations=best.violations,
        row=row,
        version=best.version,
        blob=best.blob,
        cost_micros=cost,
    )
