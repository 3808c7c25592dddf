"""Flows as they are kept over HTTP: whose they are, listed, changed and deleted."""

from tests.server._flows import FLOWS, agree, draw, graph, image, opened, text, transform
from tests.server._serve import Served
from tests.studio._drawn import holed


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
