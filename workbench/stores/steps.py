"""A compiled sampling plan: the flat list of steps that fanouts and metapaths both become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from workbench.schema import EdgeType

ALL: int = -1
"""Fanout of every visible neighbour."""


class Strategy(IntEnum):
    """Which of the visible neighbours are drawn."""

    UNIFORM = 0
    RECENT = 1


@dataclass(frozen=True)
class Step:
    """Expand the nodes of ``edge_type.dst`` that hop ``hop - 1`` found, along one edge type.

    Attributes
    ----------
    hop : int  1 = the direct neighbours of the seeds
    fanout : int  neighbours drawn per node; :data:`ALL` = every visible one; never 0
    temporal : bool  False waives the edge's time (never the node's)
    window : int or None  look-back in microseconds: ``anchor - window < time <= anchor``
    """

    hop: int
    edge_type: EdgeType
    fanout: int
    strategy: Strategy = Strategy.UNIFORM
    temporal: bool = True
    window: int | None = None

    @property
    def salt(self) -> int:
        """64-bit name of the step in every draw: FNV-1a of ``hop|src-rel->dst``.

        It is made of names, not of positions, so that another edge type elsewhere in the schema
        changes no sample.
        """
        value = 0xCBF29CE484222325
        for byte in f"{self.hop}|{self.edge_type}".encode():
            value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        return value


@dataclass(frozen=True)
class StepPlan:
    """Steps in the order in which they run: by hop, then by edge type as the schema lists them."""

    steps: tuple[Step, ...]
    hops: int
    disjoint: bool = True
    """True: one subgraph per seed. False (joint): seeds share nodes and must share their anchor."""

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def sharing_is_exact(self, seed_types: Sequence[str]) -> bool:
        """True if a joint sample shows each seed just what its own disjoint sample would.

        In a joint sample a node that two seeds reach at different hops is expanded once, at the earlier
        one. That changes nothing for either if no draw depends on the key (most-recent, or every
        neighbour), and a node type is expanded the same way at each hop from which it is still expanded.
        It speaks of message passing with one layer per hop; a deeper network looks further.
        """
        if any(step.strategy != Strategy.RECENT and step.fanout != ALL for step in self.steps):
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
