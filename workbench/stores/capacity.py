"""How much a request can need: upper bounds of nodes, edges and bytes, and what would fit a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workbench.errors import BudgetError, explain
from workbench.kernels.cuts import largest_degree
from workbench.kernels.tables import ROOM
from workbench.schema import EdgeType
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.memory import OverBudgetError, size_class
from workbench.stores.request import SampleRequest
from workbench.stores.steps import ALL, FORMS, Step, StepPlan, Strategy

MOST_NODES: int = 1 << 62
"""More nodes than there can be: no limit."""


@dataclass(frozen=True)
class Capacity:
    """Room for a batch: nodes per type and edges per edge type (those of the plan).

    Attributes
    ----------
    lists : int  nodes that the steps of a metapath plan draw
    path, by_path : bool  whether nodes have cutoffs of their own; whether edges know their metapaths
    """

    nodes: dict[str, int]
    edges: dict[EdgeType, int]
    lists: int = 0
    path: bool = False
    by_path: bool = False

    def bytes(self, id_size: int) -> int:
        """Bytes of the batch's arena, of the hash tables that relabel its nodes, and of lists of nodes."""
        slots = sum(hash_slots(count) for count in self.hashed if count)
        return size_class(self.arena_bytes(id_size)) + 4 * slots + 4 * self.lists

    @property
    def hashed(self) -> list[int]:
        """Room of everything that is looked up in hash tables: nodes, and edges of metapaths."""
        return [*self.nodes.values(), *(self.edges.values() if self.by_path else [])]

    def arena_bytes(self, id_size: int) -> int:
        """Bytes of the batch's arrays, each aligned to a cache line."""
        words = self.path + self.by_path
        nodes = sum(
            aligned(count * id_size) + aligned(count * 4) + words * aligned(count * 8)
            for count in self.nodes.values()
        )
        edges = sum(
            aligned(count * id_size) + 2 * aligned(count * 4) + self.by_path * aligned(count * 8)
            for count in self.edges.values()
        )
        return nodes + edges


