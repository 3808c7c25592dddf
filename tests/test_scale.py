"""The simulation of coach beyond one machine, at small size: what must hold whatever the parameters."""

import heapq
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale.calibrate import Measured, compare, read_trace
from benchmarks.scale.model import quantile, simulate
from benchmarks.scale.needs import TARGET, at_peak, needed, only_accounts, parts
from benchmarks.scale.parameters import TIERS, Parameters, sources
from benchmarks.scale.report import parameters
from benchmarks.scale.theory import erlang_c, wait_mdc, wait_mmc
from benchmarks.scale.traffic import HOUR, Picture
from tests._tree import ROOT

Draw = Callable[[random.Random], float]
SERVICES: dict[str, Draw] = {
    "exponential": lambda draw: draw.expovariate(1),
    "constant": lambda draw: 1.0,
    "mixed": lambda draw: draw.choice((0.2, 3.0)),
}
ALONE = Parameters(workers=4, slots=1, accounts=2, refused=0, hop=0)
"""Four servers and nothing else."""

BUSY = Parameters(people=3_000, tier=2, workers=3, slots=8, active=0.2, refused=0.01, batch_room=1.0)
FAULTS = replace(
    BUSY,
    deaths=96.0,
    outages=((19 * HOUR, 300.0),),
    restarts=((12 * HOUR, 10.0), (20 * HOUR, 30.0)),
)


def arrivals(number: int, *, rate: float, service: Draw, seed: int = 3) -> list[Picture]:
    """A Poisson process of people who ask once."""
    draw, at, found = random.Random(seed), 0.0, []
    for person in range(number):
        at += draw.expovariate(rate)
        found.append(Picture(asked=at, seconds=service(draw), person=person))
    return found


def served(pictures: Sequence[Picture], servers: int) -> list[tuple[float, float, int]]:
    """When each begins and ends, and where: first come, first served (Kiefer and Wolfowitz 1955)."""
    free = [(0.0, server) for server in range(servers)]
    found = []
    for picture in pictures:
        at, server = heapq.heappop(free)
        begin = max(at, picture.asked)
        found.append((begin, begin + picture.seconds, server))
        heapq.heappush(free, (begin + picture.seconds, server))
    return found


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("service", SERVICES)
def test_without_limits_it_is_the_queue_of_the_books(service: str) -> None:
    pictures = arrivals(2_000, rate=3.4, service=SERVICES[service])
    begins = [begin for begin, *_ in served(pictures, 4)]
    assert [each.started for each in simulate(ALONE, pictures=pictures).pictures] == pytest.approx(begins)


@pytest.mark.parametrize(("service", "closed"), [("exponential", wait_mmc), ("constant", wait_mdc)])
def test_it_waits_as_long_as_the_closed_form_says(
    service: str, closed: Callable[[int, float, float], float]
) -> None:
    pictures = arrivals(25_000, rate=2.4, service=SERVICES[service])
    waited = mean(simulate(ALONE, pictures=pictures).waits())
    assert waited == pytest.approx(closed(4, 2.4, 1.0), rel=0.06)


def test_the_closed_forms_are_those_of_one_server() -> None:
    assert erlang_c(1, 0.8) == pytest.approx(0.8)
    assert wait_mmc(1, 0.8, 1) == pytest.approx(0.8 / 0.2)
    assert wait_mdc(1, 0.8, 1) == pytest.approx(0.8 / 0.4)
    with pytest.raises(ValueError, match="below 4 servers"):
        wait_mdc(4, 4.0, 1)


def test_as_many_wait_as_littles_law_says() -> None:
    given = replace(BUSY, refused=0)
    result = simulate(given)
    in_queue = sum(each.waited - given.hop for each in result.pictures)
    assert in_queue > 1000
    assert result.queue_seconds == pytest.approx(in_queue)


@pytest.mark.parametrize("given", [BUSY, FAULTS, replace(FAULTS, tier=1)])
def test_no_minute_has_more_than_the_limit(given: Parameters) -> None:
    assert simulate(given).most_in_a_minute == [TIERS[given.tier].pictures]


