"""The mistakes everybody makes once: each is found, at its line, and brings no other findings with it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from coach.check import check
from tests._folder import SOUND, edited, places, write_folder

HELLO, BYE, COACH = "prompts/phases/hello.md", "prompts/phases/bye.md", "prompts/coach.md"
GREET, LEAVE, PERSON = "actions/greet.py", "actions/leave.py", "context/person.py"

ALONE: dict[str, tuple[str, Mapping[str, str | None], str, str]] = {
    "no star before what the model gives": (
        "A006",
        edited(GREET, ("    *,\n", "")),
        f"{GREET}:11",
        "`loudly` has a `Field`, so the model gives it; write `*,` before it",
    ),
    "no star before a default that is a field": (
        "A006",
        {
            GREET: SOUND[GREET]
            .replace("            *,\n", "")
            .replace(
                'Annotated[bool, Field(description="Whether to shout.")] = False',
                'bool = Field(description="")',
            )
        },
        f"{GREET}:11",
        "write `*,` before it",
    ),
    "no context before a service": (
        "A006",
        edited(LEAVE, ("ctx: Context", "people: object")),
        f"{LEAVE}:6",
        "the first parameter is the context; write `leave(ctx: Context, people, …)`",
    ),
    "a context key without the context": (
        "C002",
        edited(PERSON, ("ctx: Context", "ctx: str")),
        f"{PERSON}:11",
        "the first parameter is the context; write `person(ctx: Context, …)`",
    ),
    "text instead of a result": (
        "A006",
        edited(LEAVE, ("Result[None]:", "str:")),
        f"{LEAVE}:6",
        "it does not return a `Result[…]`; write `-> Result[None]`",
    ),
    "the person's id from the model": (
        "A006",
        edited(GREET, ("loudly", "user_id")),
        f"{GREET}:12",
        "the model never says whose call it is; use `ctx.user_id`",
    ),
    "a mistyped switch": (
        "A006",
        edited(LEAVE, ("@action()", '@action(by="person")')),
        f"{LEAVE}:6",
        "by='person' is neither 'model' nor 'user'. Correct what the decorator is given",
    ),
    "a switch in words": (
        "A006",
        edited(LEAVE, ("@action()", '@action(spends="no")')),
        f"{LEAVE}:6",
        "spends='no' is neither True nor False",
    ),
    "no time at all": (
        "A006",
        edited(LEAVE, ("@action()", "@action(timeout=0)")),
        f"{LEAVE}:6",
        "its `timeout` is not a positive number of seconds",
    ),
    "time that is no number": (
        "C002",
        edited("context/wishes.py", ("timeout=1", 'timeout="1"')),
        "context/wishes.py:11",
        "its `timeout` is not a positive number of seconds",
    ),
    "a phase that is none": (
        "A012",
        edited(LEAVE, ('next="bye"', 'next="dune"')),
        f"{LEAVE}:9",
        "`next` names `dune`, which is no phase. There are: `bye`, `hello`.",
    ),
    "one of two phases is none, in a helper": (
        "A012",
        {
            LEAVE: SOUND[LEAVE].replace("._words import", "._words import result, "),
            "actions/_words.py": """
                from coach import Result
                GOODBYE = ""
                result = lambda ok: Result[None](say="", next="bye" if ok else ok and "helo")
            """,
        },
        "actions/_words.py:4",
        "`next` names `helo`, which is no phase. Did you mean `hello`?",
    ),
    "an action nobody wrote": (
        "P014",
        edited(BYE, ("Say goodbye", "Call `archive_goal`. Say goodbye")),
        f"{BYE}:7",
        "there is no action `archive_goal`. Write actions/archive_goal.py",
    ),
    "a question nobody is asked": (
        "A013",
        edited(LEAVE, ("@action()", '@action(ask="Shall we go on?")')),
        f"{LEAVE}:6",
        "nobody is asked the question of `leave`",
    ),
    "a yes that may cost money and does not say what": (
        "A014",
        edited(LEAVE, ("@action()", '@action(by="user", spends=True)')),
        f"{LEAVE}:6",
        "the person is not shown what a yes to `leave` sends",
    ),
    "a question of two lines": (
        "A006",
        edited(LEAVE, ("@action()", '@action(by="user", ask="On?\\nYes?")')),
        f"{LEAVE}:6",
        "its `ask` is not one line of plain text",
    ),
    "a context key that no prompt can show": (
        "C005",
        edited(PERSON, ("    name: str", "    name: str\n    face: bytes | None = None")),
        f"{PERSON}:12",
        "`person` gives `bytes`, which no prompt can show",
    ),
    "a misspelt name in a template": (
        "P012",
        edited(HELLO, ("in wishes", "in wishs")),
        f"{HELLO}:8",
        "(also on line 9). Did you mean `wishes`?",
    ),
    "a misspelt context key": (
        "P011",
        edited(HELLO, ('["wishes"]', '["wishs"]')),
        f"{HELLO}:4",
        "there is no context key `wishs`. Did you mean `wishes`?",
    ),
    "a misspelt attribute": (
        "P016",
        edited(BYE, ("person.name", "person.nam")),
        f"{BYE}:7",
        "`person` has no `nam`",
    ),
    "a misspelt field": (
        "P002",
        edited(HELLO, ("actions =", "action =")),
        f"{HELLO}:3",
        "`action` means nothing here. Did you mean `actions`?",
    ),
    "a misspelt field of coach.md": (
        "P002",
        edited(COACH, ("first ", "frist ")),
        f"{COACH}:2",
        "Did you mean `first`?",
    ),
    "a missing field": (
        "P003",
        edited(HELLO, ('actions = ["greet", "leave"]\n', "")),
        f"{HELLO}:1",
        "never means",
    ),
    "a misspelt action": (
        "P010",
        edited(HELLO, ('"leave"]', '"leve"]')),
        f"{HELLO}:3",
        "there is no action `leve`. Did you mean `leave`?",
    ),
    "a misspelt phase": (
        "P020",
        edited(HELLO, ('next    = ["bye"]', 'next    = ["by"]')),
        f"{HELLO}:5",
        "there is no phase `by`. Did you mean `bye`?",
    ),
    "a field that is a list of no text": (
        "P002",
        edited(COACH, ("first ", "actions = 3\nfirst ")),
        f"{COACH}:2",
        "",
    ),
}


@pytest.mark.parametrize("case", ALONE)
def test_an_everyday_mistake_is_one_finding_with_its_line_and_a_way_out(tmp_path: Path, case: str) -> None:
    code, changes, place, words = ALONE[case]
    findings = check(write_folder(tmp_path, changes))
    assert [(finding.code, *places([finding])) for finding in findings] == [(code, place)]
    assert words in str(findings[0])
    assert findings[0].fix


SOUND_TOO: dict[str, Mapping[str, str | None]] = {
    "a question above a button": edited(LEAVE, ("@action()", '@action(by="user", ask="Shall we go on?")')),
    "a question that a phase asks": {
        **edited(LEAVE, ("@action()", '@action(ask="Shall we go on?")')),
        **edited(HELLO, ("next    =", 'confirm = ["leave"]\nnext    =')),
    },
    "a parameter without a type for the context": edited(LEAVE, ("ctx: Context", "ctx")),
    "no word about what comes back": edited(LEAVE, (" -> Result[None]", "")),
    "a next phase that is only known when it runs": edited(LEAVE, ('next="bye"', "next=ctx.next[0]")),
    "prose about a parameter and about a tag": {
        **edited(GREET, ("loudly", "as_loud_as")),
        "prompts/_rules.md": "`as_loud_as` `the_rules` {{ 'a' | quoted('the_rules') }} <the_tag> `the_tag`",
    },
    "a type that only pydantic knows": edited(
        PERSON,
        ("name: str", "name: str\n    moment: AwareDatetime | None = None"),
        ("from dataclasses", "from pydantic import AwareDatetime\nfrom dataclasses"),
    ),
}


@pytest.mark.parametrize("case", SOUND_TOO)
def test_what_is_not_a_mistake_is_not_taken_for_one(tmp_path: Path, case: str) -> None:
    assert check(write_folder(tmp_path, SOUND_TOO[case])) == []
