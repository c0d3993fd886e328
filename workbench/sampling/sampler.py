"""NeighborSampler: a graph, a fanout and a key. The one way from seeds to a subgraph.

    SeedSet + Fanout -> SampleRequest -> GraphStore.sample -> SampledSubgraph

Training, prediction, the widgets and the PyG loaders all come through here, so the subgraph that a
widget draws is the one that the model saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workbench.errors import FanoutError, IdError, expect, explain
from workbench.kernels.rng import derive_key
from workbench.plan.draw import whole
from workbench.plan.sampling_plan import SamplingPlan, expect_plan
from workbench.stores.protocols import GraphStore
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.steps import StepPlan
from workbench.stores.subgraph import SampledSubgraph
from workbench.stores.units import DataSpan


@dataclass(frozen=True)
class NeighborSampler:
    """Samples temporal neighbourhoods of seeds; a pure function of (seeds, epoch) and its own fields.

    Parameters
    ----------
    graph : GraphStore
    fanout : Fanout or Metapaths
    key : int
        Root key: together with ``purpose`` and the epoch it fixes every draw.
    purpose : str
        ``'train'``, ``'val'``, ``'test'``, ``'predict'``: passes with different purposes draw
        independently.

    Raises
    ------
    FanoutError
        If the fanout names an edge type that the graph does not have, or is neither a Fanout nor Metapaths.

    Examples
    --------
    >>> sampler = NeighborSampler(graph, Fanout([16, 8]), key=7)          # doctest: +SKIP
    >>> sampler.sample(SeedSet.of("users", [3, 5], anchor), epoch=2)      # doctest: +SKIP
    """

    graph: GraphStore
    fanout: SamplingPlan
    key: int = 0
    purpose: str = "train"
    _plans: dict[tuple[str, ...], StepPlan] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _span: DataSpan | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expect(self.graph, GraphStore, FanoutError, "a sampler of a graph", "Take engine.graph")
        expect_plan(self.fanout, "a sampler with a fanout", "Take Fanout([16, 8])")
        expect(self.purpose, str, FanoutError, "a purpose of samples")
        self.fanout.check(self.graph.schema)
        object.__setattr__(self, "_span", DataSpan.of(self.graph))

    @property
    def disjoint(self) -> bool:
        """True if every seed gets a subgraph of its own."""
        return self.fanout.disjoint

    def plan(self, *seed_types: str) -> StepPlan:
        """The steps that the fanout becomes for seeds of these types; compiled once."""
        known = self._plans.get(seed_types)
        if known is None:
            known = self._plans[seed_types] = self.fanout.compile(self.graph.schema, seed_types)
        return known

    def epoch_key(self, epoch: int) -> int:
        """The uint64 that every draw of an epoch is a function of; FanoutError if it is no whole number."""
        if whole(epoch) is None:
            raise FanoutError(
                explain("samples of an epoch were asked for", f"got {epoch!r}", "a whole number")
            )
        return derive_key(self.key, self.purpose, epoch)

    def request(
        self, seeds: SeedSet | Sequence[SeedSet], epoch: int = 0, hidden: tuple[HiddenEdges, ...] = ()
    ) -> SampleRequest:
        """What :meth:`sample` asks of the store.

        Raises
        ------
        IdError
            If seeds are no SeedSets.
        AnchorError
            If anchors evidently count another unit than microseconds.
        """
        sets = tuple(seeds) if isinstance(seeds, (list, tuple)) else (seeds,)
        for each in sets:
            do = "Make one with SeedSet.of(node_type, ids, anchors), or take seeds.seed_set()"
            expect(each, SeedSet, IdError, "a sample of seeds", do)
            if self._span is not None:
                self._span.check(each.anchors)
        plan = self.plan(*(each.node_type for each in sets))
        return SampleRequest(sets, plan, self.epoch_key(epoch), hidden)

    def sample(
        self, seeds: SeedSet | Sequence[SeedSet], epoch: int = 0, hidden: tuple[HiddenEdges, ...] = ()
    ) -> SampledSubgraph:
        """Sample one batch of seeds; several sets (one per node type) share one subgraph.

        ``hidden`` edges are not visible to the seeds that they are hidden from.

        Raises
        ------
        IdError, AnchorError, BudgetError
            Before anything is allocated (see :meth:`GraphStore.sample`).
        """
        return self.graph.sample(self.request(seeds, epoch, hidden))

    def with_purpose(self, purpose: str) -> NeighborSampler:
        """The same sampler for another purpose: its draws are independent of this one's."""
        return replace(self, purpose=purpose)
