"""What was made in a style, by whom."""

from pathlib import Path

from coach.flux import history
from coach.store import Store
from tests.flux._place import ANA, CTX, FAILS, GOOD, place


async def test_the_history_of_a_style_is_a_persons_own(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path, GOOD, FAILS) as at:
        await at.flux.generate_batch(CTX, ["one", "two"], style_id="1", at_once=1, width=256, height=144)
        await at.flux.generate_batch(CTX, ["three"], style_id="16", width=256, height=144)
        await at.flux.generate_batch(CTX, ["four"], width=256, height=144)
        made = await history(store, ANA, "1")
        assert [(entry.generation.wish, len(entry.versions)) for entry in made] == [("two", 0), ("one", 1)]
        assert len(await history(store, ANA, "1", most=1)) == 1
        await store.people.ensure("ben")
        assert list(await history(store, "ben", "1")) == []
