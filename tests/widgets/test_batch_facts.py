"""What is counted of a batch, against the batch itself."""

import numpy as np
import pyarrow as pa
import pytest

import workbench as wb
from widgets._batch_facts import anchors_text, batch_facts, seed_leads
from widgets._scaling import Limits
from widgets.batch_inspector import BatchInspector
from workbench.query.seed_table import SeedTable
from workbench.temporal import FOREVER
from workbench.testing.changing_shop import SCHEMA, as_tables, random_frames
from workbench.testing.graphs import DAY


def test_counts_bytes_labels_and_ages_are_those_of_the_batch(shop):
    engine, task, plan = shop
    batch = wb.run_loader(engine.parts, task, plan, "train").batch(0)
    facts, subgraph = batch_facts(batch), batch.subgraph
    assert sum(sum(part["hops"]) for part in facts["nodes"]) == subgraph.num_nodes
    assert sum(sum(part["hops"]) for part in facts["edges"]) == subgraph.num_edges
    distinct = sum(len(set(ids.tolist())) for ids in subgraph.node_id.values())
    assert facts["duplicates"] == pytest.approx(1 - distinct / subgraph.num_nodes)
    stride = {name: group.stride for name, group in engine.features.groups.items()}
    for part in facts["nodes"]:
        assert part["bytes"] == part["rows"] * stride.get(part["name"], 0)
        assert part["rows"] in (0, part["distinct"])
    labels = batch.label.tolist()
    assert dict(facts["labels"]) == {f"{value:g}": labels.count(value) for value in sorted(set(labels))}
    own = engine.graph.times(batch.seed_type)[subgraph.node_id[batch.seed_type][: batch.num_seeds]]
    assert seed_leads(batch).tolist() == (batch.anchors - own).tolist()
    assert sum(count for _, count in facts["ages"]) == batch.num_seeds
    assert facts["array_bytes"] == subgraph.nbytes > subgraph.num_edges


@pytest.mark.parametrize(
    "query",
    [
        "PREDICT LIST_DISTINCT(orders.product_id, 0, 30, days) RANK TOP 5 FOR EACH users.user_id",
        "PREDICT LIST_DISTINCT(orders.channel, 0, 30, days) FOR EACH users.user_id",
        "PREDICT users.country FOR EACH users.user_id",
        "PREDICT COUNT(orders.*, 0, 10, days) FORECAST 3 TIMEFRAMES FOR EACH users.user_id",
    ],
)
def test_label_balance_of_every_kind_of_task_is_that_of_its_seeds(shop, query):
    engine, _, _ = shop
    task = engine.task(query)
    plan = engine.suggest_plan(task).replace(batch_size=100_000)
    shown = BatchInspector(engine, task, plan)
    bars, label, seeds = dict(shown.facts["labels"]), task.seeds("train").label, shown.facts["seeds"]
    assert min(bars.values()) > 0
    if task.task_type == "ranking":
        assert sum(bars.values()) == seeds == len(label)
        low, high = next(iter(bars)).split(" to ")
        assert next(iter(bars.values())) == np.sum((label.sizes >= float(low)) & (label.sizes < float(high)))
    elif task.task_type == "forecast":
        assert sum(bars.values()) == seeds * 3
    else:
        told = task.target.classes.to_pylist()
        counts = label.sum(axis=0) if label.ndim == 2 else np.bincount(label, minlength=len(told))
        assert {told[i]: n for i, n in enumerate(counts.tolist()) if told[i] in bars} == {
            name: n for name, n in bars.items() if name in told
        }
        assert sum(bars.values()) == counts.sum()


def test_anchors_are_told_in_words():
    assert anchors_text(np.array([FOREVER])).startswith("no anchors")
    assert anchors_text(np.array([DAY, DAY])) == "anchor 1970-01-02"
    assert anchors_text(np.array([DAY, 3 * DAY])) == "2 anchors, 1970-01-02 to 1970-01-04"
    assert anchors_text(np.empty(0, np.int64)) == "no seeds"


def test_versions_weigh_as_much_as_the_loader_read(tmp_path):
    """Users and items have histories; both directions of folded orders read the same rows."""
    schema = SCHEMA.as_edge("orders", "user_id", "item_id")
    wb.ingest(as_tables(random_frames(np.random.default_rng(3))), schema, tmp_path / "shop")
    engine = wb.open(tmp_path / "shop")
    sampler = wb.NeighborSampler(engine.graph, wb.Fanout([3, 2]))
    seeds = SeedTable("users", np.arange(8), pa.array(np.arange(8)), np.full(8, 15 * DAY))
    (batch,) = wb.Loader(sampler, engine.features, seeds, 8, threads=1)
    facts = batch_facts(batch)
    assert [part["name"] for part in facts["histories"]] == ["plans of users", "prices of items"]
    for part, each in zip(facts["histories"], batch.histories.values(), strict=True):
        assert sum(part["hops"]) == len(each.rows)
        assert part["bytes"] == each.rows.block.data.nbytes > 0
        assert part["rows"] == part["distinct"] == len(each.rows.block)
    folded = [part["bytes"] for part in facts["edges"]]
    assert len(folded) == 2
    assert folded[0] == folded[1] > 0
    parts = sum(part["bytes"] for part in [*facts["nodes"], *facts["histories"]])
    assert facts["bytes"] == parts + folded[0] == batch.feature_bytes
    limits = Limits.of(engine, engine.profile(seeds, sampler.fanout, batch_size=8), "users")
    assert limits.bytes >= facts["bytes"]
