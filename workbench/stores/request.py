"""What a sampler asks of a graph store: seeds, anchors, input ids, a step plan and a key."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workbench.errors import AnchorError, FanoutError, IdError, expect, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import Step, StepPlan, both_ways
from workbench.temporal import FOREVER, Instant, as_instants
from workbench.types import AnyArray, Int64Array, TimeArray, UInt64Array


@dataclass(frozen=True)
class SeedSet:
    """Seeds of one node type.

    Attributes
    ----------
    node_type : str
    ids : int64[n]  global node ids; duplicates are kept, each its own row of the subgraph
    anchors : int64[n]  microseconds; :data:`~workbench.temporal.FOREVER` for static tasks
    input_ids : int64[n]  position of each seed in its seed table
    numbering : str  which the ids are of (``Manifest.numbering``); empty where it is not known
    """

    node_type: str
    ids: Int64Array
    anchors: TimeArray
    input_ids: Int64Array
    numbering: str = ""

    @classmethod
    def of(
        cls,
        node_type: str,
        ids: AnyArray,
        anchors: AnyArray | Instant | None = None,
        input_ids: AnyArray | None = None,
        numbering: str = "",
    ) -> SeedSet:
        """Check and widen; one anchor is spread over all seeds, no anchor means static.

        Parameters
        ----------
        node_type : str
        ids : ints[n]  node ids
        anchors : int64 (microseconds) or datetime64 of any unit, one or one per seed; or one instant
        input_ids : ints[n] or None  position of each seed in its seed table; None: in their order
        numbering : str  which the ids are of; empty: not known, so not checked

        Raises
        ------
        IdError
            If ids are not integers of one dimension, or input ids not one per seed.
        AnchorError
            If anchors are no instants, one or one per seed.
        """
        expect(node_type, str, IdError, "seeds of a node type")
        array = np.asarray(ids)
        wide = _int64(array) if array.ndim == 1 else None
        if wide is None:
            raise IdError(
                explain(
                    f"seeds of type {node_type!r} were asked for",
                    f"got dtype {array.dtype}, shape {array.shape}",
                    "a one-dimensional array of integers (node ids)",
                    "Keys become node ids through engine.node_ids(type, keys)",
                )
            )
        stamps = as_instants(FOREVER if anchors is None else anchors)
        moments = _int64(stamps) if stamps.shape in ((), wide.shape) else None
        if moments is None:
            raise AnchorError(
                explain(
                    f"anchors for {len(wide)} seeds of type {node_type!r} were asked for",
                    f"got dtype {stamps.dtype}, shape {stamps.shape}",
                    "one int64 of microseconds, or one per seed",
                    "Read other forms with wb.instant, or columns by engine.seeds(table, keys, at=...)",
                )
            )
        given = np.arange(len(wide)) if input_ids is None else np.asarray(input_ids)
        places = _int64(given) if given.shape == wide.shape else None
        if places is None:
            raise IdError(
                explain(
                    f"input ids of {len(wide)} seeds of type {node_type!r} were asked for",
                    f"got dtype {given.dtype}, shape {given.shape}",
                    "one integer per seed: its row in the seed table",
                )
            )
        return cls(node_type, wide, np.broadcast_to(moments, wide.shape).copy(), places, numbering)

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, count: int) -> SeedSet:
        """The first of them."""
        return replace(
            self, ids=self.ids[:count], anchors=self.anchors[:count], input_ids=self.input_ids[:count]
        )


def _int64(array: AnyArray) -> Int64Array | None:
    """The same integers as int64; None where they are none, or too large. Nothing at all has any dtype."""
    if array.size and array.dtype.kind not in "iu":
        return None
    if array.size and array.dtype.kind == "u" and int(array.max()) > FOREVER:
        return None
    return array.astype(np.int64)


@dataclass(frozen=True)
class HiddenEdges:
    """Edges that single seeds do not see, in either direction: link tasks hide what they ask for.

    A hidden edge is not visible: it counts neither among the neighbours that draws are made of nor in a
    weight. A joint sample, whose seeds share nodes, hides every listed edge from all.

    Attributes
    ----------
    edge_type : EdgeType  its reverse is hidden with it
    offsets : int64[seeds + 1]  seed i, counted over all seed sets, does not see the edges
        ``rows[offsets[i]:offsets[i + 1]]``
    rows : int64[m]  edge ids (rows of the edge type's table), ascending for each seed
    """

    edge_type: EdgeType
    offsets: Int64Array
    rows: Int64Array

    def of(self, seed: int) -> Int64Array:
        """Edges hidden from one seed."""
        return self.rows[self.offsets[seed] : self.offsets[seed + 1]]

    def of_each(self, seeds: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Offsets and edges, as :class:`HopRequest` has them, for nodes that belong to these seeds."""
        counts = np.diff(self.offsets)[seeds]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[seeds] - offsets[:-1], counts)
        return offsets, self.rows[places]

    def of_all(self, nodes: int) -> tuple[Int64Array, Int64Array]:
        """The same for nodes that belong to all seeds: every listed edge is hidden from each of them."""
        rows = np.unique(self.rows)
        return np.arange(nodes + 1) * len(rows), np.tile(rows, nodes)

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """The edge type and its reverse."""
        return both_ways(schema, self.edge_type)

    def check(self, seeds: int, schema: Schema) -> None:
        """Refuse what is not a list of edge ids per seed.

        Raises
        ------
        IdError, SchemaError
        """
        asked = f"edges of {str(schema.edge_type(self.edge_type))!r} were to be hidden from {seeds} seeds"
        offsets, rows = self.offsets, self.rows
        whole = offsets.shape == (seeds + 1,) and offsets.dtype == rows.dtype == np.int64
        if not whole or offsets[0] != 0 or offsets[-1] != len(rows) or (np.diff(offsets) < 0).any():
            got = f"{offsets.dtype}{offsets.shape} offsets of {rows.dtype}{rows.shape} edge ids"
            allowed = f"int64 edge ids and {seeds + 1} int64 offsets that ascend from 0 to their number"
            raise IdError(explain(asked, got, allowed))
        begins = np.zeros(len(rows) + 1, np.bool_)
        begins[offsets] = True
        if rows.min(initial=0) < 0 or ((np.diff(rows) <= 0) & ~begins[1:-1]).any():
            raise IdError(
                explain(asked, "some edge ids are negative or out of order", "ascending ids a seed")
            )


