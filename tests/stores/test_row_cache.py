"""The row cache: right rows from many threads, and hits where the accesses have favourites."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workbench.stores.row_cache import RowCache

ROWS, STRIDE = 20_000, 64
TABLE = np.random.default_rng(0).integers(0, 256, (ROWS, STRIDE), np.uint8)


def asked(cache, wanted, table=TABLE):
    """Ask for distinct rows; what was loaded."""
    loads = []

    def load(missing):
        loads.append(missing)
        return table[missing]

    out = np.empty((len(wanted), STRIDE), np.uint8)
    cache.read(wanted, out, load)
    np.testing.assert_array_equal(out, table[wanted])
    return np.concatenate(loads) if loads else np.empty(0, np.int64)


def powers(rng, count, exponent=1.1):
    """Distinct rows of a batch in which few are popular."""
    weights = np.arange(1, ROWS + 1) ** -exponent
    return np.unique(rng.choice(ROWS, count, p=weights / weights.sum()) * 7919 % ROWS)


def test_only_what_is_not_held_is_loaded():
    cache = RowCache(STRIDE, 1 << 20)
    first = np.arange(0, 1000, 3)
    assert len(asked(cache, first)) == len(first)
    again = asked(cache, np.arange(0, 1000))
    assert set(range(1000)) - set(first.tolist()) <= set(again.tolist())
    stats = cache.stats()
    assert stats.misses == len(first) + len(again)
    assert stats.hits == 1000 - len(again)
    assert stats.hit_rate == pytest.approx(stats.hits / (stats.hits + stats.misses))


def test_hit_rate_of_a_power_law_is_near_that_of_the_best_choice():
    """The best fixed choice holds the most popular rows; the cache must find them by itself."""
    rng = np.random.default_rng(1)
    cache = RowCache(STRIDE, ROWS // 10 * (STRIDE + 17))
    batches = [powers(rng, 500) for _ in range(600)]
    for batch in batches[:300]:
        asked(cache, batch)
    before = cache.stats()
    for batch in batches[300:]:
        asked(cache, batch)
    after = cache.stats()
    share = (after.hits - before.hits) / sum(map(len, batches[300:]))
    counts = np.bincount(np.concatenate(batches[300:]), minlength=ROWS)
    best = np.sort(counts)[::-1][: after.places].sum() / counts.sum()
    assert share > 0.85 * best
    assert best < 0.95


def test_the_budget_is_kept():
    for budget in (10_000, 1 << 20):
        cache = RowCache(STRIDE, budget)
        assert cache._made is None  # nothing is taken before the first read
        one = cache._tables()
        assert sum(part.nbytes for part in (one.ids, one.heat, one.sketch, one.held)) <= 1.3 * budget + 2000


def test_many_threads():
    cache = RowCache(STRIDE, 100_000)

    def one(key):
        rng = np.random.default_rng(key)
        for _ in range(20):
            asked(cache, powers(rng, 300))
        return True

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(one, range(12)))
    held = cache._tables().ids.ravel()
    held_rows = cache._tables().held.view(np.uint8).reshape(-1, STRIDE)[held >= 0]
    np.testing.assert_array_equal(held_rows, TABLE[held[held >= 0]])
