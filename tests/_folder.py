"""A small sound coach folder, for the tests to break."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from coach.check import Finding, check

SOUND: dict[str, str] = {
    "prompts/coach.md": """\
        +++
        first   = "hello"
        context = ["person"]
        +++
        You talk with {{ person.name }}.
    """,
    "prompts/phases/hello.md": """\
        +++
        title   = "Hello"
        actions = ["greet", "leave"]
        context = ["wishes"]
        next    = ["bye"]
        +++
        Say hello with `greet`, go on with `leave`.
        {% for wish in wishes %}
        - {{ wish.text }}
        {% endfor %}
        {% include "_rules.md" %}
    """,
    "prompts/phases/bye.md": """\
        +++
        title   = "Bye"
        actions = []
        context = []
        next    = []
        +++
        Say goodbye to {{ person.name }}.
    """,
    "prompts/_rules.md": "Be kind.\n",
    "prompts/images/scene.md": "A picture of {{ who }}.\n",
    "actions/greet.py": '''\
        from typing import Annotated

        from pydantic import Field

        from coach import Context, Result, action


        @action
        async def greet(
            ctx: Context,
            *,
            loudly: Annotated[bool, Field(description="Whether to shout.")] = False,
        ) -> Result[None]:
            """Greet the user."""
            return Result(say="HELLO" if loudly else "hello")
    ''',
    "actions/leave.py": '''\
        from coach import Context, Result, action

        from ._words import GOODBYE


        @action()
        async def leave(ctx: Context) -> Result[None]:
            """Go on."""
            return Result(say=GOODBYE, next="bye")
    ''',
    "actions/_words.py": 'GOODBYE = "Goodbye."\n',
    "context/person.py": '''\
        from dataclasses import dataclass

        from coach import Context, context_key


        @dataclass(frozen=True)
        class Person:
            name: str


        @context_key
        async def person(ctx: Context) -> Person:
            """Who it is."""
            return Person(name=ctx.user_id)
    ''',
    "context/wishes.py": '''\
        from pydantic import BaseModel

        from coach import Context, context_key


        class Wish(BaseModel):
            text: str
            place: str | None = None


        @context_key(timeout=1)
        async def wishes(ctx: Context) -> list[Wish]:
            """What they wish for."""
            return [Wish(text="rain")]
    ''',
}


def write_folder(root: Path, changes: Mapping[str, str | None] | None = None, *, name: str = "mine") -> Path:
    """Write the sound folder with some files changed, added, or (``None``) left out."""
    folder = root / name
    for path, text in {**SOUND, **(changes or {})}.items():
        if text is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(dedent(text), "utf-8")
    return folder


def edited(path: str, *pairs: tuple[str, str]) -> dict[str, str]:
    """One file of the sound folder with pieces replaced, as a change for :func:`write_folder`."""
    text = dedent(SOUND[path])
    for old, new in pairs:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    return {path: text}


def found(root: Path, changes: Mapping[str, str | None], code: str) -> list[Finding]:
    """The findings with one code in the sound folder with some changes."""
    return [finding for finding in check(write_folder(root, changes)) if finding.code == code]


def places(findings: list[Finding]) -> list[str]:
    """Where findings are: ``prompts/coach.md:3``."""
    return [f"{finding.file}:{finding.line}" for finding in findings]
