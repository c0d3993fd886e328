"""Negatives exist at the anchor, are not linked by then, follow weights, depend on the key alone."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chisquare
from stars import ORDERS, star, with_orders

from workbench.errors import AnchorError, FanoutError, IdError
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.ingestion.merge import compact
from workbench.sampling.avoided import Ends, Negatives, Positives
from workbench.sampling.negatives import draw_negatives, visible_nodes
from workbench.sampling.pairs import edge_pairs
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, visible
from workbench.testing.graphs import DAY, random_rows, toy_shop

ANY = Negatives(avoid_edges=False)


def ends(types, row, col, anchors, input_ids=None):
    row, col = np.asarray(row), np.asarray(col)
    ids = np.arange(len(row)) if input_ids is None else np.asarray(input_ids)
    return Ends(types, row, col, np.broadcast_to(np.asarray(anchors, np.int64), row.shape).copy(), ids)


def world(number):
    """A random graph, a folded edge type of it, and links of it at random anchors (some too early)."""
    rng = np.random.default_rng(number)
    rows = random_rows(rng, 14)
    specs = [spec for spec in rows.schema.edge_specs if spec.layout == "edges"]
    if not specs:
        return None
    spec = specs[int(rng.integers(len(specs)))]
    src, dst = rows.num_rows[spec.edge_type.src], rows.num_rows[spec.edge_type.dst]
    if not src or not dst:
        return None
    anchors = rng.choice([0, 10, 20, 30, 40, 50, FOREVER], 8)
    links = ends(
        (spec.edge_type.src, spec.edge_type.dst), rng.integers(0, src, 8), rng.integers(0, dst, 8), anchors
    )
    return rows, spec, links


def born(rows, node_type, node, anchor):
    clock, end = rows.times.get(node_type), rows.ends.get(node_type)
    over = NO_TIME if end is None else end[node]
    return bool(visible(BEGINNING if clock is None else clock[node], anchor, over))


def weight(rows, spec, links, i, end, node, draw):
    """How often a node is drawn for link i, by counting rows."""
    if draw == "uniform":
        return 1
    if draw == "in-batch":
        return int(np.sum((links.row, links.col)[end] == node))
    column, clock = (spec.src_column, spec.dst_column)[end], rows.times.get(spec.table)
    return sum(
        int(rows.foreign_keys[spec.table, column][r]) == node
        for r in linked_rows(rows, spec)
        if clock is None or visible(clock[r], links.anchors[i])
    )


def linked_rows(rows, spec):
    """Rows with both ends, whose src node has a time (a store shows no other)."""
    src, dst = (rows.foreign_keys[spec.table, c] for c in (spec.src_column, spec.dst_column))
    return [r for r in range(rows.num_rows[spec.table])
            if src[r] >= 0 and dst[r] >= 0 and born(rows, spec.edge_type.src, src[r], FOREVER)]  # fmt: skip


def allowed(rows, spec, links, i, rule, keep_row):
    """{(row, col): weight} of every pair that may be drawn for link i, by brute force."""
    anchor, clock = int(links.anchors[i]), rows.times.get(spec.table)
    taken = {(int(links.row[i]), int(links.col[i]))}
    src, dst = (rows.foreign_keys[spec.table, c] for c in (spec.src_column, spec.dst_column))
    for r in linked_rows(rows, spec):
        before = clock is None or visible(clock[r], anchor)
        inside = False
        if rule.window is not None and clock is not None and anchor != FOREVER:
            inside = anchor + rule.window[0] < clock[r] <= anchor + rule.window[1] and clock[r] != FOREVER
        if (rule.avoid_edges and before) or inside:
            taken.add((int(src[r]), int(dst[r])))
    a, b = links.types
    rows_of = [int(links.row[i])] if keep_row else range(rows.num_rows[a])
    rows_of = [p for p in rows_of if keep_row or born(rows, a, p, anchor)]
    cols_of = [q for q in range(rows.num_rows[b]) if born(rows, b, q, anchor)]
    pairs = [(p, q) for p in rows_of for q in cols_of if (p, q) not in taken]
    found = {}
    for p, q in pairs:
        left = 1 if keep_row else weight(rows, spec, links, i, 0, p, rule.draw)
        found[p, q] = left * weight(rows, spec, links, i, 1, q, rule.draw)
    return {pair: w for pair, w in found.items() if w} or dict.fromkeys(pairs, 1)


@pytest.mark.parametrize("draw", ["uniform", "popular", "in-batch"])
@pytest.mark.parametrize("keep_row", [False, True])
@pytest.mark.parametrize("tries", [0, 3])
def test_every_pair_is_one_of_those_allowed(draw, keep_row, tries):
    cases = refused = 0
    for number in range(60):
        made = world(number)
        if made is None:
            continue
        rows, spec, links = made
        graph = RamGraph(rows.arrays())
        rule = Negatives(draw, window=(5, 20) if number % 2 else None, tries=tries)
        edges = edge_pairs(graph, spec.edge_type)
        wanted = [allowed(rows, spec, links, i, rule, keep_row) for i in range(8)]
        if not all(wanted):
            refused += 1
            with pytest.raises(AnchorError, match="every pair of nodes that exist at that time is linked"):
                draw_negatives(graph, links, rule, 16, number, edges, keep_row)
            continue
        row, col = draw_negatives(graph, links, rule, 16, number, edges, keep_row)
        for j, pair in enumerate(zip(row.tolist(), col.tolist(), strict=True)):
            # in-batch and popular ends fall back to any only if no weighted pair is allowed
            assert pair in wanted[j % 8], (number, j)
        cases += 1
    assert cases >= 5
    assert refused >= 1


@pytest.mark.parametrize("draw", ["uniform", "popular", "in-batch"])
@pytest.mark.parametrize("keep_row", [False, True])
@pytest.mark.parametrize("tries", [0, 1, 16])
def test_draws_follow_their_weights_however_many_tries(draw, keep_row, tries):
    rows, spec, links = next(made for n in range(100) if (made := dense_enough(n)) is not None)
    graph, rule = RamGraph(rows.arrays()), Negatives(draw, tries=tries)
    edges = edge_pairs(graph, spec.edge_type)
    count = 3_000
    row, col = draw_negatives(graph, links, rule, count * 8, 5, edges, keep_row)
    for i in (0, 3):
        wanted = allowed(rows, spec, links, i, rule, keep_row)
        got = Counter(zip(row[i::8].tolist(), col[i::8].tolist(), strict=True))
        assert set(got) <= set(wanted)
        total = sum(wanted.values())
        expected = np.array([w * count / total for w in wanted.values()])
        assert chisquare([got[pair] for pair in wanted], expected).pvalue > 1e-4


def dense_enough(number):
    """A world where a fifth of the pairs or more is linked, at a late anchor."""
    made = world(number)
    if made is None:
        return None
    rows, spec, links = made
    links = ends(links.types, links.row, links.col, 40)
    pairs = rows.num_rows[links.types[0]] * rows.num_rows[links.types[1]]
    rules = [(Negatives(d), k) for d in ("uniform", "popular", "in-batch") for k in (False, True)]
    sizes = [len(allowed(rows, spec, links, i, rule, keep)) for i in (0, 3) for rule, keep in rules]
    return (
        (rows, spec, links)
        if 10 < pairs < 60 and len(linked_rows(rows, spec)) > pairs / 5 and min(sizes) > 1
        else None
    )


def test_given_pairs_are_never_drawn():
    graph, n = RamGraph(toy_shop()), 2_000
    links = ends(
        ("users", "products"), np.zeros(n, int), np.zeros(n, int), np.where(np.arange(n) % 2, 4, 9) * DAY
    )
    rule = Negatives(avoid_edges=False, positives=Positives([1, 2], [1, 0], np.array([4, 9]) * DAY))
    row, col = draw_negatives(graph, links, rule, n, 1)
    early, late = (set(zip(row[k::2].tolist(), col[k::2].tolist(), strict=True)) for k in (1, 0))
    every = {(u, p) for u in range(3) for p in range(2)} - {(0, 0)}
    assert (early, late) == (every - {(1, 1)}, every - {(2, 0)})
    always = Negatives(avoid_edges=False, positives=Positives([1, 2], [1, 0]))
    row, col = draw_negatives(graph, links, always, n, 1)
    assert set(zip(row.tolist(), col.tolist(), strict=True)) == every - {(1, 1), (2, 0)}


def test_a_positive_of_the_label_window_is_no_negative():
    graph, n = RamGraph(toy_shop()), 500  # ratings: (0, 1) on day 2, (1, 1) on day 3, (2, 0) on day 5
    edges = edge_pairs(graph, graph.schema.edge_type("users-ratings->products"))
    links = ends(("users", "products"), np.zeros(n, int), np.ones(n, int), 3 * DAY)
    drawn = {}
    for window in (None, (0, DAY), (0, 2 * DAY), (2 * DAY, 9 * DAY), (0, "2 days")):
        row, col = draw_negatives(graph, links, Negatives(window=window), n, 1, edges)
        drawn[window] = set(zip(row.tolist(), col.tolist(), strict=True))
    free = {(0, 0), (1, 0), (2, 0), (2, 1)}
    assert drawn.pop((0, "2 days")) == drawn[0, 2 * DAY]
    assert drawn == {None: free, (0, DAY): free, (0, 2 * DAY): free - {(2, 0)}, (2 * DAY, 9 * DAY): free}


def test_a_draw_is_a_function_of_key_link_anchor_and_copy():
    rows, _, links = world(next(n for n in range(50) if world(n) is not None))
    graph = RamGraph(rows.arrays())
    links = ends(links.types, links.row, links.col, 50)

    def drawn(links, key, count=8):
        return np.stack(draw_negatives(graph, links, ANY, count, key))

    whole = drawn(links, 1, 16)
    part = ends(links.types, links.row[2:5], links.col[2:5], 50, links.input_ids[2:5])
    assert np.array_equal(whole[:, 2:5], drawn(part, 1, 3))
    assert np.array_equal(whole[:, 10:13], drawn(part, 1, 6)[:, 3:])
    assert not np.array_equal(whole[:, :8], whole[:, 8:])
    assert not np.array_equal(whole[:, :8], drawn(links, 2))


def test_a_draw_that_is_rejected_changes_no_other():
    rows, spec, links = next(made for n in range(100) if (made := dense_enough(n)) is not None)
    graph = RamGraph(rows.arrays())
    edges = edge_pairs(graph, spec.edge_type)
    free = np.stack(draw_negatives(graph, links, ANY, 80, 3))
    kept = np.stack(draw_negatives(graph, links, Negatives(), 80, 3, edges))
    wanted = allowed(rows, spec, links, 0, Negatives(), False)
    same = [tuple(free[:, j]) in wanted and (free[:, j] == kept[:, j]).all() for j in range(0, 80, 8)]
    changed = [tuple(free[:, j]) not in wanted for j in range(0, 80, 8)]
    assert all(a != b for a, b in zip(same, changed, strict=True))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 1.0], r"got 2 of shape \(2,\)\. Allowed: 3 numbers of 0 or more, one per node"),
        ([1.0] * 4, "got 4 of shape"),
        ([1.0, -1.0, 3.0], "number 1 is negative or not finite"),
        ([1.0, 1.0, np.nan], "number 2 is negative or not finite"),
    ],
)
def test_weights_are_one_number_per_node(weights, message):
    links = ends(("users", "products"), [0], [0], FOREVER)
    with pytest.raises(IdError, match=message):
        draw_negatives(RamGraph(toy_shop()), links, ANY, 1, 1, weights=(weights, None))


def test_weights_hold_among_what_exists():
    links = ends(("users", "products"), np.zeros(20_000, int), np.zeros(20_000, int), 2 * DAY)
    graph = RamGraph(toy_shop())  # user 2 does not exist yet, whatever its weight
    row, _ = draw_negatives(graph, links, ANY, 20_000, 5, weights=(np.array([1.0, 3.0, 100.0]), None))
    counts = np.bincount(row, minlength=3)
    # (0, 0) is the link's own pair: user 0 keeps one of its two products
    assert counts[2] == 0
    assert chisquare(counts[:2], [20_000 / 7, 120_000 / 7]).pvalue > 1e-4


@pytest.mark.parametrize("tries", [0, 8])
def test_nothing_to_draw_from_is_an_error(tries):
    graph, rule = RamGraph(toy_shop()), Negatives(avoid_edges=False, tries=tries)
    with pytest.raises(
        AnchorError, match=r"negative of link 1 \(products 0, users 0\) was asked for at 1969"
    ):
        draw_negatives(graph, ends(("products", "users"), [0, 0], [0, 0], [DAY, -1]), rule, 2, 0)
    links = ends(("products", "users"), [0], [0], FOREVER)
    with pytest.raises(AnchorError, match="is linked, a positive, or of weight 0"):
        draw_negatives(graph, links, rule, 1, 0, weights=(None, np.zeros(3)))


def test_no_links_no_negatives():
    links = ends(("users", "products"), np.empty(0, np.int64), np.empty(0, np.int64), FOREVER)
    row, col = draw_negatives(RamGraph(toy_shop()), links, ANY, 0, 0)
    assert row.shape == col.shape == (0,)


def test_edges_are_asked_for_where_the_rule_needs_them():
    links = ends(("users", "products"), [0], [0], FOREVER)
    for rule in (
        Negatives(),
        Negatives("popular", avoid_edges=False),
        Negatives(avoid_edges=False, window=(0, 1)),
    ):
        with pytest.raises(FanoutError, match="no edge type was given"):
            draw_negatives(RamGraph(toy_shop()), links, rule, 1, 0)


def test_nodes_are_counted_as_visibility_says():
    graph = RamGraph(toy_shop())  # users sign up on days 0, 0 and 3; products have no time
    anchors = np.array([-1, 0, 2, 3, FOREVER]) * np.array([1, 1, DAY, DAY, 1])
    assert visible_nodes(graph, "users", anchors).tolist() == [0, 2, 2, 3, 3]
    assert visible_nodes(graph, "products", anchors).tolist() == [2] * 5


@pytest.mark.parametrize(
    "rule", [ANY, Negatives(draw="popular", avoid_edges=False), Negatives(draw="in-batch")]
)
@pytest.mark.parametrize("tries", [0, 16])
def test_what_has_ended_is_no_negative(rule, tries):
    """Of six products only those that live on, or end later, are drawn; where all have ended, none."""
    shop = with_orders(star(6, hubs=3), np.ones(18))
    graph = RamGraph(shop.arrays())
    over = np.array([DAY, NO_TIME, 5, 2 * DAY, DAY, 10])
    users = RamGraph(replace(graph.arrays, ends={"orders": np.resize(over, 18)}))
    links = ends(("orders", "users"), np.arange(12) % 6 + 3, np.zeros(12, int), DAY)
    edges = edge_pairs(users, ORDERS)
    drawn, _ = draw_negatives(users, links, replace(rule, tries=tries), 600, 4, edges)
    lives = np.resize(over, 18) > DAY
    assert lives[drawn].all()
    assert len(set(drawn.tolist())) > 1
    late = ends(("orders", "users"), [1], [0], 9 * DAY)
    gone = RamGraph(replace(graph.arrays, ends={"orders": np.full(18, 3)}))
    with pytest.raises(AnchorError, match="exist at that time"):
        draw_negatives(gone, late, replace(rule, tries=tries), 1, 4, edge_pairs(gone, ORDERS))


@pytest.mark.parametrize("draw", ["uniform", "popular", "in-batch"])
@pytest.mark.parametrize("tries", [0, 16])
def test_a_deleted_node_is_no_negative(tmp_path, draw, tries):
    """At any anchor, the static one too, before and after the compaction that keeps its number."""
    ids = np.arange(6)
    tables = {
        "orders": pa.table({"user": ids % 3, "at": pa.array(ids * DAY, pa.timestamp("us"))}),
        "users": pa.table({"k": np.arange(3)}),
    }
    columns = Column("user", Stype.ID), Column("at", Stype.TIMESTAMP)
    table = Table("orders", columns, time="at", foreign_keys=(ForeignKey("user", "users"),))
    ingest(tables, Schema((table, Table("users", (Column("k", Stype.ID),), "k"))), tmp_path)
    with edit(tmp_path) as editing:
        editing.delete("orders", ids=[1, 3])
        editing.delete("users", ids=[2])
    links = ends(("orders", "users"), np.resize([0, 4], 200), np.resize([0, 1], 200), 4 * DAY)
    for anchor in (4 * DAY, FOREVER):
        graph = RamGraph.open(Dataset.open(tmp_path))
        links = replace(links, anchors=np.full(200, anchor))
        edges = edge_pairs(graph, graph.schema.edge_type("orders-user->users"))
        rule = Negatives(draw, avoid_edges=False, tries=tries)
        row, col = draw_negatives(graph, links, rule, 400, 3, edges)
        assert not np.isin(row, [1, 3]).any()
        assert not np.isin(col, [2]).any()
        if draw == "uniform":
            assert set(row.tolist()) == ({0, 2, 4} if anchor == 4 * DAY else {0, 2, 4, 5})
            assert set(col.tolist()) == {0, 1}
        compact(tmp_path)
