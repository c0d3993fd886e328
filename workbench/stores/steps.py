"""A compiled sampling plan: the flat list of steps that fanouts and metapaths both become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
