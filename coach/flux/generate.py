"""FLUX pictures with styles and LoRAs: one, or many at once. All goes through the studio, ledger and all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from coach._durable import code_of
from coach.context import Context
from coach.errors import CoachError, InputRefused, StoreUnavailable
from coach.flux.asking import Options, Wanted, asked_for, key_for, want
from coach.flux.files import checked_name, file_name, place, save
from coach.flux.made import Failure, Outcome, Picture, short
from coach.flux.styles import Style, Styles
from coach.store import Store
from coach.store.blobs import ENDINGS
from coach.studio import Generated, Quote, Studio
from coach.studio._planned import key_of
from coach.studio.comfy import Workflow

AT_ONCE = 8
"""How many pictures of a batch are asked for at the same time, where nothing else is said."""


class Flux:
    """Makes FLUX pictures.

    Args:
        studio: Makes and pays for them.
        store: Where they are kept: in the workshop of whoever asks.
        styles: The registry; ``None``: the styles that come with the library.
        folder: Where they are saved too, by style; ``None``: nowhere. What is saved there is a copy: erasing
            a person does not reach it.
        model: Where no style says which.
    """

    def __init__(
        self,
        studio: Studio,
        store: Store,
        *,
        styles: Styles | None = None,
        folder: Path | None = None,
        model: str = "flux-dev",
    ) -> None:
        self._studio, self._store, self._folder, self._model = studio, store, folder, model
        self.styles = Styles.load() if styles is None else styles

    def quote(self, prompts: Sequence[str], **options: Unpack[Options]) -> list[Quote]:
        """The most that each picture can cost.

        Raises:
            InputRefused, PictureError: As :meth:`generate_image`; unpaid.
        """
        all = [self._wanted(prompt, options) for prompt in prompts]
        return [self._studio.quote(each.request, each.model) for each in all]

    async def generate_image(
        self,
        ctx: Context,
        prompt: str,
        *,
        filename: str | None = None,
        key: str | None = None,
        again: bool = False,
        **options: Unpack[Options],
    ) -> Picture:
        """Make a picture.

        Args:
            ctx: Whose. Progress goes there.
            prompt: What to show.
            filename: Instead of ``generated_{time}_{id}.png``.
            key: What makes it the same picture: asked for once more, it is the one that was made. ``None``:
                the conversation and the call, or a new one.
            again: See :meth:`coach.Studio.generate`.
            options: See :class:`Options`.

        Raises:
            InputRefused: A value is none of those allowed; it is named. Nothing was sent.
            NotFound: There is no such person.
            Conflict: The key was used for another request, or another process is at work on it.
            PictureError: No picture; ``paid`` says what is known about the money.
        """
        wanted, key = self._wanted(prompt, options), key_of(ctx, key)
        name = None if filename is None else checked_name(filename)
        if name is not None and wanted.saves and await self._studio.ledger.find(ctx.user_id, key) is None:
            await asyncio.to_thread(self._check_free, wanted, name)
        return await self._make(ctx, wanted, key=key, name=name, again=again)

    async def generate_batch(
        self,
        ctx: Context,
        prompts: Sequence[str],
        *,
        name: str = "",
        again: bool = False,
        at_once: int = AT_ONCE,
        progress: Callable[[int, Outcome], None] | None = None,
        **options: Unpack[Options],
    ) -> list[Outcome]:
        """Make many pictures. Whatever becomes of one, the others are made.

        The key of a picture is what is asked for. So the same batch asked for once more makes only those
        that are missing: what is there is given back, what failed is asked for anew. What may have been
        charged without arriving is not, unless you say so.

        Args:
            ctx: Whose. Progress of each picture goes there.
            prompts: What to show; the same words twice are two pictures.
            name: Another name is another batch: its pictures are made even when the same were made before.
            again: Whether that is asked for anew which may have been charged: they were told, and said so.
            at_once: How many at the same time. The studio has a limit of its own.
            progress: Called as each ends, with its place among the prompts and what became of it.
            options: See :class:`Options`; the same for all.

        Returns:
            What became of each, in the order of the prompts.

        Raises:
            InputRefused, PictureError: An option is none of those allowed, or the model cannot be had. What
                is wrong with one prompt alone is its outcome.
        """
        if at_once < 1:
            raise InputRefused("`at_once` is at least 1.", field="at_once", allowed=("1 or more",))
        self.quote(["-"], **options)  # what is wrong for all is said once, and first
        room, seen = asyncio.Semaphore(at_once), Counter[str]()

        async def one(index: int, prompt: str, number: int) -> Outcome:
            async with room:
                outcome = await self._outcome(ctx, prompt, f"{name}:{number}", again, options)
            if progress is not None:
                progress(index, outcome)
            return outcome

        works = []
        for index, prompt in enumerate(prompts):
            works.append(one(index, prompt, seen[prompt]))
            seen[prompt] += 1
        ended = await asyncio.gather(*works, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome  # nothing that is meant to happen; the others have ended
        return [outcome for outcome in ended if not isinstance(outcome, BaseException)]

    async def _outcome(self, ctx: Context, prompt: str, which: str, again: bool, options: Options) -> Outcome:
        try:
            wanted = self._wanted(prompt, options)
            key = key_for(wanted, which)
            known = await self._studio.ledger.find(ctx.user_id, key)
            # How it ended is known, and was told: asking for the batch once more is the word to try again.
            ended = known is not None and known.state in ("refused", "failed")
            return await self._make(ctx, wanted, key=key, name=None, again=again or ended)
        except CoachError as error:
            return Failure(asked=asked_for(prompt, self._style(options), options), error=error)

    async def _make(
        self, ctx: Context, wanted: Wanted, *, key: str, name: str | None, again: bool
    ) -> Picture:
        workshop = await self._store.identities.workshop(ctx.user_id)
        generated = await self._studio.generate(
            ctx,
            wanted.request,
            identity_id=workshop.id,
            key=key,
            again=again,
            wish=wanted.asked.prompt,
            model=wanted.model,
        )
        row = await self._studio.ledger.get(ctx.user_id, generated.generation_id)
        made = Picture(
            asked=wanted.asked,
            generated=generated,
            workflow=Workflow.model_validate(row.params["workflow"]),
            saved_path=None,
            repairs=generated.repairs,
            store=self._store,
        )
        return await self._saved(made, name) if wanted.saves else made

    async def _saved(self, made: Picture, name: str | None) -> Picture:
        """The picture, saved. That it cannot be is said: it was paid for, and is kept in the store."""
        version, root = made.version, self._folder
        if root is None:
            return made
        own = name or _named(made.generated)
        try:
            path = place(root, made.asked.style, own)
            data = await self._store.blobs.get(version.blob)
            await asyncio.to_thread(save, path, data, chosen=name is not None)
        except (InputRefused, StoreUnavailable, OSError) as exc:
            why = f"The folder takes no file ({code_of(exc)})." if isinstance(exc, OSError) else str(exc)
            unsaved = f"It was not saved as {own!r}: {why} It is kept as {version.handle} of the workshop."
            return replace(made, repairs=(*made.repairs, unsaved))
        return replace(made, saved_path=path)

    def _check_free(self, wanted: Wanted, name: str) -> None:
        if self._folder is not None and place(self._folder, wanted.asked.style, name).exists():
            raise InputRefused(f"There is a picture {name!r} already. Choose another name.", field="filename")

    def _wanted(self, prompt: str, options: Options) -> Wanted:
        return want(prompt, self._style(options), options, model=self._model)

    def _style(self, options: Options) -> Style | None:
        style_id = options.get("style_id")
        return None if style_id is None else self.styles.get(style_id)


def _named(generated: Generated) -> str:
    version = generated.versions[0]
    return file_name(version.created_at, short(generated.generation_id), ENDINGS[version.media_type])
