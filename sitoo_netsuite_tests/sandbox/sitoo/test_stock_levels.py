"""Levels: whatever moves, quantity and value are those of what is left, the oldest goods going first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.sitoo.stock_levels import Level, moved, opened

MOVES = st.lists(st.tuples(st.integers(-20_000, 20_000).filter(bool), st.integers(0, 5_000)), max_size=20)


@given(MOVES)
def test_quantity_and_value_are_those_of_the_layers_which_are_all_of_one_sign(moves: list[tuple[int, int]]) -> None:
    level = opened(5_000, 100, 1)
    for quantity, price in moves:
        level = moved(level, quantity, price, 2)
        assert sum(held for held, _ in level.layers) == level.total_milli
        assert len({held > 0 for held, _ in level.layers}) <= 1
        assert all(held for held, _ in level.layers)
        assert abs(level.value_minor * 1000 - sum(held * at for held, at in level.layers)) <= 500
    assert level.total_milli == 5_000 + sum(quantity for quantity, _ in moves)


def test_the_oldest_goods_go_first() -> None:
    level = moved(opened(5_000, 100, 1), 5_000, 300, 2)
    assert (level.total_milli, level.value_minor) == (10_000, 2_000)
    assert moved(level, -6_000, 999, 3).value_minor == 4 * 300


def test_what_goes_below_zero_is_made_up_for_by_what_comes_next() -> None:
    level = moved(Level(0, 0, 1), -2_000, 100, 2)
    assert (level.total_milli, level.value_minor) == (-2_000, -200)
    level = moved(level, 3_000, 150, 3)
    assert (level.total_milli, level.value_minor, level.modified) == (1_000, 150, 3)
