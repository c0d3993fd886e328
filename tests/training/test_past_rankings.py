"""Popular and own rows: against a loop over the names, and nothing of the future."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from workbench.models.ranking import Candidates
from workbench.query.seed_table import SeedTable
from workbench.training.past_rankings import Named, own_past, popular

K = 3


def world(seed: int) -> tuple[list[tuple[int, int, list[int]]], Named, Candidates, SeedTable]:
    rng = np.random.default_rng(seed)
    told = [
        (int(who), int(end), sorted(rng.choice(8, rng.integers(0, 4), replace=False).tolist()))
        for end in (10, 20, 30)
        for who in range(5)
    ]
    sizes = [len(rows) for _, _, rows in told]

    class Lists:
        indptr = np.cumsum([0, *sizes])
        values = np.array([row for _, _, rows in told for row in rows], np.int64)

    known = Named.of([np.array([t[0] for t in told])], [np.array([t[1] for t in told])], [Lists()])
    begin = np.array([0, 0, 0, 25, 0, 0, 0, 0])
    seeds = SeedTable(
        "users", np.array([0, 1, 2, 3, 4, 4]), pa.array(range(6)), np.array([20, 5, 30, 20, 20, 25])
    )
    return told, known, Candidates("items", 8, begin), seeds


def test_against_a_loop() -> None:
    for seed in range(20):
        told, known, there, seeds = world(seed)
        first, own = popular(known, there, seeds, K), own_past(known, there, seeds, K)
        for i, (who, at) in enumerate(zip(seeds.node_id.tolist(), seeds.anchor_time.tolist(), strict=True)):
            everyone = Counter(row for _, end, rows in told if end <= at for row in rows)
            mine = Counter(row for user, end, rows in told if end <= at and user == who for row in rows)
            rows = [row for row in range(8) if there.begin is not None and there.begin[row] <= at]
            assert first[i, 0].tolist() == sorted(rows, key=lambda row: (-everyone[row], row))[:K]
            best = sorted(rows, key=lambda row: (-mine[row], -everyone[row], row))[:K]
            assert own[i, 0].tolist() == best


def test_a_table_of_few_rows_is_ranked_whole() -> None:
    _, known, there, seeds = world(0)
    assert popular(known, there, seeds, 99).shape == (6, 2, 8)
    assert own_past(known, there, seeds, 99).shape == (6, 2, 8)
    late = popular(known, there, seeds, 99)[0]
    assert late[0, -1] == 3
    assert np.isinf(late[1, -1]), "it does not exist yet"
