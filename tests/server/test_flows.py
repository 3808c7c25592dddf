"""Flows over HTTP: the scenarios of the first front end, and what is paid when something changes."""

import asyncio
from io import BytesIO
from typing import Any

import httpx2
from PIL import Image

from coach.sandbox import BLOCKED_INPUT, Sandbox
from tests.server._flows import (
    FLOWS,
    agree,
    charged,
    draw,
    graph,
    image,
    text,
    transform,
)
from tests.server._serve import Served, events_of
from tests.store._images import quadrants, save
from tests.studio._drawn import holed

BASKET = "Create a gift basket containing all these items"


async def opened(client: httpx2.AsyncClient, picture: dict[str, Any]) -> Image.Image:
    """A picture as it is downloaded from its link."""
    answer = await client.get(picture["url"])
    assert answer.headers["Cache-Control"] == "private, no-store"
    return Image.open(BytesIO(answer.content))


async def test_words_become_a_picture_and_cost_nothing_the_second_time(
    served: Served, quick_sandbox: Sandbox
) -> None:
    async with served.client("ann") as ann:
        flow = await draw(
            ann, graph(text("cat", "A cute cat wearing a hat"), transform("drawn"), edges="cat>drawn")
        )
        worst = (await flow.quote())["micros"]
        with charged(quick_sandbox) as cost:
            assert await flow.run("drawn") == {"drawn": "done"}
        assert (cost.pictures, cost.routes) == (1, ("generations",))
        assert quick_sandbox.log[-1].params["prompt"] == "A cute cat wearing a hat"
        [made] = flow.told("image")
        assert not made["cached"] and 0 < made["actual_micros"] <= worst
        assert flow.told("node")[1]["mode"] == "generate"
        [picture] = made["pictures"]
        assert (await opened(ann, picture)).size == (picture["width"], picture["height"])

        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"drawn": "cached"}
            copy = await draw(ann, graph(transform("other", "A cute cat wearing a hat")))
            assert await copy.run() == {"other": "cached"}
        assert cost.pictures == 0
        assert copy.told("image")[0]["pictures"][0]["version_id"] == picture["version_id"]
        quoted = await flow.quote("drawn")
        assert (quoted["micros"], quoted["nodes"][0]["cached"]) == (0, True)
        [version] = await served.here.store.versions.list("ann", picture["identity_id"])
        assert version.id == picture["version_id"]
        assert await served.here.store.identities.list("ann") == []


async def test_one_picture_is_edited(served: Served, quick_sandbox: Sandbox, photo_bytes: bytes) -> None:
    async with served.client("ann") as ann:
        flow = await draw(ann)
        photo = await flow.upload(photo_bytes)
        painting = transform("painting", "Make it look like a painting", size="1024x1536", quality="low")
        await flow.change(graph(image("photo", photo), painting, edges="photo>painting"))
        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"painting": "failed"}
        assert cost.pictures == 0 and flow.told("node")[-1]["code"] == "consent_missing"
        await agree(served, "ann")
        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"painting": "done"}
        assert (cost.pictures, cost.routes) == (1, ("edits",))
        sent = quick_sandbox.log[-1]
        assert sent.images == (photo,) and (sent.params["size"], sent.params["quality"]) == (
            "1024x1536",
            "low",
        )
        assert flow.told("node")[-1]["mode"] == "edit"
        [reference] = flow.told("image")[0]["references"]
        assert (reference["kind"], reference["id"]) == ("upload", photo)
        assert (await opened(ann, reference)).size == (512, 600)


async def test_three_pictures_are_composed_and_only_what_changed_is_paid_again(
    served: Served, quick_sandbox: Sandbox, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    await agree(served, "ann")
    async with served.client("ann") as ann:
        flow = await draw(ann)
        products = [
            await flow.upload(each) for each in (photo_bytes, other_photo_bytes, save(quadrants(), "PNG"))
        ]
        nodes = [image(f"p{number}", each) for number, each in enumerate(products)]
        nodes += [text("words", BASKET), transform("basket", "On a table"), transform("card", "A card of it")]
        nodes += [text("alone", "A ribbon"), transform("ribbon")]
        edges = "p2>basket p0>basket words>basket p1>basket basket>card alone>ribbon"
        await flow.change(graph(*nodes, edges=edges))
        with charged(quick_sandbox) as cost:
            assert set((await flow.run()).values()) == {"done"}
        assert cost.pictures == 3
        [sent] = [each for each in quick_sandbox.log[-3:] if len(each.images) == 3]
        assert sent.images == (products[2], products[0], products[1])
        assert sent.params["prompt"] == f"On a table\n\n{BASKET}"
        assert flow.told("node", "basket")[-1]["mode"] == "compose"

        nodes[-1] = transform("ribbon") | {"title": "Moved", "x": 10.5}
        await flow.change(graph(*nodes, edges=edges))
        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"basket": "cached", "card": "cached", "ribbon": "cached"}
        assert cost.pictures == 0

        nodes[3] = text("words", f"{BASKET}, with a bow")
        await flow.change(graph(*nodes, edges=edges))
        quoted = {each["id"]: each for each in (await flow.quote())["nodes"]}
        assert {id for id, each in quoted.items() if each["cached"]} == {"ribbon"}
        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"basket": "done", "card": "done", "ribbon": "cached"}
        assert cost.pictures == 2

        with charged(quick_sandbox) as cost:
            assert await flow.run("basket") == {"basket": "cached"}
        assert cost.pictures == 0 and {data["id"] for data in flow.told("node")} == {"basket"}


