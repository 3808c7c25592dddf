"""Templates that use what they were not given, followed through loops and includes."""

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
    "an include of one of several": (
        "P007",
        {SCENE: "{% include ['_rules.md', '_nowhere.md'] %}"},
        f"{SCENE}:1",
        "only known while rendering",
    ),
    "an include that may be missing": (
        "P006",
        {SCENE: "{% include '_none.md' ignore missing %}"},
        f"{SCENE}:1",
        "there is no `_none.md` to include",
    ),
    "an include that sees nothing": (
        "P007",
        edited(HELLO, ('"_rules.md" %}', '"_rules.md" without context %}')),
        f"{HELLO}:11",
        "what it includes would see no values. Leave `without context` out.",
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
        edited(BYE, (SAY, "{% set who = person %}{% set x = who %}{{ x.age }}")),
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
    "{% set ns = namespace(n=0) %}{% for w in wishes %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    "{% filter upper %}{{ person.name | quoted('name') }}{% endfilter %}",
    "{{ wishes | map(attribute='text') | join(', ') }} {{ wishes | length }}",
    "{% raw %}{{ not_a_variable }}{% endraw %}{# {{ nor_this }} `nor_that` #}",
    "{{ person.name.strip() }}{% for key in person.keys() %}{{ key }}{% endfor %}",
]


@pytest.mark.parametrize("body", SOUND_BODIES)
def test_what_jinja_can_do_is_not_mistaken_for_an_error(tmp_path: Path, body: str) -> None:
    changes = edited(HELLO, ('{% include "_rules.md" %}', body))
    assert check(write_folder(tmp_path, changes)) == []


REFUSED_TAGS = {
    "extends": "{% extends '_rules.md' %}",
    "block": "{% block body %}{{ nobody }}{% endblock %}",
    "import": "{% import '_rules.md' as rules %}",
    "from": "{% from '_rules.md' import rule with context %}",
    "macro": "{% macro m(x) %}{{ x }}{% endmacro %}",
    "call": "{% call person.name() %}c{% endcall %}",
    "with": "{% with x = person %}{{ x.name }}{% endwith %}",
    "set … endset": "{% set x %}{{ person.name }}{% endset %}",
    "autoescape": "{% autoescape true %}{{ person.name }}{% endautoescape %}",
}


@pytest.mark.parametrize("tag", REFUSED_TAGS)
def test_a_tag_that_prompts_do_not_have_is_refused(tmp_path: Path, tag: str) -> None:
    [finding] = found(
        tmp_path, edited(BYE, (SAY, f"Bye, {{{{ person.name }}}}.\n{REFUSED_TAGS[tag]}")), "P008"
    )
    assert (finding.file, finding.line, finding.severity) == (BYE, 8, "error")
    assert finding.message == f"prompts do not have the tag `{tag}`"


def test_a_template_that_is_broken_is_not_blamed_for_more(tmp_path: Path) -> None:
    findings = check(write_folder(tmp_path, {RULES: "{% if %}"}))
    assert [finding.code for finding in findings] == ["P006"]
