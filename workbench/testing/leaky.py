"""An engine whose time rule is switched off on purpose, to show what leakage costs. Never for real work.

    cheating = seeing_the_future(engine)          warns, each time
    run = cheating.train(task, plan, folder=f)    trains and validates on neighbourhoods that know the labels
    run.metrics("val")                            too good to be true
    engine.load_run(f).metrics("test")            the same weights, asked honestly

Nothing in a plan, a task or a store leads here. Seeds keep their anchors, so ``engine.audit`` of a sample
that was drawn so finds every edge that is later than its anchor.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.engine import Engine
from workbench.errors import AnchorError, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.protocols import GraphStore
from workbench.stores.request import HopRequest, HopSample, SampleRequest
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import FOREVER, MICROSECONDS
from workbench.types import TimeArray


def seeing_the_future(engine: Engine, days: float | None = None) -> Engine:
    """The same data, sampled as if each anchor were later; for demonstrations of leakage alone.

    Parameters
    ----------
    days : by how much each anchor is moved while neighbours are drawn; None: every seed sees everything

    Raises
    ------
    AnchorError
        If ``days`` is not above 0.
    """
    if days is not None and not days > 0:
        raise AnchorError(explain("anchors were to see the future", f"got days={days!r}", "more than 0"))
    far = "everything that ever happened" if days is None else f"{days:g} days beyond its anchor"
    warnings.warn(
        f"the time rule is off: each seed sees {far}. Metrics of this engine are worthless", stacklevel=2
    )
    span = None if days is None else round(days * MICROSECONDS["days"])
    graph: Any = FutureGraph(engine.graph, _later(span))  # an engine takes any graph store
    return Engine(engine.dataset, graph, engine.features)


def _later(span: int | None) -> Callable[[TimeArray], TimeArray]:
    def moved(anchors: TimeArray) -> TimeArray:
        return np.full_like(anchors, FOREVER) if span is None else anchors + span

    return moved


class FutureGraph:
    """A graph store that draws under other anchors than it is asked for, and does not say so.

    Parameters
    ----------
    graph : GraphStore
    moved : callable  int64[n] anchors -> those that neighbours are drawn under
    """

    def __init__(self, graph: GraphStore, moved: Callable[[TimeArray], TimeArray]) -> None:
        self.graph, self.moved = graph, moved

    @property
    def schema(self) -> Schema:
        """Of the graph."""
        return self.graph.schema

    @property
    def snapshot(self) -> int:
        """Of the graph."""
        return self.graph.snapshot

    def num_nodes(self, node_type: str) -> int:
        """As of the graph."""
        return self.graph.num_nodes(node_type)

    def num_edges(self, edge_type: EdgeType) -> int:
        """As of the graph."""
        return self.graph.num_edges(edge_type)

    def times(self, table: str) -> TimeArray | None:
        """As of the graph."""
        return self.graph.times(table)

    def ends(self, table: str) -> TimeArray | None:
        """As of the graph."""
        return self.graph.ends(table)

    def sample(self, request: SampleRequest, snapshot: int | None = None) -> SampledSubgraph:
        """What later anchors would see, under the anchors that were asked for."""
        sets = tuple(replace(each, anchors=self.moved(each.anchors)) for each in request.seed_sets)
        return replace(self.graph.sample(replace(request, seed_sets=sets), snapshot), request=request)

    def sample_hop(self, request: HopRequest, snapshot: int | None = None) -> HopSample:
        """The same of one step."""
        return self.graph.sample_hop(replace(request, anchors=self.moved(request.anchors)), snapshot)

    def __getattr__(self, name: str) -> Any:
        if name == "graph":  # while it is unpickled, before there is one
            raise AttributeError(name)
        return getattr(self.graph, name)
