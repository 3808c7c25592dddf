"""The tables, ratios first, and the chart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from benchmarks.measure import ACTION, BARE, DUTIES, HERE, LIMIT, SDK, WHOLE

CHART = HERE.parent / "docs" / "benchmarks.png"
_TITLES = {"json": "JSON", "sse": "SSE, 3 partial images"}
_BLOCK = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- /measured -->)", re.S)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text under a title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(results: Mapping[str, Any]) -> Iterator[Table]:
    """Everything that was measured."""
    for way, title in _TITLES.items():
        yield _by_number(f"CPU a picture, {title}", results["cpu_ms"][way], "ms", results["cpu_ms"]["json"])
    for way, title in _TITLES.items():
        found = results["memory_mb"]
        yield _by_number(f"Memory a picture in flight, {title}", found[way], "MB", found["json"])
    previews = results["first_preview_ms"]
    rows = [[name, _cell(previews[name], previews[SDK], "ms")] for name in (SDK, WHOLE)]
    yield Table(title="Time to the first preview", columns=("", "from asking to decoded"), rows=rows)
    yield _action(results["action_ms"])
    yield _talks(results["conversations"])


def _by_number(
    title: str, found: Mapping[str, Mapping[str, float]], unit: str, all_peers: Mapping[str, Any]
) -> Table:
    numbers = list(found[SDK])
    rows = []
    for name in dict.fromkeys([*found, *all_peers]):
        if name in found:
            rows.append([name, *(_cell(found[name].get(n), found[SDK][n], unit) for n in numbers)])
        else:
            rows.append([name, "not offered", *[""] * (len(numbers) - 1)])
    for name, missing in {LIMIT: "no gcc here", DUTIES: "no gcc, OpenSSL 3 or zlib here"}.items():
        if unit == "ms" and name not in found:
            rows.append([name, missing, *[""] * (len(numbers) - 1)])
    return Table(title=title, columns=("at once", *numbers), rows=rows)


def _cell(value: float | None, sdk: float, unit: str) -> str:
    """The part of the SDK's, then the number itself."""
    if value is None:
        return ""
    part = "1" if value == sdk else f"1/{sdk / value:.1f}" if 0 < value < sdk else f"{value / sdk:.1f}"
    return f"{part} · {value:.1f} {unit}" if value >= 1 else f"{part} · {value:.2f} {unit}"


def _action(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    rows = []
    for way, title in {"sse-small": "a picture of 42 kB", "sse": "a picture of 2.9 MB"}.items():
        bare, action = found[way][BARE], found[way][ACTION]
        more = [f"+{action[what] - bare[what]:.1f} ms on {bare[what]:.1f} ms" for what in ("cpu", "wall")]
        rows.append([title, *more])
    return Table(title="A whole action over the bare HTTP call", columns=("", "CPU", "wall"), rows=rows)


def _talks(found: Mapping[str, float]) -> Table:
    lag = f"{found['lag_median_ms']:.1f} ms; p99 {found['lag_p99_ms']:.1f} ms"
    return Table(
        title=f"{found['asked']:.0f} conversations in one process, all waiting for a picture",
        columns=("", ""),
        rows=[
            ["got their picture", f"{found['finished']:.0f}"],
            ["memory of each", f"{found['kb_each']:.0f} kB"],
            ["event loop lag while they wait", lag],
            ["most lag, their beginning and end included", f"{found['lag_most_ms']:.0f} ms"],
        ],
    )


def show(results: Mapping[str, Any]) -> None:
    """Print the tables."""
    console = Console()
    for table in tables(results):
        grid = Grid(title=table.title, title_justify="left")
        for number, column in enumerate(table.columns):
            grid.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            grid.add_row(*row)
        console.print(grid)
    console.print(_ran_on(results), style="dim")


def publish(results: Mapping[str, Any]) -> None:
    """Write the tables into the README beside this file, and the chart into docs/."""
    text = [_ran_on(results), ""]
    for table in tables(results):
        lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.rows]
        text += [f"**{table.title}**", "", *(f"| {' | '.join(line)} |" for line in lines), ""]
    readme = HERE / "README.md"
    readme.write_text(_BLOCK.sub(lambda _: "\n".join(text), readme.read_text()))
    draw(results, CHART)


def _ran_on(results: Mapping[str, Any]) -> str:
    used = [
        f"{peer}: {', '.join(f'{name} {number}' for name, number in versions.items())}"
        for peer, versions in results["versions"].items()
    ]
    return f"{results['machine']}. {'; '.join(used)}."


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Bars of CPU and memory, from zero."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    charts = [(f"CPU ms a picture, {title}", results["cpu_ms"][way]) for way, title in _TITLES.items()]
    charts += [(f"MB a picture, {title}", results["memory_mb"][way]) for way, title in _TITLES.items()]
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 7), layout="constrained")
    colours = {name: f"C{number}" for number, name in enumerate(charts[0][1])}
    for (title, found), axis in zip(charts, axes.flat, strict=True):
        numbers = list(found[SDK])
        for place, (name, values) in enumerate(found.items()):
            at = [number + (place - len(found) / 2 + 0.5) * 0.8 / len(found) for number in range(len(values))]
            bars = axis.bar(at, list(values.values()), 0.8 / len(found), label=name, color=colours[name])
            axis.bar_label(bars, fmt="{:.3g}", fontsize=6)
        axis.set(title=title, xlabel="at once", xticks=range(len(numbers)), xticklabels=numbers)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(colours))
    figure.savefig(path, dpi=90)
