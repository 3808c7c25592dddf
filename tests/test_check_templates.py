"""Templates that use what they were not given, followed through loops, macros and includes."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from coach.check import check
from tests._folder import edited, found, places, write_folder

HELLO, BYE, COACH = "prompts/phases/hello.md", "prompts/phases/bye.md", "prompts/coach.md"
RULES, SCENE = "prompts/_rules.md", "prompts/images/scene.md"
SAY = "Say goodbye to {{ person.name }}."

BROKEN: dict[str, tuple[str, Mapping[str, str | None], str, str]] = {
    "a syntax error": (
        "P006",
        edited(BYE, (SAY, "{% if person %}Bye")),
        f"{BYE}:7",
        "it is no valid template",
    ),
    "a syntax error in a picture's prompt": (
        "P006",
        {SCENE: "\n{{ who"},
        f"{SCENE}:2",
        "it is no valid template",
    ),
    "a filter that does not exist": (
        "P006",
        edited(BYE, ("person.name }}", "person.name | shout }}")),
        f"{BYE}:7",
        "No filter named 'shout'",
    ),
    "an include of nothing": (
        "P006",
        edited(HELLO, ("_rules.md", "_rule.md")),
        f"{HELLO}:11",
        "there is no `_rule.md` to include. Did you mean `_rules.md`?",
    ),
    "an include of whatever": (
        "P007",
        {SCENE: "A picture.\n{% include style %}"},
        f"{SCENE}:2",
        "only known while rendering",
    ),
    "a macro that cannot see": (
        "P007",
        {
            **edited(BYE, (SAY, '{% from "_rules.md" import dear %}{{ dear() }}')),
            RULES: "\n{% macro dear() %}Dear {{ person.name }}{% endmacro %}",
        },
        f"{RULES}:2",
        "`person` is not known in a file that is imported without context",
    ),
    "a variable nobody declares": (
        "P012",
        edited(BYE, (SAY, "Bye.\n{{ nobody }}")),
        f"{BYE}:8",
        f"`nobody` is not in the `context` of {BYE}",
    ),
    "a context key that is not declared": (
        "P012",
        edited(BYE, (SAY, "{% if wishes %}Bye.{% endif %}")),
        f"{BYE}:7",
        f"`wishes` is a context key, but not in the `context` of {BYE}. Add it there",
    ),
    "a variable nobody declares, twice": (
        "P012",
        edited(BYE, (SAY, "{{ nobody }}{{ nobody }}\n{% if nobody %}{% endif %}")),
        f"{BYE}:7",
        "(also on line 8)",
    ),
    "a variable in an include": (
        "P012",
        {RULES: "Be kind.\n\nBe kind to {{ persn.name }}."},
        f"{RULES}:3",
        f"`persn` is not in the `context` of {HELLO}. Did you mean `person`?",
    ),
    "a variable of a loop after the loop": (
        "P012",
        edited(HELLO, ("{% endfor %}", "{% endfor %}\n{{ wish.text }}")),
        f"{HELLO}:11",
        "`wish`",
    ),
    "the loop outside of a loop": ("P012", edited(BYE, (SAY, "{{ loop.index }}")), f"{BYE}:7", "`loop`"),
    "a variable in coach.md": ("P012", edited(COACH, ("You talk", "{{ mood }}")), f"{COACH}:5", "`mood`"),
    "an attribute a dataclass does not have": (
        "P016",
        edited(BYE, ("person.name", "person.nam")),
        f"{BYE}:7",
        "`person` has no `nam`. Did you mean `name`?",
    ),
    "an attribute of a text": (
        "P016",
        edited(BYE, ("person.name", "person.name.first")),
        f"{BYE}:7",
        "`person.name` has no `first`. It is a plain value",
    ),
    "an attribute of a list": (
        "P016",
        edited(HELLO, ("wish.text", "wishes.text")),
        f"{HELLO}:9",
        "`wishes` has no",
    ),
    "an attribute of what is in a list": (
        "P016",
        edited(HELLO, ("wish.text", "wish.txt")),
        f"{HELLO}:9",
        "`wishes[]` has no `txt`. Did you mean `text`?",
    ),
    "an attribute of what is in a list, in an include": (
        "P016",
        {
            **edited(HELLO, ("- {{ wish.text }}", '{% include "_rules.md" %}')),
            RULES: "{{ wish.when if wish is defined else '' }}",
        },
        f"{RULES}:1",
        "has no `when`",
    ),
    "an attribute of a value's new name": (
        "P016",
        edited(BYE, (SAY, "{% set who = person %}{% with x = who %}{{ x.age }}{% endwith %}")),
        f"{BYE}:7",
        "`person` has no `age`",
    ),
    "an attribute of the first of many": (
        "P016",
        edited(HELLO, ("{% endfor %}", "{% endfor %}{{ (wishes | sort | first).who }}")),
        f"{HELLO}:10",
        "`wishes[]` has no `who`",
    ),
    "something that may be missing": (
        "P017",
        edited(HELLO, ("{% endfor %}", "{% endfor %}\n{{ wishes[0].text }}")),
        f"{HELLO}:11",
        "when `wishes` is an empty list it cannot be rendered: a value is missing",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_template_is_found_with_its_line_and_a_way_out(tmp_path: Path, case: str) -> None:
    code, changes, place, words = BROKEN[case]
    findings = found(tmp_path, changes, code)
    assert place in places(findings)
    assert any(words in str(finding) for finding in findings)


SOUND_BODIES = [
    "{{ person.name | upper }} {{ person['name'] }} {{ range(3) | join }}",
    "{% for wish in wishes if wish.place %}{{ loop.index }} {{ wish.place }}{% else %}none{% endfor %}",
    "{% for a, b in [(1, 2)] %}{{ a + b }}{% endfor %}",
    "{% macro m(x, y=person.name) %}{{ x }}{{ y }}{{ caller() }}{% endmacro %}{% call m(1) %}c{% endcall %}",
    "{% set ns = namespace(n=0) %}{% for w in wishes %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "{% set long %}{{ person.name }}{% endset %}{{ long | quoted('name') }}",
    "{% import '_macros.md' as macros %}{{ macros.dear(person.name) }}",
    "{% from '_macros.md' import dear as d with context %}{{ d(person.name) }}",
    "{% include ['_nowhere.md', '_macros.md'] %}{% include '_none.md' ignore missing %}",
    "{{ wishes | map(attribute='text') | join(', ') }} {{ wishes | length }}",
    "{% raw %}{{ not_a_variable }}{% endraw %}{# {{ nor_this }} `nor_that` #}",
    "{{ person.name.strip() }}{% for key in person.keys() %}{{ key }}{% endfor %}",
]


@pytest.mark.parametrize("body", SOUND_BODIES)
def test_what_jinja_can_do_is_not_mistaken_for_an_error(tmp_path: Path, body: str) -> None:
    changes = {
        **edited(HELLO, ('{% include "_rules.md" %}', body)),
        "prompts/_macros.md": "{% macro dear(name) %}Dear {{ name }}{% endmacro %}",
    }
    assert check(write_folder(tmp_path, changes)) == []


def test_inheritance_is_followed(tmp_path: Path) -> None:
    changes = {
        **edited(
            BYE, (SAY, '{% extends "_base.md" %}{% block body %}{{ super() }}{{ nobody }}{% endblock %}')
        ),
        "prompts/_base.md": "{{ person.name }}{% block body %}{{ somebody }}{% endblock %}",
    }
    assert places(found(tmp_path, changes, "P012")) == ["prompts/_base.md:1", f"{BYE}:7"]


def test_a_prompt_that_includes_itself_is_found_by_trying(tmp_path: Path) -> None:
    findings = found(tmp_path, {RULES: 'Again. {% include "_rules.md" %}'}, "P017")
    assert "RecursionError" in str(findings[0])


def test_a_template_that_is_broken_is_not_blamed_for_more(tmp_path: Path) -> None:
    findings = check(write_folder(tmp_path, {RULES: "{% if %}"}))
    assert [finding.code for finding in findings] == ["P006"]