def joined(parts: list[Int64Array]) -> Int64Array:
    """int64[n]: arrays behind one another; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _expect_all(parts: object, kind: type, name: str) -> None:
    if not isinstance(parts, list):
        expect(parts, tuple, IdError, f"a sample of {name}", f"Give a tuple of {kind.__name__}")
    for part in parts:  # type: ignore[attr-defined]
        expect(part, kind, IdError, f"a sample of {name}")


@dataclass(frozen=True)
class SampleRequest:
    """One batch to sample. Seeds of all sets are numbered on: ``batch`` is that number.

    Attributes
    ----------
    seed_sets : tuple of SeedSet  usually one; links have one per end. One set per node type.
    plan : StepPlan
    key : int  uint64; every draw is a pure function of it and of what is being expanded
    hidden : tuple of HiddenEdges  at most one for an edge type and its reverse

    Raises
    ------
    IdError, FanoutError
        If a part is of another class.
    """

    seed_sets: tuple[SeedSet, ...]
    plan: StepPlan
    key: int = 0
    hidden: tuple[HiddenEdges, ...] = ()

    def __post_init__(self) -> None:
        do = "Take NeighborSampler(graph, fanout).request(seeds)"
        expect(self.plan, StepPlan, FanoutError, "a sample under a plan of steps", do)
        _expect_all(self.seed_sets, SeedSet, "seeds")
        _expect_all(self.hidden, HiddenEdges, "hidden edges")
        if isinstance(self.key, bool) or not isinstance(self.key, (int, np.integer)):
            raise FanoutError(explain("a sampling key was asked for", f"got {self.key!r}", "0 .. 2^64 - 1"))

    def __len__(self) -> int:
        return sum(len(seeds) for seeds in self.seed_sets)

    @property
    def anchors(self) -> TimeArray:
        """int64[seeds]: anchors of all sets in order."""
        return joined([seeds.anchors for seeds in self.seed_sets])

    def hidden_from(
        self, schema: Schema, edge_type: EdgeType, lanes: Int64Array
    ) -> tuple[Int64Array, Int64Array] | None:
        """Edges of a type that nodes do not see, as :class:`HopRequest` has them; None if none is hidden.

        Parameters
        ----------
        schema, edge_type : Schema, EdgeType
        lanes : int64[n]  the seed that each node belongs to; in joint mode nodes belong to all
        """
        for hidden in self.hidden:
            if edge_type in hidden.edge_types(schema):
                return hidden.of_each(lanes) if self.plan.disjoint else hidden.of_all(len(lanes))
        return None

    def check_anchors(self) -> None:
        """Refuse a joint request with two anchors.

        Raises
        ------
        AnchorError
            A node drawn for a late anchor must never message an earlier seed.
        """
        if self.plan.disjoint:
            return
        anchors = self.anchors
        if not len(anchors) or (anchors == anchors[0]).all():
            return
        raise AnchorError(
            explain(
                "a joint sample (disjoint=False) was asked for",
                f"its seeds have {len(np.unique(anchors))} different anchor times",
                "one anchor per joint batch: a node drawn for a late anchor would message an earlier seed",
                "Use disjoint=True, or let the Loader group seeds by anchor",
            )
        )


@dataclass(frozen=True)
class HopRequest:
    """Expand many nodes along one step: the batched verb that a remote store answers.

    Attributes
    ----------
    step : Step
    nodes : int64[n]  global ids of type ``step.edge_type.dst``
    anchors : int64[n]  what each node sees: rows at or before it (a ``strict`` plan is applied already)
    keys : uint64[n]  one draw key per node (``kernels.rng.node_keys``)
    hidden : (int64[n + 1], int64[m]) or None
        Node i does not see the edges ``rows[offsets[i]:offsets[i + 1]]``, which ascend.
    want_times : bool  ask for the times of the edges
    """

    step: Step
    nodes: Int64Array
    anchors: TimeArray
    keys: UInt64Array
    hidden: tuple[Int64Array, Int64Array] | None = None
    want_times: bool = False


@dataclass(frozen=True)
class HopSample:
    """Answer to a :class:`HopRequest`, in the order of its nodes.

    Attributes
    ----------
    offsets : int64[n + 1]  node i owns entries ``offsets[i]:offsets[i + 1]``
    neighbors : ids[m]  global ids of type ``step.edge_type.src``, in draw order
    edge_ids : ids[m]  row of the edge type's table
    times : int64[m] or None  of the edges, if asked for and the table has them
    slow : int  nodes whose visible edges had to be scanned to draw by weight or age
    """

    offsets: Int64Array
    neighbors: AnyArray
    edge_ids: AnyArray
    times: TimeArray | None = None
    slow: int = 0