def aligned(size: int) -> int:
    """The next multiple of 64 bytes."""
    return -(-size // 64) * 64


def hash_slots(nodes: int) -> int:
    """Slots of a hash table for so many nodes: a power of two, at most three quarters full."""
    return 1 << (max(nodes, 32) * 4 // 3).bit_length()


def largest_degrees(graph: GraphArrays) -> dict[EdgeType, int]:
    """The largest number of stored neighbours of one node, per edge type."""
    return {
        edge_type: 1 if arrays.indptr is None else int(largest_degree(arrays.indptr))
        for edge_type, arrays in graph.edges.items()
    }


def upper_bound(
    graph: GraphArrays, degrees: Mapping[EdgeType, int], plan: StepPlan, seeds: Mapping[str, int]
) -> Capacity:
    """Room that no request of this plan with so many seeds per type can exceed."""
    lanes = max(sum(seeds.values()), 1) if plan.disjoint else 1
    nodes = {name: seeds.get(name, 0) for name in graph.schema.node_types}
    edges = {step.edge_type: 0 for step in plan}
    limit = _node_limits(graph, plan, lanes)
    frontier, found, hop, drawn_by = dict(nodes), dict.fromkeys(nodes, 0), 1, list[int]()
    for step in plan:
        if step.hop != hop:
            frontier = found if step.hop == hop + 1 else dict.fromkeys(nodes, 0)
            found, hop = dict.fromkeys(nodes, 0), step.hop
        expanded = frontier[step.edge_type.dst] if step.parent is None else drawn_by[step.parent]
        src, drawn = step.edge_type.src, expanded * most_drawn(step, degrees[step.edge_type])
        edges[step.edge_type] += drawn
        nodes[src] += drawn
        drawn_by.append(min(drawn, seeds.get(src, 0) + limit[src]))  # a path may lead back to a seed
        found[src] = min(found[src] + drawn, limit[src])
    # the kernel asks for room before it knows which of a chunk's nodes are new
    room = {name: min(nodes[name], seeds.get(name, 0) + limit[name] + ROOM) for name in nodes}
    lists = sum(drawn_by) + ROOM if plan.by_path else 0
    return Capacity(room, edges, lists, plan.cutoff == "path", plan.by_path)


def most_drawn(step: Step, degree: int) -> int:
    """Neighbours that a step draws for one node at most."""
    if step.replace:
        return step.fanout if degree else 0
    return degree if step.fanout == ALL else min(step.fanout, degree)


def _node_limits(graph: GraphArrays, plan: StepPlan, lanes: int) -> dict[str, int]:
    """Nodes of each type, beside the seeds, that there can be at most."""
    several = plan.tree or plan.cutoff == "path"  # a node may be there more than once
    budget = MOST_NODES if plan.max_nodes is None else lanes * plan.max_nodes
    return {
        name: min(budget, MOST_NODES if several else lanes * graph.num_rows[name])
        for name in graph.schema.node_types
    }


def first_guess(bound: Capacity, seeds: Mapping[str, int]) -> Capacity:
    """Room to start with: the bound where it is small, otherwise a moderate batch."""
    moderate = 4096 + 256 * sum(seeds.values())
    nodes = {name: min(most, seeds.get(name, 0) + moderate) for name, most in bound.nodes.items()}
    edges = {name: min(most, moderate) for name, most in bound.edges.items()}
    return replace(bound, nodes=nodes, edges=edges, lists=min(bound.lists, moderate))


def refusal(
    graph: GraphArrays,
    degrees: Mapping[EdgeType, int],
    request: SampleRequest,
    error: OverBudgetError,
    masses: int = 0,
) -> BudgetError:
    """Say what a request needs, what there is, and the widest cap on its fanouts that surely fits.

    ``masses`` are bytes that the prefix masses of the graph take whatever the fanout.
    """
    seeds = {part.node_type: len(part) for part in request.seed_sets}
    asked = f"fanout {describe(request.plan)} for {len(request):,} seeds was asked for"
    got = f"it needs {error.asked:,} more bytes, beside {error.held:,} that samples hold already"
    allowed = f"{error.limit:,} bytes for samples"
    plain = replace(request, plan=replace(request.plan, subgraph=FORMS[0]))
    do = _remedy(graph, degrees, plain, seeds, error.room - masses)
    if request.plan.subgraph != FORMS[0]:
        do = f"Use a smaller fanout or fewer seeds. Without added edges (subgraph='directional'): {do}"
    return BudgetError(explain(asked, got, allowed, do))


def _remedy(
    graph: GraphArrays,
    degrees: Mapping[EdgeType, int],
    request: SampleRequest,
    seeds: Mapping[str, int],
    room: int,
) -> str:
    def fits(cap: int, count: Mapping[str, int]) -> bool:
        plan = capped(request.plan, cap)
        bound = upper_bound(graph, degrees, plan, count)
        return request_bytes(graph, degrees, plan, bound) <= room

    widest = max([step.fanout for step in request.plan] + [max(degrees.values(), default=1)])
    cap = _largest(widest, lambda cap: fits(cap, seeds))
    if cap:
        return f"Fanout {describe(capped(request.plan, cap))} (none above {cap}) fits"
    total = len(request)
    fewer = _largest(total, lambda n: fits(1, {k: -(-v * n // total) for k, v in seeds.items()}))
    if fewer:
        return f"Not even a fanout of 1 fits so many seeds: take at most {fewer:,} seeds with a fanout of 1"
    return "Nothing fits: raise the memory budget, or give up subgraphs that are held"


def _largest(most: int, good: object) -> int:
    """Largest n in 1 .. most for which ``good(n)``, by bisection; 0 if there is none."""
    assert callable(good)
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def capped(plan: StepPlan, cap: int) -> StepPlan:
    """The same plan with no fanout above ``cap``: shares keep their share, up to so many."""
    steps = (replace(s, fanout=cap if s.fanout == ALL else min(s.fanout, cap)) for s in plan)
    return replace(plan, steps=tuple(steps))


def describe(plan: StepPlan) -> str:
    """Fanouts as a user writes them: ``[16, 8]``, or ``[{'a-b->c': 16}, ...]`` where they differ.

    A share stands as itself; of metapaths, each step that draws its own number has a cell.
    """
    hops = []
    for hop in range(1, plan.hops + 1):
        steps = (step for step in plan if step.hop == hop)
        cells = dict.fromkeys((str(step.edge_type), step.fraction or step.fanout) for step in steps)
        if len({drawn for _, drawn in cells}) == 1:
            hops.append(str(next(iter(cells))[1]))
        else:
            differing = ", ".join(f"{name!r}: {drawn}" for name, drawn in cells)
            hops.append(f"{{{differing}}}" if cells else "0")
    return f"[{', '.join(hops)}]"


def local_bits(capacity: Capacity) -> int:
    """Bits that hold one more than any number of a node, or of an edge that is merged."""
    return max(capacity.hashed, default=0).bit_length()


def request_bytes(
    graph: GraphArrays, degrees: Mapping[EdgeType, int], plan: StepPlan, capacity: Capacity
) -> int:
    """Everything that is counted for what a request draws: arena, hash tables and scratch."""
    return capacity.bytes(graph.id_dtype.itemsize) + Scratch.of(plan, degrees).bytes


@dataclass(frozen=True)
class Scratch:
    """Lengths of the arrays in which one node is drawn for, for the widest node of a plan.

    Attributes
    ----------
    many : int  its ranks
    visible : int  its visible neighbours, where a step lists those that it may draw, whatever its fanout
    running : int  their weights
    """

    many: int
    visible: int
    running: int

    @classmethod
    def of(cls, plan: StepPlan, degrees: Mapping[EdgeType, int]) -> Scratch:
        """What a plan needs, by the largest degree of each edge type."""
        wide = [(step, degrees[step.edge_type]) for step in plan]
        return cls(
            max([1, *(_ranks(step, degree) for step, degree in wide)]),
            max([1, *(degree + 1 for _, degree in wide)]),
            max([1, *(degree + 1 for step, degree in wide if step.strategy >= Strategy.WEIGHTED)]),
        )

    @property
    def taken(self) -> int:
        """Slots of the set of ranks that are taken."""
        return hash_slots(self.many)

    @property
    def targets(self) -> int:
        """Draws by weight side by side."""
        return self.many if self.running > 1 else 1

    @property
    def bytes(self) -> int:
        """Bytes of all of them."""
        return 8 * (self.many + self.taken + self.targets + self.running + self.visible)


def _ranks(step: Step, degree: int) -> int:
    """Ranks that are listed for one node at most: none where the neighbours are taken as they lie."""
    as_stored = step.takes_all and step.strategy < Strategy.WEIGHTED
    return 0 if as_stored else most_drawn(step, degree)
