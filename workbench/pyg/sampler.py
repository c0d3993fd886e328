"""PyG's BaseSampler over ours: stock ``NodeLoader`` and ``LinkLoader`` sample by time and key."""

from __future__ import annotations

import math
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
from workbench.pyg.links import links_of, metadata_of
from workbench.sampling.avoided import Negatives
from workbench.sampling.links import Links
from workbench.sampling.pairs import EdgePairs, edge_pairs
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import EdgeType
from workbench.stores.request import HiddenEdges, SeedSet
from workbench.stores.steps import Step, both_ways
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
    negatives : Negatives
        How negatives of links are drawn, and which pairs never are. How many, and whether both ends or
        one are drawn, comes from the loader's ``neg_sampling``; its weights replace ``negatives.draw``.
    hide_links : bool
        True: the edges that join a positive pair are not visible to that link, in either direction.
        Anchors earlier than the links do the same and keep a pair's older edges, unless the plan waives
        the times of those edges (``static``). False is PyG's way; links that see themselves are warned of
        where negatives are drawn, for then the edges are known.

    Raises
    ------
    FanoutError
        If there is no sampler, or negatives are none.
    """

    def __init__(
        self,
        sampler: NeighborSampler,
        epoch: int = 0,
        negatives: Negatives = Negatives(),  # noqa: B008  a frozen value
        hide_links: bool = False,
    ) -> None:
        do = "Make one with NeighborSampler(engine.graph, plan.fanout)"
        expect(sampler, NeighborSampler, FanoutError, "a PyG sampler over a sampler", do)
        expect(negatives, Negatives, FanoutError, "negatives of links", "Take Negatives('popular')")
        self.sampler = sampler
        self.negatives, self.hide_links = negatives, hide_links
        self._pairs: dict[EdgeType, EdgePairs] = {}
        self._warned = False
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

        Raises
        ------
        AnchorError
            If anchors are of another unit, or a joint fanout gets two.
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

        Negatives are pairs without an edge at or before the link's anchor (:class:`Negatives`); the edge
        type is the loader's, or in a homogeneous graph the only one that the fanout follows. An edge
        that is a label at time t is visible to a seed anchored at t: pass earlier anchors or set
        ``hide_links`` where the label itself must not be seen.

        Raises
        ------
        AnchorError
            If anchors are of another unit, a joint fanout gets two, or no negative is allowed at one.
        """
        if index.time is None:
            _warn_of_the_future(self.sampler, "edge_label_time")
        hetero = index.input_type is not None
        types = (index.input_type[0], index.input_type[-1]) if hetero else (self._only_node_type(),) * 2
        links = links_of(index, types)
        key = self.sampler.epoch_key(self.epoch)
        if neg_sampling is not None:
            weights = _numpy(neg_sampling.src_weight), _numpy(neg_sampling.dst_weight)
            rule = self.negatives
            edges = self._edges(index.input_type) if rule.needs_edges else None
            if edges is not None and not self.hide_links:
                self._warn_of_own_links(links, edges)
            triplet = neg_sampling.is_triplet()
            amount = math.ceil(neg_sampling.amount) if triplet else neg_sampling.amount
            links = links.with_negatives(
                self.sampler.graph, rule, amount, key, edges=edges, triplet=triplet, weights=weights
            )
        sets, places = links.seed_sets(disjoint=self.sampler.disjoint)
        hidden: tuple[HiddenEdges, ...] = ()
        if self.hide_links:
            pairs, seeds = self._edges(index.input_type), sum(len(each) for each in sets)
            later = any(not step.temporal for step in self._followed(links, pairs))
            hidden = (links.hidden_edges(pairs, seeds, self.sampler.disjoint, later),)
        subgraph = self.sampler.sample(sets, self.epoch, hidden)
        batches = {name: links.link_of(batch) for name, batch in subgraph.batch.items()}
        metadata = metadata_of(index, links, places, neg_sampling)
        return _output(subgraph, metadata, hetero=hetero, batches=batches)

    def _warn_of_own_links(self, links: Links, edges: EdgePairs) -> None:
        """Say it, once, where links see the very edges that they are asked for."""
        followed = self._followed(links, edges)
        if self._warned or not followed:
            return
        later = any(not step.temporal for step in followed)
        seen = len(links.hidden_edges(edges, len(links), False, later).rows)
        if seen:
            self._warned = True
            warnings.warn(
                f"{len(links):,} links see {seen:,} edges that join their own two ends: labels among the "
                "features. Pass anchors earlier than the links, or PyGSampler(..., hide_links=True)",
                stacklevel=3,
            )

    def _followed(self, links: Links, edges: EdgePairs) -> list[Step]:
        """Steps that follow the edges that links are of, in either direction."""
        ways = both_ways(self.sampler.graph.schema, edges.edge_type)
        plan = self.sampler.plan(*dict.fromkeys(links.types))
        return [step for step in plan if step.edge_type in ways]

    def _edges(self, input_type: tuple[str, str, str] | None) -> EdgePairs:
        """The linked pairs of the edge type that links are of; read once."""
        schema = self.sampler.graph.schema
        if input_type is not None:
            edge_type = schema.edge_type(input_type)
        else:
            followed = {step.edge_type for step in self.sampler.plan(self._only_node_type())}
            if len(followed) != 1:
                raise _which_edge_type(len(followed))
            (edge_type,) = followed
        if edge_type not in self._pairs:
            self._pairs[edge_type] = edge_pairs(self.sampler.graph, edge_type)
        return self._pairs[edge_type]

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
        raise _which_edge_type(len(output.row))
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


def _which_edge_type(followed: int) -> FanoutError:
    return FanoutError(
        explain(
            "a homogeneous sample was asked for",
            f"its subgraphs have {followed} edge types",
            "one edge type",
            "Name it in the fanout (subgraph='directional' adds none), or give the node type with the seeds "
            "to get HeteroData",
        )
    )


def _numpy(weights: Tensor | None) -> AnyArray | None:
    return None if weights is None else weights.numpy()


def _wide(array: AnyArray) -> Tensor:
    return torch.from_numpy(array.astype(np.int64))
