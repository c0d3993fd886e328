"""A profile counts what real batches hold, and its intervals hold the mean over all of them."""

from __future__ import annotations

import numpy as np
import pytest

import workbench as wb
from workbench.loading.join import plan_join
from workbench.loading.order import batch_order
from workbench.sampling.profile_batches import Interval, Profile, profile_batches
from workbench.stores.request import SampleRequest
from workbench.testing.commerce import commerce


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    data = commerce(users=200, seed=5)
    tables = wb.read_tables(data.tables)
    path = tmp_path_factory.mktemp("profile") / "shop"
    schema = wb.infer_schema(tables).as_edge("reviews", "user_id", "product_id")
    wb.ingest(tables, schema, path)
    return wb.open(path)


FOLDED = wb.Fanout([{"orders-user_id->users": 6, "products-rev_reviews->users": 3}, 2])


@pytest.fixture(scope="module")
def seeds(engine):
    data = commerce(users=200, seed=5)
    return engine.task(data.query, val=data.val, test=data.test).seeds("train")


def every(engine, seeds, size):
    order = batch_order(len(seeds), size, shuffle=True)
    return [seeds.seed_set(order[batch]) for batch in range(len(order))]


def profiled(engine, batches, of) -> Profile:
    return profile_batches(engine.graph, engine.features.groups, FOLDED, batches, batches=of)


def test_all_batches_give_the_true_means(engine, seeds):
    batches = every(engine, seeds, 64)[:5]
    found = profiled(engine, batches, 5)
    plan = FOLDED.compile(engine.schema, ["users"])
    subgraphs = [engine.graph.sample(SampleRequest((batch,), plan)) for batch in batches]
    assert found.nodes == Interval(*[np.mean([s.num_nodes for s in subgraphs])] * 3)
    assert found.edges.mean == pytest.approx(np.mean([s.num_edges for s in subgraphs]))
    groups, read = engine.features.groups, []
    for subgraph in subgraphs:
        reads = plan_join(engine.schema, groups, subgraph).reads
        read.append(sum(len(each.ids) * groups[each.group].stride for each in reads))
    assert found.feature_bytes.mean == pytest.approx(np.mean(read)), "what the loader reads"
    assert found.bytes.mean == pytest.approx(found.feature_bytes.mean + found.array_bytes.mean)
    for name in ("nodes", "edges", "feature_bytes"):
        assert sum(getattr(hop, name).mean for hop in found.hops) == pytest.approx(getattr(found, name).mean)
    assert found.hops[0].nodes.mean == pytest.approx(np.mean([len(b) for b in batches]))
    assert sum(cell.mean for cell in found.cells.values()) == pytest.approx(found.edges.mean)
    assert found.cells.keys() == {(step.hop, step.edge_type) for step in plan}
    assert all(found.cell_bytes[cell].mean > 0 for cell, edges in found.cells.items() if edges.mean)
    distinct = [sum(len(np.unique(ids)) for ids in s.node_id.values()) / s.num_nodes for s in subgraphs]
    assert found.duplicates.mean == pytest.approx(1 - np.mean(distinct))


def test_intervals_hold_the_mean_over_all_batches(engine, seeds):
    """Of 60 pilots of 5 batches about 57 intervals must hold the truth; fewer than 50 has p < 1e-3."""
    batches = every(engine, seeds, 16)
    truth = profiled(engine, batches, len(batches))
    rng, held = np.random.default_rng(1), {"nodes": 0, "edges": 0, "feature_bytes": 0}
    for _ in range(60):
        pilot = [batches[i] for i in rng.choice(len(batches), 5, replace=False)]
        found = profiled(engine, pilot, len(batches))
        for name in held:
            interval, mean = getattr(found, name), getattr(truth, name).mean
            held[name] += interval.low <= mean <= interval.high
            assert interval.high - interval.low < mean, "an interval that says something"
    assert min(held.values()) >= 50, held


@pytest.mark.parametrize("count", [2, 5, 31, 80])
def test_an_interval_covers_as_often_as_it_says(count):
    rng = np.random.default_rng(count)
    means = [Interval.of(rng.normal(9, 2, count).tolist(), 10**9) for _ in range(4000)]
    covered = np.mean([each.low <= 9 <= each.high for each in means])
    assert 0.938 < covered < 0.965


def test_an_interval_shrinks_to_nothing_where_all_was_seen_and_is_open_for_one():
    assert Interval.of([1.0, 3.0], 2) == Interval(2.0, 2.0, 2.0)
    assert Interval.of([4.0], 9) == Interval(4.0, 0.0, float("inf"))
    narrow, wide = Interval.of([1.0, 3.0, 2.0], 4), Interval.of([1.0, 3.0, 2.0], 400)
    assert narrow.high < wide.high


def test_it_prints_hops_and_cells(engine, seeds):
    text = str(engine.profile(seeds, FOLDED, batch_size=64, batches=3))
    assert text.startswith("Batches of 64 seeds, 3 of ")
    assert "hop 2: nodes" in text
    assert "orders-user_id->users: edges" in text


def test_intervals_are_told_with_three_digits_in_a_fitting_unit():
    assert str(Interval(16720.4, 9_000.2, 31_000.0)) == "16,720 (9,000 .. 31,000)"
    assert str(Interval(2.857, 0.0, float("inf"))) == "2.86 (0 .. inf)"
    assert str(Interval(0.0, 0.0, 0.0)) == "0"
    assert Interval(22.86, 22.86, 22.86).size() == "22.9 bytes"
    assert Interval(1_234_567.0, 999_000.0, 1.5e6).size() == "1.23 (0.999 .. 1.5) MB"


def test_what_was_seen_whole_is_printed_without_intervals_and_what_is_never_drawn_not_at_all(engine, seeds):
    found = engine.profile(seeds, wb.Fanout([4]), batch_size=len(seeds), batches=3)
    assert repr(found).startswith(f"Batches of {len(seeds):,} seeds, all 1 sampled; mean (95 %):")
    assert ".." not in repr(found)
    never = [cell for (_, cell), edges in found.cells.items() if not edges.high]
    assert all(f"{cell}: edges" not in repr(found) for cell in never)


def test_joint_batches_are_of_one_anchor(engine, seeds):
    found = engine.profile(seeds, wb.Fanout([4, 2], disjoint=False), batch_size=64, batches=3)
    assert found.pilot == 3
    assert found.duplicates.mean == 0


def test_a_profile_needs_a_pilot(engine, seeds):
    with pytest.raises(wb.FanoutError, match="got 0 pilot batches of 0"):
        engine.profile(seeds[:0], FOLDED)
    with pytest.raises(wb.FanoutError, match=r"plan\.fanout"):
        engine.profile(seeds, 3)


def test_a_callback_hears_of_each_batch_and_may_end_the_fit(engine, seeds):
    heard, options = [], {"batch_size": 16, "batches": 3}
    engine.profile(seeds, FOLDED, **options, callbacks=[heard.append])
    assert [(event.done, event.total, event.unit) for event in heard] == [(n, 3, "batches") for n in range(3)]

    def enough(event):
        heard.append(event)
        if len(heard) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.fit_fanout(seeds, FOLDED, bytes="1TB", **options, callbacks=[enough])
    assert len(heard) == 7
