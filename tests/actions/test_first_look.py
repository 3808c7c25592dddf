"""What the model is told of a picture that came, and what of it is for the person."""

from __future__ import annotations

from pathlib import Path

import pytest

import coach
from coach.faces import FaceModel
from tests.studio._faces import DISTANCES, ScriptedFaces, portrait
from tests.studio._service import frames, streams
from tests.studio._workshop import ANA, workshop

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])

IF_ASKED = "What was measured (say it only if they ask): The face was compared"
FOR_THE_USER = "What was measured, in words for the user: "
FACES = ScriptedFaces(DISTANCES)


@pytest.mark.parametrize(
    ("mark", "light", "faces", "said", "skin"),
    [
        ("lime", 1.0, FACES, IF_ASKED, "kept"),
        ("orange", 1.0, FACES, IF_ASKED, "kept"),
        ("red", 1.0, FACES, f"{FOR_THE_USER}It may not look like you yet: ", "kept"),
        ("lime", 0.6, FACES, f"{FOR_THE_USER}It may not look like you yet: ", "darker"),
        ("lime", 1.0, None, f"{FOR_THE_USER}Likeness was not measured.", None),
    ],
)
async def test_a_good_likeness_is_theirs_to_say_and_a_doubt_is_said_first(
    store: coach.Store,
    tmp_path: Path,
    photo_bytes: bytes,
    mark: str,
    light: float,
    faces: FaceModel | None,
    said: str,
    skin: str | None,
) -> None:
    coach.load("coach.reference")
    from coach.reference.actions._pictures import first_look

    drawn = streams(frames(final=portrait(photo_bytes, mark, light=light)))
    async with workshop(store, tmp_path, photo_bytes, drawn) as w:
        made = await w.generate(studio=w.new_studio(faces=faces, second_try=0))
        identity = await store.identities.get(ANA, "i1")
        look = first_look(identity, made)
        assert said in look.say and "anew" not in look.say
        assert (look.data.skin, look.data.say_likeness) == (skin, made.say_likeness)
        assert not look.data.afresh

        anew = first_look(identity, made, afresh=True, left_out=2)
        assert "drawn anew from the photos" in anew.say and anew.data.afresh
        assert anew.data.repairs[-1] in anew.say and "left out: 2." in anew.data.repairs[-1]
        assert len(anew.data.repairs) == len(look.data.repairs) + 1
