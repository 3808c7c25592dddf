"""What operators see of everybody, page by page and without a word of theirs; others see nothing of it."""

import json
from typing import Any

import httpx2

from tests.actions._pictures import make_ready
from tests.server._serve import Served, begin, say
from tests.studio._rows import add_lost

BASE = "/api/v1/operator/"


async def pages(client: httpx2.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a list, read two at a time."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        given = {"limit": 2, **query} | ({} if after is None else {"after": after})
        page = (await client.get(BASE + path, params=given)).json()
        assert len(page["items"]) <= 2
        rows += page["items"]
        if (after := page["next"]) is None:
            return rows


async def test_everything_is_told_in_pages_and_nothing_of_what_is_said_or_shown(
    served: Served, photo_bytes: bytes
) -> None:
    await make_ready(served.here.store, photo_bytes)
    scene = {"identity_id": "i1", "prompt": "a secret scene"}
    async with served.client("root", operator=True) as root, served.client("ann") as ann:
        talks = [await begin(ann) for _ in range(5)]
        await say(ann, talks[0], "A secret message.")
        for _ in range(3):
            asked = {"action": "generate_identity_image", "params": scene}
            assert (await ann.post("/api/v1/actions/", json=asked)).status_code == 200
        await add_lost(served.here.store.database, 100_000, id="lost", user_id="bob", tenant="acme")

        conversations = await pages(root, "conversations/")
        assert [each["id"] for each in conversations] == talks[::-1]
        assert conversations[-1]["messages_made"] >= 2
        made = await pages(root, "generations/")
        assert len(made) == 4 and {each["state"] for each in made} == {"done", "unknown"}
        assert [each["id"] for each in await pages(root, "doubts/")] == ["lost"]
        spent = {by: await pages(root, "spend/", by=by) for by in ("day", "person", "tenant", "model")}
        assert [line["of"] for line in spent["person"]] == ["ann", "bob"]
        assert spent["person"][1]["doubt_micros"] == 100_000 and spent["tenant"][1]["of"] == "acme"
        assert (await root.get(f"{BASE}queue/")).json()["in_flight"] == 0
        assert "secret" not in json.dumps([conversations, made, spent])
        for path in ("conversations/", "generations/", "doubts/"):
            wrong = await root.get(BASE + path, params={"after": "x"})
            assert (wrong.status_code, wrong.json()["code"]) == (422, "input_refused")


async def test_a_doubt_is_told_to_its_person_and_settled_by_an_operator(served: Served) -> None:
    database = served.here.store.database
    await add_lost(database, 100_000, id="lost", user_id="ann")
    path, found = f"{BASE}doubts/lost/settle/", {"charged": True, "micros": 40_000}
    async with served.client("ann") as ann, served.client("root", operator=True) as root:
        costs = (await ann.get("/api/v1/users/me/costs/")).json()
        assert costs["held_micros"] == 100_000 and costs["doubts"][0]["request_id"] == "req_1"
        assert costs["doubts"][0]["say"].endswith("It may have been charged.")
        impossible = await root.post(path, json={"charged": False, "micros": 1})
        assert (impossible.status_code, impossible.json()["code"]) == (422, "invalid")
        settled = (await root.post(path, json=found)).json()
        assert (settled["state"], settled["paid"], settled["actual_micros"]) == ("failed", "paid", 40_000)
        again = await root.post(path, json=found)
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        assert (await root.post(f"{BASE}doubts/none/settle/", json=found)).status_code == 404
        costs = (await ann.get("/api/v1/users/me/costs/")).json()
        assert costs["spent_micros"] == 40_000 and costs["held_micros"] == 0 and costs["doubts"] == []
