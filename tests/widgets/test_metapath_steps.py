"""Steps of metapaths: where they may go, with how many, and what is refused."""

import pytest

from widgets._metapath_steps import FIRST, LATER, no_step, usual_take, ways_from, with_cell
from workbench.errors import FanoutError
from workbench.plan.draw import Draw
from workbench.testing.graphs import toy_shop

SCHEMA = toy_shop().schema


def test_ways_begin_where_the_path_ends_and_each_edge_type_is_one():
    for end in SCHEMA.node_types:
        ways = ways_from(SCHEMA, end)
        assert all(e.dst == end for e in ways)
        assert [e for to in SCHEMA.node_types for e in SCHEMA.edge_types if e in ways_from(SCHEMA, end, to)]
    assert sum(len(ways_from(SCHEMA, end)) for end in SCHEMA.node_types) == len(SCHEMA.edge_types)


def test_a_link_to_one_row_takes_one():
    takes = {str(e): [usual_take(SCHEMA, e, hop) for hop in (1, 2)] for e in SCHEMA.edge_types}
    assert takes["orders-user_id->users"] == [FIRST, LATER]
    assert takes["users-rev_user_id->orders"] == [1, 1]


def test_a_number_keeps_the_options_of_its_cell():
    window = Draw(4, window="7 days")
    assert with_cell([window, 2], 1, 9)[0] == window.with_take(9)
    assert with_cell([window, 2], 1, Draw(3))[0] == Draw(3)
    assert with_cell([window, 2], 2, 0.5) == [window, 0.5]
    for hop in (0, 3):
        with pytest.raises(FanoutError, match="it has hops 1 to 2"):
            with_cell([4, 2], hop, 1)


def test_the_refusal_says_what_can_be_done():
    text = str(no_step("users", "to 'x'", "no edge type leads there", ways_from(SCHEMA, "users")))
    assert "orders-user_id->users" in text
    assert "none: no edge type ends here" in str(no_step("users", "to 'x'", "nothing", ()))
