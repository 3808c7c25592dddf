"""The colour arithmetic of the skin-tone guard."""

import pytest

from coach.faces.skin import Complexion, ciede2000, compare

# From the test data of Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula, 2005, table 1.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "expected"), PUBLISHED)
def test_the_colour_difference_is_the_published_one(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(expected, abs=1e-4)


def skin(
    light: float = 1.0, *, of: tuple[float, float, float] = (0.3, 0.18, 0.13), eyes: float = 0.4
) -> Complexion:
    red, green, blue = (channel * light for channel in of)
    return Complexion(red=red, green=green, blue=blue, eyes=eyes * light)


def test_more_light_on_skin_and_eyes_is_light() -> None:
    assert compare(skin(), skin(2.0)) == (pytest.approx(0), "kept")
    assert compare(skin(), skin(0.4)) == (pytest.approx(0), "kept")


def test_only_what_both_cues_say_is_taken() -> None:
    assert compare(skin(), skin(eyes=0.2)) == (pytest.approx(0), "kept"), "half-closed eyes"
    assert compare(skin(), skin(1.5, eyes=0.4 / 1.5))[1] == "lighter"
    assert compare(skin(1.5, eyes=0.4 / 1.5), skin())[1] == "darker"


def test_another_colour_of_the_same_lightness_is_said() -> None:
    shift, said = compare(skin(), skin(of=(0.08, 0.24, 0.3)))
    assert said == "other" and shift > 16
