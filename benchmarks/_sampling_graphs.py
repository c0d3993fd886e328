"""Graphs that the sampling benchmark measures, and what is asked of them.

homogeneous   nodes and links between them, no time          5 M nodes, 100 M links at scale 1
shop          users and products, timed orders between them  1 M users, 500 k products, 30 M orders
hubs          few or many users with the same number of orders in all, weighted
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.sampling_plan import SamplingPlan
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import EdgeArrays, GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet
from workbench.temporal import FOREVER
from workbench.types import AnyArray

WEIGHT = "price"
"""Column of orders that weighted steps draw by."""

BOUGHT, BUYERS = "products-rev_orders->users", "users-orders->products"
"""Edge types of a folded shop: products of a user, users of a product."""


@dataclass(frozen=True)
class Case:
    """One figure: a graph, where the seeds are, and how they are expanded.

    Attributes
    ----------
    anchors : (int, int) or None  range of anchors; None = static
    bar : float or None  the ratio to the gather that it should stay below
    others : bool  whether other libraries can answer it
    seeds : int  per batch: as many edges as in the measurements that the bars come from
    """

    name: str
    graph: RamGraph
    seed_type: str
    plan: SamplingPlan
    anchors: tuple[int, int] | None = None
    bar: float | None = None
    others: bool = False
    seeds: int = 580

    def requests(self, count: int, size: int, seed: int) -> list[SampleRequest]:
        """Requests of different seeds, anchors and keys."""
        rng = np.random.default_rng(seed)
        plan, nodes = (
            self.plan.compile(self.graph.schema, [self.seed_type]),
            self.graph.num_nodes(self.seed_type),
        )
        requests = []
        for number in range(count):
            anchors: AnyArray | int = FOREVER
            if self.anchors:
                anchors = rng.integers(*self.anchors, size)
                anchors = anchors if plan.disjoint else int(anchors[0])
            seeds = SeedSet.of(self.seed_type, rng.integers(0, nodes, size), anchors)
            requests.append(SampleRequest((seeds,), plan, number))
        return requests

    @property
    def largest(self) -> AnyArray:
        """The largest neighbour array, side by side with nothing: what a gather reads from."""
        return np.ascontiguousarray(max((part.nbr for part in self.graph.arrays.edges.values()), key=len))


def table(name: str, keys: tuple[str, ...] = (), time: str | None = None, *, edge: bool = False) -> Table:
    """A table with keys to other tables, named after them."""
    foreign = tuple(ForeignKey(f"{target}_{i}", target) for i, target in enumerate(keys))
    columns = [Column(key.column, Stype.ID) for key in foreign]
    columns += [Column(time, Stype.TIMESTAMP), Column(WEIGHT, Stype.NUMERICAL)] if time else []
    ends = (foreign[0].column, foreign[1].column) if edge else None
    return Table(name, tuple(columns), None, time, None, foreign, ends)


def homogeneous(nodes: int, edges: int) -> RamGraph:
    """Random directed graph without time; edge ids are stored, the reverse direction is left empty."""
    rng = np.random.default_rng(1)
    schema = Schema((table("nodes"), table("links", ("nodes", "nodes"), edge=True)))
    indptr = np.concatenate([[0], np.cumsum(rng.poisson(edges / nodes, nodes))])
    total = int(indptr[-1])
    forward, reverse = schema.edge_types
    ids = rng.integers(0, nodes, total, dtype=np.uint32)
    arrays = {
        forward: EdgeArrays.side_by_side(indptr, ids, np.arange(total, dtype=np.uint32)),
        reverse: EdgeArrays(np.zeros(nodes + 1, np.int64), ids[:0], ids[:0]),
    }
    times: dict[str, None] = {"nodes": None, "links": None}
    return RamGraph(GraphArrays(schema, {"nodes": nodes, "links": total}, times, arrays))


def shop(users: int, products: int, rows: int, *, folded: bool = True) -> RamGraph:
    """Users and products without time; an order per millisecond between them, a node or an edge."""
    rng = np.random.default_rng(2)
    orders = table("orders", ("users", "products"), "time", edge=folded)
    keys: dict[tuple[str, str], AnyArray] = {
        ("orders", "users_0"): rng.integers(0, users, rows, dtype=np.uint32),
        ("orders", "products_1"): rng.integers(0, products, rows, dtype=np.uint32),
    }
    return RamGraph(
        GraphArrays.from_columns(
            Schema((table("users"), table("products"), orders)),
            {"users": users, "products": products, "orders": rows},
            {"orders": np.arange(rows) * 1000},
            keys,
            weights={("orders", WEIGHT): rng.exponential(size=rows)},
        )
    )


def cases(scale: float) -> list[Case]:
    """The cases that other figures are compared with, on graphs of the stated sizes times ``scale``."""
    users, products, rows = int(1e6 * scale), int(5e5 * scale), int(3e7 * scale)
    links, sales = homogeneous(int(5e6 * scale), int(1e8 * scale)), shop(users, products, rows)
    forward, late = str(links.schema.edge_types[0]), (rows * 500, rows * 1000)
    wide = Fanout([{forward: 15}, {forward: 10}, {forward: 5}], mode="joint")
    deep = Fanout([{forward: 2}] * 8, mode="joint")
    uniform, weighted = Fanout([20, 10]), Fanout([20, 10], weight=WEIGHT)
    tree = Fanout([20, 10], strategy="recent", mode="tree")
    metapaths = Metapaths(
        [
            Metapath(BOUGHT, BUYERS, fanouts=[20, 10]),
            Metapath(BOUGHT, BUYERS, BOUGHT, fanouts=[20, 2, 5], strategy="recent"),
        ]
    )
    return [
        Case("static-joint", links, "nodes", wide, None, 1.6, others=True, seeds=300),
        Case("hops-8", links, "nodes", deep, None, None, others=True),
        Case("temporal-uniform-disjoint", sales, "users", uniform, late, 2.3, others=True),
        Case("temporal-recent-tree", sales, "users", tree, late, 1.3),
        Case("temporal-weighted", sales, "users", weighted, late, 4.0),
        Case("metapath", sales, "users", metapaths, late),
    ]


def hubs(scale: float) -> list[Case]:
    """The same orders among users of 1,000 orders each and of a million: weighted draws cost the same."""
    rows, found = int(3e7 * scale), []
    for degree in (1_000, int(1e6 * min(scale * 10, 1))):
        graph = shop(rows // degree, 1000, rows)
        plan = Fanout([{BOUGHT: 20}], weight=WEIGHT)
        name = f"temporal-weighted, degree {degree:,}"
        found.append(Case(name, graph, "users", plan, (rows * 500, rows * 1000)))
    return found
