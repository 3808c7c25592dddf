"""What each picture model can do, until when, and for how much: ``capabilities.toml``, read and typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coach.errors import InputRefused, PictureError
from coach.studio._table import read_table
from coach.studio._values import one_of
from coach.studio.comfy.build import Worker
from coach.studio.planner import Plan, lacks, make_plan
from coach.studio.request import PictureRequest

NOTICE = timedelta(days=30)
"""How long before its shutdown a model is warned about."""

WORDS = 4096
"""The most tokens a text model may write beside the prompt it hands on, its thinking among them."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prices(_Entry):
    """Micro-dollars per token (the same number as US dollars per million tokens). ``None``: not known.

    Attributes:
        picture: Micro-dollars per picture, where the service counts these: then nothing else counts.
        second: Micro-dollars per second of a worker, where that is what is paid: see ``Model.seconds``.
        checked: When they were last compared with the source; a price has a day.
        source: Where they come from.
    """

    checked: date | None = None
    source: str = ""
    picture: Decimal | None = None
    second: Decimal | None = None
    text_in: Decimal | None = None
    image_in: Decimal | None = None
    image_out: Decimal | None = None
    text_out: Decimal | None = None


class InputImageTokens(_Entry):
    """How many tokens one reference picture is counted as, at ``most``. ``None``: not known."""

    most: int | None = None


class Caller(_Entry):
    """A text model that calls a picture model as its tool, and is paid beside it. ``None``: not known.

    Attributes:
        text_in, text_out: Micro-dollars per token; the dearest where there are several prices.
        around: The most tokens it reads beside the words and the pictures of a request: the tool itself.
        picture: The most tokens one picture is counted as.
        source: Where the facts come from, and when they were read.
    """

    name: str
    text_in: Decimal | None = None
    text_out: Decimal | None = None
    around: int | None = None
    picture: int | None = None
    unknown: tuple[str, ...] = ()
    source: str = ""


class Model(_Entry):
    """One picture model.

    The last of ``sizes``, ``qualities`` and ``formats`` is used instead of one that is not among them.

    Attributes:
        engine: The service that makes its pictures: ``service`` of :class:`coach.studio.engines.Engine`.
        family: What it is ``like``, and that one, to the last: ``gpt-image-2`` for all that came after it.
        shutdown: The first day it no longer answers, when that is announced.
        replacement: What to use instead.
        input_fidelity: The values the parameter takes; none: the parameter must not be sent at all.
        keeps_faces: Whether it keeps faces without being asked.
        transparent: Whether it draws on a transparent background.
        references: The most pictures it takes along.
        pictures: The most pictures it makes of one request.
        partials: The most partial images it sends; each costs ``partial_tokens``.
        moderation: The values the parameter takes; see :meth:`Capabilities.with_low_moderation`.
        output_tokens: Tokens of one finished picture, by quality and size: also of sizes that are only made
            when they are asked for exactly.
        caller: The text model it is called by, where it is; see :meth:`Capabilities.called_by`.
        seconds: How long a worker may work on one request, where its time is what is paid; else ``None``.
        extra: What it takes of a request's ``extra``.
        worker: Of a FLUX model that ComfyUI runs, what its worker has; ``None``: it is no such model.
        unknown: The fields nothing reliable is known about.
        source: Where the facts come from, and when they were read.
    """

    name: str
    engine: str = "openai"
    family: str = ""
    released: date | None = None
    shutdown: date | None = None
    replacement: str | None = None
    operations: tuple[Literal["generate", "edit", "compose", "inpaint"], ...] = ()
    sizes: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    input_fidelity: tuple[str, ...] = ()
    keeps_faces: bool = False
    transparent: Literal["yes", "preview", "no", "unknown"] = "no"
    formats: tuple[str, ...] = ()
    moderation: tuple[str, ...] = ("auto",)
    references: int = 0
    pictures: int = 1
    partials: int = 0
    partial_tokens: int = 0
    prices: Prices = Prices()
    output_tokens: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    input_image_tokens: InputImageTokens = InputImageTokens()
    caller: Caller | None = None
    seconds: int | None = None
    extra: tuple[str, ...] = ()
    worker: Worker | None = None
    unknown: tuple[str, ...] = ()
    source: str

    def is_priced(self, *, references: bool) -> bool:
        """Whether what it costs is known beforehand; with references, what they cost too."""
        prices, given = self.prices, self.input_image_tokens.most
        if prices.picture is not None or self.seconds is not None:
            return prices.picture is not None or prices.second is not None
        known = [prices.text_in, prices.image_out, self.output_tokens]
        return all([*known, prices.image_in, given] if references else known)

    def is_gone(self, today: date) -> bool:
        """Whether its shutdown has come."""
        return self.shutdown is not None and today >= self.shutdown

    def warning(self, today: date) -> str | None:
        """One sentence for the operator when the model is gone, or will be within :data:`NOTICE`."""
        if self.shutdown is None or self.shutdown - today > NOTICE:
            return None
        verb = "was" if self.is_gone(today) else "will be"
        return f"The picture model {self.name} {verb} shut down on {self.shutdown}; use {self.replacement}."


