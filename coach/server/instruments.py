"""What is measured of the server itself, for the host's OpenTelemetry. Without its SDK this counts nothing.

How long requests take FastAPI measures: ``http.server.request.duration``, by method, route and status.
"""

from __future__ import annotations

from opentelemetry import metrics

_meter = metrics.get_meter("coach")

STREAMS = _meter.create_up_down_counter(
    "coach.streams.open", unit="{stream}", description="Streams of events that somebody reads."
)
TURNS = _meter.create_up_down_counter(
    "coach.turns.running", unit="{turn}", description="Turns, and runs of flows, at work in this process."
)
