"""A sampler in plain Python, from rows: no CSC, no cuts, no numpy arithmetic, no code of the engine.

It follows the words of the contract (stores/hop_driver.py): a neighbour is visible if its row's time
and its own time are at or before the anchor; draws are SplitMix64 with Lemire's rejection and Floyd's
algorithm. Everything is re-derived here on purpose, even the hash, so that both can be wrong only in
different ways.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
NEVER = (1 << 63) - 1  # what a row without a time carries


def splitmix(x):
    x &= MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def fold(*words):
    state = 0
    for word in words:
        state = splitmix((state ^ splitmix(word & MASK)) + GOLDEN)
    return state


def draw_below(key, index, bound):
    """Draw number ``index`` of a key; attempt a is a function of index + a * 2^32."""
    while True:
        product = (splitmix(key + (index + 1) * GOLDEN) >> 32) * bound
        if product & 0xFFFFFFFF >= (1 << 32) % bound:
            return product >> 32
        index += 1 << 32


def floyd(key, count, take):
    taken = []
    for index, last in enumerate(range(count - take, count)):
        rank = draw_below(key, index, last + 1)
        taken.append(last if rank in taken else rank)
    return taken


@dataclass
class Answer:
    """The subgraph as lists, keyed by type."""

    nodes: dict = field(default_factory=dict)
    batch: dict = field(default_factory=dict)
    row: dict = field(default_factory=dict)
    col: dict = field(default_factory=dict)
    edge_id: dict = field(default_factory=dict)
    hops_nodes: dict = field(default_factory=dict)
    hops_edges: dict = field(default_factory=dict)
    step_edges: list = field(default_factory=list)


def ends_of_row(schema, rows, edge_type, table, row):
    """(src, dst) of the edge that a row of ``table`` gives for an edge type; None where there is none."""
    keys = {k.column: int(rows.foreign_keys[table, k.column][row]) for k in schema[table].foreign_keys}
    rel = edge_type.rel
    if schema[table].edge is not None:
        a, b = (keys[column] for column in schema[table].edge)
        ends = (b, a) if rel == f"rev_{table}" else (a, b)
    elif rel in keys and edge_type.src == table:
        ends = (row, keys[rel])
    else:
        ends = (keys[rel.removeprefix("rev_")], row)
    return None if -1 in ends else ends


def table_of(schema, edge_type):
    """The table whose rows are the edges of an edge type."""
    for spec in schema.edge_specs:
        if spec.edge_type == edge_type:
            return spec.table
    raise AssertionError(edge_type)


def visible_edges(rows, step, node, anchor):
    """[(neighbour, edge row)] in row order, by scanning every row of the edge type's table."""
    schema, edge_type = rows.schema, step.edge_type
    table, found = table_of(schema, edge_type), []
    for row in range(rows.num_rows[table]):
        ends = ends_of_row(schema, rows, edge_type, table, row)
        if ends is None or ends[1] != node:
            continue
        clock = rows.times.get(table)
        if clock is not None and step.temporal:
            when = int(clock[row])
            if when == NEVER or when > anchor:
                continue
            if step.window is not None and anchor != NEVER and when <= anchor - step.window:
                continue
        node_clock = rows.times.get(edge_type.src)
        if node_clock is not None:
            born = int(node_clock[ends[0]])
            if born == NEVER or born > anchor:
                continue
        found.append((ends[0], row))
    return found


def draw(rows, step, node, anchor, seed_key):
    """The neighbours that one node gets at one step, in draw order."""
    seen = visible_edges(rows, step, node, anchor)
    if step.fanout == -1 or step.fanout >= len(seen):
        return seen
    if step.strategy.name == "RECENT":
        return seen[-step.fanout :]
    salt = fnv1a(f"{step.hop}|{step.edge_type}")
    key = splitmix(seed_key ^ splitmix(salt + node * GOLDEN))
    return [seen[rank] for rank in floyd(key, len(seen), step.fanout)]


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


def sample(rows, request):
    """The whole subgraph of a request over a ``RowGraph``."""
    plan, answer = request.plan, Answer()
    types = rows.schema.node_types
    answer.nodes, answer.batch = {t: [] for t in types}, {t: [] for t in types}
    known = {t: {} for t in types}
    anchors, keys = request.anchors.tolist(), keys_of(request)

    def lane_of(position):
        return position if plan.disjoint else 0

    position = 0
    for seeds in request.seed_sets:
        for node in seeds.ids.tolist():
            known[seeds.node_type].setdefault((node, lane_of(position)), len(answer.nodes[seeds.node_type]))
            answer.nodes[seeds.node_type].append(node)
            answer.batch[seeds.node_type].append(position)
            position += 1
    answer.hops_nodes = {t: [len(answer.nodes[t])] for t in types}
    for step in plan:
        for part in (answer.row, answer.col, answer.edge_id):
            part.setdefault(step.edge_type, [])
        answer.hops_edges.setdefault(step.edge_type, [0] * plan.hops)
    frontier = {t: list(range(len(answer.nodes[t]))) for t in types}
    for hop in range(1, plan.hops + 1):
        before = {t: len(answer.nodes[t]) for t in types}
        for step in plan:
            if step.hop != hop:
                continue
            drawn = 0
            src, dst = step.edge_type.src, step.edge_type.dst
            for local in frontier[dst]:
                lane = lane_of(max(answer.batch[dst][local], 0)) if plan.disjoint else 0
                node = answer.nodes[dst][local]
                for neighbor, row in draw(rows, step, node, anchors[lane], keys[lane]):
                    if (neighbor, lane) not in known[src]:
                        known[src][neighbor, lane] = len(answer.nodes[src])
                        answer.nodes[src].append(neighbor)
                        answer.batch[src].append(lane if plan.disjoint else -1)
                    answer.row[step.edge_type].append(known[src][neighbor, lane])
                    answer.col[step.edge_type].append(local)
                    answer.edge_id[step.edge_type].append(row)
                    drawn += 1
            answer.step_edges.append(drawn)
            answer.hops_edges[step.edge_type][hop - 1] += drawn
        frontier = {t: list(range(before[t], len(answer.nodes[t]))) for t in types}
        for t in types:
            answer.hops_nodes[t].append(len(answer.nodes[t]) - before[t])
    return answer


def differences(subgraph, answer):
    """What a subgraph has otherwise than the oracle; empty if they agree in everything."""
    parts = {
        "node_id": answer.nodes,
        "batch": answer.batch,
        "row": answer.row,
        "col": answer.col,
        "edge_id": answer.edge_id,
        "nodes_per_hop": answer.hops_nodes,
        "edges_per_hop": answer.hops_edges,
    }
    wrong = []
    for name, wanted in parts.items():
        got = {key: array.tolist() for key, array in getattr(subgraph, name).items()}
        wrong += [f"{name}: {got} instead of {wanted}"] if got != wanted else []
    if subgraph.step_edges.tolist() != answer.step_edges:
        wrong.append(f"step_edges: {subgraph.step_edges.tolist()} instead of {answer.step_edges}")
    return wrong
