"""The OpenAPI document: as FastAPI makes it, with every error that a route can answer with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from coach.server.problems import MEDIA_TYPE, facts

_REF = "#/components/schemas/"
_UNSAFE = frozenset({"post", "put", "patch", "delete"})

_EXAMPLES: Mapping[str, tuple[str, str]] = {
    "401": ("not_signed_in", "Say who you are: send `Authorization: Bearer <key>`, or sign in."),
    "403": ("cross_site", "This request came from another site's page."),
    "404": ("not_found", "There is no conversation '5f0c…'."),
    "408": ("too_slow", "The request came too slowly. Send it again."),
    "413": ("too_large", "This is larger than 1 MB, the most here."),
    "422": ("invalid", "text: Field required."),
    "429": ("too_many", "These are too many requests in a minute."),
}
"""The errors that many routes share: code and sentence."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemOut(BaseModel):
    """Why a request did not do what it should (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem")

    title: str
    status: int
    code: str = Field(description="For programs; it does not change with the words.")
    detail: str = Field(description="A sentence for people: what it is, and what to do.")
    field: str | None = Field(None, description="Which field it is about.")
    allowed: list[Any] | None = Field(None, description="What may be there.")
    errors: list[FieldProblem] | None = Field(None, description="All fields that do not fit.")
    reason: str | None = Field(None, description="Why a photo or a link was refused.")
    how: str | None = Field(None, description="How to give the agreement that is missing.")
    paid: str | None = Field(None, description="Whether a picture that was not made is charged.")
    request_id: str | None = Field(None, description="The outside service's id of the request.")
    retry_after: float | None = Field(None, description="Seconds after which it may go better.")


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Say in a document of FastAPI's which errors each operation answers with; gives the same document."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    problem = ProblemOut.model_json_schema(ref_template=_REF + "{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for method, path, operation in operations(document):
        responses = operation["responses"]
        responses |= {status: _problem(status) for status in _statuses(method, path, operation)}
        responses["default"] = _problem("default")
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method in small letters, path and operation of all there are."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _statuses(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    whose = operation.get("security", [])
    if whose and {} not in whose:
        yield from ("401", "429")
    if method in _UNSAFE:
        yield "403"
    if "{" in path:
        yield "404"
    if "requestBody" in operation:
        yield from ("408", "413")
    if "requestBody" in operation or "parameters" in operation:
        yield "422"


def _problem(status: str) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": f"{_REF}Problem"}}
    if status in _EXAMPLES:
        content["example"] = facts(int(status), *_EXAMPLES[status])
    said = "Anything else that went wrong" if status == "default" else content["example"]["title"]
    return {"description": said, "content": {MEDIA_TYPE: content}}
