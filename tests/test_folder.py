"""Loading a coach folder: by path, by package, beside others, and not at all when it has errors."""

import json
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from textwrap import dedent
from typing import Any

import pytest

import coach
from coach import CoachError, Context, FolderError, NotFound, load, reference
from coach.errors import ContextError
from coach.pending import MemoryJournal
from tests._folder import SOUND, edited, write_folder

LEAVE = "actions/leave.py"


def says(words: str) -> dict[str, str]:
    return {"actions/_words.py": f"GOODBYE = {words!r}\n"}


async def said(folder: coach.Coach, action: str = "leave") -> str:
    result: Any = await folder.actions[action](Context(user_id="ann"))
    return str(result.say)


async def test_a_folder_is_loaded_by_its_path_without_touching_the_import_path(tmp_path: Path) -> None:
    before = list(sys.path)
    mine = load(write_folder(tmp_path))
    assert (mine.name, mine.first_phase, mine.common) == ("mine", "hello", ("person",))
    assert list(mine.actions) == ["greet", "leave"]
    assert list(mine.context) == ["person", "wishes"]
    assert list(mine.phases) == ["bye", "hello"]
    assert await said(mine) == "Goodbye."
    assert sys.path == before
    assert not {"actions", "context", "prompts"} & sys.modules.keys()


async def test_text_with_a_slash_or_a_dot_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path)
    monkeypatch.chdir(folder)
    assert load(str(folder)).package == load(".").package == load("../mine/").package == load(folder).package


async def test_a_package_is_a_coach_with_natural_module_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "some_app", name="greeter")
    (tmp_path / "some_app" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    mine = load("some_app.greeter")
    assert (mine.name, mine.package) == ("greeter", "some_app.greeter")
    assert mine.actions["greet"].params.__module__ == "some_app.greeter.actions.greet"
    assert await said(mine) == "Goodbye."


def test_a_name_that_is_no_coach_package_is_the_folder_of_that_name_right_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(str(write_folder(tmp_path, name="json"))).name == "json"
    assert load("json").folder == tmp_path / "json"


def test_the_reference_folder_is_known_by_its_path_too() -> None:
    by_name, by_path = load("coach.reference"), load(reference.FOLDER)
    assert by_name.package == by_path.package == "coach.reference"
    assert by_name.name == "reference"
    assert by_name.actions == by_path.actions, "one class, not two"


def test_the_library_is_not_found_once_more_inside_the_reference_folder() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"coach\.reference\.coach"):
        import_module("coach.reference.coach.errors")
    assert [one.name for one in walk_packages(reference.__path__, "coach.reference.")].count(
        "coach.reference.coach.reference"
    ) == 0


async def test_two_folders_of_one_name_and_the_names_of_other_modules_harm_nobody(tmp_path: Path) -> None:
    changes = {
        "actions/json.py": SOUND[LEAVE].replace("leave", "json"),
        **edited("prompts/phases/hello.md", ('"leave"]', '"leave", "json"]'), ("`leave`", "`leave` `json`")),
    }
    one = load(write_folder(tmp_path / "a", {**changes, **says("one")}))
    two = load(write_folder(tmp_path / "b", {**changes, **says("two")}))
    assert (await said(one, "json"), await said(two, "json")) == ("one", "two")
    assert one.name == two.name and one.package != two.package
    assert json.loads("1") == 1 and sys.modules["json"] is json


async def test_another_folder_at_the_same_path_is_another_coach(tmp_path: Path) -> None:
    before = load(write_folder(tmp_path, says("before")))
    after = load(write_folder(tmp_path, says("and after")))
    assert (await said(before), await said(after)) == ("before", "and after")


