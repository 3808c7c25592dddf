"""What is the same in whatever agent a coach runs: one suite for every adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

import coach
from coach.testing import call
from tests._talk import run, start
from tests.actions._pictures import make_ready
from tests.adapters._contract import HIDDEN, KINDS, Host, Kind, OpenHost, kind_of, no_ref


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest) -> tuple[Kind, OpenHost]:
    return kind_of(request.param)


@pytest.fixture
def kind(host: tuple[Kind, OpenHost]) -> Kind:
    return host[0]


@pytest.fixture
def opened(host: tuple[Kind, OpenHost]) -> OpenHost:
    return host[1]


def told(host: Host, kind: type[Any]) -> list[Any]:
    return [event for event in host.events if isinstance(event, kind)]


async def test_a_call_runs_once_and_the_model_reads_what_it_says(
    talk: coach.Coach, log: list[Any], opened: OpenHost
) -> None:
    async with opened(talk) as host:
        answers = await host.reply(call("write", id="a", text="hello"))
    assert answers == {"a": "Wrote 5 characters."}
    assert [(entry[0], entry[2]) for entry in log] == [("ann", "hello")]
    assert [type(event).__name__ for event in host.events[:2]] == ["Started", "Finished"]
    assert told(host, coach.Finished)[0].data == {"text": "hello"}


async def test_the_model_is_shown_the_phases_prompt_and_strict_tools(
    talk: coach.Coach, kind: Kind, opened: OpenHost
) -> None:
    async with opened(talk) as host:
        assert host.shown.tools == {name: talk.actions[name].schema for name in talk.phase("start").actions}
        assert not kind.prompt or host.shown.prompt == (await start(talk)).prompt


FATES = {
    "unknown": call("nope"),
    "left_out": call("write"),
    "wrong_type": call("write", text=3),
    "one_too_many": call("write", text="x", user_id="bob"),
    "retry": call("fail", how="retry"),
    "missing": call("fail", how="missing"),
    "refused": call("fail", how="refused"),
    "conflict": call("fail", how="conflict"),
    "failed": call("fail", how="break"),
    "waiting": call("approve", text="x"),
    "done": call("paint", name="p"),
}
TEXTS = {
    "broken": coach.Call(id="x", name="write", arguments="{nonsense"),
    "list": coach.Call(id="x", name="write", arguments="[1]"),
    "deep": coach.Call(id="x", name="write", arguments="[" * 100_000),
}


@pytest.mark.parametrize("fate", [*FATES, *TEXTS])
async def test_the_model_reads_the_same_sentence_in_every_agent(
    talk: coach.Coach, kind: Kind, opened: OpenHost, fate: str
) -> None:
    if (fate in TEXTS and not kind.texts) or (fate == "deep" and not kind.deep):
        return  # such arguments do not come as far as the adapter
    asked = {**FATES, **TEXTS}[fate]
    turn = await start(talk, conversation_id="c2")
    await run(turn, asked)
    async with opened(talk) as host:
        [said] = (await host.reply(asked)).values()
    assert no_ref(said) == no_ref(str(turn.answers[0]["content"]))
    assert "sk-secret" not in host.shown.text
    assert len(told(host, coach.Finished)) == 1


async def test_an_action_outside_the_phase_does_not_run(
    talk: coach.Coach, log: list[Any], opened: OpenHost
) -> None:
    async with opened(talk, phase="middle") as host:
        assert set(host.shown.tools) == {"write", "move"}
        [said] = (await host.reply(call("paint", name="p"))).values()
    assert said == "There is no such action here. Available now: `write`, `move`."
    assert log == []


async def test_a_move_comes_after_the_other_calls_of_its_reply_and_once(
    talk: coach.Coach, kind: Kind, log: list[Any], opened: OpenHost
) -> None:
    asked = [
        call("move", id="a", phase="middle"),
        call("write", id="b", text="still here"),
        call("move", id="c", phase="end"),
        call("paint", id="d", name="p"),
    ]
    async with opened(talk) as host:
        if kind.replies:
            answers = await host.reply(*asked)
            assert answers["c"].endswith("it went to middle, not to end.")
            assert answers["d"] == "There it is."
        else:
            await host.reply(asked[0])
        assert told(host, coach.PhaseChanged) == [coach.PhaseChanged(phase="middle", previous="start")]
        assert set(host.shown.tools) == {"write", "move"}
        assert not kind.prompt or "This is middle." in host.shown.prompt
        [said] = (await host.reply(call("paint", id="e", name="p"))).values()
        assert said.endswith("Available now: `write`, `move`.")
        await host.reply(call("move", id="f", phase="end"))
        assert (dict(host.shown.tools), told(host, coach.PhaseChanged)[1].phase) == ({}, "end")


async def test_a_repeated_id_is_the_same_call(
    talk: coach.Coach, kind: Kind, log: list[Any], opened: OpenHost
) -> None:
    async with opened(talk) as host:
        first = await host.reply(call("write", id="same", text="once"))
    async with opened(talk) as host:  # e.g. the same turn once more, after a crash
        again = await host.reply(call("write", id="same", text="once"))
    assert first == again
    assert len(log) == (1 if kind.ids else 2)


async def test_what_needs_a_yes_happens_once_and_only_as_it_was_shown(
    talk: coach.Coach, log: list[Any], opened: OpenHost
) -> None:
    async with opened(talk) as host:
        [said] = (await host.reply(call("approve", id="q", text="this"))).values()
        [waiting] = told(host, coach.Waiting)
        assert said.startswith("This waits for the user's yes") and log == []
        assert (waiting.ask, waiting.arguments) == ("Approve?", {"text": "this"})
        with pytest.raises(coach.Conflict):
            await host.decide(replace(waiting, digest="0" * 64), yes=True)
        await host.decide(waiting, yes=True)
        assert host.events[-1].state == "done"
        assert log == [("ann", "approved", "this")]
        with pytest.raises(coach.Conflict):
            await host.decide(waiting, yes=True)
    assert len(log) == 1


async def test_a_no_settles_it(talk: coach.Coach, log: list[Any], opened: OpenHost) -> None:
    async with opened(talk) as host:
        await host.reply(call("approve", text="this"))
        await host.decide(told(host, coach.Waiting)[0], yes=False)
        assert host.events[-1].state == "declined"
    assert log == []


@pytest.mark.parametrize(
    ("yes", "sentence"), [(True, "The user said yes. It is done: Approved."), (False, "The user said no.")]
)
async def test_the_model_is_told_what_the_person_decided(
    talk: coach.Coach, kind: Kind, opened: OpenHost, yes: bool, sentence: str
) -> None:
    async with opened(talk) as host:
        await host.reply(call("approve", id="q", text="this"))
        await host.decide(told(host, coach.Waiting)[0], yes=yes)
        if not kind.history:
            assert list(host.shown.answers.values()) == ["Approved." if yes else "The user said no."]
            return
        await host.reply()
        [answer] = {name: said for name, said in host.shown.answers.items() if name != "q"}.values()
        assert answer == sentence
        assert host.shown.answers["q"].startswith("This waits for the user's yes")
        await host.reply()  # and once
        assert len(host.shown.answers) == 2


async def test_a_yes_that_moves_shows_the_model_the_new_phase(
    talk: coach.Coach, kind: Kind, opened: OpenHost
) -> None:
    async with opened(talk) as host:
        await host.reply(call("approve", text="move"))
        await host.decide(told(host, coach.Waiting)[0], yes=True)
        await host.reply()
        assert dict(host.shown.tools) == {}
        assert not kind.prompt or "This is end." in host.shown.prompt


async def test_too_many_calls_are_answered_and_do_not_run(
    talk: coach.Coach, kind: Kind, log: list[Any], opened: OpenHost
) -> None:
    if not kind.turns:
        return  # nothing there says which calls belong together
    async with opened(talk, limits=coach.Limits(calls=3)) as host:
        answers = await host.reply(*(call("write", id=str(number), text="x") for number in range(5)))
    assert [said.split()[0] for said in answers.values()] == ["Wrote"] * 3 + ["The"] * 2
    assert "number of calls of this turn is used up" in answers["4"]
    assert len(log) == 3


async def test_two_people_never_get_at_each_others_things(
    talk: coach.Coach, log: list[Any], opened: OpenHost
) -> None:
    async with opened(talk) as ann, opened(talk, user_id="bob") as bob:
        await ann.reply(call("approve", id="q", text="hers"))
        await bob.reply(call("write", id="q", text="his"))
        with pytest.raises(coach.Conflict):
            await bob.decide(told(ann, coach.Waiting)[0], yes=True)
        assert told(bob, coach.Waiting) == []
    assert [entry[0] for entry in log] == ["bob"]


async def test_progress_reaches_the_application_while_it_happens(talk: coach.Coach, opened: OpenHost) -> None:
    async with opened(talk) as host:
        await host.reply(call("paint", name="p"))
    [progress] = told(host, coach.Progress)
    assert (progress.text, progress.done, progress.of) == ("painting", 1, 2)
    assert host.events.index(progress) < host.events.index(told(host, coach.Finished)[0])


async def test_somebody_sees_themselves_and_says_that_this_is_them(
    opened: OpenHost, kind: Kind, settings: coach.Settings, photo_bytes: bytes
) -> None:
    async with coach.open("coach.reference", settings, faces=None) as reference:
        store = reference.service("store", coach.Store)
        await make_ready(store, photo_bytes)
        async with opened(reference, phase="identity_visualization") as host:
            read = [await host.reply(call("generate_identity_image", identity_id="i1"))]
            assert "on the user's screen as v1" in "".join(read[0].values())
            assert len(told(host, coach.Preview)) == 2
            shown = told(host, coach.Finished)[-1].data
            assert (await store.blobs.get(shown["blob"])).startswith(b"\x89PNG")
            read.append(await host.reply(call("accept_identity_visualization", identity_id="i1")))
            assert (await store.identities.get("ann", "i1")).accepted_version_id is None
            await host.decide(told(host, coach.Waiting)[0], yes=True)
            read.append(await host.reply(call("transition_phase", phase="wrap_up")))
            assert told(host, coach.PhaseChanged)[-1].phase == "wrap_up"
            _reads_no_more_than_handles(host, read)
        identity = await store.identities.get("ann", "i1")
        assert (identity.stage, identity.accepted_version_id) == ("visualized", shown["version_id"])


def _reads_no_more_than_handles(host: Host, read: Sequence[Any]) -> None:
    answers = " ".join(said for answers in read for said in answers.values())
    assert not HIDDEN.search(answers), answers
    for event in told(host, coach.Preview):
        assert event.blob not in host.shown.text
    found = HIDDEN.search(host.shown.text)
    assert not found, found
