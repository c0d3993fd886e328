"""A compiled sampling plan: the flat list of steps that fanouts and metapaths both become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

from workbench.schema import EdgeType, Schema

ALL: int = -1
"""Fanout of every visible neighbour."""

LARGEST: int = (1 << 31) - 1
"""Largest fanout, cap of a share and budget of nodes."""

MOST_PATHS: int = 64
"""Metapaths of a plan, and steps of a metapath plan: a bit each in one uint64."""


FORMS: tuple[str, ...] = ("directional", "bidirectional", "induced")
"""Which edges a subgraph has: those that were drawn, their ways back too, or all among its nodes."""


class Strategy(IntEnum):
    """Which of the visible neighbours are drawn."""

    UNIFORM = 0
    RECENT = 1
    WEIGHTED = 2
    DECAY = 3


@dataclass(frozen=True)
class Step:
    """Expand the nodes of ``edge_type.dst`` that hop ``hop - 1`` found, along one edge type.

    Attributes
    ----------
    hop : int  1 = the direct neighbours of the seeds
    fanout : int  neighbours drawn per node; :data:`ALL` = every visible one; never 0
    temporal : bool  False waives the edge's time (never the node's)
    window : int or None  look-back in microseconds: ``anchor - window < time <= anchor``
    fraction : float or None
        Share of the n visible neighbours: ``ceil(fraction * n)`` of them, at most ``fanout``
        (:data:`ALL`: no such cap).
    replace : bool  with replacement: exactly ``fanout`` draws where there is a neighbour at all
    weight : str or None  WEIGHTED: numeric column of the edge type's table; what weighs 0 is never drawn
    half_life : int or None  DECAY: microseconds; an edge weighs ``2 ** -((anchor - time) / half_life)``
    parent : int or None
        Metapath plans: number of the step whose drawn nodes are expanded, None at hop 1. Fanout plans:
        always None; every node that hop ``hop - 1`` was first to find is expanded.
    paths : int  metapath plans: bit mask of the metapaths that the step serves; 0 in fanout plans
    """

    hop: int
    edge_type: EdgeType
    fanout: int
    strategy: Strategy = Strategy.UNIFORM
    temporal: bool = True
    window: int | None = None
    fraction: float | None = None
    replace: bool = False
    weight: str | None = None
    half_life: int | None = None
    parent: int | None = None
    paths: int = 0

    @property
    def salt(self) -> int:
        """64-bit name of the step in every draw: FNV-1a of ``hop|src-rel->dst``.

        It is made of names, not of positions, so that another edge type elsewhere in the schema
        changes no sample. Steps of a metapath plan are named by their whole path instead:
        :attr:`StepPlan.salts`.
        """
        return _fnv(f"{self.hop}|{self.edge_type}")

    @property
    def takes_all(self) -> bool:
        """True if every visible neighbour is taken, whatever the strategy."""
        return self.fanout == ALL and self.fraction is None


@dataclass(frozen=True)
class StepPlan:
    """Steps in the order in which they run: by hop, then as the schema or the metapaths list them.

    Attributes
    ----------
    disjoint : bool
        True: one subgraph per seed. False (joint): seeds share nodes and must share their anchor.
    tree : bool  every draw is a node of its own, even one that is in the subgraph; needs ``disjoint``
    strict : bool  the anchor's own instant is not visible
    cutoff : 'anchor' or 'path'
        ``path``: a node reached over an edge with time t sees only what was visible at t (or at its
        parent's cutoff, if that is earlier).
    max_nodes : int or None
        Budget of nodes, seeds included: per seed, or per batch in joint mode. A drawn neighbour that
        would be a new node beyond it is dropped with its edge.
    subgraph : 'directional', 'bidirectional' or 'induced'
        Edges beside those that the steps draw: none; the way back of each; or every edge between two
        nodes of the subgraph that its dst sees (``stores/complete.py``). A tree cannot be induced.
    """

    steps: tuple[Step, ...]
    hops: int
    disjoint: bool = True
    tree: bool = False
    strict: bool = False
    cutoff: str = "anchor"
    max_nodes: int | None = None
    subgraph: str = FORMS[0]

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Once: stores look their programs up by the plan, for every batch."""
        rules = (self.disjoint, self.tree, self.strict, self.cutoff, self.max_nodes, self.subgraph)
        return hash((self.steps, self.hops, rules))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Edge types of a subgraph, as the schema lists them: of steps, and ways back if edges are added."""
        named = {step.edge_type for step in self.steps}
        if self.subgraph != FORMS[0]:
            named = {edge_type for name in named for edge_type in both_ways(schema, name)}
        return tuple(edge_type for edge_type in schema.edge_types if edge_type in named)

    @cached_property
    def by_path(self) -> bool:
        """True for a metapath plan: a step expands what its parent step drew."""
        return any(step.paths for step in self.steps)

    @cached_property
    def salts(self) -> tuple[int, ...]:
        """One 64-bit name per step in every draw: :attr:`Step.salt`, or of its path in a metapath plan.

        A path is named ``hop|e1/e2/../ek``, so other metapaths of the plan change no draw.
        """
        if not self.by_path:
            return tuple(step.salt for step in self.steps)
        paths: list[str] = []
        for step in self.steps:
            before = "" if step.parent is None else f"{paths[step.parent]}/"
            paths.append(f"{before}{step.edge_type}")
        return tuple(_fnv(f"{step.hop}|{path}") for step, path in zip(self.steps, paths, strict=True))

    def sharing_is_exact(self, seed_types: Sequence[str]) -> bool:
        """True if a joint sample shows each seed just what its own disjoint sample would.

        In a joint sample a node that two seeds reach at different hops is expanded once, at the earlier
        one. That changes nothing for either if no draw depends on the key (most-recent, or every
        neighbour), and a node type is expanded the same way at each hop from which it is still expanded.
        A budget of nodes is shared too, the metapaths of one seed would extend another's, and added edges
        lead from one seed's nodes to another's, so none of these is exact. It speaks of message
        passing with one layer per hop; a deeper network looks further.
        """
        if self.by_path or self.tree or self.max_nodes is not None or self.subgraph != FORMS[0]:
            return False
        if any(step.strategy != Strategy.RECENT and not step.takes_all for step in self.steps):
            return False
        found: dict[str, set[int]] = {name: {0} for name in seed_types}
        for step in self.steps:
            found.setdefault(step.edge_type.src, set()).add(step.hop)
        return all(
            len({self._expansion(name, hop + 1) for hop in hops if hop < self.hops}) <= 1
            for name, hops in found.items()
        )

    def _expansion(self, node_type: str, hop: int) -> frozenset[Step]:
        """How nodes of a type are expanded at a hop, whatever its number."""
        steps = (step for step in self.steps if step.hop == hop and step.edge_type.dst == node_type)
        return frozenset(replace(step, hop=0) for step in steps)


def both_ways(schema: Schema, edge_type: EdgeType) -> tuple[EdgeType, ...]:
    """The edge type, then the one that the same rows give in the other direction.

    Raises
    ------
    SchemaError
        If the schema has no such edge type.
    """
    own = schema.edge_spec(edge_type)
    back = (own.table, own.dst_column, own.src_column)
    return own.edge_type, *(
        spec.edge_type
        for spec in schema.edge_specs
        if (spec.table, spec.src_column, spec.dst_column) == back and spec != own
    )


def _fnv(text: str) -> int:
    """64-bit FNV-1a of a text."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
