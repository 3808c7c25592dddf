"""Every number the simulation rests on, each with its source. "Assumed" is a source too: set your own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Annotated, get_type_hints

from coach.cli.worker import SLOTS
from coach.store.roster import BEAT, DEAD
from coach.studio.capabilities import Capabilities
from coach.studio.planner import make_plan
from coach.studio.price import quote
from coach.studio.request import Grade, PictureRequest, Reference
from coach.workers.limits import LEASE
from coach.workers.worker import BATCH_PART

_LIMITS = "OpenAI model page of gpt-image-1.5; gpt-image-2 is the same in tiers 1 and 5, others not known"
_GUIDE = "OpenAI rate limits guide, usage tiers; a copy, read 2026-12-01"
_TIMES = "OpenAI image guide (up to two minutes) and third parties' readings of 66 to 83 s"
_DRAFTS = "third parties' readings of gpt-image-2 and 2.6 in low quality: 6 to 15 s"
_ASSUMED = "assumed"
_COUNTED = "python -m benchmarks.scale.counted, PostgreSQL 18.6, 2026-12-01"
_BENCH = "benchmarks/README.md"
_READ = "read in coach/workers, not measured"


@dataclass(frozen=True, kw_only=True)
class Tier:
    """What OpenAI lets one organization do: a second key of the same organization gives nothing.

    Attributes:
        pictures: Images per minute.
        usd: US dollars a month, at most.
    """

    pictures: int
    usd: int


TIERS: Mapping[int, Tier] = {
    1: Tier(pictures=5, usd=100),
    2: Tier(pictures=20, usd=500),
    3: Tier(pictures=50, usd=1_000),
    4: Tier(pictures=150, usd=5_000),
    5: Tier(pictures=250, usd=200_000),
}
TIERS_SOURCE = f"images per minute: {_LIMITS}; dollars a month: {_GUIDE}"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """One day of coach, and beside each value where it is from.

    Times are seconds, moments count from midnight, shares are from 0 to 1.

    Raises:
        ValueError: A number is out of range.
    """

    seed: Annotated[int, "any"] = 1

    # People.
    people: Annotated[int, "yours"] = 10_000
    active: Annotated[float, "assumed: one in ten comes on a day"] = 0.1
    pictures_each: Annotated[float, "assumed: pictures of a person who comes, one after the other"] = 4.0
    looks: Annotated[float, "assumed: mean seconds from a picture to the wish for the next one"] = 60.0
    batch: Annotated[float, "assumed: share of all pictures that nobody waits for, such as flows"] = 0.1
    batch_size: Annotated[int, _ASSUMED] = 50
    tenants: Annotated[int, "assumed; of different sizes, as 1 to 1/20"] = 20
    peak: Annotated[float, 'busiest hour to the mean: robustperception.io, "peak to mean", 1.6 to 1.7'] = 1.6
    peak_hour: Annotated[float, _ASSUMED] = 20.0

    # The picture service.
    tier: Annotated[int, TIERS_SOURCE] = 5
    accounts: Annotated[int, "organizations at OpenAI, each with its limits"] = 1
    at_once: Annotated[
        int | None, "COACH_PICTURES_AT_ONCE, of all workers together: set it; OpenAI names no limit"
    ] = None
    margin: Annotated[float, "coach/workers/limits.py: a minute is kept so much longer, against jitter"] = 2.0
    batch_room: Annotated[
        float, "coach/workers/worker.py: share of the slots and of an account's limits open to batches"
    ] = BATCH_PART
    grade: Annotated[Grade, "COACH_GRADE"] = "final"
    final_seconds: Annotated[tuple[float, float], f"median and p95: {_TIMES}"] = (75.0, 120.0)
    draft_seconds: Annotated[tuple[float, float], f"median and p95, p95 assumed: {_DRAFTS}"] = (12.0, 30.0)
    refused: Annotated[float, 'assumed: share of posts refused unpaid ("too many requests", overload)'] = (
        0.001
    )
    retry_after: Annotated[float, "assumed: how long that stops an account"] = 5.0
    outages: Annotated[tuple[tuple[float, float], ...], "begin and length; none unless given"] = ()

    # The workers.
    workers: Annotated[int, "compose.yaml"] = 4
    slots: Annotated[int, "coach/cli/worker.py: pictures a worker makes at the same time"] = SLOTS
    hop: Annotated[float, "from a free slot to the post; the mark is at most 0.25 s p95"] = 0.05
    deaths: Annotated[float, "deaths of each worker a day; none unless given"] = 0.0
    heartbeat: Annotated[float, "coach/store/roster.py: so long without a sign of life is dead"] = DEAD
    reaper: Annotated[float, "coach/workers/worker.py: from one look for the dead to the next"] = BEAT
    lease: Annotated[float, "coach/workers/limits.py: until what a dead worker held of a limit is free"] = (
        LEASE
    )
    restart: Annotated[float, "assumed: until a worker is back"] = 10.0
    background: Annotated[bool, "COACH_PICTURE_MODE: a job is found again after a death"] = False
    restarts: Annotated[
        tuple[tuple[float, float], ...], "PostgreSQL's: begin and length; none unless given"
    ] = ()

    # What a picture leaves, and what PostgreSQL and a bucket bear.
    rows: Annotated[float, f"{_COUNTED}: with its turn, and a sixth of a new person"] = 17.2
    row_bytes: Annotated[float, f"{_COUNTED}: tables and indexes, for all of these rows"] = 21_200.0
    wal_bytes: Annotated[float, f"{_COUNTED}: without full page writes"] = 37_600.0
    writes: Annotated[float, f"{_COUNTED}: transactions that write"] = 15.2
    queue_rows: Annotated[float, f"an order, a job, its events: {_READ}"] = 6.0
    queue_writes: Annotated[
        float, f"order, defer, limit, fetch, take, send, news three times, end, release, finish: {_READ}"
    ] = 12.0
    notifies: Annotated[
        float, f"defer, news three times, end, and the server's events three times: {_READ}"
    ] = 8.0
    shared_row: Annotated[float, 'coach/studio/accounts.py: reserve and end lock the "day" account'] = 2.0
    limit_row: Annotated[float, "coach/workers/limits.py: who takes a slot locks its row"] = 1.0
    beats: Annotated[
        float, "coach/workers/worker.py: transactions a second of each worker that beats and reaps"
    ] = 2.0
    commit: Annotated[
        float,
        "assumed: seconds of a commit with a standby. Commits that notify hold one lock: PostgreSQL, async.c",
    ] = 0.002
    transactions: Annotated[
        float, "RDS, 4 vCPU, a synchronous standby: ClickHouse/PostgresBench 2026-07-02"
    ] = 4_400.0
    steps: Annotated[float, f"{_COUNTED}: rows of the ledger's history, its largest table"] = 8.0
    disk: Annotated[float, "the disk of that RDS instance, bytes"] = 1e12
    table_rows: Annotated[float, "assumed: a table that vacuum and a rebuilt index still keep up with"] = 1e9
    keep_days: Annotated[int, "assumed: how long the ledger is kept in place"] = 365
    picture_bytes: Annotated[float, f"{_BENCH}: PNG of 1024x1536"] = 2.9e6
    puts: Annotated[float, "the picture, its thumbnail and two previews"] = 4.0
    bucket_puts: Annotated[float, "AWS, S3 performance guidelines: PUT a second of a prefix"] = 3_500.0
    cpu: Annotated[
        float, f"{_BENCH} 84 ms with previews, docs/likeness.md 77, queue mark 15: CPU seconds"
    ] = 0.176
    web: Annotated[int, "compose.yaml: web processes"] = 2
    open_talks: Annotated[float, f"{_BENCH}: conversations one web process held"] = 1_000.0
    talk: Annotated[float, "assumed: how long a person stays"] = 1_200.0

    def __post_init__(self) -> None:
        if self.tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(map(str, TIERS))}: {self.tier}.")
        if not 1 <= self.peak <= 2:
            raise ValueError(f"peak must be from 1 (the same all day) to 2 (nobody at night): {self.peak}.")
        above = ("people", "pictures_each", "accounts", "workers", "slots", "tenants", "batch_size", "commit")
        wrong = [name for name in above if not getattr(self, name) > 0]
        wrong += [
            name for name in ("active", "batch", "batch_room", "refused") if not 0 <= getattr(self, name) <= 1
        ]
        if wrong:
            raise ValueError(f"out of range: {', '.join(wrong)}.")

    @property
    def pictures_per_day(self) -> float:
        """How many are asked for on a day, on average."""
        return self.people * self.active * self.pictures_each / (1 - min(self.batch, 0.99))

    @property
    def per_second_at_peak(self) -> float:
        """How many are asked for a second, in the busiest moment, on average."""
        return self.pictures_per_day * self.peak / 86_400

    @cached_property
    def micros(self) -> int:
        """What one picture costs at most, in micro-dollars: the studio's own quote."""
        models = Capabilities.load()
        model = models.models[models.default]
        photos = tuple(Reference(kind="photo", id=f"photo-{number}") for number in (1, 2))
        wish = "You, at dusk, on the hill where you teach others to read the night sky. " * 8
        request = PictureRequest(prompt=wish, references=photos, keep_face=True, grade=self.grade)
        found = quote(make_plan(request, model), model).micros
        if found is None:
            raise ValueError(f"The price of {model.name} is not known: name another model as the default.")
        return found


def sources() -> Mapping[str, str]:
    """Where the value of each parameter comes from."""
    hints = get_type_hints(Parameters, include_extras=True)
    return {each.name: hints[each.name].__metadata__[0] for each in fields(Parameters)}
