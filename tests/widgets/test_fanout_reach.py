"""Edge types that walks can use, against walks one by one."""

from itertools import pairwise, product

import pytest

from widgets._fanout_reach import reached, usable
from workbench.plan.fanout import Fanout
from workbench.testing.graphs import toy_shop

SCHEMA = toy_shop().schema


def walks(seed_type, hops, open_):
    """Chains of edge types from the seeds, each step of which is open at its hop."""
    return [
        chain
        for chain in product(SCHEMA.edge_types, repeat=hops)
        if chain[0].dst == seed_type
        and all(a.src == b.dst for a, b in pairwise(chain))
        and all(open_(i, e) for i, e in enumerate(chain[:-1], 1))
    ]


@pytest.mark.parametrize("seed_type", ["users", "products"])
@pytest.mark.parametrize("hops", [1, 2, 3])
def test_the_rows_are_the_edge_types_of_all_walks(seed_type, hops):
    every = {e for n in range(1, hops + 1) for walk in walks(seed_type, n, lambda *_: True) for e in walk}
    rows = usable(SCHEMA, seed_type, hops)
    assert set(rows) == every
    assert len(rows) == len(every)


@pytest.mark.parametrize("closed", [1, 2])
def test_a_cell_of_zero_leads_nowhere(closed):
    edge_type = "orders-user_id->users" if closed == 1 else "products-rev_product_id->orders"
    fanout = Fanout([4, 4, 4]).with_entry(closed, SCHEMA.edge_type(edge_type), 0)
    found = reached(SCHEMA, "users", fanout)
    for hop in (1, 2, 3):
        chains = walks("users", hop, lambda i, e: fanout.get(i, e) != 0)
        assert found[hop - 1] == {chain[-1] for chain in chains}