def test_batches_leave_room_in_a_minute() -> None:
    given = replace(BUSY, batch_room=0.5, workers=10)
    batch = [Picture(asked=0, seconds=10, batch=True) for _ in range(50)]
    assert simulate(given, pictures=batch).most_in_a_minute == [10]


@pytest.mark.parametrize(("at_once", "here"), [(None, 3 * 4), (10, 5)])
def test_batches_leave_room_in_the_slots(at_once: int | None, here: int) -> None:
    given = replace(ALONE, batch_room=0.5, workers=3, slots=8, accounts=1, at_once=at_once)
    batch = [Picture(asked=0, seconds=10, batch=True) for _ in range(50)]
    somebody = Picture(asked=1, seconds=10)
    simulate(given, pictures=[*batch, somebody])
    assert sum(each.started == 0 for each in batch) == here
    assert somebody.waited == 0


@pytest.mark.parametrize("background", [False, True])
def test_every_picture_comes_to_one_end_whatever_breaks(background: bool) -> None:
    given = replace(FAULTS, background=background)
    result = simulate(given)
    assert result.deaths > 100
    assert result.number("done") + result.number("unknown") == len(result.pictures)
    assert (result.number("unknown") == 0) is background
    assert all(each.asked < each.started < each.ended for each in result.pictures)


def test_no_worker_has_more_than_its_slots_and_no_account_more_at_once() -> None:
    given = replace(BUSY, at_once=20)
    most = dict.fromkeys((*range(given.workers), "all"), 0)
    running = dict.fromkeys(most, 0)
    moments = []
    for each in simulate(given).pictures:
        moments += [(each.started - given.hop, 1, each.worker), (each.ended, -1, each.worker)]
    for _, change, worker in sorted(moments, key=lambda each: each[:2]):
        for whose in (worker, "all"):
            running[whose] += change
            most[whose] = max(most[whose], running[whose])
    assert most == {0: 8, 1: 8, 2: 8, "all": 20}


def test_nothing_is_sent_while_the_service_is_out_or_the_database_restarts() -> None:
    sent = sorted(each.started for each in simulate(FAULTS).pictures)
    for begin, length in (*FAULTS.outages, *FAULTS.restarts):
        assert not [at for at in sent if begin + FAULTS.hop < at < begin + length]
        assert [at for at in sent if begin + length <= at < begin + length + 120]


def test_what_a_dead_worker_left_is_in_doubt_within_eight_seconds() -> None:
    given = replace(ALONE, deaths=400.0)
    died, known = (
        [each.ended for each in simulate(with_, pictures=long).pictures if each.state == "unknown"]
        for with_ in (replace(given, heartbeat=0, reaper=0), given)
        for long in [[Picture(asked=0, seconds=5_000, person=person) for person in range(4)]]
    )
    assert len(died) == 4
    assert all(6 <= later - at <= 8 for at, later in zip(died, known, strict=True))


def test_what_a_dead_worker_had_not_sent_runs_elsewhere() -> None:
    given = replace(ALONE, deaths=2_000.0, hop=5.0)
    result = simulate(given, pictures=arrivals(300, rate=0.5, service=SERVICES["constant"]))
    assert result.put_back > 5
    assert result.number("done") + result.number("unknown") == 300
    assert any(each.tries > 1 and each.state == "done" for each in result.pictures)


def test_the_neighbour_of_a_noisy_tenant_starts_within_two_slots() -> None:
    noisy = [Picture(asked=0, seconds=2, person=number % 3) for number in range(1_000)]
    neighbour = Picture(asked=101.0, seconds=2, person=9, tenant=1)
    simulate(ALONE, pictures=[*noisy, neighbour])
    before = [each for each in noisy if neighbour.asked < each.started < neighbour.started]
    assert len(before) <= 2


