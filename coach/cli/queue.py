"""``coach queue``: what waits for workers, what they make, what is stuck, and who they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._books import existing
from coach.errors import SettingsError

if TYPE_CHECKING:
    from coach.store.roster import WorkerRow
    from coach.workers.state import OrderState, QueueState, ServiceState, UpstreamState, Why

STUCK: dict[Why, str] = {
    "no_worker": "no worker takes pictures of this service",
    "newer": "written by a newer version than any worker's: update the workers",
    "dead_worker": "its worker is dead, and no other has carried it on",
}


def queue(
    most: Annotated[
        int, typer.Option(min=0, help="How many of those that wait and are not stuck are listed.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: everything, as JSON.")] = False,
) -> None:
    """Say what waits for workers, what they make and since when, what is stuck, and which workers there are.

    Exits with 1 when something is stuck, or when no worker takes orders. Needs COACH_DATABASE_URL alone. No
    prompt and no picture is shown.
    """
    state = asyncio.run(_state())
    if as_json:
        typer.echo(json.dumps(_facts(state), indent=2))
    else:
        _print(state, most)
    if not state.is_well:
        raise typer.Exit(1)


async def _state() -> QueueState:
    from coach.store import Database
    from coach.workers.state import read_state

    database = Database(await existing(), read_only=True)
    try:
        if database.dialect != "postgresql":
            raise SettingsError("Only PostgreSQL has a queue: set COACH_DATABASE_URL to that of the workers.")
        return await read_state(database)
    finally:
        await database.close()


def _facts(state: QueueState) -> dict[str, object]:
    """For programs; moments in UTC."""

    def plain(value: object) -> object:
        return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value

    def of(row: object) -> dict[str, object]:
        return {name: plain(value) for name, value in asdict(row).items()}  # type: ignore[call-overload]

    return {
        "well": state.is_well,
        "services": [of(each) for each in state.services],
        "orders": [of(each) | {"stuck": state.stuck(each)} for each in state.orders],
        "workers": [of(each) | {"alive": each.alive, "makes": state.makes(each)} for each in state.workers],
        "upstreams": [of(each) for each in state.upstreams],
    }


def _print(state: QueueState, most: int) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    console = Console(highlight=False)
    stuck = [each for each in state.orders if state.stuck(each)]
    on = [each for each in state.orders if not state.stuck(each)]
    made, waiting = [each for each in on if each.held_by], [each for each in on if not each.held_by]
    first = "" if len(waiting) <= most else f", the first {most}"

    def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if rows:
            print_table(console, title, columns, rows)

    if not state.orders:
        console.print("Nothing waits, and nothing is being made.")
    sums = ("Service", "Wait", "Of these batch", "Longest", "Made now", "Stuck")
    table("In all", sums, [_service(each) for each in state.services])
    table(f"Stuck: {len(stuck)}", (*_WHO, "Why"), [_stuck(each, state) for each in stuck])
    table(f"Made now: {len(made)}", (*_WHO, "Begun", "By"), [_made(each) for each in made])
    table(f"Wait: {len(waiting)}{first}", _WHO, [_who(each) for each in waiting[:most]])
    workers = ("Worker", "Makes", "For", "Version", "How it is")
    table("Workers", workers, [_worker(each, state) for each in state.workers])
    limits = ("Service and key", "In use", "In the last minute", "Paused")
    table("Limits", limits, [_upstream(each) for each in state.upstreams])
    if not any(each.takes for each in state.workers):
        console.print("\nNo worker takes orders: start `coach worker`.")


_WHO = ("Order", "Service", "Person", "For")


def _who(order: OrderState) -> tuple[str, ...]:
    tenant = f" of {order.tenant}" if order.tenant else ""
    batch = ", batch" if order.batch else ""
    return order.id, order.service, f"{order.user_id}{tenant}", f"{_time(order.seconds)}{batch}"


def _stuck(order: OrderState, state: QueueState) -> tuple[str, ...]:
    why = state.stuck(order)
    return *_who(order), STUCK[why] if why else ""


def _made(order: OrderState) -> tuple[str, ...]:
    return *_who(order), "once" if order.tries == 1 else f"{order.tries} times", order.held_by


def _service(one: ServiceState) -> tuple[str, ...]:
    longest = _time(one.longest) if one.waiting else ""
    return one.name, str(one.waiting), str(one.batch), longest, str(one.made), str(one.stuck)


def _worker(worker: WorkerRow, state: QueueState) -> tuple[str, ...]:
    if not worker.alive:
        how = f"silent for {_time(worker.silent)}"
    else:
        how = "takes nothing more" if worker.stopping else "alive"
    made = f"{state.makes(worker)} of {worker.slots}"
    return worker.name, made, ", ".join(worker.services), worker.version, how


def _upstream(one: UpstreamState) -> tuple[str, ...]:
    until = "" if one.paused_until is None else f"until {one.paused_until:%H:%M:%S} (UTC)"
    return one.name, str(one.in_use), str(one.in_minute), until


def _time(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
