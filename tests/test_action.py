"""Actions: left of the star the application gives, right of it the model gives."""

from __future__ import annotations

import pickle
from typing import Annotated, Any, Protocol

import pytest
from pydantic import BaseModel, Field, ValidationError

from coach import Action, Context, Result, action, context_key
from coach._signature import SignatureError
from coach.schema import SchemaError

Words = Annotated[str, Field(description="Some words.", max_length=5)]


class Diary(Protocol):
    async def add(self, user_id: str, text: str) -> None: ...


class Kept(BaseModel):
    text: str


@action(timeout=3, spends=True, exclusive="text", by="user")
async def keep(
    ctx: Context, diary: Diary, other: object, *, text: Words, twice: Words = "no"
) -> Result[Kept]:
    """Keep a text.

    Call it when the user asks for it.
    """
    await diary.add(ctx.user_id, text)
    return Result(say=f"Kept, {twice}.", data=Kept(text=text))


@action
async def wait(ctx: Context) -> Result[None]:
    """Do nothing."""
    return Result(say="Still here.")


class FakeDiary:
    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    async def add(self, user_id: str, text: str) -> None:
        self.kept.append((user_id, text))


def test_an_action_says_what_its_signature_says() -> None:
    assert isinstance(keep, Action)
    assert (keep.name, keep.needs, keep.timeout, keep.spends, keep.exclusive, keep.by) == (
        "keep",
        ("diary", "other"),
        3,
        True,
        "text",
        "user",
    )
    assert keep.description == "Keep a text.\n\nCall it when the user asks for it."
    assert list(keep.params.model_fields) == ["text", "twice"]
    assert (wait.name, wait.needs, wait.timeout, wait.by, wait.spends) == ("wait", (), 60, "model", False)


async def test_an_action_is_called_as_it_was_written() -> None:
    diary = FakeDiary()
    result = await keep(Context(user_id="ann"), diary, None, text="sun")
    assert result == Result(say="Kept, no.", data=Kept(text="sun"))
    assert diary.kept == [("ann", "sun")]


def test_the_model_gives_the_parameters_and_nothing_else() -> None:
    assert keep.params.model_validate({"text": "sun"}).model_dump() == {"text": "sun", "twice": "no"}
    for wrong in ({"text": "sunshine"}, {"text": "sun", "user_id": "bob"}, {"text": "sun", "ctx": {}}, {}):
        with pytest.raises(ValidationError):
            keep.params.model_validate(wrong)
    assert keep.schema["properties"].keys() == {"text", "twice"}
    assert "description" not in keep.schema, "the tool has it already"
    assert wait.schema["properties"] == {}


def test_validated_arguments_can_be_pickled() -> None:
    given = keep.params(text="sun")
    assert pickle.loads(pickle.dumps(given)) == given


def test_a_parameter_may_be_called_like_a_method_of_a_model() -> None:
    @action
    async def odd(ctx: Context, *, copy: Words, schema: Words, model_config_id: Words) -> Result[None]:
        """Do something odd."""
        return Result(say=copy + schema + model_config_id)

    assert dict(odd.params(copy="a", schema="b", model_config_id="c")) == {
        "copy": "a",
        "schema": "b",
        "model_config_id": "c",
    }


def test_what_has_no_strict_schema_is_only_found_when_it_is_asked_for() -> None:
    @action
    async def loose(
        ctx: Context, *, any: Annotated[dict[str, int], Field(description="Any.")]
    ) -> Result[None]:
        """Take anything."""
        return Result(say="")

    with pytest.raises(SchemaError, match="parameter `any` is a dict"):
        assert loose.schema


async def no_docstring(ctx: Context) -> Result[None]:
    return Result(say="")


async def no_context() -> Result[None]:
    """Do."""
    return Result(say="")


async def no_annotation(ctx: Context, *, text) -> Result[None]:
    """Do."""
    return Result(say="")


async def starred(ctx: Context, **rest: Any) -> Result[None]:
    """Do."""
    return Result(say="")


def not_async(ctx: Context) -> Result[None]:
    """Do."""
    return Result(say="")


class Callable:
    async def __call__(self, ctx: Context) -> Result[None]:
        """Do."""
        return Result(say="")


@pytest.mark.parametrize(
    ("function", "reason", "words"),
    [
        (no_docstring, "docstring", "needs a docstring"),
        (no_context, "parameters", "the first parameter is the context"),
        (no_annotation, "description", r"`text: Annotated\[<type>, Field"),
        (starred, "parameters", r"`\*\*rest` is not allowed"),
        (not_async, "async", "write `async def not_async`"),
        (Callable(), "async", "is an async function"),
    ],
)
def test_what_cannot_be_an_action_or_a_context_key_says_why(function: Any, reason: str, words: str) -> None:
    for decorator in (action, action(), context_key):
        with pytest.raises(SignatureError, match=words) as caught:
            decorator(function)
        assert caught.value.reason == reason
        assert (caught.value.line > 0) == hasattr(function, "__code__")


WRONG: list[dict[str, Any]] = [
    *({"by": by} for by in ("person", "users", "", None, ["user"])),
    *({"timeout": seconds} for seconds in (0, -1, True, "5", None, float("inf"), float("nan"))),
    *({"ask": ask} for ask in ("", " Is it you?", "Is it\nyou?", "Is it\x1b you?", "?" * 201, 3)),
    {"spends": "no"},
    {"terms": lambda ctx: None},
    {"terms": keep.handler},
    {"exclusive": ["text"]},
]


@pytest.mark.parametrize("given", WRONG, ids=[str(given).partition(" at 0x")[0] for given in WRONG])
def test_a_mistyped_switch_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SignatureError) as caught:
        action(**given)(wait.handler)
    assert caught.value.reason == "decorator" and caught.value.line > 0


@pytest.mark.parametrize("seconds", [0, -0.5, "5"])
def test_a_context_key_takes_a_time_that_is_one(seconds: Any) -> None:
    async def colour(ctx: Context) -> str:
        """The colour they like."""
        return "red"

    with pytest.raises(SignatureError, match="positive number of seconds"):
        context_key(timeout=seconds)(colour)


def test_an_action_may_bring_the_question_of_its_button() -> None:
    question = "Is this picture how you see yourself?"
    assert action(by="user", ask=question)(wait.handler).ask == question
    assert wait.ask is None


def test_a_result_may_have_another_name() -> None:
    async def leave(ctx: Context) -> Annotated[Result[None], "a result"]:
        """Go."""
        return Result(say="")

    assert action(leave).name == "leave"


async def test_a_context_key_is_called_as_it_was_written() -> None:
    @context_key(timeout=2)
    async def colour(ctx: Context, colours: dict[str, str]) -> str | None:
        """The colour they like."""
        return colours.get(ctx.user_id)

    assert (colour.name, colour.needs, colour.timeout, colour.description) == (
        "colour",
        ("colours",),
        2,
        "The colour they like.",
    )
    assert colour.signature.returns == str | None
    assert await colour(Context(user_id="ann"), {"ann": "red"}) == "red"
