"""The chart and the tables of docs/scale.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

from benchmarks.scale.model import quantile
from benchmarks.scale.needs import MONTH, TARGET, Need
from benchmarks.scale.parameters import TIERS, Parameters, sources
from benchmarks.scale.study import SHARES, Study
from benchmarks.scale.traffic import mean_seconds

DOCS = Path(__file__).parent.parent.parent / "docs"
_BLOCK = re.compile(r"(?<=<!-- simulated -->\n).*(?=<!-- /simulated -->)", re.S)


def text(found: Study) -> str:
    """Everything, as Markdown."""
    blocks = [
        _needs(found),
        _tiers(found),
        _parts(found),
        _left(found),
        _days(found),
        parameters(found.given),
    ]
    return "\n".join(line for block in blocks for line in block)


def publish(found: Study) -> None:
    """Write the tables into docs/scale.md. Its chart is :func:`benchmarks.scale.chart.draw`."""
    page = DOCS / "scale.md"
    page.write_text(_BLOCK.sub(lambda _: text(found) + "\n", page.read_text()))


def _needs(found: Study) -> Iterator[str]:
    rows = []
    for need, draft in zip(found.needs, found.drafts, strict=True):
        given = need.given
        cheap = draft.given.pictures_per_day * draft.given.micros / 1e6
        rows.append(
            (
                _thousands(given.people),
                _thousands(given.pictures_per_day),
                f"{_usd(given.pictures_per_day * given.micros / 1e6)} · {_usd(cheap)}",
                f"{need.by_rate} · {draft.by_rate}",
                f"{need.by_money} · {draft.by_money}",
                f"{given.workers} · {draft.given.workers}",
                f"{need.load:.1f} · {given.workers * given.slots}",
                _waits(need),
            )
        )
    columns = (
        *("people", "pictures a day", "US dollars a day", "accounts, by pictures per minute"),
        *(
            "accounts, by dollars a month",
            "workers",
            "slots: asked for at the peak · there",
            "wait p50 · p95 · p99",
        ),
    )
    title = f"What keeps p95 at {TARGET:.0f} s or less in the busiest hour; all final · all drafts"
    yield from _table(title, columns, rows)


def _tiers(found: Study) -> Iterator[str]:
    rows = []
    for (tier, limit), curve, room in zip(TIERS.items(), found.tiers, found.rooms, strict=True):
        by_money = [
            limit.usd * 1e6 / (MONTH * grade.micros * grade.pictures_per_day / grade.people)
            for grade in (found.given, replace(found.given, grade="draft"))
        ]
        rows.append(
            (
                str(tier),
                str(limit.pictures),
                _about(curve.borne),
                _about(room.borne),
                f"{limit.usd:,}",
                " · ".join(_about(people) for people in by_money),
            )
        )
    columns = (
        *("tier", "pictures a minute", "people", "if batches could fill a minute"),
        *("dollars a month", "people: final · drafts"),
    )
    yield from _table("How many people one account bears, by each of its two limits", columns, rows)


def _parts(found: Study) -> Iterator[str]:
    rows = [(part.name, _about(part.people), part.whose, part.then) for part in found.parts]
    yield from _table("What is full first", ("", "full at, people", "whose limit", "what is done then"), rows)


def _left(found: Study) -> Iterator[str]:
    rows = []
    for need in found.needs:
        given = need.given
        day, second = given.pictures_per_day, given.per_second_at_peak
        beats = given.workers * given.beats
        rows.append(
            (
                _thousands(given.people),
                _thousands(day * (given.rows + given.queue_rows)),
                f"{_size(day * given.row_bytes)} · {_size(day * given.row_bytes * given.keep_days)}",
                _size(day * given.wal_bytes),
                _rate(second * (given.writes + given.queue_writes) + beats),
                _rate(second * given.notifies),
                _size(day * given.picture_bytes),
                _rate(second * given.puts),
            )
        )
    columns = (
        *("people", "rows a day", "tables: a day · a year", "WAL a day", "transactions a second"),
        *("NOTIFY a second", "pictures in the bucket a day", "PUT a second"),
    )
    yield from _table("What is left behind; each second is one of the busiest hour", columns, rows)


def _days(found: Study) -> Iterator[str]:
    rows = [
        (
            day.label,
            " · ".join(_seconds(each) for each in day.seconds),
            str(day.deaths),
            f"{day.unknown} of {_thousands(day.pictures)}",
            f"{day.usd:.2f}",
        )
        for day in found.days
    ]
    columns = (
        "",
        "wait p50 · p95 · p99 · longest",
        "workers died",
        "in doubt",
        "US dollars of these at most",
    )
    given = found.needs[len(found.needs) // 2].given
    title = f"Days on which something breaks: {_thousands(given.people)} people, {given.workers} workers"
    yield from _table(title, columns, rows)


def parameters(given: Parameters) -> Iterator[str]:
    """Every parameter with its source, as a table."""
    drafts = replace(given, grade="draft")
    rows = [
        ("price, micro-dollars", f"{given.micros} · {drafts.micros}", "the studio's quote: final · draft")
    ]
    rows += [
        (
            "mean seconds",
            f"{mean_seconds(given):.0f} · {mean_seconds(drafts):.0f}",
            "log-normal: final · draft",
        )
    ]
    rows += [
        (f"`{each.name}`", _value(getattr(given, each.name)), sources()[each.name]) for each in fields(given)
    ]
    yield from _table("Parameters", ("", "", "source"), rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"**{title}**\n"
    sides = [
        "---:" if all(cell[:1].isdigit() for cell in column) else "---" for column in zip(*rows, strict=True)
    ]
    for line in (columns, sides, *rows):
        yield f"| {' | '.join(line)} |"
    yield ""


def _waits(need: Need) -> str:
    return " · ".join(_seconds(quantile(need.waits, share)) for share in SHARES)


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _thousands(value: float) -> str:
    return f"{value:,.0f}"


def _about(value: float) -> str:
    """Two digits that count: more would claim what nobody knows."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _usd(value: float) -> str:
    return _about(value) if value >= 100 else f"{value:.0f}"


def _size(value: float) -> str:
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(each) for each in value) or "none"
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
