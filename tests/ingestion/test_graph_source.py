"""read_graph: ingested, opened and sampled in full, a graph has the edges and features of its source."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data, HeteroData

import workbench as wb
from workbench.errors import TableError
from workbench.ingestion.graph_source import read_graph
from workbench.schema import EdgeType, Stype
from workbench.stores.protocols import Read
from workbench.stores.request import SampleRequest, SeedSet
from workbench.testing.sizes import cases


def opened(graph: Any, folder: Path, **options: Any) -> wb.Engine:
    tables, schema = read_graph(graph, **options)
    wb.ingest(tables, schema, folder / "store")
    return wb.open(folder / "store")


def edges_of(engine: wb.Engine, edge_type: EdgeType) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(src keys, dst keys, edge rows) of all edges of a type, by sampling every node in full."""
    nodes = np.arange(engine.graph.num_nodes(edge_type.dst))
    plan = wb.Fanout([{str(edge_type): wb.ALL}]).compile(engine.schema, [edge_type.dst])
    found = engine.graph.sample(SampleRequest((SeedSet.of(edge_type.dst, nodes),), plan, 0))
    keys = {name: column(engine, name, "id") for name in {edge_type.src, edge_type.dst}}
    src = found.node_id[edge_type.src][found.row[edge_type]]
    dst = found.node_id[edge_type.dst][found.col[edge_type]]
    return keys[edge_type.src][src], keys[edge_type.dst][dst], found.edge_id[edge_type]


def column(engine: wb.Engine, table: str, name: str) -> np.ndarray:
    """A column as it was typed, in row order."""
    rows = engine.graph.arrays.num_rows[table]
    return np.array([engine.row(table, row)[name] for row in range(rows)])


def embedding(engine: wb.Engine, table: str) -> np.ndarray:
    rows = np.arange(engine.graph.arrays.num_rows[table])
    return engine.features.fetch([Read(table, rows)]).result()[0].section("embedding")


def random_hetero(rng: np.random.Generator, timed: bool) -> HeteroData:
    data = HeteroData()
    for name, count in (("a", 7), ("b", 5)):
        data[name].x = torch.from_numpy(rng.random((count, 3), np.float32))
        if timed:
            data[name].time = torch.from_numpy(rng.integers(-50, 50, count))
    for triplet in (("a", "to", "b"), ("b", "to", "b"), ("b", "of", "a")):
        ends = [rng.integers(0, data[name].num_nodes, 9) for name in triplet[::2]]
        data[triplet].edge_index = torch.from_numpy(np.stack(ends))
        data[triplet].edge_attr = torch.from_numpy(rng.random((9, 2), np.float32))
        if timed:
            data[triplet].edge_time = torch.from_numpy(rng.integers(-50, 50, 9))
    return data


@settings(max_examples=cases(6, 60))
@given(seed=st.integers(0, 2**32), timed=st.booleans())
def test_a_hetero_graph_comes_back_edge_by_edge(seed: int, timed: bool) -> None:
    data = random_hetero(np.random.default_rng(seed), timed)
    with tempfile.TemporaryDirectory() as folder:
        engine = opened(data, Path(folder), unit="s")
        assert engine.schema.node_types == ("a", "b")
        for name in ("a", "b"):
            own = column(engine, name, "id")
            assert np.array_equal(embedding(engine, name), data[name].x.numpy()[own])
            assert engine.node_ids(name, own.tolist()).tolist() == list(range(len(own)))
        for triplet, table in ((("a", "to", "b"), "a_to_b"), (("b", "of", "a"), "of")):
            check_edges(engine, data[triplet], EdgeType(triplet[0], table, triplet[2]), timed)


