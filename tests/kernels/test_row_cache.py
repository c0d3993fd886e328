"""The cache against a dictionary of everything: what it holds is right, whatever came and went."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.kernels.row_cache import FREE, MISSED, WAYS, admit, cool, copy_held, find, put_at
from workbench.testing.sizes import cases

BITS = 10


def rows_of(ids, words=3):
    """The one row that each id has."""
    return (np.asarray(ids, np.uint64)[:, None] * np.uint64(31) + np.arange(words, dtype=np.uint64)).copy()


def fresh(sets, words=3):
    return (
        np.full((sets, WAYS), FREE, np.int64),
        np.zeros((sets, WAYS), np.uint8),
        np.zeros(1 << BITS, np.uint8),
        np.zeros(sets * WAYS * words, np.uint64),
    )


@given(batches=st.lists(st.sets(st.integers(0, 60), max_size=30), max_size=20), sets=st.integers(1, 4))
@settings(max_examples=cases(100, 2000), deadline=None)
def test_what_is_held_is_right(batches, sets):
    ids, heat, sketch, held = fresh(sets)
    for batch in batches:
        wanted = np.array(sorted(batch), np.int64)
        places = np.empty(len(wanted), np.int64)
        hits = find(ids, heat, sketch, BITS, wanted, places)
        assert hits == (places != MISSED).sum()
        assert set(wanted[places != MISSED]) == set(wanted) & set(ids.ravel())
        out = np.zeros((len(wanted), 3), np.uint64)
        copy_held(held, 3, places, out.reshape(-1))
        found = places != MISSED
        np.testing.assert_array_equal(out[found], rows_of(wanted[found]))
        assert not out[~found].any()
        missed = wanted[~found]
        admit(ids, heat, sketch, BITS, held, 3, missed, rows_of(missed).reshape(-1))
        stays = ids[ids != FREE]
        assert len(set(stays.tolist())) == len(stays)
        np.testing.assert_array_equal(held.reshape(-1, 3)[(ids != FREE).ravel()], rows_of(stays))


def test_one_pass_over_everything_does_not_wash_out_what_is_asked_for_often():
    ids, heat, sketch, held = fresh(8)
    often = np.arange(32)

    def ask(wanted):
        places = np.empty(len(wanted), np.int64)
        find(ids, heat, sketch, BITS, wanted, places)
        missed = wanted[places == MISSED]
        admit(ids, heat, sketch, BITS, held, 3, missed, rows_of(missed).reshape(-1))
        return (places != MISSED).sum()

    for _ in range(4):
        ask(often)
    before = ask(often)
    assert before >= 24
    ask(np.arange(1000, 1400))
    assert ask(often) == before


def test_cooling_halves_every_count_and_lets_newer_rows_in():
    ids, heat, sketch, held = fresh(1)
    wanted, places = np.arange(WAYS), np.empty(WAYS, np.int64)
    for _ in range(9):
        find(ids, heat, sketch, BITS, wanted, places)
        missed = wanted[places == MISSED]
        admit(ids, heat, sketch, BITS, held, 3, missed, rows_of(missed).reshape(-1))
    newer = np.array([99])
    turns = 0
    while find(ids, heat, sketch, BITS, newer, places[:1]) == 0:
        find(ids, heat, sketch, BITS, newer, places[:1])
        cool(heat, sketch)
        admit(ids, heat, sketch, BITS, held, 3, newer, rows_of(newer).reshape(-1))
        turns += 1
        assert turns < 20
    assert turns > 1


def test_counts_stop_at_their_largest():
    ids, heat, sketch, _ = fresh(1)
    ids[0, 0] = 5
    places = np.empty(1, np.int64)
    for _ in range(300):
        find(ids, heat, sketch, BITS, np.array([5]), places)
        find(ids, heat, sketch, BITS, np.array([6]), places)
    assert heat.max() == 255
    assert sketch.max() == 255


def test_put_at():
    out = np.zeros((4, 2), np.uint64)
    put_at(np.array([1, 2, 3, 4], np.uint64), 2, np.array([3, 0]), out.reshape(-1))
    assert out.tolist() == [[3, 4], [0, 0], [0, 0], [1, 2]]
