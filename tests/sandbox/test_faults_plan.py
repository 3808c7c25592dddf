"""Plans of faults: which request gets which, and what is said of a plan that is wrong."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from coach.sandbox import Sandbox, create_app
from coach.sandbox.faults import PlanError, Rule, read_plan


def statuses(*rules: Rule, routes: str = "models " * 12, fault: str = "") -> str:
    """The statuses of requests one after the other, a 200 shown as a dot."""
    headers = {"authorization": "Bearer any"}
    with (
        Sandbox(faults=rules) as sandbox,
        httpx2.Client(base_url=sandbox.base_url, headers=headers) as client,
    ):
        given = {"x-sandbox-fault": fault} if fault else {}
        answers = [client.get(f"/{route}", headers=given).status_code for route in routes.split()]
    return " ".join(str(status) if status != 200 else "." for status in answers)


def test_a_rule_without_more_takes_every_request() -> None:
    assert statuses(Rule(mode="status_503"), routes="models models/gpt-image-2") == "503 503"


def test_a_rule_skips_takes_each_nth_and_stops() -> None:
    rule = Rule(mode="status_503", after=2, every=3, times=2)
    assert statuses(rule) == ". . . . 503 . . 503 . . . ."


def test_a_rule_counts_only_its_route() -> None:
    rule = Rule(mode="status_503", route="model", after=1)
    routes = "models models/gpt-image-2 models models/gpt-image-2 models"
    assert statuses(rule, routes=routes) == ". . . 503 ."


def test_the_first_rule_that_wants_a_request_gets_it_and_every_rule_counts_it() -> None:
    rules = (Rule(mode="status_401", times=2), Rule(mode="status_403", after=1, times=2))
    assert statuses(*rules, routes="models " * 6) == "401 401 403 403 . ."


def test_a_header_is_obeyed_and_the_plan_does_not_see_the_request() -> None:
    rule = Rule(mode="status_503", times=1)
    assert statuses(rule, routes="models models", fault="status_401; seconds=1") == "401 401"
    headers = {"authorization": "Bearer any"}
    with Sandbox(faults=[rule]) as sandbox:
        url = f"{sandbox.base_url}/models"
        asked = httpx2.get(url, headers={**headers, "x-sandbox-fault": "status_401"})
        assert (asked.status_code, httpx2.get(url, headers=headers).status_code) == (401, 503)
        assert sandbox.totals.faults == {"status_401": 1, "status_503": 1}


@pytest.mark.parametrize("asked", ["hangs", "hang; seconds=soon", "hang; minutes=1", ""])
def test_a_header_that_asks_for_nothing_known_is_refused(quick: Sandbox, asked: str) -> None:
    headers = {"authorization": "Bearer any", "x-sandbox-fault": asked}
    error = httpx2.get(f"{quick.base_url}/models", headers=headers).json()["error"]
    assert (error["code"], error["param"]) == ("sandbox_fault", "x-sandbox-fault")
    assert "The modes are: " in error["message"] and "half_body" in error["message"]


def test_of_requests_at_once_exactly_so_many_get_it() -> None:
    with Sandbox(faults=[Rule(mode="status_503", times=7)]) as sandbox:

        def ask(number: int) -> int:
            return httpx2.get(f"{sandbox.base_url}/models", headers={"authorization": "Bearer x"}).status_code

        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(ask, range(64)))
    assert answers.count(503) == 7 and answers.count(200) == 57


def test_a_refused_key_is_not_counted() -> None:
    with Sandbox(faults=[Rule(mode="status_503", times=1)]) as sandbox:
        url = f"{sandbox.base_url}/models"
        answers = [httpx2.get(url, headers={"authorization": f"Bearer {key}"}) for key in ("bad-key", "good")]
    assert [answer.status_code for answer in answers] == [401, 503]


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text('[[fault]]\nmode = "reset"\nroute = "edits"\n[[fault]]\nmode = "drip"\nseconds = 1\n')
    assert read_plan(file) == [Rule(mode="reset", route="edits"), Rule(mode="drip", seconds=1.0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[fault]\nmode="hang"', "plan.toml is not TOML"),
        ("", "plan.toml: fault: Field required"),
        ('[[faults]]\nmode="hang"', "faults: Extra inputs"),
        ('[[fault]]\nmode="hang"\n[[fault]]\nroute="edits"', "fault 2 mode: Field required"),
        ('[[fault]]\nmode="hang"\nafer=2', "fault 1 afer: Extra inputs"),
        ('[[fault]]\nmode="hang"\ntimes=0', "fault 1 times: Input should be greater than or equal to 1"),
        ('[[fault]]\nmode="hang"\nevery="2"', "fault 1 every: Input should be a valid integer"),
        ('[[fault]]\nmode="drip"\nseconds=inf', "fault 1 seconds: Input should be a finite number"),
        (
            '[[fault]]\nmode="hang"\n[[fault]]\nmode="hangs"',
            "fault 2: there is no mode 'hangs'. The modes are: ",
        ),
        (
            '[[fault]]\nmode="hang"\nroute="edit"',
            "fault 1: there is no route 'edit'. The routes are: agent, cancel, chat, direct, edits,",
        ),
    ],
)
def test_a_wrong_plan_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(PlanError) as error:
        create_app(faults=read_plan(file))
    assert said in str(error.value)
