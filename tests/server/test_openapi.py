"""The OpenAPI document is complete: who may ask, every error, and an example of what to send."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from coach.sandbox import Sandbox
from coach.server import CoachApp
from coach.server.bodies import MAX_BODY, _most
from coach.server.openapi import operations
from tests.server._document import body_of
from tests.server._serve import Served, an_app, settings_for

PROBLEM = {"$ref": "#/components/schemas/Problem"}
PUBLIC = {
    "get /api/v1/files/{token}",  # the link itself is the right to see it
    "get /api/v1/health/",
    "get /api/v1/ready/",
    "get /api/v1/sessions/",
    "post /api/v1/sessions/",
    "delete /api/v1/sessions/",
}
"""What a stranger may ask for. Whoever adds to it has thought about it."""


@pytest.fixture
def app(quick_sandbox: Sandbox, tmp_path: Path) -> CoachApp:
    return an_app(settings_for(quick_sandbox, tmp_path))


def test_every_operation_says_who_may_ask_and_each_error(app: CoachApp) -> None:
    document = app.openapi()
    open_to_all = set()
    for method, path, said in operations(document):
        whose = said.get("security", [])
        if not whose or {} in whose:
            open_to_all.add(f"{method} {path}")
        else:
            assert {"401", "429"} <= said["responses"].keys(), path
        assert said["summary"] and said["description"] and said["tags"], path
        errors = {status: told for status, told in said["responses"].items() if status >= "4"}
        assert "default" in errors
        for status, told in errors.items():
            assert told["content"]["application/problem+json"]["schema"] == PROBLEM, (path, status)
        assert any(status.startswith("2") for status in said["responses"])
    assert open_to_all == PUBLIC
    assert document["components"]["securitySchemes"].keys() == {"HTTPBearer", "APIKeyCookie"}


def test_every_body_has_an_example(app: CoachApp) -> None:
    document = app.openapi()
    bodies = {
        path: said["requestBody"]["content"]
        for _, path, said in operations(document)
        if "requestBody" in said
    }
    silent = [
        path
        for path, content in bodies.items()
        for media_type, shape in content.items()
        if media_type == "application/json" and not has_example(shape, document)
    ]
    assert bodies and not silent


def has_example(shape: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether somewhere in a body, or in the first of its kinds, is an example."""
    if {"example", "examples", "const"} & shape.keys():
        return True
    if "$ref" in shape:
        return has_example(document["components"]["schemas"][shape["$ref"].rpartition("/")[2]], document)
    inner = [shape.get("schema"), *shape.get("oneOf", [])[:1], *shape.get("properties", {}).values()]
    return any(has_example(each, document) for each in inner if each)


def test_a_file_that_may_be_sent_has_room(app: CoachApp) -> None:
    document = app.openapi()
    for context in iter_route_contexts(app.routes):
        said = document["paths"].get(context.path_format, {})
        for operation in (said[method.lower()] for method in context.methods or () if method.lower() in said):
            body = body_of(operation, document)
            if body.get("files") or body.get("content"):
                assert _most(context.original_route) > MAX_BODY, context.path_format


async def test_the_document_is_served_as_it_is(small: Served) -> None:
    async with httpx2.AsyncClient(base_url=small.url) as client:
        assert (await client.get("/openapi.json")).json() == small.app.openapi()
