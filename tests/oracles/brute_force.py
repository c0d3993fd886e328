"""A sampler in plain Python, from rows: no CSC, no cuts, no numpy arithmetic, no code of the engine.

It follows the words of the contract (stores/hop_driver.py): what a node sees is in ``brute_sight.py``,
what it draws in ``brute_draws.py``, here is how a subgraph grows, what is added to
it in ``brute_forms.py``. Everything is re-derived on purpose, even the hash, so that both can be wrong only
in different ways.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import brute_forms
from brute_draws import GOLDEN, MASK, draw_below, floyd, fnv1a, fold, ranks_drawn, splitmix
from brute_sight import NEVER, table_of, visible_edges

__all__ = ["draw_below", "floyd", "sample"]


@dataclass
class Answer:
    """The subgraph as lists, keyed by type."""

    nodes: dict = field(default_factory=dict)
    batch: dict = field(default_factory=dict)
    cutoffs: dict = field(default_factory=dict)
    row: dict = field(default_factory=dict)
    col: dict = field(default_factory=dict)
    edge_id: dict = field(default_factory=dict)
    paths: dict = field(default_factory=dict)
    hops_nodes: dict = field(default_factory=dict)
    hops_edges: dict = field(default_factory=dict)
    step_edges: list = field(default_factory=list)
    dropped: list = field(default_factory=list)


def keys_of(request):
    """One key per seed, by the mode of the request."""
    if request.plan.disjoint:
        keys = []
        for seeds in request.seed_sets:
            base = fold(request.key, fnv1a(seeds.node_type))
            for seed, anchor in zip(seeds.ids.tolist(), seeds.anchors.tolist(), strict=True):
                keys.append(splitmix(splitmix(base ^ seed) + anchor))
        return keys
    state = fold(request.key)
    for seeds in request.seed_sets:
        for words in zip(seeds.input_ids.tolist(), seeds.ids.tolist(), seeds.anchors.tolist(), strict=True):
            for word in words:
                state = splitmix(state ^ (word & MASK))
    return [state] * len(request)


def name_of(plan, number):
    """What a step is called in its draws: its hop and edge type, or all edge types of its path."""
    step = plan.steps[number]
    path, at = [str(step.edge_type)], step
    while any(s.paths for s in plan.steps) and at.parent is not None:
        at = plan.steps[at.parent]
        path.append(str(at.edge_type))
    return f"{step.hop}|{'/'.join(path[::-1])}"


class Growth:
    """A subgraph while it grows."""

    def __init__(self, rows, request):
        self.rows, self.request, self.plan = rows, request, request.plan
        self.keys, self.answer = keys_of(request), Answer()
        self.lanes = [{} for _ in range(len(request) if self.plan.disjoint else 1)]
        self.held, self.known_edges = [0] * len(self.lanes), {}
        self.by_path = any(step.paths for step in self.plan)
        for t in rows.schema.node_types:
            for part in (self.answer.nodes, self.answer.batch, self.answer.cutoffs, self.answer.hops_nodes):
                part[t] = []
        for step in self.plan:
            for part in (self.answer.row, self.answer.col, self.answer.edge_id, self.answer.paths):
                part[step.edge_type] = []
            self.answer.hops_edges[step.edge_type] = [0] * self.plan.hops
        self.answer.dropped = [0] * len(self.lanes)
        self.lane = {t: [] for t in rows.schema.node_types}

    def add_node(self, node_type, node, lane, batch, cutoff):
        local = len(self.answer.nodes[node_type])
        self.answer.nodes[node_type].append(node)
        self.answer.batch[node_type].append(batch)
        self.answer.cutoffs[node_type].append(cutoff)
        self.lane[node_type].append(lane)
        self.lanes[lane].setdefault((node_type, node, cutoff), local)
        self.held[lane] += 1
        return local

    def found(self, node_type, node, lane, cutoff):
        """Local id of a drawn node; None where the budget drops it."""
        if not self.plan.tree and (node_type, node, cutoff) in self.lanes[lane]:
            return self.lanes[lane][node_type, node, cutoff]
        if self.plan.max_nodes is not None and self.held[lane] >= self.plan.max_nodes:
            self.answer.dropped[lane] += 1
            return None
        return self.add_node(node_type, node, lane, lane if self.plan.disjoint else -1, cutoff)

    def add_edge(self, step, row, col, edge):
        """Append an edge, or mark the one that is there; returns how many were appended."""
        name = step.edge_type
        if self.by_path and not self.plan.tree and (name, row, col, edge) in self.known_edges:
            self.answer.paths[name][self.known_edges[name, row, col, edge]] |= step.paths
            return 0
        self.known_edges.setdefault((name, row, col, edge), len(self.answer.row[name]))
        for part, value in (
            (self.answer.row, row), (self.answer.col, col),
            (self.answer.edge_id, edge), (self.answer.paths, step.paths),
        ):  # fmt: skip
            part[name].append(value)
        return 1

    def hidden(self, edge_type, lane):
        """Rows that a seed does not see (joint: that any seed does not see)."""
        gone, table = set(), table_of(self.rows.schema, edge_type)
        for hidden in self.request.hidden:
            key = {edge_type.rel.removeprefix("rev_"), hidden.edge_type.rel.removeprefix("rev_")}
            if table_of(self.rows.schema, hidden.edge_type) != table or len(key) > 1:
                continue
            seeds = [lane] if self.plan.disjoint else range(len(self.request))
            for seed in seeds:
                gone |= set(hidden.rows[hidden.offsets[seed] : hidden.offsets[seed + 1]].tolist())
        return gone

    def expand(self, number, local):
        """One node at one step: [(local id of the neighbour, edges appended)]."""
        step = self.plan.steps[number]
        src, dst = step.edge_type.src, step.edge_type.dst
        node, lane = self.answer.nodes[dst][local], self.lane[dst][local]
        cutoff = self.answer.cutoffs[dst][local]
        table = table_of(self.rows.schema, step.edge_type)
        seen = visible_edges(self.rows, step, node, cutoff, self.hidden(step.edge_type, lane))
        clock, weights = self.rows.times.get(table), self.rows.weights.get((table, step.weight))
        times = [0 if clock is None else int(clock[row]) for _, row in seen]
        loads = [0 if weights is None else weights[row] for _, row in seen]
        salt = fnv1a(name_of(self.plan, number))
        key = splitmix(self.keys[lane] ^ splitmix(salt + node * GOLDEN))
        out = []
        for rank in ranks_drawn(step, key, times, loads):
            neighbor, row = seen[rank]
            below = cutoff
            if self.plan.cutoff == "path" and step.temporal and clock is not None:
                below = min(cutoff, times[rank])
            child = self.found(src, neighbor, lane, below)
            if child is not None:
                out.append((child, self.add_edge(step, child, local, row)))
        return out


def sample(rows, request):
    """The whole subgraph of a request over a ``RowGraph``."""
    growth, plan, position = Growth(rows, request), request.plan, 0
    answer, types = growth.answer, rows.schema.node_types
    for seeds in request.seed_sets:
        for node, anchor in zip(seeds.ids.tolist(), seeds.anchors.tolist(), strict=True):
            anchor = anchor - 1 if plan.strict and anchor != NEVER else anchor
            growth.add_node(seeds.node_type, node, position if plan.disjoint else 0, position, anchor)
            position += 1
    news, drawn_by = {t: range(len(answer.nodes[t])) for t in types}, {}
    for t in types:
        answer.hops_nodes[t].append(len(news[t]))
    for hop in range(1, plan.hops + 1):
        before = {t: len(answer.nodes[t]) for t in types}
        for number, step in enumerate(plan):
            if step.hop != hop:
                continue
            frontier = news[step.edge_type.dst] if step.parent is None else drawn_by[step.parent]
            draws = [draw for local in frontier for draw in growth.expand(number, local)]
            drawn_by[number] = list(dict.fromkeys(child for child, _ in draws))
            answer.step_edges.append(sum(appended for _, appended in draws))
            answer.hops_edges[step.edge_type][hop - 1] += answer.step_edges[-1]
        news = {t: range(before[t], len(answer.nodes[t])) for t in types}
        for t in types:
            answer.hops_nodes[t].append(len(news[t]))
    brute_forms.complete(growth)
    return answer


def differences(subgraph, answer):
    """What a subgraph has otherwise than the oracle; empty if they agree in everything."""
    plan = subgraph.request.plan
    parts = {
        "node_id": answer.nodes,
        "batch": answer.batch,
        "row": answer.row,
        "col": answer.col,
        "edge_id": answer.edge_id,
        "nodes_per_hop": answer.hops_nodes,
        "edges_per_hop": answer.hops_edges,
        "edge_paths": answer.paths if any(step.paths for step in plan) else None,
        "cutoffs": answer.cutoffs if plan.cutoff == "path" else None,
    }
    wrong = []
    for name, wanted in parts.items():
        found = getattr(subgraph, name)
        got = None if found is None else {key: array.tolist() for key, array in found.items()}
        wrong += [f"{name}: {got} instead of {wanted}"] if got != wanted else []
    dropped = None if subgraph.dropped is None else subgraph.dropped.tolist()
    for name, got, wanted in (
        ("step_edges", subgraph.step_edges.tolist(), answer.step_edges),
        ("dropped", dropped, answer.dropped if plan.max_nodes is not None else None),
    ):
        wrong += [f"{name}: {got} instead of {wanted}"] if got != wanted else []
    return wrong
