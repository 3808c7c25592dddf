"""Flows as a client draws and runs them, and what the sandbox charged for that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx2
from PIL import Image

from coach.sandbox import Sandbox
from tests.server._serve import Seen, Served, events_of

FLOWS = "/api/v1/flows/"


def text(id: str, words: str) -> dict[str, Any]:
    """A node of words."""
    return {"id": id, "type": "text", "data": {"text": words}}


def image(id: str, upload: str | None, **data: Any) -> dict[str, Any]:
    """A node with a picture that was uploaded."""
    return {"id": id, "type": "image", "data": {"upload": upload, **data}}


def transform(id: str, instructions: str = "", **data: Any) -> dict[str, Any]:
    """A picture to be made."""
    return {"id": id, "type": "transform", "data": {"instructions": instructions, **data}}


def graph(*nodes: dict[str, Any], edges: str = "") -> dict[str, Any]:
    """A graph; its edges are written ``a>b b>c``."""
    pairs = [edge.split(">") for edge in edges.split()]
    return {"nodes": list(nodes), "edges": [{"from": source, "to": target} for source, target in pairs]}


@dataclass(kw_only=True)
class Drawn:
    """A flow of somebody, and the events of its last run."""

    client: httpx2.AsyncClient
    id: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"{FLOWS}{self.id}/"

    async def change(self, graph: dict[str, Any]) -> None:
        answer = await self.client.put(self.path, json={"graph": graph})
        assert answer.status_code == 200, answer.text

    async def upload(self, data: bytes) -> str:
        answer = await self.client.post(f"{self.path}uploads/", files={"image": ("x", data)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["upload"])

    async def mark(self, upload: str, mask: bytes) -> str:
        """Say where an upload may change."""
        sent = {"files": {"mask": ("x", mask)}, "data": {"upload": upload}}
        answer = await self.client.post(f"{self.path}uploads/", **sent)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["mask"])

    async def run(self, node: str | None = None, *, again: bool = False, key: str = "") -> dict[str, str]:
        """Run it; gives how each node ended."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"node": node, "again": again}
        async with self.client.stream("POST", f"{self.path}runs/", json=body, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            self.seen = [seen async for seen in events_of(response)]
        return {data["id"]: data["state"] for data in self.told("node")}

    def told(self, name: str, node: str | None = None) -> list[dict[str, Any]]:
        """What was told in the last run under a name, of a node."""
        return [data for _, kind, data in self.seen if kind == name and node in (None, data.get("id"))]

    async def quote(self, node: str | None = None) -> Any:
        answer = await self.client.get(f"{self.path}quote/", params={"node": node} if node else {})
        assert answer.status_code == 200, answer.text
        return answer.json()


async def draw(client: httpx2.AsyncClient, graph: dict[str, Any] | None = None) -> Drawn:
    """Begin a flow."""
    answer = await client.post(FLOWS, json={"graph": graph} if graph else {})
    assert answer.status_code == 201, answer.text
    return Drawn(client=client, id=answer.json()["id"])


async def opened(client: httpx2.AsyncClient, picture: dict[str, Any]) -> Image.Image:
    """A picture as it is downloaded from its link."""
    answer = await client.get(picture["url"])
    assert answer.headers["Cache-Control"] == "private, no-store"
    return Image.open(BytesIO(answer.content))


@dataclass
class Charged:
    """What the sandbox charged for, while one looked."""

    pictures: int = 0
    routes: tuple[str, ...] = ()


@contextmanager
def charged(sandbox: Sandbox) -> Iterator[Charged]:
    """Count what the sandbox charges for in a block."""
    before, logged, found = sandbox.totals, len(sandbox.log), Charged()
    yield found
    found.pictures = sandbox.totals.charged - before.charged
    found.routes = tuple(each.route.rpartition("/")[2] for each in sandbox.log[logged:] if each.micros)


async def agree(served: Served, user_id: str) -> None:
    """The person agrees that pictures are sent."""
    await served.here.store.consents.give(user_id, statement="yes")