def test_people_of_a_tenant_take_turns_and_batches_come_last() -> None:
    given = replace(ALONE, workers=1)
    first = [Picture(asked=0, seconds=1, person=1) for _ in range(6)]
    second = [Picture(asked=0.1, seconds=1, person=2) for _ in range(3)]
    batch = [Picture(asked=0.05, seconds=1, person=3, batch=True) for _ in range(3)]
    result = simulate(given, pictures=[*first, *second, *batch])
    order = [each.person for each in sorted(result.pictures, key=lambda each: each.started)]
    assert order == [1, 1, 2, 1, 1, 1, 2, 1, 2, 3, 3, 3]


def test_the_same_seed_is_the_same_day() -> None:
    days = [[each.ended for each in simulate(replace(FAULTS, seed=seed)).pictures] for seed in (1, 1, 2)]
    assert days[0] == days[1] != days[2]


def test_where_a_part_is_full_the_waiting_begins() -> None:
    given = only_accounts(Parameters(tier=2))
    full = next(part.people for part in parts(given) if part.name.startswith("pictures per minute"))
    few, many = (at_peak(replace(given, people=int(full * share)), enough=1_000) for share in (0.5, 1.3))
    assert quantile(few, 0.95) < TARGET < quantile(many, 0.95)


def test_what_is_needed_is_enough_and_one_less_is_not() -> None:
    found = needed(Parameters(people=30_000, slots=4), enough=1_000)
    assert quantile(found.waits, 0.95) <= TARGET
    fewer = replace(found.given, workers=found.given.workers - 1)
    assert quantile(at_peak(fewer, enough=1_000), 0.95) > TARGET


def test_a_parameter_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="workers, batch"):
        Parameters(workers=0, batch=2.0)
    with pytest.raises(ValueError, match="tier"):
        Parameters(tier=6)


def test_the_page_has_the_parameters_of_the_code_with_their_sources() -> None:
    assert all(sources().values())
    page = (ROOT / "docs" / "scale.md").read_text()
    assert "\n".join(parameters(Parameters())) in page


def trace(path: Path, *, rate: float, hop: float = 0.1, idle: bool = False) -> Path:
    """What a run of four workers of two slots writes down.

    Args:
        hop: How long each of them takes to go on.
        idle: Whether one of them takes no more after a third of the run.
    """
    pictures = arrivals(600, rate=rate, service=lambda draw: 2 + hop + draw.random() / 10)
    spans = served(pictures[:200], 8) if idle else served(pictures, 8)
    if idle:
        spans += [(begin, end, at) for begin, end, at in served(pictures[200:], 6)]
    lines = [
        {"arrived": each.asked, "started": begin + hop, "ended": end, "worker": f"w{at // 2}", "key": "k"}
        for each, (begin, end, at) in zip(pictures, spans, strict=True)
    ]
    random.Random(1).shuffle(lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("rate", [2.0, 3.4, 3.7, 20.0])
def test_a_run_of_workers_that_are_never_idle_is_close(tmp_path: Path, rate: float) -> None:
    found = compare(read_trace(trace(tmp_path / "run.jsonl", rate=rate)), slots=2)
    assert found.close, found
    assert found.hop == pytest.approx(0.1 if rate > 3 else Parameters().hop, abs=0.06)


def test_a_run_in_which_a_worker_stops_is_not(tmp_path: Path) -> None:
    found = compare(read_trace(trace(tmp_path / "run.jsonl", rate=3.4, idle=True)), slots=2)
    assert not found.close, found


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        '{"arrived": 1, "started": 2, "ended": 3}',
        '{"arrived": 1, "started": NaN, "ended": 3, "worker": "w"}',
        '{"arrived": 3, "started": 2, "ended": 4, "worker": "w"}',
    ],
)
def test_a_line_that_is_no_picture_is_named(tmp_path: Path, line: str) -> None:
    file = trace(tmp_path / "run.jsonl", rate=3.0)
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(ValueError, match=r"run\.jsonl, line 601: "):
        read_trace(file)


def test_nothing_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(ValueError, match="no picture"):
        read_trace(tmp_path / "empty.jsonl")
    with pytest.raises(ValueError, match="no picture"):
        compare(list[Measured](), slots=1)
