"""Rows that are looked for, against all rows one by one."""

import numpy as np
import pytest

from widgets._search import found_from, located, matching, seed_at
from workbench.errors import IdError
from workbench.plan.fanout import Fanout
from workbench.report.flat import flatten


@pytest.fixture
def sample(engine, task):
    return engine.sample(task.seeds("val"), Fanout([4, 2]))


@pytest.fixture
def flat(sample, engine):
    return flatten(sample, engine.graph)


def names(flat):
    return [(flat.node_types[t], i) for t, i in zip(flat.type.tolist(), flat.node_id.tolist(), strict=True)]


def test_texts_name_ids_keys_and_types(flat):
    shown = np.arange(len(flat)) % 3 > 0
    every = names(flat)
    for kind, number in set(every):
        for text in (f"{number}", f"{kind} {number}", f"k{number}"):
            wanted = [
                i
                for i, (k, n) in enumerate(every)
                if shown[i] and n == number and (k == kind or kind not in text)
            ]
            keys = (lambda _, ids: [f"k{i}" for i in ids]) if text.startswith("k") else None
            if wanted:
                assert matching(flat, shown, text, keys).tolist() == wanted
            else:
                with pytest.raises(IdError, match="the picture has none"):
                    matching(flat, shown, text, keys)


def test_a_node_is_located_by_the_seed_that_found_it(flat):
    shown = np.ones(len(flat), bool)
    for row, (kind, number) in enumerate(names(flat)):
        found = located(flat, shown, kind, number, int(flat.seed[row]))
        assert (names(flat)[found], flat.seed[found]) == ((kind, number), flat.seed[row])
    with pytest.raises(IdError, match="does not show it"):
        located(flat, ~shown, *names(flat)[0], -1)


def test_what_was_found_from_a_row_has_it_among_its_ancestors(flat):
    for start in range(len(flat)):
        wanted = []
        for row in range(len(flat)):
            up = row
            while up >= 0 and up != start:
                up = int(flat.parent[up])
            wanted.append(up == start)
        assert found_from(flat, np.array([start])).tolist() == wanted


def test_positions_count_through_all_seeds(sample):
    seeds = sample.request.seed_sets[0]
    for lane in range(len(seeds)):
        assert seed_at(sample.request, lane) == (
            seeds.node_type,
            int(seeds.ids[lane]),
            int(seeds.anchors[lane]),
        )
    with pytest.raises(AssertionError):
        seed_at(sample.request, len(seeds))
