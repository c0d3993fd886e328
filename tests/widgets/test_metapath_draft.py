"""Metapaths as they are built, hop by hop."""

import pytest

from widgets._metapath_draft import MetapathDraft
from widgets._metapath_steps import FIRST, LATER
from workbench.errors import FanoutError, SchemaError
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.testing.graphs import toy_shop

SCHEMA = toy_shop().schema
ORDERS, RATED = "orders-user_id->users", "products-rev_ratings->users"
TO_USER, TO_PRODUCT = "users-rev_user_id->orders", "products-rev_product_id->orders"


def fresh(plan=None):
    return MetapathDraft.of(SCHEMA, "users", plan)


def test_steps_make_a_metapath_with_numbers_that_fit_their_edge_type():
    draft = fresh().walk(ORDERS).walk(TO_PRODUCT).walk("orders-product_id->products")
    assert draft.value() == Metapaths(
        [Metapath(ORDERS, TO_PRODUCT, "orders-product_id->products", fanouts=[FIRST, 1, LATER])]
    )
    assert draft.end == "orders"


def test_going_to_a_type_takes_the_only_edge_type_or_names_the_choices():
    assert fresh().go("orders").chain == (SCHEMA.edge_type(ORDERS),)
    with pytest.raises(
        FanoutError, match=r"from 'users' to 'users' .* no edge type .* Allowed: orders-user_id"
    ):
        fresh().go("users")
    twice = SCHEMA.with_table(SCHEMA["orders"]).link("orders", "orders_id", "users")
    with pytest.raises(FanoutError, match="several edge types lead there"):
        MetapathDraft.of(twice, "users", None).go("orders")


def test_several_metapaths_are_walked_on_in_any_order():
    draft = fresh().go("orders").select(None).go("products").select(0).go("products")
    assert [len(path) for path in draft.paths] == [2, 1]
    assert draft.back().paths[0].path == (ORDERS,)
    assert draft.without(0).value() == Metapaths([Metapath(RATED, fanouts=FIRST)])
    assert fresh().go("orders").back() == fresh()
    assert fresh().back() == fresh()


def test_numbers_keep_the_options_of_their_cell_and_static_is_a_switch():
    start = Metapaths(
        [Metapath(ORDERS, fanouts=[Draw(4, strategy="uniform")], strategy="recent")], strict=True
    )
    draft = fresh(start).set(0, 1, 7).static(0, True)
    assert draft.value() == Metapaths(
        [Metapath(ORDERS, fanouts=[Draw(7, strategy="uniform")], strategy="recent", static=True)], strict=True
    )
    assert draft.static(0, False).set(0, 1, 4).value() == start
    assert fresh(start).set(0, 1, Draw(2)).paths[0].fanouts == (2,)


def test_of_a_fanout_the_rules_are_kept():
    draft = fresh(Fanout([3], mode="joint", max_nodes=50)).go("orders")
    assert (draft.value().mode, draft.value().max_nodes) == ("joint", 50)


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (lambda d: d.walk(RATED), FanoutError),
        (lambda d: d.walk("nothing"), SchemaError),
        (lambda d: d.set(0, 3, 4), FanoutError),
        (lambda d: d.set(0, 1, 0), FanoutError),
        (lambda d: d.set(0, 1, float("nan")), FanoutError),
        (lambda d: d.set(5, 1, 4), FanoutError),
        (lambda d: d.select(-1), FanoutError),
        (lambda d: d.static(1, True), FanoutError),
        (lambda d: d.without("0"), FanoutError),
        (lambda d: d.select(None).go("orders").value(), FanoutError),
        (lambda d: fresh().value(), FanoutError),
        (lambda d: MetapathDraft.of(SCHEMA, "nobody", None), SchemaError),
        (lambda d: MetapathDraft.of(SCHEMA, "products", d.value()), FanoutError),
    ],
)
def test_what_is_no_edit_is_refused(edit, error):
    with pytest.raises(error):
        edit(fresh().walk(ORDERS))


def test_a_step_that_is_not_among_the_ways_is_refused_and_every_way_is_a_step():
    draft = fresh().go("orders")
    assert {str(e) for e in draft.ways()} == {TO_USER, TO_PRODUCT}
    for way in draft.ways():
        assert draft.walk(way).end == way.src