async def test_a_logo_is_added_with_high_fidelity(
    served: Served, quick_sandbox: Sandbox, photo_bytes: bytes
) -> None:
    await agree(served, "ann")
    async with served.client("ann") as ann:
        flow = await draw(ann)
        logo = await flow.upload(save(quadrants("RGBA"), "PNG"))
        shirt = transform(
            "shirt", "Add the logo to the shirt", upload=await flow.upload(photo_bytes), keep_faces=True
        )
        await flow.change(graph(image("logo", logo), shirt, edges="logo>shirt"))
        with charged(quick_sandbox) as cost:
            assert await flow.run() == {"shirt": "done"}
        assert cost.routes == ("edits",)
        assert quick_sandbox.log[-1].images == (shirt["data"]["upload"], logo)
        done = flow.told("node")[-1]
        assert done["mode"] == "high_fidelity" and any("aces" in why for why in done["why"])


async def test_a_sprite_has_no_background(served: Served, quick_sandbox: Sandbox) -> None:
    async with served.client("ann") as ann:
        sprite = transform(
            "sprite", "A pixel art sprite of a cat", background="transparent", quality="medium"
        )
        flow = await draw(ann, graph(sprite))
        assert await flow.run() == {"sprite": "done"}
        assert flow.told("node")[-1]["mode"] == "transparent"
        [picture] = flow.told("image")[0]["pictures"]
        drawn = await opened(ann, picture)
        assert drawn.format == "PNG" and drawn.getchannel("A").getextrema()[0] == 0


async def test_only_the_marked_part_of_a_picture_is_changed(
    served: Served, quick_sandbox: Sandbox, photo_bytes: bytes
) -> None:
    await agree(served, "ann")
    async with served.client("ann") as ann:
        flow = await draw(ann)
        photo = await flow.upload(photo_bytes)
        mask = await flow.mark(photo, holed((512, 600), (10, 10, 200, 200)))
        pool = transform("pool", "Add a flamingo", mask=mask)
        await flow.change(graph(image("lounge", photo), pool, edges="lounge>pool"))
        assert await flow.run() == {"pool": "done"}
        assert flow.told("node")[-1]["mode"] == "inpaint"
        [picture] = flow.told("image")[0]["pictures"]
        assert (picture["width"], picture["height"]) == (512, 600)
        assert quick_sandbox.log[-1].route.endswith("/edits")


async def test_another_picture_of_the_same_is_made_when_it_is_wanted(
    served: Served, quick_sandbox: Sandbox
) -> None:
    async with served.client("ann") as ann:
        flow = await draw(ann, graph(transform("cat", "A cat"), transform("dog", "A dog")))
        await flow.run()
        with charged(quick_sandbox) as cost:
            assert await flow.run("cat", again=True, key="more") == {"cat": "done"}
            first = flow.told("image")
            assert await flow.run("cat", again=True, key="more") == {"cat": "done"}
            assert flow.told("image") == first
            assert await flow.run() == {"cat": "cached", "dog": "cached"}
        assert cost.pictures == 1
        assert (await ann.get(flow.path)).json()["again"] == {"cat": 1}
        other = {"json": {"node": "dog", "again": True}, "headers": {"Idempotency-Key": "more"}}
        assert (await ann.post(f"{flow.path}runs/", **other)).status_code == 409
        for body, field in (({"again": True}, "node"), ({"node": "x"}, None)):
            refused = await ann.post(f"{flow.path}runs/", json=body)
            assert refused.status_code in (404, 422) and refused.json().get("field") == field


