"""What a schema's drawing says: rows, time spans, columns, degrees. JSON values, no widget."""

from __future__ import annotations

from typing import Any, Protocol

import workbench as wb
from widgets._marks import written_out

MOST_COLUMNS, LONGEST = 40, 120
"""Columns of a table and characters of a name that are sent: a label of a megabyte tells nobody more."""


class Sized(Protocol):
    """What a graph store counts."""

    def num_nodes(self, node_type: str, /) -> int:
        """Rows of a type."""
        ...

    def num_edges(self, edge_type: wb.EdgeType, /) -> int:
        """Stored edges of an edge type."""
        ...

    def times(self, table: str, /) -> Any:
        """int64[rows] ascending, or None."""
        ...


def schema_facts(schema: wb.Schema, graph: Sized | None = None) -> dict[str, Any]:
    """Boxes, links and what is known of them; without a graph only what the schema says.

    Returns
    -------
    dict
        ``width``, ``height``, ``types`` (in the order of ``schema.node_types``), ``links`` and ``ways``:
        one per edge type of the schema, in its order, as a step of sampling.
    """
    layout = wb.schema_layout(schema)
    place = {edge_type: i for i, edge_type in enumerate(schema.edge_types)}
    types = [
        {**_type(schema[name], graph), "box": box, "style": wb.type_style(i)}
        for i, (name, box) in enumerate(zip(schema.node_types, layout.boxes, strict=True))
    ]
    links = [
        {
            "label": short(link.label),
            "path": link.path,
            "starts": link.starts,
            "ends": link.ends,
            "ways": [place[link.forward], place[link.back]],
        }
        for link in layout.links
    ]
    at = {name: i for i, name in enumerate(schema.node_types)}
    ways = [
        {
            "name": short(e),
            "rel": short(e.rel),
            "degree": degree(schema, graph, e),
            "from": at[e.dst],
            "to": at[e.src],
        }
        for e in schema.edge_types
    ]
    return {"width": layout.width, "height": layout.height, "types": types, "links": links, "ways": ways}


def degree(schema: wb.Schema, graph: Sized | None, edge_type: wb.EdgeType) -> str:
    """What one node of the dst finds along an edge type, on average: ``x3.2``; ``''`` if not known."""
    single = schema.edge_spec(edge_type).layout == "column"
    if graph is None:
        return "at most 1" if single else ""
    nodes = graph.num_nodes(edge_type.dst)
    return f"\u00d7{wb.amount(graph.num_edges(edge_type) / nodes)}" if nodes else "\u00d70"


def rows_text(schema: wb.Schema, name: str, graph: Sized | None) -> str:
    """``9,000 rows, timed``."""
    kind = "static" if schema[name].time is None else "timed"
    return kind if graph is None else f"{graph.num_nodes(name):,} rows, {kind}"


def short(name: object, longest: int = LONGEST) -> str:
    """A name as it is sent: enough to be told apart; half characters, which no message takes, are ``?``."""
    text = written_out(str(name)[: longest + 1].encode("utf-8", "replace").decode())
    return text if len(text) <= longest else text[: longest - 1] + "\u2026"


def _type(table: wb.Table, graph: Sized | None) -> dict[str, Any]:
    columns = [
        [short(c.name), " ".join([str(c.stype), *_roles(table, c.name)])]
        for c in table.columns[:MOST_COLUMNS]
    ]
    return {
        "name": short(table.name),
        "rows": None if graph is None else graph.num_nodes(table.name),
        "span": _span(table, graph),
        "columns": columns,
        "more": max(len(table.columns) - MOST_COLUMNS, 0),
    }


def _roles(table: wb.Table, column: str) -> list[str]:
    roles = {"key": table.primary_key, "time": table.time, "end": table.end_time}
    found = [f"({role})" for role, name in roles.items() if name == column]
    return found + [f"-> {short(k.table)}" for k in table.foreign_keys if k.column == column]


def _span(table: wb.Table, graph: Sized | None) -> str:
    """The first and last instant of a table's rows."""
    if table.time is None:
        return "static: always visible"
    times = None if graph is None else graph.times(table.name)
    if times is None:
        return f"timed by {short(table.time)}"
    dated = int(times.searchsorted(wb.NO_TIME))
    return f"{wb.iso(int(times[0]))} \u2013 {wb.iso(int(times[dated - 1]))}" if dated else "no row has a time"


def schema_of(source: Any, widget: str) -> tuple[wb.Schema, Sized | None]:
    """The schema of an engine with its graph, or a schema without data.

    Raises
    ------
    WorkbenchError
        If it is neither.
    """
    if isinstance(source, wb.Schema):
        return source, None
    if not isinstance(getattr(source, "schema", None), wb.Schema):
        got, do = type(source).__name__, "Take wb.open(path), or wb.infer_schema(tables)."
        raise wb.WorkbenchError(
            f"a {widget} was asked for: got a {got}. Allowed: an Engine or a Schema. {do}"
        )
    return source.schema, getattr(source, "graph", None)


def schema_picture(schema: wb.Schema, graph: Sized | None, chosen: tuple[wb.EdgeType, ...] = ()) -> str:
    """The drawing as SVG, with what is known of the data."""
    notes = [rows_text(schema, name, graph) for name in schema.node_types]
    degrees = {e: degree(schema, graph, e) for e in schema.edge_types}
    picture: str = wb.schema_svg(schema, notes=notes, degrees=degrees, chosen=chosen)
    return picture
