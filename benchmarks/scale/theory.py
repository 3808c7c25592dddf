"""Mean waiting times that are known exactly, to hold the simulation against.

Arrivals by a Poisson process of ``rate``, so many servers, first come, first served.
"""

from __future__ import annotations

import math

_SMALL = 1e-12


def erlang_c(servers: int, load: float) -> float:
    """The share that has to wait (M/M/c; Erlang 1917), by the recursion of Erlang's B.

    Args:
        load: Arrivals times service, in servers; below their number.

    Raises:
        ValueError: The load is too high: the queue grows without end.
    """
    _check(servers, load)
    lost = 1.0
    for number in range(1, servers + 1):
        lost = load * lost / (number + load * lost)
    return lost / (1 - load / servers * (1 - lost))


def wait_mmc(servers: int, rate: float, service: float) -> float:
    """The mean wait where service times are exponential with that mean."""
    load = rate * service
    return erlang_c(servers, load) * service / (servers - load)


def wait_mdc(servers: int, rate: float, service: float) -> float:
    """The mean wait where every service takes exactly as long (M/D/c; Crommelin 1932)."""
    load = rate * service
    _check(servers, load)
    total, number = 0.0, 1
    while True:
        more = _above(number * servers, number * load)
        beyond = more - _poisson(number * servers, number * load)
        term = more - servers / load * beyond
        total += term
        if term < _SMALL:
            return service * total
        number += 1


def _check(servers: int, load: float) -> None:
    if not 0 < load < servers:
        raise ValueError(f"The load must be above 0 and below {servers} servers: {load}.")


def _poisson(number: int, mean: float) -> float:
    return math.exp(number * math.log(mean) - mean - math.lgamma(number + 1))


def _above(number: int, mean: float) -> float:
    """The chance of that number or more."""
    total, term, at = 0.0, _poisson(number, mean), number
    while term > _SMALL * _SMALL and (term > _SMALL * total or at < mean):
        total += term
        at += 1
        term *= mean / at
    return total
