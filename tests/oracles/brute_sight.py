"""What a node sees, in plain Python: every row of the edge type's table is looked at."""

from __future__ import annotations

NEVER = (1 << 63) - 1  # what a row without a time, or without an end, carries


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


def is_there(rows, table, row, now):
    """Whether a row has begun and not ended."""
    if table in rows.times and (int(rows.times[table][row]) == NEVER or rows.times[table][row] > now):
        return False
    return table not in rows.ends or rows.ends[table][row] > now or int(rows.ends[table][row]) == NEVER


def visible_edges(rows, step, node, now, hidden=frozenset()):
    """[(neighbour, edge row)] in row order, by scanning every row of the edge type's table."""
    schema, edge_type = rows.schema, step.edge_type
    table, found = table_of(schema, edge_type), []
    for row in range(rows.num_rows[table]):
        ends = ends_of_row(schema, rows, edge_type, table, row)
        if ends is None or ends[1] != node or row in hidden:
            continue
        if step.temporal:
            if not is_there(rows, table, row, now):
                continue
            windowed = step.window is not None and now != NEVER and table in rows.times
            if windowed and rows.times[table][row] <= now - step.window:
                continue
        if is_there(rows, edge_type.src, ends[0], now):
            found.append((ends[0], row))
    return found
