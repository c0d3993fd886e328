"""Orders of rows: those of keys against a sort in pandas, communities against planted ones, and the rule."""

import numpy as np
import pandas as pd
import pytest

from workbench.ingestion.orders import ARRIVAL, COMMUNITY, KEY, Orders, names_of
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.testing.graphs import random_rows, toy_shop
from workbench.testing.planted import planted
from workbench.testing.sizes import cases


@pytest.mark.parametrize("number", range(cases(20, 300)))
def test_a_key_orders_rows_by_its_node_then_by_time(number):
    graph = random_rows(np.random.default_rng(number))
    arrays = graph.arrays()
    orders = Orders(arrays)
    for table in graph.schema:
        keys = [name for name in names_of(graph.schema, table.name) if name != COMMUNITY]
        assert keys or not table.foreign_keys
        for name in keys:
            slots = orders.slots(table.name, name)
            assert sorted(slots) == list(range(graph.num_rows[table.name]))
            node = pd.Series(graph.foreign_keys[table.name, name])
            linked = np.flatnonzero(node >= 0)
            if table.edge is not None:  # an edge has two ends
                both = [graph.foreign_keys[table.name, end] >= 0 for end in table.edge]
                linked = np.flatnonzero(both[0] & both[1])
            wanted = linked[np.argsort(node[linked], kind="stable")]
            assert (np.argsort(slots)[: len(wanted)] == wanted).all()
        assert orders.slots(table.name, ARRIVAL) is None


def test_orders_that_tables_could_have():
    schema = toy_shop().schema
    assert names_of(schema, "orders") == ["user_id", "product_id"]
    assert sorted(names_of(schema, "ratings")) == ["product_id", "user_id"]
    assert names_of(schema, "users") == names_of(schema, "products") == [COMMUNITY]


def test_communities_span_tables_and_lie_together():
    """Readers and books of planted groups: each group's rows lie side by side in both tables."""
    rng = np.random.default_rng(0)
    group = {name: rng.permutation(rows) % 100 for name, rows in (("readers", 2000), ("books", 1000))}
    links = pd.DataFrame({"reader": rng.integers(0, 2000, 24_000)})
    by_group = pd.Series(np.arange(1000)).groupby(group["books"]).apply(np.array)
    near = [rng.choice(by_group[g]) for g in group["readers"][links["reader"]]]
    links["book"] = np.where(rng.random(24_000) < 0.8, near, rng.integers(0, 1000, 24_000))
    keys = tuple(ForeignKey(name, f"{name}s") for name in ("reader", "book"))
    ids = tuple(Column(name, Stype.ID) for name in ("reader", "book"))
    schema = Schema(
        (
            *(Table(name, (Column("id", Stype.ID),), "id") for name in group),
            Table("loans", ids, foreign_keys=keys, edge=("reader", "book")),
        )
    )
    columns = {("loans", name): links[name].to_numpy() for name in links}
    graph = GraphArrays.from_columns(schema, {"readers": 2000, "books": 1000, "loans": 24_000}, {}, columns)
    orders = Orders(graph)
    for name, size in (("readers", 20), ("books", 10)):
        lying = group[name][np.argsort(orders.slots(name, COMMUNITY))]
        changes = int((lying[1:] != lying[:-1]).sum())
        assert changes < 1.5 * len(lying) / size, "as they arrive, nearly every row changes the group"


def test_the_rule_takes_the_key_whose_latest_rows_lie_apart():
    """A race's rows arrive together, a driver's one by one: by driver they are to lie."""
    races, drivers = np.repeat(np.arange(300), 20), np.tile(np.arange(20), 300)
    keys = (ForeignKey("race", "races"), ForeignKey("driver", "drivers"))
    schema = Schema(
        (
            *(Table(key.table, (Column("id", Stype.ID),), "id") for key in keys),
            Table("results", tuple(Column(key.column, Stype.ID) for key in keys), foreign_keys=keys),
        )
    )
    columns = {("results", "race"): races, ("results", "driver"): drivers}
    rows = {"races": 300, "drivers": 20, "results": 6000}
    orders = Orders(GraphArrays.from_columns(schema, rows, {}, columns))
    assert orders.rule("results", KEY, 4096) in ("race", "driver")
    assert orders.rule("results", KEY, 64) == "driver"
    assert orders.rule("results", "race", 64) == "race"
    assert orders.rule("races", KEY, 64) == orders.rule("races", COMMUNITY, 64) == ARRIVAL


def test_planted_communities_touch_a_third_of_the_pages():
    """100,000 nodes in torture, 20,000 in CI: rows of 64 bytes, a batch of 64 nodes and their neighbours."""
    rng, nodes = np.random.default_rng(4), cases(20_000, 100_000)
    graph = planted(nodes, 60, 20, 0.95, rng)
    tables, schema = graph.tables(1)
    rows = {name: table.num_rows for name, table in tables.items()}
    columns = {("links", "src"): graph.src, ("links", "dst"): graph.dst}
    slots = Orders(GraphArrays.from_columns(schema, rows, {}, columns)).slots("nodes", COMMUNITY)
    indptr, nbr = graph.adjacency()
    pages = np.zeros(2)
    for _ in range(8):
        seeds = rng.choice(nodes, nodes // 1600, replace=False)
        ids = np.unique(np.concatenate([seeds, *(nbr[indptr[v] : indptr[v + 1]] for v in seeds)]))
        pages += len(np.unique(ids // 64)), len(np.unique(slots[ids] // 64))
    assert pages[0] > 3 * pages[1]
