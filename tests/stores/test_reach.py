"""The first promise, of whole batches: no message leads to a seed from a row that it must not see."""

from __future__ import annotations

from dataclasses import replace

import brute_reach
import numpy as np
import pytest

from workbench.sampling.further import sample_further
from workbench.stores.hop_driver import HopDriver
from workbench.stores.ram_graph import RamGraph
from workbench.stores.steps import FORMS
from workbench.testing.graphs import random_rows
from workbench.testing.requests import EVERYTHING, random_request
from workbench.testing.sizes import cases

ANCHORS = (-1, 0, 10, 20, 29, 30)


@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_no_seed_is_told_of_what_it_does_not_see(form: str, disjoint: bool) -> None:
    knobs = replace(EVERYTHING, forms=(form,), disjoint=(disjoint,), anchors=ANCHORS, temporal=(True, False))
    late_seeds = 0
    for number in range(cases(60, 3000)):
        rng = np.random.default_rng(number)
        rows = random_rows(rng, 10, extras=bool(number % 2))
        request = random_request(rng, rows.schema, rows.num_rows, knobs)
        subgraph = HopDriver(RamGraph(rows.arrays())).sample(request)
        edges, ids, seeds = brute_reach.of_subgraph(subgraph)
        assert not brute_reach.unseen(rows, request.plan, edges, ids, seeds), number
        for name, local, sees in seeds:
            listed = any(local in (row, col) for e in edges for row, col, _ in edges[e] if name in e[::2])
            late_seeds += listed and not brute_reach.there(rows, request.plan, name, ids[name][local], sees)
    assert late_seeds > 20


def test_one_hop_further_nothing_else_is_seen() -> None:
    """Around each node of a joint sample with its ways back, seeds that are not there included."""
    knobs = replace(EVERYTHING, forms=FORMS[1:2], disjoint=(False,), anchors=ANCHORS)
    looked = 0
    for number in range(cases(25, 500)):
        rng = np.random.default_rng(number)
        rows = random_rows(rng, 10, extras=bool(number % 2))
        graph, request = RamGraph(rows.arrays()), random_request(rng, rows.schema, rows.num_rows, knobs)
        subgraph = HopDriver(graph).sample(request)
        for name, ids in subgraph.node_id.items():
            sees, seed = subgraph.node_sees(name), subgraph.batch[name]
            for node in range(min(len(ids), 3)):
                further = sample_further(
                    graph, request, name, int(ids[node]), int(sees[node]), seed=int(seed[node])
                )
                edges, found, seeds = brute_reach.of_subgraph(further)
                assert not brute_reach.unseen(rows, further.request.plan, edges, found, seeds), number
                looked += further.num_edges
    assert looked > 100