async def test_what_fails_fails_only_what_is_made_from_it(served: Served, quick_sandbox: Sandbox) -> None:
    async with served.client("ann") as ann:
        bad = transform("bad", f"A {BLOCKED_INPUT}")
        nodes = [bad, transform("of_bad", "Warmer"), transform("good", "A cat"), transform("empty")]
        nodes += [image("to_come", None), transform("waits", "Warmer"), transform("odd", "A cat", size="7x7")]
        await agree(served, "ann")
        flow = await draw(ann, graph(*nodes, edges="bad>of_bad to_come>waits"))
        quoted = {each["id"]: each["error"] for each in (await flow.quote())["nodes"]}
        assert quoted["bad"] is quoted["of_bad"] is quoted["good"] is None
        assert quoted["odd"]["field"] == "size" and "1024x1536" in quoted["odd"]["allowed"]
        with charged(quick_sandbox) as cost:
            states = await flow.run()
        assert cost.pictures == 1
        assert states.pop("good") == "done" and set(states.values()) == {"failed"}
        told = {data["id"]: data for data in flow.told("node") if data["state"] == "failed"}
        assert {id: data["code"] for id, data in told.items()} == {
            "bad": "moderation_blocked",
            "of_bad": "source_failed",
            "empty": "input_refused",
            "waits": "input_refused",
            "odd": "input_refused",
        }
        assert told["bad"]["paid"] == "unpaid" and BLOCKED_INPUT not in told["bad"]["say"]
        assert (
            told["empty"]["field"] == "instructions" and told["waits"]["field"] == "nodes.to_come.data.upload"
        )
        assert flow.seen[-1][1] == "done" and flow.seen[-1][2]["state"] == "done"

        # What was refused unpaid is asked for again by the next run, and not before.
        asked = len(quick_sandbox.log)
        assert (await flow.run("bad")) == {"bad": "failed"}
        assert len(quick_sandbox.log) == asked + 1


async def test_two_runs_at_once_pay_once(served: Served, quick_sandbox: Sandbox) -> None:
    async with served.client("ann") as ann:
        nodes = transform("a", "A cat"), transform("b", "Warmer"), transform("c", "A dog")
        await agree(served, "ann")
        drawn = await draw(ann, graph(*nodes, edges="a>b"))
        flows = [drawn, *[await draw(ann, graph(*nodes, edges="a>b"))] * 2]
        with charged(quick_sandbox) as cost:
            states = await asyncio.gather(*(flow.run() for flow in flows))
        assert cost.pictures == 3
        assert all(state in ("done", "cached") for each in states for state in each.values())
        path, headers = f"{drawn.path}events/", {"Last-Event-ID": "2"}
        seen = []
        async with ann.stream("GET", path, headers=headers) as response:
            async for each in events_of(response):
                seen.append(each)
                if each[1] == "done":
                    break
        assert seen[0][0] == 3 and seen[-1][2] == drawn.seen[-1][2]


async def test_somebody_elses_flow_and_picture_are_not_there(served: Served, photo_bytes: bytes) -> None:
    await agree(served, "ann")
    async with served.client("ann") as ann, served.client("ben") as ben:
        hers = await draw(ann)
        photo = await hers.upload(photo_bytes)
        await hers.change(graph(image("i", photo), transform("a", "Warmer"), edges="i>a"))
        await hers.run()
        version = hers.told("image")[0]["pictures"][0]["version_id"]
        mask = await hers.mark(photo, holed((512, 600), (10, 10, 200, 200)))
        answers = []
        for id in (hers.id, "0" * 36):
            for method, path, body in (
                ("GET", "", None),
                ("PUT", "", {"graph": graph()}),
                ("DELETE", "", None),
                ("GET", "quote/", None),
                ("GET", "events/", None),
                ("POST", "runs/", {}),
            ):
                answer = await ben.request(method, f"{FLOWS}{id}/{path}", json=body)
                answers.append((answer.status_code, answer.json()["code"]))
            answers.append(
                (await ben.post(f"{FLOWS}{id}/uploads/", files={"image": photo_bytes})).status_code
            )
        assert set(answers) == {(404, "not_found"), 404}
        assert (await ben.get(FLOWS)).json() == []
        said = set()
        for node in (
            image("i", photo), image("i", "0" * 64), transform("i", "x", upload=photo),
            image("i", None, version=version), image("i", None, version="0" * 36),
            transform("i", "x", mask=mask), transform("i", "x", mask="m-00000000"),
        ):  # fmt: skip
            refused = await ben.post(FLOWS, json={"graph": graph(node)})
            said.add((refused.status_code, refused.json()["field"], refused.json()["detail"]))
        assert {(status, field) for status, field, _ in said} == {
            (422, f"nodes.i.data.{name}") for name in ("upload", "version", "mask")
        }
        assert len(said) == 3


async def test_flows_are_listed_changed_and_deleted(served: Served, photo_bytes: bytes) -> None:
    await agree(served, "ann")
    async with served.client("ann") as ann:
        flow = await draw(ann, graph(transform("a", "A cat")))
        await flow.run()
        photo = await flow.upload(photo_bytes)
        answer = await ann.put(flow.path, json={"title": "My\ncat", "graph": graph(image("i", photo))})
        assert answer.json()["title"] == "My cat"
        assert (await opened(ann, answer.json()["pictures"]["i"])).size == (512, 600)
        assert [each["id"] for each in (await ann.get(FLOWS)).json()] == [flow.id]

        # The upload goes with the agreement; what is drawn can still be changed.
        await served.here.store.consents.revoke("ann")
        await flow.change(graph(image("i", photo), text("t", "New")))
        assert (await ann.get(flow.path)).json()["pictures"] == {}

        assert (await ann.delete(flow.path)).status_code == 204
        assert (await ann.get(flow.path)).status_code == 404
