"""``coach doctor``: what is set, what a picture becomes and costs, what is about to end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import typer

from coach._money import dollars
from coach.cli._books import STATES, opened_books, places
from coach.cli._options import UseSandbox
from coach.cli._runpod import endpoints, rented
from coach.cli._workers import workers

if TYPE_CHECKING:
    from coach.settings import Settings
    from coach.studio import Capabilities, PictureRequest


def doctor(sandbox: UseSandbox = False) -> None:
    """Say what is set, what a picture becomes on the chosen model, its worst price, and what ends soon.

    Exits with 1 when something stops pictures from being made. Nothing paid is called.
    """
    from rich.console import Console
    from rich.text import Text

    from coach.cli._table import print_table
    from coach.settings import NO_KEY
    from coach.studio import Capabilities

    console = Console(highlight=False)
    settings = places(sandbox=sandbox)
    table = Capabilities.load().priced("memeputer", settings.memeputer_usd).of(settings.services)
    capabilities = rented(settings, table)
    if settings.picture_mode == "background":
        capabilities = capabilities.called_by(settings.background_model)
    model = settings.image_model or capabilities.default
    print_table(console, "Settings", ("Setting", "Value", "What it is"), _settings(settings))
    if model in capabilities.models:
        columns = ("Wanted", "Becomes", "At worst", "Changed")
        how = f", called by {settings.background_model}" if settings.picture_mode == "background" else ""
        print_table(console, f"Pictures on {model}{how}", columns, _intents(settings, capabilities, model))
    title = f"Picture models, as of {capabilities.checked}"
    print_table(console, title, ("Model", "Until", "Then"), _models(capabilities))
    found, problems = asyncio.run(_places(settings, sandbox=sandbox))
    asked, wrong = asyncio.run(endpoints(settings, sandbox=sandbox))
    there, lacking = asyncio.run(workers(settings))
    problems += [*wrong, *lacking]
    rows = [*found, *there, _likeness(), _memeputer(settings, problems), *asked, *_folders(problems)]
    print_table(console, "Places", ("What", "How it is"), rows)
    problems += [*_model_problems(capabilities, model), *_budget_problems(settings, capabilities, model)]
    if settings.openai_api_key is None and not sandbox:
        problems.append(NO_KEY)
    console.print()
    for problem in problems:
        console.print(Text("✗ ", style="bold red") + Text(problem))
    if problems:
        raise typer.Exit(1)
    console.print("[bold green]✓[/] Everything that can be checked without paying is in order.")


PROMPT = 4000
"""Characters of prompt the worst price is told for: the most an action of the reference coach takes."""

FIRST, FINISHED = "a first picture of the person", "the accepted draft, finished"

Rows = Sequence[tuple[str, ...]]


def _today() -> date:
    return datetime.now(UTC).date()


def _settings(settings: Settings) -> Rows:
    from coach.store.database import read_url

    rows = []
    fields, own = type(settings).model_fields, type(settings).__annotations__
    for name, field in sorted(fields.items(), key=lambda named: named[0] not in own):
        value = getattr(settings, name)
        text = "not set" if value is None else str(value)
        if name == "database_url" and value is not None:
            text = read_url(settings.database).render_as_string(hide_password=True)
        rows.append((str(field.validation_alias), text, field.description or ""))
    return rows


def _wanted(settings: Settings) -> dict[str, PictureRequest]:
    """What people ask of pictures, with a long prompt; pictures of them as it is set."""
    from coach.faces import face_model
    from coach.runtime import previews_of
    from coach.studio import PictureRequest, Reference

    words = "x" * PROMPT
    photo, version = Reference(kind="photo", id="photo"), Reference(kind="version", id="version")
    previews = previews_of(settings, face_model())
    person = PictureRequest(prompt=words, references=(photo,), keep_face=True, previews=previews)
    change = person.model_copy(update={"references": (version, photo)})
    as_set, draft = {"grade": settings.grade}, {"grade": "draft"}
    other = (
        {FINISHED: change}
        if settings.grade == "draft"
        else {"a quick draft": person.model_copy(update=draft)}
    )
    return {
        FIRST: person.model_copy(update=as_set),
        "a change of it": change.model_copy(update=as_set),
        **other,
        "a part of it, by mask": PictureRequest(prompt=words, references=(version,), mask=version),
        "a scene without a person": PictureRequest(prompt=words),
        "a sticker, transparent": PictureRequest(prompt=words, background="transparent", shape="square"),
    }


def _tries(settings: Settings, wanted: str, request: PictureRequest) -> int:
    """How often it may be asked for: once more when it does not look like the person; see `Studio.quote`."""
    from coach.faces import face_model
    from coach.runtime import second_try_within

    if wanted == FINISHED or not request.photos or second_try_within(settings) <= 0:
        return 1
    return 1 if face_model() is None else 2


def _intents(settings: Settings, capabilities: Capabilities, model: str) -> Rows:
    from coach.errors import InputRefused, PictureError
    from coach.studio.price import quote

    rows = []
    for wanted, request in _wanted(settings).items():
        try:
            plan = capabilities.plan(request, model, _today())
        except (InputRefused, PictureError) as exc:
            rows.append((wanted, "refused", "", str(exc)))
            continue
        sent = " ".join(str(plan.params.get(key, "")) for key in ("size", "quality", "output_format"))
        worst = quote(plan, capabilities.model(plan.model), tries=_tries(settings, wanted, request))
        twice = ", made twice" if worst.tries > 1 else ""
        said = f"{dollars(worst.micros)}{twice}"
        rows.append((wanted, f"{plan.operation} {sent}", said, " ".join(plan.repairs)))
    return rows


def _models(capabilities: Capabilities) -> Rows:
    rows = []
    for model in capabilities.models.values():
        until = "no end announced" if model.shutdown is None else str(model.shutdown)
        if model.is_gone(_today()):
            until += " (gone)"
        rows.append((model.name, until, model.replacement or ""))
    return rows


def _likeness() -> tuple[str, str]:
    from coach.faces import face_model

    model = face_model()
    return "likeness", "not measured: needs the extra `likeness`" if model is None else f"by {model.name}"


def _folders(problems: list[str]) -> Rows:
    """The coach folders that installed packages offer; names that two packages offer come to the problems."""
    from coach.check import offered

    there = offered()
    problems += [
        f"Two packages offer a coach folder as `{name}`: {' and '.join(packages)}."
        for name, packages in there.items()
        if len(packages) > 1
    ]
    return [(f"coach folder `{name}`", " and ".join(packages)) for name, packages in there.items()]


def _memeputer(settings: Settings, problems: list[str]) -> tuple[str, str]:
    """How it stands with it; what is wrong comes to the problems."""
    from coach.errors import SettingsError
    from coach.stickers.foreign import read_agents_spec

    try:
        there = settings.memeputer(settings.picture_seconds, read_agents_spec)
    except SettingsError as exc:
        problems.append(str(exc))
        return "stickers by Memeputer", "set up by half, or wrongly"
    if there is None:
        return "stickers by Memeputer", "not set up: needs MEMEPUTER_API_KEY and MEMEPUTER_AGENT_ID"
    where = settings.memeputer_direct_path or "in the chat of an agent"
    price = dollars(None if settings.memeputer_usd is None else int(settings.memeputer_usd * 1_000_000))
    return "stickers by Memeputer", f"{where}, each {price}"


def _model_problems(capabilities: Capabilities, model: str) -> Iterator[str]:
    from coach.errors import PictureError

    try:
        yield from capabilities.warnings(_today(), model=model)
    except PictureError as exc:
        yield f"{exc.say} {exc.detail}"


def _budget_problems(settings: Settings, capabilities: Capabilities, model: str) -> Iterator[str]:
    """A sentence for each budget that not even one picture of the person fits."""
    from coach.errors import InputRefused, PictureError
    from coach.studio.budgets import to_micros
    from coach.studio.price import quote

    try:
        plan = capabilities.plan(_wanted(settings)[FIRST], model, _today())
    except (InputRefused, PictureError):
        return  # said by the model's own problems, and in the table
    worst = quote(plan, capabilities.model(plan.model)).micros
    for name, usd in settings.budgets.items():
        setting = type(settings).model_fields[f"max_{name}_usd"].validation_alias
        if usd is not None and worst is None:
            yield f"{setting} is {usd}, and the price of {FIRST} is not known: every one is refused."
        elif usd is not None and worst is not None and to_micros(usd) < worst:
            yield f"{setting} is {usd}, and {FIRST} costs {dollars(worst)} at worst: every one is refused."


async def _places(settings: Settings, *, sandbox: bool) -> tuple[Rows, list[str]]:
    """Where data is kept and how things stand there, and what is wrong. Nothing is made or changed."""
    from coach.errors import CoachError
    from coach.store import S3Blobs, Store

    rows: list[tuple[str, ...]] = []
    problems = []
    try:
        state = await Store.inspect(settings.database)
        rows.append(("database", STATES[state]))
        if state == "newer":
            problems.append(f"The database {STATES[state]}.")
        if state == "current":
            async with opened_books(sandbox=sandbox) as books:
                doubts = len(await books.in_doubt())
            said = f"{doubts} may have been charged: coach reconcile" if doubts else "nothing is in doubt"
            rows.append(("money", said))
    except CoachError as exc:
        problems.append(str(exc))
    try:
        blobs = None if sandbox else settings.blobs()  # the sandbox has no bucket
        if not isinstance(blobs, S3Blobs):
            rows.append(("pictures", "a folder only you can read"))
        elif await blobs.is_private():
            rows.append(("pictures", f"the bucket {settings.s3_bucket_name!r}, closed to strangers"))
        else:
            problems.append(
                f"The bucket {settings.s3_bucket_name!r} answers strangers. Block public access before use."
            )
    except CoachError as exc:
        problems.append(str(exc))
    return rows, problems
