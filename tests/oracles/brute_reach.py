"""What a batch tells each seed, in plain Python: every message is followed back, edge by edge."""

from __future__ import annotations

from collections import defaultdict

from brute_forms import back_of
from brute_sight import NEVER, is_there, table_of


def told(edges, node_type, local):
    """(nodes, edges) that a message can come from: [(type, local id)], [(edge type, row of its table)].

    ``edges`` is a dict edge type -> [(src local id, dst local id, row)]; depth has no limit.
    """
    into = defaultdict(list)
    for name, listed in edges.items():
        for src, dst, row in listed:
            into[name.dst, dst].append(((name.src, src), (name, row)))
    seen, rows, waiting = {(node_type, local)}, set(), [(node_type, local)]
    while waiting:
        for node, edge in into[waiting.pop()]:
            rows.add(edge)
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen, rows


def unseen(rows, plan, edges, ids, seeds):
    """[(seed, what it is told of and must not see)] of a batch.

    A seed's own row is given. Any other node must be there at the last instant that the seed sees, and so
    must the row of an edge, unless a step waives it. By path a node may have ended since its own cutoff.

    Parameters
    ----------
    edges : dict edge type -> [(src local id, dst local id, row)]
    ids : dict node type -> ids of its nodes
    seeds : [(node type, local id, last instant that it sees)]
    """
    schema, found = rows.schema, []
    waived = {step.edge_type for step in plan if not step.temporal}
    if plan.subgraph == "bidirectional":
        waived |= {back_of(schema, name) for name in waived}
    for seed in seeds:
        node_type, local, sees = seed
        nodes, told_rows = told(edges, node_type, local)
        own = node_type, ids[node_type][local]
        met = {(name, ids[name][node]) for name, node in nodes} - {own}
        met |= {(table_of(schema, name), row) for name, row in told_rows if name not in waived}
        found += [(seed, at) for at in sorted(met) if not there(rows, plan, *at, sees)]
    return found


def there(rows, plan, table, row, sees):
    """Whether a row had begun, and but for plans by path not ended."""
    if plan.cutoff == "path":
        clock = rows.times.get(table)
        return clock is None or NEVER != clock[row] <= sees
    return is_there(rows, table, row, sees)


def of_subgraph(subgraph):
    """(edges, ids, seeds) of a sample, as :func:`unseen` takes them."""
    edges = {
        name: list(zip(subgraph.row[name].tolist(), subgraph.col[name].tolist(), ids.tolist(), strict=True))
        for name, ids in subgraph.edge_id.items()
    }
    seeds = []
    for name, counts in subgraph.nodes_per_hop.items():
        sees = subgraph.node_sees(name).tolist()
        seeds += [(name, local, sees[local]) for local in range(int(counts[0]))]
    return edges, {name: ids.tolist() for name, ids in subgraph.node_id.items()}, seeds
