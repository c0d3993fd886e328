"""PyG's BaseSampler over ours: stock ``NodeLoader`` and ``LinkLoader`` sample by time and key."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
    SamplerOutput,
)

from workbench.errors import FanoutError, expect, explain
from workbench.pyg.links import Links
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.request import SeedSet
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER
from workbench.types import AnyArray


class PyGSampler(BaseSampler):  # type: ignore[misc]
    """A :class:`~workbench.sampling.sampler.NeighborSampler` as PyG sees it.

    Stock loaders pass no epoch: call :meth:`set_epoch` before each pass, or every pass repeats the
    first one's draws. The epoch lies in shared memory, so persistent workers see it too.

    Parameters
    ----------
    sampler : NeighborSampler
    epoch : int
    """

    def __init__(self, sampler: NeighborSampler, epoch: int = 0) -> None:
        do = "Make one with NeighborSampler(engine.graph, plan.fanout)"
        expect(sampler, NeighborSampler, FanoutError, "a PyG sampler over a sampler", do)
        self.sampler = sampler
        self._epoch = torch.tensor([epoch]).share_memory_()

    @property
    def epoch(self) -> int:
        """The pass that draws are made for."""
        return int(self._epoch[0])

    def set_epoch(self, epoch: int) -> None:
        """Draw for another pass from now on, in this process and in running workers."""
        self._epoch[0] = epoch

    @property
    def edge_permutation(self) -> None:
        """None: edge ids are those of the source rows already."""
        return

    def sample_from_nodes(self, index: NodeSamplerInput, **_: Any) -> HeteroSamplerOutput | SamplerOutput:
        """Sample around nodes.

        Parameters
        ----------
        index : NodeSamplerInput
            ``time`` holds anchors as int64 microseconds; without it sampling is static. Without
            ``input_type`` the graph must be homogeneous.
        """
        node_type = self._only_node_type() if index.input_type is None else index.input_type
        count = index.node.numel()
        input_id = torch.arange(count) if index.input_id is None else index.input_id
        if index.time is None:
            _warn_of_the_future(self.sampler, "input_time")
        time = torch.full((count,), FOREVER) if index.time is None else index.time
        seeds = SeedSet.of(node_type, index.node.numpy(), time.numpy(), input_id.numpy())
        subgraph = self.sampler.sample(seeds, self.epoch)
        return _output(subgraph, (input_id, time), hetero=index.input_type is not None)

    def sample_from_edges(
        self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> HeteroSamplerOutput | SamplerOutput:
        """Sample around both ends of links, and of negatives that exist at the links' anchors.

        An edge that is a label at time t is visible to a seed anchored at t: pass earlier anchors
        where the label itself must not be seen.

        Raises
        ------
        AnchorError
            If a joint fanout gets two anchors, or no negative exists at one.
        """
        if index.time is None:
            _warn_of_the_future(self.sampler, "edge_label_time")
        hetero = index.input_type is not None
        types = (index.input_type[0], index.input_type[-1]) if hetero else (self._only_node_type(),) * 2
        links = Links.of(index, types, neg_sampling)
        links = links.with_negatives(self.sampler.graph, self.sampler.epoch_key(self.epoch))
        sets, places = links.seed_sets(disjoint=self.sampler.disjoint)
        subgraph = self.sampler.sample(sets, self.epoch)
        batches = {name: links.link_of(batch) for name, batch in subgraph.batch.items()}
        return _output(subgraph, links.metadata(places), hetero=hetero, batches=batches)

    def _only_node_type(self) -> str:
        node_types = self.sampler.graph.schema.node_types
        if len(node_types) == 1:
            return node_types[0]
        raise FanoutError(
            explain(
                "seeds without a node type were given",
                f"the graph has {len(node_types)} node types",
                ", ".join(node_types),
                "Give the type as well: input_nodes=(type, ids)",
            )
        )


def _warn_of_the_future(sampler: NeighborSampler, argument: str) -> None:
    """Say it where a graph with times is sampled without anchors: that is rarely what was meant."""
    timed = [table.name for table in sampler.graph.schema if table.time is not None]
    if timed:
        warnings.warn(
            f"no {argument} was given: every seed sees all rows of {', '.join(timed)}, the future too. "
            f"Pass {argument}= as a tensor of int64 microseconds",
            stacklevel=3,
        )


def _output(
    subgraph: SampledSubgraph,
    metadata: tuple[Any, ...],
    hetero: bool,
    batches: dict[str, AnyArray] | None = None,
) -> HeteroSamplerOutput | SamplerOutput:
    disjoint = subgraph.request.plan.disjoint
    output = HeteroSamplerOutput(
        node={name: _wide(ids) for name, ids in subgraph.node_id.items()},
        row={tuple(name): _wide(row) for name, row in subgraph.row.items()},
        col={tuple(name): _wide(col) for name, col in subgraph.col.items()},
        edge={tuple(name): _wide(ids) for name, ids in subgraph.edge_id.items()},
        batch={n: _wide(b) for n, b in (batches or subgraph.batch).items()} if disjoint else None,
        num_sampled_nodes={name: counts.tolist() for name, counts in subgraph.nodes_per_hop.items()},
        num_sampled_edges={tuple(name): counts.tolist() for name, counts in subgraph.edges_per_hop.items()},
        metadata=metadata,
    )
    return output if hetero else _homogeneous(output)


def _homogeneous(output: HeteroSamplerOutput) -> SamplerOutput:
    if len(output.row) != 1:
        raise FanoutError(
            explain(
                "a homogeneous sample was asked for",
                f"the fanout follows {len(output.row)} edge types",
                "one edge type",
                "Name it in the fanout, or give the node type with the seeds to get HeteroData",
            )
        )
    (node_type,), (edge_type,) = output.node, output.row
    return SamplerOutput(
        node=output.node[node_type],
        row=output.row[edge_type],
        col=output.col[edge_type],
        edge=output.edge[edge_type],
        batch=None if output.batch is None else output.batch[node_type],
        num_sampled_nodes=output.num_sampled_nodes[node_type],
        num_sampled_edges=output.num_sampled_edges[edge_type],
        metadata=output.metadata,
    )


def _wide(array: AnyArray) -> Tensor:
    return torch.from_numpy(array.astype(np.int64))