def check_edges(engine: wb.Engine, store: Any, edge_type: EdgeType, timed: bool) -> None:
    """Every source edge is there once, with its own features and time; the reverse type has the same."""
    src, dst, rows = edges_of(engine, edge_type)
    attributes, times = embedding(engine, edge_type.rel), engine.graph.times(edge_type.rel)
    stamps = store.edge_time.numpy() * 1_000_000 if timed else np.zeros(len(src))
    expected = sorted(zip(*store.edge_index.tolist(), *store.edge_attr.T.tolist(), stamps, strict=True))
    mine = times[rows] if times is not None else np.zeros(len(src))
    assert sorted(zip(src, dst, *attributes[rows].T.tolist(), mine, strict=True)) == expected
    back = edges_of(engine, EdgeType(edge_type.dst, f"rev_{edge_type.rel}", edge_type.src))
    assert sorted(zip(back[1], back[0], back[2], strict=True)) == sorted(zip(src, dst, rows, strict=True))


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiDiGraph])
def test_a_networkx_graph_keeps_its_neighbours(kind: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    graph = nx.relabel_nodes(kind(rng.integers(0, 20, (60, 2)).tolist()), "n{}".format)
    engine = opened(graph, tmp_path)
    src, dst, _ = edges_of(engine, EdgeType("nodes", "edges", "nodes"))
    before = graph.predecessors if graph.is_directed() else graph.neighbors
    for node in graph:
        found = sorted(src[dst == node])
        assert sorted(set(found)) == sorted(before(node))
        assert len(found) == (graph.in_degree(node) if graph.is_directed() else len(list(before(node))))


def test_times_of_networkx_hide_what_is_later(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_node("x", time=dt.datetime(2020, 1, 1))
    graph.add_node("late", time=dt.datetime(2021, 1, 1))
    graph.add_node("undated")
    for number, node in enumerate(["x", "late", "undated"]):
        graph.add_edge(node, "x", time=dt.datetime(2020, 2, 1 + number))
    engine = opened(graph, tmp_path)
    plan = wb.Fanout([wb.ALL]).compile(engine.schema, ["nodes"])
    seeds = SeedSet.of("nodes", engine.node_ids("nodes", ["x"]), wb.instant("2020-06-01"))
    found = engine.graph.sample(SampleRequest((seeds,), plan, 0))
    assert column(engine, "nodes", "id")[found.node_id["nodes"]].tolist() == ["x"]


def test_labels_and_masks_are_kept_and_are_no_features() -> None:
    data = Data(
        x=torch.rand(3, 2),
        y=torch.tensor([0, 1, 0]),
        train_mask=torch.tensor([True, False, True]),
        edge_index=torch.tensor([[0], [1]]),
    )
    tables, schema = read_graph(data)
    stypes = {c.name: c.stype for c in schema["nodes"].columns}
    assert stypes == {
        "id": Stype.ID,
        "x": Stype.EMBEDDING,
        "y": Stype.SET_ASIDE,
        "train_mask": Stype.SET_ASIDE,
    }
    assert tables.arrow("nodes")["y"].to_pylist() == [0, 1, 0]
    assert read_graph(data, label=None).schema["nodes"].column("y").stype is not Stype.SET_ASIDE


def test_a_relation_that_several_edge_types_share_is_spelt_out() -> None:
    data = random_hetero(np.random.default_rng(0), timed=False)
    assert read_graph(data).tables.names == ("a", "b", "a_to_b", "b_to_b", "of")


def named(attribute: str) -> Data:
    data = Data(edge_index=torch.tensor([[0], [1]]), num_nodes=2)
    data[attribute] = torch.tensor([1, 2])
    return data


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (42, {}, "a graph was read: got a int. Allowed: a PyG Data or HeteroData, or a networkx graph"),
        (nx.Graph, {}, "a graph was read: got the class Graph. Allowed: a PyG Data or HeteroData"),
        (Data, {}, "a graph was read: got the class Data"),
        (named("z"), {"unit": ["s"]}, r"got unit \['s'\]. Allowed: s, ms, us, ns"),
        (
            named("ID"),
            {},
            "table 'nodes' was made of a graph: it has an attribute 'ID', which is the name of",
        ),
        (named("time"), {}, r"times of nodes.time were read: they are whole numbers without a unit"),
        (named("z"), {"unit": "days"}, "got unit 'days'. Allowed: s, ms, us, ns"),
    ],
)
def test_what_cannot_be_read_is_refused(graph: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_graph(graph, **options)


def test_types_that_differ_only_by_case_are_refused() -> None:
    data = HeteroData()
    data["user"].num_nodes = data["User"].num_nodes = 1
    data["user", "is", "User"].edge_index = torch.tensor([[0], [0]])
    with pytest.raises(TableError, match="several of its types would be the table 'user'"):
        read_graph(data)


def test_a_source_prints_its_tables_and_schema() -> None:
    source = read_graph(nx.path_graph(3))
    assert repr(source) == f"{source.tables}\n{source.schema}"
