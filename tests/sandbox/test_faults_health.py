"""Whatever the sandbox does to one request: it is counted, and the sandbox stays well."""

import logging
from collections.abc import Iterator

import httpx2
import pytest

from coach.sandbox import Sandbox, create_app
from coach.sandbox.faults import MODES
from coach.sandbox.log import KEPT, Log, Received
from tests.sandbox._wire import ORDER, PRICE, STREAMED, STREAMED_PRICE, Peer, post, unfinished, until


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the server logs, of which there must be nothing."""
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if not (mode.agent or mode.job)])
def test_each_is_charged_as_it_says_and_leaves_nothing_behind(
    quick: Sandbox, loud: pytest.LogCaptureFixture, mode: str
) -> None:
    streamed, before = MODES[mode].streamed, quick.totals
    with Peer(quick, f"{mode}; seconds=0.01", STREAMED if streamed else ORDER) as peer:
        entry = peer.answered()
    price = STREAMED_PRICE if streamed else PRICE
    micros, after = price if MODES[mode].charged else 0, quick.totals
    assert (entry.fault, entry.micros) == (mode, micros)
    assert (after.received, after.charged) == (before.received + 1, before.charged + MODES[mode].charged)
    assert after.micros == before.micros + micros
    assert after.faults[mode] == before.faults.get(mode, 0) + 1
    assert post(quick).status_code == 200
    until(lambda: unfinished(quick) == 0)
    assert not [record for record in loud.records if record.levelno >= logging.WARNING]


def test_the_table_says_what_each_is() -> None:
    assert len(MODES) >= 28
    for name, mode in MODES.items():
        assert mode.name == name and mode.what.endswith(".") and mode.what.isascii()
        assert not (mode.charged and mode.strikes != "answer"), "what was not done is not charged"


def test_the_server_ends_while_clients_wait_or_are_idle(loud: pytest.LogCaptureFixture) -> None:
    modes = ("hang", "stall", "upload_stalled", "drip", "endless_body", "endless_continue; seconds=60")
    with httpx2.Client() as idle, Sandbox(quick=True) as sandbox:
        logging.getLogger("uvicorn.error").addHandler(loud.handler)
        idle.get(sandbox.base_url.removesuffix("/v1") + "/sandbox/log")
        peers = [Peer(sandbox, mode) for mode in modes]
        for mode in modes:
            until(lambda mode=mode: mode.partition(";")[0] in sandbox.totals.faults)
    for peer in peers:
        peer.socket.close()
    assert unfinished(sandbox) == 0 and not loud.records, "nothing had to be cancelled"


def test_a_client_that_leaves_while_it_sends_is_no_error(
    quick: Sandbox, loud: pytest.LogCaptureFixture
) -> None:
    with Peer(quick, "", b'{"model"', promised=1000):
        pass
    until(lambda: quick.log[-1].seconds is not None)
    assert (quick.log[-1].status, quick.log[-1].micros) == (499, 0)
    until(lambda: unfinished(quick) == 0)
    assert not loud.records


def test_a_request_that_is_wrong_anyway_is_refused_for_that(quick: Sandbox) -> None:
    answer = post(quick, "hang", {**ORDER, "size": "1x1"})
    assert answer.json()["error"]["param"] == "size"
    assert (quick.log[-1].fault, quick.log[-1].micros) == (None, 0)


async def test_under_another_server_only_good_http_is_possible() -> None:
    transport, headers = httpx2.ASGITransport(app=create_app(quick=True)), {"authorization": "Bearer any"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://sandbox/v1", headers=headers
    ) as client:
        answer = await client.get("/models", headers={"x-sandbox-fault": "status_503"})
        assert answer.status_code == 503
        answer = await client.get("/models", headers={"x-sandbox-fault": "hang"})
    assert "coach.sandbox.Sandbox" in answer.json()["error"]["message"]


def test_the_log_forgets_requests_but_never_money() -> None:
    log, slow = Log(), Received(route="GET /", request_id="slow")
    log.add(slow)
    for number in range(KEPT + 500):
        fault = "hang" if number % 2 else None
        log.add(Received(route="GET /", request_id="", micros=number % 3, seconds=0.0, fault=fault))
    assert log.entries()[0] is slow, "what is not answered yet is not forgotten"
    slow.micros, slow.seconds = 7, 0.0
    for _ in range(KEPT):
        log.add(Received(route="GET /", request_id="", seconds=0.0))
    assert len(log.entries()) == KEPT and slow not in log.entries()
    body = log.body()
    assert (body["received"], body["charged"], body["micros"]) == (2 * KEPT + 501, 1001, 1507)
    assert body["faults"] == {"hang": 750}


def test_what_a_job_costs_counts_however_often_it_was_asked_after() -> None:
    log, job = Log(), Received(route="POST /run", request_id="job", seconds=0.0, late=True)
    log.add(job)
    for _ in range(KEPT + 1):
        log.add(Received(route="GET /status", request_id="", micros=0, seconds=0.0))
    assert job not in log.entries()
    job.micros = 440
    assert (log.totals().micros, log.totals().charged, log.totals().received) == (440, 1, KEPT + 2)
