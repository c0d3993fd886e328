"""Words and rows of the tables: each name one place, each row within its array."""

import pytest

from workbench.kernels import tables
from workbench.stores.steps import Strategy

WORDS = {"C_": tables.C_WORDS, "P_": tables.P_WORDS, "N_": tables.N_WORDS, "E_": tables.E_WORDS}
SIZES = {"C_EACH", "C_WORDS", "P_WORDS", "N_WORDS", "E_WORDS", "B_ROWS", "K_ROWS"}


def named(prefix):
    return sorted(value for name, value in vars(tables).items() if name[:2] == prefix and name not in SIZES)


@pytest.mark.parametrize("prefix", WORDS)
def test_words_fill_their_table_without_gaps(prefix):
    assert named(prefix) == list(range(WORDS[prefix]))


def test_rows_of_blocks_and_chunks_do_not_overlap():
    assert tables.ROW == 8 * tables.LANES
    assert named("B_") == [row * tables.ROW for row in range(tables.B_ROWS)]
    assert named("K_") == [row * tables.ROOM_ROW for row in range(tables.K_ROWS)]
    assert tables.ROOM_ROW >= 8 * tables.ROOM
    assert tables.CHUNK < tables.ROOM


def test_strategies_are_those_of_steps():
    assert list(Strategy) == [tables.UNIFORM, tables.RECENT, tables.WEIGHTED, tables.DECAY]
