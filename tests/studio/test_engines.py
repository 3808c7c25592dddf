"""Several picture services in one studio: each makes its own models' pictures, and none another's."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coach.errors import Conflict, InputRefused, PictureError
from coach.store import Store
from coach.studio import Budgets, Capabilities, GptImageEngine, Model, PictureRequest, Studio
from coach.studio.accounts import standing
from coach.studio.gate import GateLimits
from tests.studio._service import answer, error, picture, says
from tests.studio._workshop import ANA, Workshop, workshop

WORDS = PictureRequest(prompt="A lighthouse", previews=0)
GOOD = says(answer(picture("gold")))


class Other(GptImageEngine):
    """Another service that speaks the same."""

    name, service = "other-wire", "other"

    def offers(self, table: Capabilities) -> Capabilities:
        return table.priced(self.service, Decimal("0.25"))


def table() -> Capabilities:
    """The library's, and a model of the other service that can do anything."""
    own = Capabilities.load()
    able = own.model("gpt-image-2").model_dump() | {"name": "brush", "engine": "other", "source": "here"}
    brush = Model.model_validate(able | {"transparent": "yes", "family": "brush", "extra": ["spec"]})
    return own.model_copy(update={"models": {**own.models, "brush": brush}})


def both(w: Workshop, **options: Any) -> Studio:
    engine, other = GptImageEngine(w.client), Other(w.client)
    given = {"capabilities": table(), **options}
    return Studio(store=w.store, engine=engine, others=[other], spool=w.spool, **given)


async def test_each_model_is_asked_of_its_own_service(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = both(w)
        made = [
            await w.generate(WORDS, studio=studio, model=model, call=str(model)) for model in (None, "brush")
        ]
        assert [(each.engine, each.model) for each in made] == [
            ("gpt-image", studio.capabilities.default),
            ("other-wire", "brush"),
        ]
        assert studio.quote(WORDS, "brush").micros == made[1].quote_micros == 250_000


async def test_a_model_that_no_engine_is_for_is_not_offered(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = w.new_studio(capabilities=table())
        assert "brush" not in studio.capabilities.models
        error = await w.refusal(studio=studio, model="brush")
        assert (error.code, error.paid) == ("model_unknown", "unpaid")
        with pytest.raises(PictureError, match="is not known"):
            w.new_studio(capabilities=table(), model="brush")
        assert not w.upstream.asked


async def test_one_service_never_stands_in_for_another(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    clear = WORDS.model_copy(update={"background": "transparent"})
    full = table()
    two = {name: full.models[name] for name in (full.default, "brush")}
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = both(w, capabilities=full.model_copy(update={"models": two}))
        assert studio.plan(clear, "brush").repairs == ()
        own = studio.plan(clear)
        assert own.model == full.default and "it may refuse" in " ".join(own.repairs)


async def test_another_model_is_another_picture(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = both(w)
        first = await w.generate(WORDS, studio=studio, model="brush", key="mine")
        assert await w.generate(WORDS, studio=studio, model="brush", key="mine") == first
        with pytest.raises(Conflict, match="used for another picture"):
            await w.generate(WORDS, studio=studio, key="mine")
        assert len(w.upstream.asked) == 1


async def test_budgets_hold_over_all_services(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = both(w, budgets=Budgets.of_usd(person=Decimal("0.30")))
        await w.generate(WORDS, studio=studio, model="brush", call="first")
        error = await w.refusal(request=WORDS, studio=studio, call="second", model="brush")
        assert error.code == "budget_spent"
        await w.generate(WORDS, studio=studio, call="third")  # 0.04: it fits beside the 0.25
        async with store.database.read() as connection:
            person = (await standing(connection, ANA, ""))["person"]
        assert 250_000 < person.spent_micros < 300_000 and person.held_micros == 0


async def test_that_one_service_is_down_is_nothing_to_another(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    down = says(error("server_error"), status=503)
    async with workshop(store, tmp_path, photo_bytes, down, down, GOOD) as w:
        studio = both(w, limits=GateLimits(failures=1, down_for=600, patience=0.1))
        assert (
            await w.refusal(request=WORDS, studio=studio, model="brush", call="1")
        ).code == "service_error"
        assert (await w.refusal(request=WORDS, studio=studio, model="brush", call="2")).code == "service_down"
        assert (await w.refusal(request=WORDS, studio=studio, call="3")).code == "service_error"
        assert len(w.upstream.asked) == 2


async def test_what_goes_along_is_for_a_model_that_takes_it(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    asked = WORDS.model_copy(update={"extra": {"spec": {"version": "3.0"}}})
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        studio = both(w)
        assert studio.plan(asked, "brush").params["spec"] == {"version": "3.0"}
        with pytest.raises(InputRefused, match="does not take spec") as caught:
            studio.plan(asked)
        assert caught.value.field == "extra"
