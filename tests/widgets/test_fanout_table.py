"""The fanout as an editable table, against the compiled plan."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets._fanout_table import PRESETS, FanoutTable
from workbench.errors import FanoutError, SchemaError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.testing.graphs import toy_shop
from workbench.testing.sizes import cases

SCHEMA = toy_shop().schema
NAMES = [str(e) for e in SCHEMA.edge_types]


def table(*hops):
    return FanoutTable(SCHEMA, "users", Fanout(list(hops)))


def test_cells_that_cannot_be_reached_are_none():
    rows = {row["edge_type"]: row["cells"] for row in table(4, 2).rows()}
    assert rows["orders-user_id->users"] == [4, None]  # no user is found at hop 1
    # products are found at hop 1 through the ratings, orders at hop 1 through their key
    assert rows["users-ratings->products"] == [None, 2]
    assert rows["products-rev_product_id->orders"] == [None, 2]


def test_a_cell_of_zero_closes_what_lay_behind_it():
    edited = table(4, 2).set(1, "orders-user_id->users", 0)
    rows = {row["edge_type"]: row["cells"] for row in edited.rows()}
    assert rows["orders-user_id->users"][0] == 0
    assert rows["products-rev_product_id->orders"] == [None, None]


def test_what_a_number_does_not_tell_is_noted():
    recent = Draw(3, strategy="recent")
    start = Fanout([{NAMES[0]: Draw(0.1, cap=9, window="2 days")}, {"default": 0.5, NAMES[1]: recent}])
    rows = {row["edge_type"]: row for row in FanoutTable(SCHEMA, "users", start).rows()}
    assert rows[NAMES[0]]["cells"] == [0.1, None]
    assert rows[NAMES[0]]["notes"] == ["0.1 of all (at most 9, the last 2 days only)", ""]
    assert rows[NAMES[1]]["cells"] == [None, 3]
    assert rows[NAMES[1]]["notes"] == ["", "3 (recent)"]
    assert {row["cells"][1] for row in rows.values()} == {0.5, 3, None}


def test_a_number_keeps_the_options_of_its_cell():
    start = Fanout([{NAMES[0]: Draw(0.1, cap=9, window=5)}], weight="amount", replace=False)
    edited = FanoutTable(SCHEMA, "users", start).set(1, NAMES[0], 0.5)
    assert edited.fanout.cell(1, NAMES[0]) == Draw(0.5, cap=9, window=5)
    assert edited.set(1, NAMES[0], 4).fanout.cell(1, NAMES[0]) == Draw(4, window=5)
    assert edited.set(1, NAMES[0], Draw(4, static=True)).fanout.cell(1, NAMES[0]) == Draw(4, static=True)
    edited = replace(edited, start=start)
    assert (edited.deeper().fanout.weight, edited.drawn("recent").fanout.weight) == ("amount", None)
    assert edited.drawn("recent").drawn("weighted") == edited
    assert edited.strategies == ("uniform", "recent", "weighted")
    assert edited.reset().fanout == start


@settings(max_examples=cases(100, 1000))
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(NAMES),
            st.sampled_from([-1, 0, 1, 7, Draw(5, strategy="recent")]),
        ),
        max_size=12,
    )
)
def test_open_cells_that_are_not_zero_are_the_compiled_steps(edits):
    edited = table(3, {NAMES[0]: 2}, 1)
    for edit in edits:
        edited = edited.set(*edit)
    plan = edited.fanout.compile(SCHEMA, ["users"])
    steps = {(s.hop, str(s.edge_type)): s.fanout for s in plan}
    cells = {
        (hop + 1, row["edge_type"]): k for row in edited.rows() for hop, k in enumerate(row["cells"]) if k
    }
    assert cells == steps


def test_hops_are_added_and_removed_down_to_one():
    deeper = table(4, 2).deeper()
    assert deeper.fanout == Fanout([4, 2, 2])
    assert deeper.shallower().shallower().fanout == Fanout([4])
    assert table(4).shallower().fanout == Fanout([4])


def test_edits_keep_everything_else():
    start = Fanout([4, 2], strategy="recent", static=["orders-user_id->users"], window=5, disjoint=False)
    edited = FanoutTable(SCHEMA, "users", start).set(2, NAMES[0], 9).drawn("uniform").deeper()
    fanout = edited.fanout
    assert (fanout.static, fanout.window, fanout.disjoint) == (start.static, start.window, False)
    assert fanout.strategy == "uniform"
    assert fanout.get(2, NAMES[0]) == 9


@pytest.mark.parametrize("hop", [0, 3, -1, "1", None, 1.5])
def test_a_hop_that_is_not_there_is_refused(hop):
    with pytest.raises(FanoutError, match="hops 1 to 2"):
        table(4, 2).set(hop, NAMES[0], 1)


@pytest.mark.parametrize("value", [-2, "3", None, 1.5, True])
def test_a_value_that_is_no_fanout_is_refused(value):
    with pytest.raises(FanoutError):
        table(4, 2).set(1, NAMES[0], value)


def test_an_edge_type_that_is_not_there_is_refused():
    with pytest.raises(SchemaError, match="Did you mean"):
        table(4).set(1, "orders-user->users", 1)


def test_a_preset_changes_the_numbers_and_keeps_the_rest():
    start = FanoutTable(SCHEMA, "users", Fanout([{NAMES[0]: 3}], strategy="recent", strict=True))
    for name, numbers in PRESETS.items():
        assert start.preset(name).fanout == Fanout(numbers, strategy="recent", strict=True)
    with pytest.raises(FanoutError, match="Allowed: narrow: 8, 4"):
        start.preset("widest")


def test_the_form_of_each_library_reads_back_as_the_same_fanout():
    edited = table(4, 2).set(1, NAMES[0], 7).set(2, NAMES[1], 0)
    compiled = edited.fanout.compile(SCHEMA, ["users"])
    assert eval(edited.form("Fanout"), {"Fanout": Fanout}) == edited.fanout
    assert Fanout.from_pyg(eval(edited.form("PyG"))).compile(SCHEMA, ["users"]) == compiled
    assert table(4, 2).form("PyG") == "[4, 2]"
    plain = FanoutTable(SCHEMA, "users", Fanout([{"default": 4, "orders-user_id->users": 9}]))
    read = Fanout.from_kumo(eval(plain.form("Kumo")), SCHEMA)
    assert read.compile(SCHEMA, ["users"]) == plain.fanout.compile(SCHEMA, ["users"])
    assert plain.set(1, NAMES[0], 0.5).form("PyG").startswith("# PyG's num_neighbors was asked for")


def test_a_cell_is_named_by_its_row_too():
    assert table(4).set(1, 1, 9) == table(4).set(1, str(table(4).edge_types[1]), 9)
