"""A service that is not well is left alone, tried now and then, and used again soon after it is well."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from coach.errors import PictureError
from coach.studio.faults import SAY, fault
from coach.studio.gate import Gate, GateLimits
from tests.studio._scaled import scaled


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(kw_only=True)
class Service:
    """Has an error from one moment to another, and takes a while for an answer."""

    ill_from: float
    ill_until: float
    seconds: float = 0.1
    posts: list[float] = field(default_factory=list)

    async def draw(self) -> None:
        self.posts.append(now())
        ill = self.ill_from <= now() < self.ill_until
        await asyncio.sleep(self.seconds)
        if ill:
            raise fault("service_error", paid="unknown")


async def ask(
    gate: Gate, service: Service, said: list[tuple[float, str]], person: str = "ana", pictures: int = 1
) -> None:
    """Ask once, tell the gate how it went, and note when that was."""
    try:
        async with gate.admit(person, pictures) as passed:
            try:
                await service.draw()
            except PictureError as error:
                passed.failed(error)
                raise
            passed.succeeded()
    except PictureError as error:
        said.append((now(), error.code))
    else:
        said.append((now(), "picture"))


async def fail(gate: Gate, code: str) -> None:
    async with gate.admit("ana") as passed:
        passed.failed(fault(code, paid="unknown"))


async def open_breaker(gate: Gate) -> None:
    for _ in range(gate.limits.failures):
        await fail(gate, "service_error")


@pytest.mark.parametrize("seconds", [60, 61, 85])
@scaled
async def test_a_minute_of_errors_at_twenty_requests_a_second(seconds: float) -> None:
    ill, well = Service(ill_from=10, ill_until=10 + seconds), Service(ill_from=0, ill_until=0)
    gate, other_gate = Gate(GateLimits()), Gate(GateLimits())
    said, other_said = list[tuple[float, str]](), list[tuple[float, str]]()
    async with asyncio.TaskGroup() as tasks:
        for number in range(20 * 120):
            person = f"person {number % 7}"
            tasks.create_task(ask(gate, ill, said, person))
            tasks.create_task(ask(other_gate, well, other_said, person))
            await asyncio.sleep(1 / 20)

    opened = next(at for at, code in said if code == "service_down")
    assert opened - ill.ill_from < 5
    before = [at for at in ill.posts if ill.ill_from <= at <= opened]
    assert len(before) <= 5 + 2, "those that were under way when the fifth failed, and no more"
    probes = [at for at in ill.posts if opened < at < ill.ill_until]
    assert len(probes) == seconds // 30 - (seconds == 60)
    assert all(later - earlier >= 30 for earlier, later in zip([opened, *probes], probes, strict=False))
    recovered = next(at for at, code in said if at > ill.ill_until and code == "picture")
    assert recovered - ill.ill_until <= 35
    assert {code for at, code in said if at > recovered} == {"picture"}

    assert {code for _, code in other_said} == {"picture"}
    assert len(other_said) == 20 * 120


@scaled
async def test_while_it_is_down_one_is_told_so_at_once_and_when_to_come_back() -> None:
    gate = Gate(GateLimits())
    await open_breaker(gate)
    await asyncio.sleep(12)
    began = now()
    with pytest.raises(PictureError) as caught:
        async with gate.admit("ben"):
            pass
    assert (caught.value.code, caught.value.paid, caught.value.retry_after) == ("service_down", "unpaid", 18)
    assert now() == began
    assert gate.state().down_for == 18


@scaled
async def test_those_who_wait_when_it_goes_down_are_not_sent_into_it() -> None:
    gate, said = Gate(GateLimits(at_once=1, failures=1)), list[tuple[float, str]]()
    service = Service(ill_from=0, ill_until=1)
    await asyncio.gather(*(ask(gate, service, said, person) for person in ("ana", "ben", "cleo")))
    assert sorted(code for _, code in said) == ["service_down", "service_down", "service_error"]
    assert len(service.posts) == 1


@scaled
async def test_of_those_who_wait_for_the_probe_one_goes() -> None:
    gate, said = Gate(GateLimits(at_once=2, failures=1)), list[tuple[float, str]]()
    service = Service(ill_from=0, ill_until=100)
    async with gate.admit("slow"):
        await fail(gate, "service_error")
        await asyncio.sleep(30)
        # Two at once: there is no room for that yet.
        late = [asyncio.create_task(ask(gate, service, said, f"{number}", 2)) for number in range(4)]
        await asyncio.sleep(1)
        assert service.posts == []
    await asyncio.gather(*late)
    assert len(service.posts) == 1
    assert sorted(code for _, code in said) == ["service_down"] * 3 + ["service_error"]


@scaled
async def test_a_probe_nobody_tells_the_end_of_is_followed_by_another() -> None:
    gate = Gate(GateLimits())
    await open_breaker(gate)
    await asyncio.sleep(30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), gate.admit("ana"):
            await asyncio.sleep(2)
    with pytest.raises(PictureError):
        await fail(gate, "timeout")
    await asyncio.sleep(29)
    async with gate.admit("ana") as passed:
        passed.succeeded()
    assert gate.state().down_for == 0
    async with gate.admit("ben"), gate.admit("cleo"):
        pass


@scaled
async def test_a_probe_that_fails_keeps_it_closed_for_as_long_again() -> None:
    gate = Gate(GateLimits())
    await open_breaker(gate)
    await asyncio.sleep(30)
    async with gate.admit("ana") as passed:
        await asyncio.sleep(20)
        passed.failed(fault("timeout", paid="unknown"))
    assert gate.state().down_for == 30


@scaled
async def test_what_began_before_it_went_down_says_nothing_about_now() -> None:
    gate = Gate(GateLimits())
    async with gate.admit("old") as lucky, gate.admit("old") as unlucky:
        await open_breaker(gate)
        lucky.succeeded()
        assert gate.state().down_for == 30
        await asyncio.sleep(10)
        unlucky.failed(fault("timeout", paid="unknown"))
        assert gate.state().down_for == 20


@scaled
async def test_a_slow_probe_that_fails_after_a_quick_one_went_well_does_not_count() -> None:
    gate = Gate(GateLimits(failures=1))
    await open_breaker(gate)
    await asyncio.sleep(30)
    async with gate.admit("slow") as slow:
        await asyncio.sleep(30)
        async with gate.admit("quick") as quick:
            quick.succeeded()
        slow.failed(fault("timeout", paid="unknown"))
    assert gate.state().down_for == 0


UNWELL = {
    *("bad_answer", "bad_key", "connection_lost", "not_sent", "over_quota", "service_error", "timeout"),
    *("apology", "not_available", "spec_again"),
}


@pytest.mark.parametrize("code", sorted(SAY))
def test_only_what_shows_that_the_next_would_fail_too_counts(code: str) -> None:
    @scaled
    async def five_times() -> None:
        gate = Gate(GateLimits())
        for _ in range(5):
            async with gate.admit("ana") as passed:
                passed.failed(fault(code, paid="unknown", retry_after=1))
        assert (gate.state().down_for > 0) == (code in UNWELL)

    five_times()


@scaled
async def test_failures_among_successes_or_far_apart_do_not_count() -> None:
    gate, said = Gate(GateLimits()), list[tuple[float, str]]()
    for _ in range(10):
        for _ in range(4):
            await fail(gate, "service_error")
        await ask(gate, Service(ill_from=0, ill_until=0), said)
    for _ in range(20):
        await fail(gate, "service_error")
        await asyncio.sleep(8)
    assert gate.state().down_for == 0
    assert [code for _, code in said] == ["picture"] * 10


@scaled
async def test_one_in_ten_may_be_retried() -> None:
    gate, retried = Gate(GateLimits()), 0
    for _ in range(2000):
        async with gate.admit("ana"):
            pass
        while gate.may_retry():
            retried += 1
            async with gate.admit("ana"):
                pass
    assert retried == 1 + 200


@scaled
async def test_somebody_alone_may_retry_once_a_minute() -> None:
    gate = Gate(GateLimits())
    assert [gate.may_retry(), gate.may_retry()] == [True, False]
    await asyncio.sleep(60)
    assert [gate.may_retry(), gate.may_retry()] == [True, False]


@scaled
async def test_a_long_quiet_time_saves_only_some_retries() -> None:
    gate = Gate(GateLimits(at_once=1000))
    for _ in range(1000):
        async with gate.admit("ana"):
            pass
    assert sum(gate.may_retry() for _ in range(1000)) <= 11
