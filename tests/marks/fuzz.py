"""``python -m tests.marks.fuzz``: 10,000 requests made from the OpenAPI document, right ones and wrong ones.

Each operation gets some with things in its path that the one who asks has, and some with whatever fits or
does not fit there. No answer may be a 5xx, and each must be one that the document describes: status, media
type, headers, body. The same ``--seed`` asks for the same; which of it was asked, and what did not fit, is
said at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coach.sandbox import Sandbox
from tests.server._serve import Served, an_app, serving, settings_for
from tests.server._things import things_of

AT_ONCE = 8
"""At most so many requests of one kind are made of an operation; then comes the next, with new things."""

LISTENING, WAITING = 0.5, 60.0
"""Seconds that a stream of events which never ends is read, and that any other answer may take."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
"""Not that all is taken that fits: a schema cannot say that a file has to be a picture."""

OFTEN = 10**6
"""Instead of the usual limits of requests: what is looked for is behind them."""


@dataclass(kw_only=True)
class Found:
    """What was answered, and what of it does not fit.

    Attributes:
        wrong: Operation and failure, with how often, and the first request that showed it.
    """

    answers: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def failed(self, case: Case[Any], what: str) -> None:
        """Write a failure down."""
        title, _, more = what.partition("\n")
        name = f"{case.method} {case.operation.path}: {title}"
        self.wrong[name] += 1
        if name not in self.first:
            self.first[name] = f"{more.strip()}\n{case.as_curl_command()}"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One person's requests."""

    url: str
    key: str
    things: Mapping[str, str]
    at_once: int
    found: Found

    def all_of(self, operation: APIOperation[Any, Any, Any, Any], number: int) -> None:
        """Right and wrong requests for an operation, with these things in the path and without."""
        its = {each.name for each in operation.path_parameters}
        mine = {name: value for name, value in self.things.items() if name in its}
        for mode in GenerationMode:
            for known in [mine, {}] if mine else [{}]:
                self._some(operation, mode, known, number)

    def _some(
        self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, known: Any, number: int
    ) -> None:
        strategy = operation.as_strategy(mode, path_parameters=known or None)

        @seed(number)
        @settings(
            max_examples=self.at_once if known or not operation.path_parameters else self.at_once // 4 or 1,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(strategy)
        def ask(case: Case[Any]) -> None:
            self.one(case)

        with suppress(Unsatisfiable):  # nothing about it can be wrong
            ask()

    def one(self, case: Case[Any]) -> None:
        """Ask, and look at the answer."""
        headers = {"Authorization": f"Bearer {self.key}"}
        endless = case.method == "GET" and case.path.endswith("/events/")
        try:
            answer = case.call(self.url, headers=headers, timeout=LISTENING if endless else WAITING)
        except requests.RequestException as error:
            self.found.answers["none"] += 1
            self.found.failed(case, f"no answer ({type(error).__name__})")
            return
        self.found.answers[str(answer.status_code)] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.found.failed(case, f"{answer.status_code} {failure}")


async def run(wanted: int, first: int) -> Found:
    """Serve with the sandbox behind it, and ask until there were so many requests."""
    found = Found()
    with Sandbox(quick=True) as sandbox, tempfile.TemporaryDirectory(prefix="coach-marks-") as home:
        limits = dict.fromkeys(("requests_per_minute", "turns_per_minute", "guests_per_hour"), OFTEN)
        app = an_app(settings_for(sandbox, Path(home)), server={"guests": True} | limits, faces=None)
        async with serving(app) as served:
            schema = schemathesis.openapi.from_dict(app.openapi())
            schema.config.generation.update(with_security_parameters=False)
            operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
            at_once = max(1, min(AT_ONCE, wanted // len(operations) // 4))
            for number in count(first):
                for operation in operations:
                    if found.answers.total() >= wanted:
                        return found
                    asking = await somebody(served, f"{number}-{operation.label}", at_once, found)
                    await asyncio.to_thread(asking.all_of, operation, number)
    return found


async def somebody(served: Served, name: str, at_once: int, found: Found) -> Asking:
    """A new person who has something of everything, and may do everything."""
    await served.here.store.consents.give(name, statement="yes")
    things, key = await things_of(served, name), await served.key(name, operator=True)
    return Asking(url=served.url, key=key, things=things, at_once=at_once, found=found)


def main() -> int:
    """Ask, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given_ = parser.parse_args()
    found = asyncio.run(run(given_.requests, given_.seed))
    for name, times in found.wrong.most_common():
        sys.stdout.write(f"{times} x {name}\n    {found.first[name]}\n")
    sys.stdout.write(
        f"{found.answers.total()} requests, answered {dict(sorted(found.answers.items()))}: "
        f"{found.wrong.total()} wrong\n"
    )
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
