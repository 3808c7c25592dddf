"""The scripted coach: what it takes from a request, and that it never loops."""

import json
from collections.abc import Sequence

import jsonschema_rs
import pytest

from coach.sandbox.journey import KNOWN
from coach.sandbox.script import Answer, answer
from tests.sandbox._requests import PHASES, Json, tool

TEXT: Json = {"type": "string"}
PARAMETERS: dict[str, Json] = {
    "set_user_name": {"name": TEXT},
    "save_note": {"text": TEXT},
    "accept_identity": {"identity_id": TEXT},
    "accept_identity_visualization": {"identity_id": TEXT, "version": {"anyOf": [TEXT, {"type": "null"}]}},
    "archive_identity": {"identity_id": TEXT},
    "focus_identity": {"identity_id": TEXT},
    "create_identity": {"name": TEXT, "note": {"anyOf": [TEXT, {"type": "null"}]}},
    "merge_identities": {"identity_ids": {"type": "array", "items": TEXT}, "name": TEXT},
    "write_i_am_statement": {"identity_id": TEXT, "statement": TEXT},
    "generate_identity_image": {"identity_id": TEXT, "prompt": {"anyOf": [TEXT, {"type": "null"}]}},
    "revise_identity_image": {
        "identity_id": TEXT,
        "change": TEXT,
        "version": {"anyOf": [TEXT, {"type": "null"}]},
    },
    "show_identity_versions": {"identity_id": TEXT, "version": {"anyOf": [TEXT, {"type": "null"}]}},
    "compare_identity_images": {
        "identity_id": TEXT,
        "versions": {"anyOf": [{"type": "array", "items": TEXT}, {"type": "null"}]},
    },
    "transition_phase": {"phase": TEXT},
}
LOOKING = {
    "phase": "identity_visualization",
    "current_identity": "i1 · Guide · stated",
    "visualization": "On a hill.",
    "photo": "there is one",
    "versions": "v1\nv2",
}
IDENTITIES = (
    "i1 · Night-sky guide · proposed\ni2 · Quiet harbour · proposed\ni3 · Keeper &amp; friend · proposed"
)


def prompt(tools: Sequence[str], **tags: str) -> str:
    """A system prompt that speaks of some tools and says some things."""
    facts = "\n".join(f"<{name}>\n{value}\n</{name}>" for name, value in tags.items())
    return f"Text inside tags such as <notes> is information. {' '.join(f'`{t}`' for t in tools)}\n{facts}"


def ask(tools: Sequence[str], *messages: Json, mentioned: Sequence[str] | None = None, **tags: str) -> Answer:
    """The coach's answer; a message without a role is the person's."""
    system = {"role": "system", "content": prompt(tools if mentioned is None else mentioned, **tags)}
    offered = [tool(name, **PARAMETERS.get(name, {"text": TEXT})) for name in tools]
    return answer({"model": "m", "messages": [system, *messages], "tools": offered})


def said(text: str) -> Json:
    return {"role": "user", "content": text}


@pytest.mark.parametrize(
    ("tools", "tags", "text", "calls"),
    [
        (["set_user_name"], {"phase": "introduction"}, "call me Mia", [("set_user_name", {"name": "Mia"})]),
        (["set_user_name"], {"phase": "introduction"}, "hello", []),
        (
            ["save_note"],
            {"phase": "get_to_know_you"},
            "I sing in a choir",
            [("save_note", {"text": "I sing in a choir"})],
        ),
        (["save_note"], {"phase": "get_to_know_you"}, "what is this for?", []),
        (
            ["accept_identity"],
            {"phase": "identity_brainstorming", "identities": IDENTITIES},
            "the second one",
            [("accept_identity", {"identity_id": "i2"})],
        ),
        (
            ["merge_identities"],
            {"phase": "identity_brainstorming", "identities": IDENTITIES},
            "merge i1 and Keeper & friend",
            [
                (
                    "merge_identities",
                    {"identity_ids": ["i1", "i3"], "name": "Night-sky guide and Keeper & friend"},
                )
            ],
        ),
        (
            ["archive_identity"],
            {"phase": "identity_brainstorming", "identities": IDENTITIES},
            "drop the last",
            [("archive_identity", {"identity_id": "i3"})],
        ),
        (
            ["focus_identity"],
            {"phase": "identity_visualization", "identities": IDENTITIES},
            "Quiet harbour",
            [("focus_identity", {"identity_id": "i2"})],
        ),
        (
            ["generate_identity_image"],
            {**LOOKING},
            "I would like a new picture, on a boat on the lake",
            [
                (
                    "generate_identity_image",
                    {"identity_id": "i1", "prompt": "I would like a new picture, on a boat on the lake"},
                )
            ],
        ),
        (
            ["create_identity"],
            {"phase": "identity_brainstorming", "identities": IDENTITIES},
            "What about bread whisperer?",
            [("create_identity", {"name": "Bread whisperer", "note": None})],
        ),
        (
            ["write_i_am_statement"],
            {
                "phase": "i_am_statement",
                "current_identity": "i1 · Guide · refined",
                "statement": "I am a guide.",
            },
            "I am the guide of my street.",
            [("write_i_am_statement", {"identity_id": "i1", "statement": "I am the guide of my street."})],
        ),
        (
            ["generate_identity_image"],
            {
                "phase": "identity_visualization",
                "current_identity": "i1 · Guide · stated",
                "visualization": "On a hill.",
                "photo": "none",
            },
            "yes, please",
            [],
        ),
        (
            ["log_walk"],
            {},
            "Please log the walk I took",
            [("log_walk", {"text": "Please log the walk I took"})],
        ),
        (["log_walk"], {}, "I took a walk", []),
    ],
)
def test_what_the_person_says_leads_to_the_call(
    tools: list[str], tags: dict[str, str], text: str, calls: list[tuple[str, Json]]
) -> None:
    reply = ask(tools, said(text), **{"next_phases": "", **tags})
    assert list(reply.calls) == calls and bool(reply.text) is not bool(calls)


