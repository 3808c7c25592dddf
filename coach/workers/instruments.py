"""What is measured of the queue, for the host's OpenTelemetry. Without its SDK this counts nothing.

Each process tells its own part, so the sum over all processes is the whole: those that ask how many of theirs
wait, the workers how many they make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType

from opentelemetry import metrics

from coach.store.orders import OrderRow

_meter = metrics.get_meter("coach")

WAITING = _meter.create_up_down_counter(
    "coach.orders.waiting",
    unit="{order}",
    description="Orders of this process that no worker has begun, by service and by whether it is a batch's.",
)
RUNNING = _meter.create_up_down_counter(
    "coach.orders.running", unit="{order}", description="Orders at work in this worker, by service."
)
CAPACITY = _meter.create_up_down_counter(
    "coach.workers.slots", unit="{order}", description="How many orders this worker takes at the same time."
)
WAITED = _meter.create_histogram(
    "coach.orders.wait",
    unit="s",
    description="How long an order waited until a worker began, by service and by whether it is a batch's.",
)
SLOTS = _meter.create_up_down_counter(
    "coach.upstream.slots",
    unit="{picture}",
    description="Pictures for which this worker holds leave to ask, by service and key.",
)


def kind_of(order: OrderRow) -> dict[str, str | bool]:
    """What orders are told apart by."""
    return {"coach.order.service": order.service, "coach.order.batch": order.batch}


@contextmanager
def waiting(order: OrderRow) -> Iterator[Callable[[bool], None]]:
    """Count an order as long as it waits; it is told whether it does."""
    counted, kind = False, MappingProxyType(kind_of(order))

    def says(waits: bool) -> None:
        nonlocal counted
        WAITING.add(waits - counted, kind)
        counted = waits

    try:
        yield says
    finally:
        says(False)
