"""What is measured of the server itself, for the host's OpenTelemetry. Without its SDK this counts nothing.

How long requests take FastAPI measures: ``http.server.request.duration``, by method, route and status.
"""

from __future__ import annotations

from opentelemetry import metrics

from coach.studio.generation import Generation

_meter = metrics.get_meter("coach")

STREAMS = _meter.create_up_down_counter(
    "coach.streams.open", unit="{stream}", description="Streams of events that somebody reads."
)
TURNS = _meter.create_up_down_counter(
    "coach.turns.running", unit="{turn}", description="Turns, and runs of flows, at work in this process."
)
PICTURES = _meter.create_counter(
    "coach.pictures",
    unit="{picture}",
    description="Pictures asked for, by outcome (done, refused, failed, unknown), engine and model.",
)
COST = _meter.create_counter(
    "coach.pictures.cost",
    unit="{microdollar}",
    description="What pictures cost by the services' count, in millionths of a US dollar, by the same.",
)


def count_picture(generation: Generation) -> None:
    """Count pictures whose outcome is written down; one in doubt is counted again when that is settled."""
    by = {
        "coach.picture.outcome": generation.state,
        "coach.picture.engine": generation.engine,
        "coach.picture.model": generation.model,
    }
    PICTURES.add(generation.params.get("n", 1), by)
    if generation.actual_micros:
        COST.add(generation.actual_micros, by)
