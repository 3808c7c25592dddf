"""Money as people read it."""

import pytest

import coach


@pytest.mark.parametrize(
    ("micros", "said"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1, "$0.000001"),
        (41, "$0.000041"),
        (50_000, "$0.05"),
        (219_513, "$0.219513"),
        (1_500_000, "$1.50"),
        (100_000_000, "$100.00"),
    ],
)
def test_it_is_told_to_the_last_bit_and_never_rounded(micros: int | None, said: str) -> None:
    assert coach.dollars(micros) == said
