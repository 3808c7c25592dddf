"""Flows over HTTP: the scenarios of the first front end, and what is paid when something changes."""

from coach.sandbox import Sandbox
from tests.server._flows import agree, charged, draw, graph, image, opened, text, transform
from tests.server._serve import Served
from tests.store._images import quadrants, save
from tests.studio._drawn import holed

BASKET = "Create a gift basket containing all these items"


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