async def test_a_folder_that_did_not_change_gives_the_same_classes(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    one, two = load(folder), load(folder)
    assert one.actions["greet"] is two.actions["greet"]
    params = one.actions["greet"].params(loudly=True)
    assert pickle.loads(pickle.dumps(params)) == params


def test_every_error_is_raised_at_once(tmp_path: Path) -> None:
    changes = {LEAVE: "import nobody_has_this", "actions/greet.py": "x = 1", "prompts/phases/bye.md": "+++"}
    with pytest.raises(FolderError) as caught:
        load(write_folder(tmp_path, changes))
    assert [finding.code for finding in caught.value.findings] == ["A001", "A007", "P001"]
    assert "actions/leave.py:1 A007" in str(caught.value)


def test_a_warning_does_not_stop_a_coach(tmp_path: Path) -> None:
    changes = edited("prompts/phases/hello.md", (" `leave`", " them"))
    assert load(write_folder(tmp_path, changes)).first_phase == "hello"


SERVED = {
    "actions/greet.py": SOUND["actions/greet.py"].replace(
        "    ctx: Context,\n", "    ctx: Context, pictures,\n"
    ),
    "context/person.py": SOUND["context/person.py"].replace("(ctx: Context)", "(ctx: Context, people)"),
}


def test_services_are_asked_for_only_when_some_are_given(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, SERVED)
    assert load(folder).services.keys() == {"prompts"}
    with pytest.raises(FolderError, match="A010 `person` asks for the service `people`"):
        load(folder, pictures=1)
    assert load(folder, pictures=1, people=2).services.keys() == {"prompts", "pictures", "people"}


def test_services_may_be_given_later_and_exchanged(tmp_path: Path) -> None:
    bare = load(write_folder(tmp_path, SERVED))
    with pytest.raises(FolderError, match="A010"):
        bare.with_services(pictures=1)
    full = bare.with_services(pictures=1, people=2)
    assert full.with_services(pictures=3).services["pictures"] == 3
    assert full.services["pictures"] == 1 and "pictures" not in bare.services
    assert full.service("people", int) == 2
    with pytest.raises(CoachError, match="needs the service `people`"):
        full.service("people", str)


def test_an_action_may_ask_for_the_prompts(tmp_path: Path) -> None:
    changes = {LEAVE: SOUND[LEAVE].replace("(ctx: Context)", "(ctx: Context, prompts)")}
    mine = load(write_folder(tmp_path, changes), nothing=None)
    assert mine.service("prompts", coach.Prompts) is mine.prompts


def test_calls_are_recorded_in_the_service_of_that_name_or_in_memory(tmp_path: Path) -> None:
    mine, journal = load(write_folder(tmp_path)), MemoryJournal()
    assert isinstance(mine.journal, MemoryJournal) and mine.with_services(x=1).journal is mine.journal
    assert mine.with_services(calls=journal).journal is journal


def test_a_service_named_calls_that_records_none_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    for attempt in (lambda: load(folder, calls=[]), lambda: load(folder).with_services(calls="calls")):
        with pytest.raises(CoachError, match=r"The service `calls` .* a `coach\.Journal`"):
            attempt()


def test_a_service_may_have_the_name_of_a_parameter(tmp_path: Path) -> None:
    mine = load(write_folder(tmp_path), source=1, self=2)
    assert mine.with_services(self=3).services.keys() == {"prompts", "source", "self"}


async def test_a_phase_is_rendered_from_what_it_and_coach_md_name(tmp_path: Path) -> None:
    unused = (
        dedent(SOUND["context/person.py"])
        .replace("person", "unused")
        .replace("    return", "    1 / 0\n    return")
    )
    mine = load(write_folder(tmp_path, {"context/unused.py": unused}))
    rendered = await mine.render("hello", Context(user_id="ann"))
    assert rendered.text == (
        "You talk with ann.\n\nSay hello with `greet`, go on with `leave`.\n- rain\nBe kind."
    )
    assert rendered.version == mine.prompts.version("coach.md", "phases/hello.md")
    assert (
        await mine.render("bye", Context(user_id="bob"))
    ).text == "You talk with bob.\n\nSay goodbye to bob."


async def test_an_unknown_phase_is_not_found(tmp_path: Path) -> None:
    mine = load(write_folder(tmp_path))
    with pytest.raises(NotFound, match="phase 'later'"):
        await mine.render("later", Context(user_id="ann"))


async def test_a_context_key_that_needs_a_service_the_coach_lacks_is_named(tmp_path: Path) -> None:
    mine = load(write_folder(tmp_path, SERVED))
    with pytest.raises(ContextError, match="`person` needs the service `people`") as caught:
        await mine.render("bye", Context(user_id="ann"))
    assert caught.value.keys == ("person",)


async def test_a_turn_begins_in_the_first_phase_with_its_prompt_and_tools(tmp_path: Path) -> None:
    turn = await load(write_folder(tmp_path)).turn(user_id="ann")
    assert turn.phase == "hello" and turn.prompt.startswith("You talk with ann.")
    assert [tool["function"]["name"] for tool in turn.tools] == ["greet", "leave"]


def test_the_loader_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"import sys, coach; coach.load({str(write_folder(tmp_path))!r}); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"openai", "sqlalchemy", "boto3", "starlette", "PIL"} & set(done.stdout.split())


def test_what_is_around_a_package_s_folder_says_where_that_is(tmp_path: Path) -> None:
    write_folder(tmp_path / "calm", name="calm")
    with pytest.raises(coach.FolderError, match=r"The coach folder is inside: \S+/calm/calm\."):
        coach.load(tmp_path / "calm")


def offer(root: Path, distribution: str, name: str, package: str) -> None:
    """What an installer leaves of a distribution that offers a coach folder."""
    about = root / f"{distribution}-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[coach.folders]\n{name} = {package}\n")


def test_a_folder_is_loaded_by_the_name_an_installed_package_offers_it_under(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write_folder(tmp_path / "some_plugin", name="calm")
    (tmp_path / "some_plugin" / "__init__.py").touch()
    offer(tmp_path, "some-plugin", "calm-coach", "some_plugin.calm")
    offer(tmp_path, "one-of-two", "twice", "some_plugin.calm")
    offer(tmp_path, "two-of-two", "twice", "some_plugin.other")
    offer(tmp_path, "gone", "gone", "no_such_package_at_all")
    loaded = coach.load("calm-coach")
    assert (loaded.name, loaded.package) == ("calm", "some_plugin.calm")
    with pytest.raises(coach.FolderError, match=r"calm` and `some_plugin\.other` are both"):
        coach.load("twice")
    with pytest.raises(coach.FolderError, match="there is no package `no_such_package_at_all`"):
        coach.load("gone")
