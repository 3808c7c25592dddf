"""Flowise's prediction API (FlowiseAI/Flowise 3.1): a flow that writes what pictures of a persona show.

Its errors and its stream are Flowise's own: an object with ``statusCode``, and frames whose events are named
inside the JSON, after a line that no reader of event streams knows. Only the flow ``personas`` is there.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from coach.sandbox.ideas import four_ideas
from coach.sandbox.state import admit, received

FLOW = "personas"
"""The flow's id."""

_REFUSED = "bad-key"
_LARGEST = 1_000_000
_START = "startAgentflow_0"


async def predict(request: Request) -> Response:
    """Run the flow. A text says nothing of what it is: ``person_data`` in the start state is what counts."""
    _, _, key = request.headers.get("authorization", "").partition(" ")
    if not key.strip() or key.strip() == _REFUSED:
        return _error(HTTPStatus.UNAUTHORIZED, "Unauthorized Access")
    if request.path_params["flow"] != FLOW:
        return _error(HTTPStatus.NOT_FOUND, f"Chatflow {request.path_params['flow'][:40]} not found")
    body = await _body(request)
    if body is None:
        return _error(HTTPStatus.PRECONDITION_FAILED, "predictionsController.createPrediction - no body!")
    received(request).params = {"streaming": body.get("streaming")}
    admit(request)
    person, used = _state(body)
    if person is None:
        return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "Error: buildAgentflow - person_data is no JSON")
    text = json.dumps({"final_prompt": four_ideas(json.dumps(person, sort_keys=True), used)})
    if body.get("streaming") in (True, "true"):
        return StreamingResponse(_frames(text), media_type="text/event-stream")
    return JSONResponse(
        {
            "text": text,
            "question": body.get("question"),
            "chatId": str(uuid4()),
            "chatMessageId": str(uuid4()),
            "isStreamValid": False,
            "sessionId": str(uuid4()),
            "executionId": str(uuid4()),
            "agentFlowExecutedData": [],
        }
    )


async def _body(request: Request) -> dict[str, Any] | None:
    data = await request.body()
    try:
        body = json.loads(data) if len(data) <= _LARGEST else None
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _state(body: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The persona, if there is one, and what was written before."""
    try:
        rows = body["overrideConfig"]["startState"][_START]
        given = {row["key"]: row["value"] for row in rows}
        person = json.loads(given["person_data"])
    except (ValueError, TypeError, KeyError):
        return None, ""
    return (person if isinstance(person, dict) else None), str(given.get("prompts_history", ""))


async def _frames(text: str) -> AsyncIterator[str]:
    for name, data in (
        ("start", ""),
        *(("token", text[at : at + 20]) for at in range(0, len(text), 20)),
        ("metadata", {"chatId": str(uuid4())}),
        ("end", "[DONE]"),
    ):
        yield f"message:\ndata:{json.dumps({'event': name, 'data': data})}\n\n"


def _error(status: HTTPStatus, message: str) -> Response:
    body = {"statusCode": status, "success": False, "message": message, "stack": {}}
    return JSONResponse(body, status_code=status)