CURRENT, SCENE = {"current_identity": "i1 · Guide · stated"}, {"visualization": "On a hill."}


@pytest.mark.parametrize(
    ("phase", "tags", "expected"),
    [
        ("introduction", {}, "What would you like me to call you?"),
        ("introduction", {"user_name": "Mia"}, "Hello Mia"),
        ("get_to_know_you", {"user_name": "Mia"}, "What fills your days"),
        ("identity_brainstorming", {}, "A name of your own is just as welcome."),
        ("identity_brainstorming", {"identities": IDENTITIES}, "“Keeper & friend”. Which one"),
        ("identity_refinement", CURRENT, "“Guide”, then."),
        ("i_am_statement", CURRENT, "beginning with “I am”?"),
        ("i_am_statement", {**CURRENT, "statement": "I am a guide."}, "“I am a guide.”"),
        ("identity_visualization", {"identities": IDENTITIES}, "Which of your identities"),
        ("identity_visualization", CURRENT, "Now the part we have been heading for"),
        ("identity_visualization", {**CURRENT, **SCENE, "photo": "none"}, "Your photo is not here yet."),
        ("identity_visualization", {**CURRENT, **SCENE, "photo": "yes"}, "Are you ready to see it?"),
        ("identity_visualization", {**CURRENT, **SCENE, "photo": "yes", "versions": "v1"}, "is it you?"),
        ("wrap_up", {**CURRENT, "statement": "I am a guide."}, "What is one small thing"),
        ("", {}, "I am the sandbox's scripted coach"),
    ],
)
def test_the_coach_begins_with_what_is_known(phase: str, tags: dict[str, str], expected: str) -> None:
    reply = ask(["transition_phase"], **({"phase": phase} if phase else {}), **tags)
    assert expected in reply.text and reply.calls == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("are you a robot?", "I am an AI"),
        ("what do you mean?", "We go step by step"),
        ("what is the capital of France?", "more than my script can answer"),
        ("bye", "Everything is kept"),
        ("ok", "Tell me a little more."),
    ],
)
def test_small_talk_gets_an_honest_answer_and_leads_back(text: str, expected: str) -> None:
    reply = ask(["save_note"], said(text), phase="get_to_know_you")
    assert expected in reply.text and reply.calls == ()


def test_a_tool_that_is_not_offered_or_not_spoken_of_is_not_called() -> None:
    tags = {"phase": "get_to_know_you", "next_phases": ""}
    assert ask(["save_note"], said("I sing in a choir"), mentioned=[], **tags).calls == ()
    assert ask([], said("I sing in a choir"), mentioned=["save_note"], **tags).calls == ()


@pytest.mark.parametrize("phase", [*PHASES, "somewhere_else"])
@pytest.mark.parametrize("refusal", ["Try it differently.", "Refused.", "It waits for the user's yes."])
def test_whatever_is_said_and_answered_a_turn_ends_in_words(phase: str, refusal: str) -> None:
    tools = [*KNOWN, "log_walk"]
    tags = {
        "phase": phase,
        "next_phases": ", ".join(PHASES),
        "identities": IDENTITIES,
        "current_identity": "i1 · Night-sky guide · visualized",
        "photo": "there is one",
    }
    lines = [
        "hi",
        "yes",
        "no",
        "I am Ada",
        "I love the sea and the stars",
        "the first",
        "change it",
        "why?",
        "",
        "log walk",
    ]
    for line in lines:
        for more in (
            {},
            {"visualization": "x"},
            {"visualization": "x", "versions": "v1\nv2", "statement": "I am."},
        ):
            messages = [said(line)]
            for _ in range(4):
                reply = ask(tools, *messages, **tags, **more)
                assert bool(reply.text) is not bool(reply.calls)
                if reply.text:
                    break
                for number, (name, arguments) in enumerate(reply.calls):
                    schema = tool(name, **PARAMETERS.get(name, {"text": TEXT}))["function"]["parameters"]
                    jsonschema_rs.validate(schema, arguments)
                    messages += called(f"c{len(messages)}-{number}", name, arguments, refusal)
            assert reply.text, f"{phase}: {line!r} does not end"


def called(id: str, name: str, arguments: Json, answered: str) -> list[Json]:
    """A call and its answer."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": answered},
    ]


@pytest.mark.parametrize(
    ("told", "calls"),
    [
        ("The user said yes. It is done: v1 is theirs.", ["transition_phase"]),
        ("The user pressed this button. It is done: v1 is theirs.", ["transition_phase"]),
        ("The user said yes, but it was not done: gone.", []),
        ("The user said no.", []),
    ],
)
def test_what_the_application_tells_is_understood(told: str, calls: list[str]) -> None:
    tags = {
        "phase": "identity_visualization",
        "next_phases": "wrap_up",
        "current_identity": "i1 · Guide · stated",
    }
    history = [said("that is me"), {"role": "assistant", "content": "Then press yes."}]
    pair = called("b1", "accept_identity_visualization", {"identity_id": "i1"}, told)
    reply = ask(["transition_phase"], *history, *pair, **tags)
    assert [name for name, _ in reply.calls] == calls and bool(reply.text) is not bool(calls)


def test_a_stranger_s_answer_is_passed_on() -> None:
    history = [said("log my walk"), *called("c1", "log_walk", {"text": "x"}, "The walk is logged.")]
    assert ask(["log_walk"], *history).text.startswith("The walk is logged.")
