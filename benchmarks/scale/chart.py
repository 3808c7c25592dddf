"""docs/scale.png: waiting against people, what is full first, and a day on which something breaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale.needs import TARGET
from benchmarks.scale.study import Curve, Study

_COLOURS = {
    "OpenAI": "#c44e52",
    "more processes": "#55a868",
    "one database": "#4c72b0",
    "one bucket": "#8172b3",
}
_GREY = "#666666"
_SHOWN = {0: _GREY, 3: "#c44e52"}
"""Which of the days are drawn, and how."""


def draw(found: Study, path: Path) -> None:
    """Four charts on one sheet."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(13, 9.5), layout="constrained")
    sheets: Any = figure.subfigures(2, 1)
    upper, lower = sheets
    tiers, workers = upper.subplots(1, 2)
    bears, day = lower.subplots(1, 2)
    for axis in (tiers, workers, bears, day):
        axis.spines[["top", "right"]].set_visible(False)
    _waiting(tiers, found.tiers, "One account at OpenAI, as many workers as it takes")
    _waiting(workers, found.workers, f"Workers of {found.given.slots} slots, as many accounts as it takes")
    _parts(bears, found)
    _days(day, found)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _waiting(axis: Any, curves: Sequence[Curve], title: str) -> None:
    shades = _shades(len(curves))
    for curve, colour in zip(curves, shades, strict=True):
        people = [point[0] for point in curve.points]
        axis.plot(people, [point[1][1] for point in curve.points], color=colour, marker="o", markersize=3)
        axis.annotate(
            curve.label.replace(", ", "\n"),
            (people[-1], curve.points[-1][1][1]),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=colour,
        )
    axis.axhline(TARGET, color=_GREY, linestyle=":", linewidth=1)
    axis.text(0.01, TARGET * 1.1, f"{TARGET:.0f} s", transform=axis.get_yaxis_transform(), color=_GREY)
    axis.set(
        **{"xscale": "log", "yscale": "log", "ylim": (0.03, 2000), "title": title},
        **{"xlabel": "people", "ylabel": "seconds until it is sent: p95, busiest hour"},
    )
    _plain(axis.xaxis)
    _plain(axis.yaxis)


def _parts(axis: Any, found: Study) -> None:
    shown = list(reversed(found.parts))
    for place, part in enumerate(shown):
        axis.plot(part.people, place, "o", color=_COLOURS[part.whose], markersize=9)
        axis.annotate(
            _short(part.people), (part.people, place), xytext=(9, -3), textcoords="offset points", fontsize=8
        )
    axis.set_yticks(range(len(shown)), [part.name for part in shown])
    axis.set(xscale="log", xlim=(2e4, 5e8), xlabel="people", title="How many people one of each bears")
    axis.grid(axis="y", color="#dddddd", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", labelsize=8, length=0)
    _plain(axis.xaxis)
    for whose, colour in _COLOURS.items():
        axis.plot([], [], "o", color=colour, label=whose)
    axis.legend(loc="upper right", fontsize=8, framealpha=1, edgecolor="white", title="whose limit")


def _days(axis: Any, found: Study) -> None:
    for number, colour in _SHOWN.items():
        day = found.days[number]
        hours = [minute / 60 for minute in range(len(day.waiting))]
        axis.plot(hours, day.waiting, color=colour, linewidth=1.2, label=day.label)
    given = found.needs[len(found.needs) // 2].given
    axis.set(
        **{"xlim": (12, 24), "xticks": range(12, 25, 2), "xlabel": "hour of the day"},
        **{"ylabel": "people who wait", "ylim": (0, None)},
        title=f"A day of {given.people:,} people with {given.workers} workers",
    )
    axis.legend(fontsize=8, frameon=False, loc="upper left")


def _shades(number: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["viridis"](0.85 * at / max(1, number - 1)) for at in range(number)]


def _plain(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{float(f'{value / size:.2g}'):g} {unit}"
    return f"{value:g}"
