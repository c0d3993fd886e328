"""A ``Data`` that was read, ingested and opened comes back as ``Data`` through PyGLoader."""

import numpy as np
import pyarrow as pa
import torch
from torch_geometric.datasets import KarateClub
from torch_geometric.utils import k_hop_subgraph

import workbench as wb
from workbench.query.seed_table import SeedTable


def test_a_homogeneous_graph_comes_back_as_data(tmp_path):
    source = KarateClub()[0]
    source.edge_attr = torch.rand(source.num_edges, 3)
    tables, schema = wb.read_graph(source)
    wb.ingest(tables, schema, tmp_path / "store")
    engine = wb.open(tmp_path / "store")
    fanout = wb.Fanout([{"nodes-edges->nodes": -1}] * 2, disjoint=False)
    ids = np.arange(34)
    seeds = SeedTable("nodes", ids, pa.array(ids), np.full(34, wb.FOREVER), None, "all")
    loader = wb.PyGLoader(
        wb.NeighborSampler(engine.graph, fanout, key=0), engine.features, seeds, 8, homogeneous=True
    )
    for number, batch in enumerate(loader):
        assert batch.n_id[: batch.batch_size].tolist() == ids[8 * number : 8 * number + 8].tolist()
        assert torch.equal(batch.x, source.x[batch.n_id])
        assert torch.equal(batch.n_id[batch.edge_index], source.edge_index[:, batch.e_id])
        assert torch.equal(batch.edge_attr, source.edge_attr[batch.e_id])
        # every edge into a seed or a neighbour of one, and no other
        inner = batch.n_id[: sum(batch.num_sampled_nodes[:2])]
        assert set(inner.tolist()) == set(
            k_hop_subgraph(batch.n_id[: batch.batch_size], 1, source.edge_index)[0].tolist()
        )
        into = torch.isin(source.edge_index[1], inner).nonzero().flatten()
        assert sorted(batch.e_id.tolist()) == into.tolist()
