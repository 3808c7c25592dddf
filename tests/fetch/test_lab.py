"""What is reached where every address is at hand and names lie: nothing but the public Internet.

In a network namespace; where the machine has none to give, it is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests._tree import ROOT
from tests.fetch import _cases as cases
from tests.fetch._lab import NOT_HERE

UNSHARE = ["unshare", "-rnm"]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What came of every link: how it ended, which places inside were reached, and how often it dialled."""
    if not shutil.which("unshare") or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip(
            "the laboratory of links needs network namespaces (unshare -rnm), which are not allowed here"
        )
    command = [*UNSHARE, sys.executable, "-m", "tests.fetch._lab"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode == NOT_HERE:
        pytest.skip(f"the laboratory of links cannot be set up here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_link_inside_is_refused_before_anything_is_dialled(found: dict[str, Any]) -> None:
    ended = found["direct"]
    assert len(ended) == len(set(cases.DIRECT)) >= 148
    assert {link: end for link, end in ended.items() if end["dialled"] or end["inside"]} == {}
    assert {end["ended"] for end in ended.values()} == {"bad_url", "forbidden_address"}


def test_a_redirect_inside_is_not_followed(found: dict[str, Any]) -> None:
    ended = found["redirects"]
    assert len(ended) == len(cases.REDIRECTS) > 40
    assert {link: end for link, end in ended.items() if end["inside"]} == {}
    # The head with a zero in it is no HTTP.
    assert {end["ended"] for end in ended.values()} == {"bad_url", "forbidden_address", "broken"}
    # What redirects is dialled, and once another such.
    assert {end["dialled"] for link, end in ended.items() if "/to%3F" not in link} == {1}


def test_a_name_that_changes_its_mind_leads_nowhere_else(found: dict[str, Any]) -> None:
    ended = found["rebinding"]
    assert {turn: end for turn, end in ended.items() if end["inside"]} == {}
    served = [turn for turn, end in ended.items() if end["ended"] == "served"]
    assert len(served) == sum(len(answers) - 1 for answers in cases.REBINDING.values())
    assert all(end["ended"] == "forbidden_address" for turn, end in ended.items() if turn not in served)


def test_what_is_public_is_served(found: dict[str, Any]) -> None:
    assert {link: end["ended"] for link, end in found["allowed"].items()} == dict.fromkeys(
        cases.ALLOWED, "served"
    )


def test_the_certificate_is_verified_for_the_name(found: dict[str, Any]) -> None:
    assert found["certificate"]["ended"] == "certificate"


def test_http_is_for_those_who_allow_it(found: dict[str, Any]) -> None:
    assert found["http"] == {"ended": "bad_url", "inside": [], "dialled": 0}
    assert found["downgraded"] == {"ended": "bad_url", "inside": [], "dialled": 1}


def test_an_ordinary_client_is_led_inside_by_the_same_links(found: dict[str, Any]) -> None:
    assert found["unguarded"] > 148
