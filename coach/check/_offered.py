"""Coach folders that installed packages offer, by entry point.

In the `pyproject.toml` of a package::

    [project.entry-points."coach.folders"]
    sleep_coach = "my_package.sleep_coach"
"""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import entry_points

GROUP = "coach.folders"


def offered() -> dict[str, list[str]]:
    """The packages that are offered as coach folders, by the name each is offered under.

    More than one package under a name: two distributions chose the same one.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entry_points(group=GROUP):
        found[entry.name].add(entry.value)
    return {name: sorted(found[name]) for name in sorted(found)}
