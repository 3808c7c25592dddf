"""Which request gets which fault."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coach.sandbox import errors
from coach.sandbox.faults.mode import MODES, Mode

HEADER = "x-sandbox-fault"
SECONDS = 0.25
"""The pause of a slow fault, when it is not said."""


class PlanError(ValueError):
    """A plan of faults is wrong. The message names the rule, what is wrong, and what there is."""


class Rule(BaseModel):
    """One row of a plan: which requests get a fault.

    Of the requests to its route, in the order they come, it skips the first ``after``, and of the rest takes
    each ``every``-th, ``times`` times. Every rule counts every request; the first that wants it gets it.

    Attributes:
        mode: A name of :data:`MODES`.
        route: ``edits``, ``generations``, ``chat`` …; left out: any.
        times: Left out: for ever.
        seconds: The pause of a slow fault.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mode: str
    route: str | None = None
    after: int = Field(default=0, ge=0)
    every: int = Field(default=1, ge=1)
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=SECONDS, gt=0, allow_inf_nan=False)


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    fault: list[Rule]


def read_plan(path: Path) -> list[Rule]:
    """The rules of a TOML file, its ``[[fault]]`` tables in their order.

    Raises:
        PlanError: It is not TOML, or a rule has a key or a value there is not.
        OSError: It cannot be read.
    """
    try:
        return _Plan.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).fault
    except ValidationError as exc:
        wrong = [f"{_place(each['loc'])}: {each['msg']}" for each in exc.errors()]
        raise PlanError(f"{path.name}: {'; '.join(wrong)}.") from exc
    except ValueError as exc:
        raise PlanError(f"{path.name} is not TOML: {exc}.") from exc


def _place(loc: Sequence[int | str]) -> str:
    return " ".join(str(part + 1 if isinstance(part, int) else part) for part in loc)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The fault of one request."""

    mode: Mode
    seconds: float = SECONDS


class Schedule:
    """A plan that is under way.

    Args:
        rules: The plan.
        routes: The names of the routes there are.

    Raises:
        PlanError: A rule names a mode or a route there is not.
    """

    def __init__(self, rules: Sequence[Rule], *, routes: Collection[str]) -> None:
        self._rules = [_Running(rule) for rule in rules]
        for number, rule in enumerate(rules, start=1):
            for kind, name, known in (("mode", rule.mode, MODES), ("route", rule.route, routes)):
                if name is not None and name not in known:
                    raise PlanError(f"fault {number}: there is no {kind} {name!r}. {_known(kind, known)}")

    def next(self, route: str, header: str | None) -> Fault | None:
        """The fault of the next request, or ``None``. What has a header is not counted by the plan.

        Raises:
            ApiError: The header names a mode there is not, or cannot be read.
        """
        if header is not None:
            return _asked(header)
        wanted = [each for each in self._rules if each.wants(route)]
        return wanted[0].take() if wanted else None


class _Running:
    """A rule, how many requests it counted, and how many it took."""

    def __init__(self, rule: Rule) -> None:
        self._rule, self._seen, self._taken = rule, 0, 0

    def wants(self, route: str) -> bool:
        rule = self._rule
        if rule.route not in (None, route):
            return False
        self._seen += 1
        past = self._seen - rule.after
        return past > 0 and past % rule.every == 0 and (rule.times is None or self._taken < rule.times)

    def take(self) -> Fault:
        self._taken += 1
        return Fault(mode=MODES[self._rule.mode], seconds=self._rule.seconds)


def _asked(header: str) -> Fault:
    """``mode``, or ``mode; seconds=0.01``."""
    name, _, given = header.replace(" ", "").partition(";seconds=")
    if name not in MODES or not re.fullmatch(r"\d*\.?\d+|", given):
        raise errors.no_fault(header, _known("mode", MODES))
    return Fault(mode=MODES[name], seconds=float(given) if given else SECONDS)


def _known(kind: str, names: Collection[str]) -> str:
    return f"The {kind}s are: {', '.join(sorted(names))}."
