"""Bidirectional and induced subgraphs in plain Python: every pair of nodes, every row of the tables."""

from __future__ import annotations

from types import SimpleNamespace

from brute_sight import is_there, table_of, visible_edges


def complete(growth):
    """Add to an answer what the plan's form has beside the drawn edges."""
    plan, answer, schema = growth.plan, growth.answer, growth.rows.schema
    if plan.subgraph == "directional":
        return
    named = {step.edge_type for step in plan.steps}
    drawn = {
        name: list(zip(answer.row[name], answer.col[name], answer.edge_id[name], strict=True))
        for name in named
    }
    offers = {name: set() for one in named for name in (one, back_of(schema, one))}
    for name in offers:
        if plan.subgraph == "induced":
            offers[name] = set(among(growth, name))
        else:
            turned = [(col, row, edge) for row, col, edge in drawn.get(back_of(schema, name), [])]
            offers[name] = {edge for edge in turned if shown(growth, name.src, edge[0])}
    hop_of = {
        t: [hop for hop, count in enumerate(counts) for _ in range(count)]
        for t, counts in answer.hops_nodes.items()
    }
    for name, offer in offers.items():
        put(growth, name, drawn.get(name, []), offer, hop_of)


def shown(growth, node_type, local):
    """Whether a node may be seen by others: in a joint batch a seed may be given that is not there."""
    answer = growth.answer
    if growth.plan.disjoint or local >= answer.hops_nodes[node_type][0]:
        return True
    return is_there(growth.rows, node_type, answer.nodes[node_type][local], answer.cutoffs[node_type][local])


def put(growth, name, drawn, offer, hop_of):
    """Drawn edges with their hop, then the others with theirs, one hop after another."""
    plan, answer = growth.plan, growth.answer
    counts = answer.hops_edges.get(name, [0] * plan.hops)
    paths = answer.paths.get(name, [])
    old = [hop for hop, count in enumerate(counts, 1) for _ in range(count)]
    listed = [
        (hop, 0, i, edge, path) for i, (hop, edge, path) in enumerate(zip(old, drawn, paths, strict=True))
    ]
    for row, col, edge in offer - set(drawn):
        hop = max(1, hop_of[name.src][row], hop_of[name.dst][col])
        listed.append((hop, 1, (col, edge, row), (row, col, edge), 0))
    listed.sort(key=lambda entry: entry[:3])
    for part, values in (
        (answer.row, [entry[3][0] for entry in listed]), (answer.col, [entry[3][1] for entry in listed]),
        (answer.edge_id, [entry[3][2] for entry in listed]), (answer.paths, [entry[4] for entry in listed]),
        (answer.hops_edges, [sum(entry[0] == hop for entry in listed) for hop in range(1, plan.hops + 1)]),
    ):  # fmt: skip
        part[name] = values


def back_of(schema, name):
    """The edge type that goes the other way: found by its name, as the schema's rule has it."""
    rel = name.rel.removeprefix("rev_") if name.rel.startswith("rev_") else f"rev_{name.rel}"
    (found,) = [e for e in schema.edge_types if (e.src, e.rel, e.dst) == (name.dst, rel, name.src)]
    assert table_of(schema, found) == table_of(schema, name)
    return found


def among(growth, name):
    """(src local id, dst local id, row) of every edge of a type between nodes of one seed that dst sees."""
    plan, answer = growth.plan, growth.answer
    step = SimpleNamespace(edge_type=name, temporal=True, window=None)
    for col, node in enumerate(answer.nodes[name.dst]):
        lane, cutoff = growth.lane[name.dst][col], answer.cutoffs[name.dst][col]
        for neighbor, edge in visible_edges(growth.rows, step, node, cutoff, growth.hidden(name, lane)):
            for row, other in enumerate(answer.nodes[name.src]):
                near = other == neighbor and growth.lane[name.src][row] == lane
                if near and (plan.cutoff == "anchor" or answer.cutoffs[name.src][row] <= cutoff):
                    yield row, col, edge
