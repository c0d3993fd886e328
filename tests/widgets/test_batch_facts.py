"""What is counted of a batch, against the batch itself."""

import numpy as np
import pytest

import workbench as wb
from widgets._batch_facts import age_bars, anchors_text, array_bytes, batch_facts, label_bars, seed_leads
from workbench.temporal import FOREVER
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
    assert facts["array_bytes"] == array_bytes(subgraph) > subgraph.num_edges


def test_many_labels_are_put_into_ranges():
    bars = label_bars(np.append(np.arange(100.0), np.nan))
    assert len(bars) == 11
    assert sum(count for _, count in bars) == 101
    assert bars[-1] == ("not finite", 1)
    assert label_bars(None) == label_bars(np.empty(0)) == []
    assert label_bars(np.array([0, 1, 1])) == [("0", 1), ("1", 2)]


def test_ages_and_anchors_are_told_in_words():
    assert age_bars(np.empty(0, np.int64)) == []
    bars = age_bars(np.array([0, 10 * DAY, 100 * DAY]))
    assert sum(count for _, count in bars) == 3
    assert bars[-1] == ("90 to 100 days", 1)
    assert age_bars(np.array([0, 1_000_000]))[0] == ("0 to 0.1 seconds", 1)
    assert anchors_text(np.array([FOREVER])).startswith("no anchors")
    assert anchors_text(np.array([DAY, DAY])) == "anchor 1970-01-02"
    assert anchors_text(np.array([DAY, 3 * DAY])) == "2 anchors, 1970-01-02 to 1970-01-04"
    assert anchors_text(np.empty(0, np.int64)) == "no seeds"
