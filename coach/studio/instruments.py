"""What is measured of pictures, for the host's OpenTelemetry. Without its SDK this counts nothing.

Only whoever has OpenTelemetry's API imports this: it comes with the extras of the server and of the workers.
"""

from __future__ import annotations

from opentelemetry import metrics

from coach.studio.generation import Generation

_meter = metrics.get_meter("coach")

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