class Capabilities(_Entry):
    """Every picture model we know.

    Attributes:
        checked: When the table was last compared with the sources.
        default: The model to use when none is named.
        callers: Every text model whose price as a caller we know.
    """

    checked: date
    default: str
    models: Mapping[str, Model]
    callers: Mapping[str, Caller] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> Capabilities:
        """Read a table; without a path, the one that comes with the library.

        Raises:
            pydantic.ValidationError: The table has a wrong or unknown field.
        """
        return cls.model_validate(read_table(path or Path(__file__).with_name("capabilities.toml")))

    def called_by(self, name: str) -> Capabilities:
        """The same models as the tool of a text model: one picture at a time, no previews, both are paid."""
        caller = self.callers.get(name, Caller(name=name))
        return self._with("openai", pictures=1, partials=0, caller=caller)

    def with_low_moderation(self) -> Capabilities:
        """The same models where the operator lets applications ask for less moderation."""
        return self._with("openai", moderation=("auto", "low"))

    def priced(self, engine: str, usd: Decimal | None) -> Capabilities:
        """The same models where the operator says what one picture of a service costs; ``None``: unknown."""
        micros = None if usd is None else usd * 1_000_000
        return self._with(engine, prices=Prices(picture=micros, source="the operator"))

    def of(self, engines: Collection[str]) -> Capabilities:
        """Only the models of these services."""
        models = {name: model for name, model in self.models.items() if model.engine in engines}
        return self.model_copy(update={"models": models})

    def _with(self, engine: str, **changed: Any) -> Capabilities:
        """The same where the models of one service are changed."""
        models = {
            name: model.model_copy(update=changed) if model.engine == engine else model
            for name, model in self.models.items()
        }
        return self.model_copy(update={"models": models})

    def model(self, name: str) -> Model:
        """Look a model up.

        Raises:
            PictureError: ``model_unknown``, unpaid: the table does not have it.
        """
        if name not in self.models:
            raise PictureError(
                "model_unknown",
                paid="unpaid",
                say=f"No picture was made: the picture model {name[:60]!r} is not known.",
                detail=f"Set COACH_IMAGE_MODEL to one of: {', '.join(sorted(self.models))}.",
            )
        return self.models[name]

    def plan(self, request: PictureRequest, model: str, today: date) -> Plan:
        """Turn what is wanted into what ``model`` takes. Nothing is sent.

        When it cannot do what is wanted, or nobody knows, and another of its service can, the plan is for
        that one, and says so first: one that is not gone and whose price is known, of the default's family
        before others, the newest first.

        Raises:
            InputRefused: A value is not one of those that can be sent, and is not to be repaired.
            PictureError: Unpaid. ``model_unknown``; ``model_retired``: the model's day has come, the message
                names its replacement; ``invalid_request``: the model cannot do it, the message names what
                it can.
        """
        asked = request.exact.model if request.exact else None
        if asked not in (None, model):
            one_of("model", asked, self._offered(model, request, today))
        chosen = self.model(asked or model)
        if chosen.is_gone(today):
            raise PictureError(
                "model_retired",
                paid="unpaid",
                say=f"No picture was made: the picture model {chosen.name} was shut down on "
                f"{chosen.shutdown}. {chosen.replacement} replaces it.",
                detail=f"Set COACH_IMAGE_MODEL to {chosen.replacement}.",
            )
        other = self._stand_in(request, chosen, today) if asked is None else None
        return other or make_plan(request, chosen)

    def _offered(self, model: str, request: PictureRequest, today: date) -> list[str]:
        """The models that an application may ask for: ``model``, and those there are whose price is known."""
        others = self._others(self.model(model), today)
        given = bool(request.references)
        return [model, *(each.name for each in others if each.is_priced(references=given))]

    def _stand_in(self, request: PictureRequest, chosen: Model, today: date) -> Plan | None:
        """The plan for another model that can do what this one cannot; ``None``: it can, or none can."""
        missing = lacks(request, chosen)
        for other in self._others(chosen, today) if missing else ():
            if lacks(request, other) or not other.is_priced(references=bool(request.references)):
                continue
            with suppress(InputRefused):
                plan = make_plan(request, other)
                said = f"{chosen.name} {missing}; {other.name} is used instead."
                return replace(plan, repairs=(said, *plan.repairs))
        return None

    def _others(self, chosen: Model, today: date) -> list[Model]:
        """Its service's other models that are not gone, the most like the default first, of them the newest.

        Of no other service: who is sent somebody's photo, and is paid, is not changed to make do.
        """
        default = self.models.get(self.default, chosen)
        siblings = [model for model in self.models.values() if model.engine == chosen.engine]
        living = [model for model in siblings if model != chosen and not model.is_gone(today)]
        newest = sorted(living, key=lambda model: model.released or date.min, reverse=True)
        return sorted(newest, key=lambda model: model.family != default.family)

    def warnings(self, today: date, *, model: str | None = None) -> tuple[str, ...]:
        """A sentence for each model (or only for ``model``) that is gone or will be within 30 days."""
        chosen = self.models.values() if model is None else [self.model(model)]
        return tuple(warning for entry in chosen if (warning := entry.warning(today)))
