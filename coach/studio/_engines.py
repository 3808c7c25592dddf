"""Every picture service of a studio: which one is asked for a model, and whose an answer is.

A further service is an engine that knows its wire, lines in the capability table that name its ``service``,
and a place in :func:`coach.runtime.open` and among the engines whose answers
:mod:`coach.studio.leftovers` reads.
One service never stands in for another: a model of one is made by that one or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from coach.studio.capabilities import Capabilities, Model
from coach.studio.engines import Engine
from coach.studio.gate import Gate, GateLimits, MakeGate

if TYPE_CHECKING:
    from coach.studio.erase import Forget


class Engines:
    """The engines of a studio, each service's behind a gate of its own.

    Args:
        engines: Of several with the same service the first is asked. What the others still owe is fetched and
            kept, and nothing more is asked of them.
        limits: What each service is asked to bear.
        gate: Makes the gates; ``None``: those of this process.

    Attributes:
        gates: By the service's name: that one is down, or slow, is nothing to another.
    """

    def __init__(self, engines: Sequence[Engine], limits: GateLimits, gate: MakeGate | None = None) -> None:
        self._by_name = {engine.name: engine for engine in reversed(engines)}
        self._asked = {engine.service: engine for engine in reversed(engines)}
        make = gate or (lambda _, limits: Gate(limits))
        self.gates = {service: make(service, limits) for service in self._asked}

    def offered(self, table: Capabilities) -> Capabilities:
        """The models that can be had, as they can be had."""
        for engine in self._asked.values():
            table = engine.offers(table)
        return table.of(self._asked.keys())

    def of_model(self, model: Model) -> Engine:
        """The engine that is asked for a model that is :meth:`offered`."""
        return self._asked[model.engine]

    def named(self, name: str) -> Engine | None:
        """The engine an answer is from; ``None``: one we do not have."""
        return self._by_name.get(name)

    @property
    def forget(self) -> Mapping[str, Forget]:
        """By the engine's name, how its service is asked to delete a job."""
        return {name: engine.forget for name, engine in self._by_name.items()}

    async def drain(self) -> None:
        """Let nothing more through, and return when what was let through has ended."""
        await asyncio.gather(*(gate.drain() for gate in self.gates.values()))
