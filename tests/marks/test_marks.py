"""The marks in small, so that they are known to run; `make marks` runs them at full size.

Those that take long, and whose promises have tests of their own, are left to it; `COACH_MARKS=1` runs them.
"""

import os
import subprocess
import sys

import pytest

long = pytest.mark.skipif("COACH_MARKS" not in os.environ, reason="set COACH_MARKS=1, or run `make marks`")


def run(module: str, *args: str) -> str:
    """What a mark says, which must find nothing wrong. In a process of its own: it forks."""
    command = [sys.executable, "-m", f"tests.marks.{module}", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("dialect", "mode"),
    [
        ("sqlite", "direct"),
        pytest.param("postgres", "jobs", marks=long),
        pytest.param("sqlite", "links", marks=long),
    ],
)
def test_a_kill_at_any_step_loses_nothing_and_pays_nothing_twice(dialect: str, mode: str) -> None:
    assert " 0 wrong" in run("kills", "--each", "1", "--random", "2", "--on", dialect, "--mode", mode)


def test_a_kill_while_a_rented_worker_draws_loses_nothing_and_posts_nothing_twice() -> None:
    only = ("--each", "3", "--at", "job_waits", "--at", "job_posted", "--random", "0")
    assert " 0 wrong" in run("kills", *only, "--on", "sqlite", "--mode", "rented")


@pytest.mark.parametrize("dialect", ["sqlite", pytest.param("postgres", marks=long)])
def test_many_clients_with_the_same_keys_get_the_same_pictures(dialect: str) -> None:
    assert " 0 wrong" in run("once", "--clients", "6", "--keys", "4", "--on", dialect)


@long
def test_a_changed_picture_stays_the_person_where_edits_drift() -> None:
    assert " 0 wrong" in run("drift", "--changes", "1")


def test_ten_templates_drawn_by_the_sandbox_are_stickers() -> None:
    assert "10 stickers" in (said := run("stickers", "--characters", "figure")) and " 0 wrong" in said


def test_grids_are_split_where_they_are_known_to_be_and_bad_ones_refused() -> None:
    assert " 0 wrong" in run("grids", "--good", "24", "--bad", "3")


@long
def test_every_fault_ends_in_the_right_error_and_the_ledger_agrees_with_the_service() -> None:
    assert " 0 wrong" in run("faults", "--together")


@long
def test_sockets_that_send_too_slowly_are_closed_while_others_are_served() -> None:
    assert " 0 wrong" in run("sockets", "--each", "4", "--honest", "10")


@long
def test_stopping_with_pictures_on_their_way_loses_none_and_pays_none_twice() -> None:
    assert " 0 wrong" in run("stops", "--pictures", "3", "--on", "sqlite", "--gently")


@long
def test_nothing_that_the_document_allows_or_forbids_breaks_the_server() -> None:
    assert " 0 wrong" in run("fuzz", "--requests", "40")


def test_a_batch_that_fails_in_part_is_completed_by_a_rerun() -> None:
    assert " 0 wrong" in run("flux", "--prompts", "20")


@long
def test_people_who_watch_lose_nothing_while_pictures_are_made() -> None:
    assert " 0 streams lost" in run(
        "load", "--watchers", "6", "--pictures", "3", "--each", "1", "--slowest", "10000"
    )


@long
def test_a_link_to_a_hostile_server_is_refused_in_time_and_takes_little_memory() -> None:
    assert " 0 wrong" in run(
        *("fetch", "--times", "2", "--seconds", "2", "--server", "drip", "--server", "endless body"),
        *("--server", "a gzip bomb", "--server", "as much as is allowed"),
    )


@long
def test_workers_that_are_killed_cut_off_and_without_a_database_pay_nothing_twice() -> None:
    assert " 0 wrong" in run(
        "workers", "--pictures", "20", "--people", "6", "--watchers", "3", "--every", "3"
    )


@long
@pytest.mark.parametrize("part", ["scale", "idle", "dead", "noisy"])
def test_workers_share_the_work(part: str) -> None:
    small = ("--rounds", "1", "--times", "1", "--idle", "10", "--slowest", "5000", "--deaths", "1")
    assert " 0 wrong" in run("queues", "--only", part, *small, "--waiting", "50")
