"""SchemaView: tables and their links as a drawing, with rows, times, columns and degrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._schema_facts import schema_facts, schema_of, schema_picture


class SchemaView(Face):
    """A drawing of a schema; pointing at a table shows its columns and what sampling finds from it.

    Parameters
    ----------
    source : Engine or Schema  a schema alone is drawn without counts

    Attributes
    ----------
    schema : Schema  the one shown; :meth:`show` replaces it
    """

    handles: ClassVar[tuple[str, ...]] = ()
    _esm = script("schema_drawing.js", "schema_view.js")
    _css = style()

    def __init__(self, source: wb.Engine | wb.Schema) -> None:
        super().__init__()
        self.show(source)

    def show(self, source: wb.Engine | wb.Schema) -> None:
        """Show another schema, such as an edited one, in place of this one.

        Raises
        ------
        WorkbenchError
            If it is neither a schema nor an engine.
        """
        schema, graph = schema_of(source, "SchemaView(engine_or_schema)")
        with self._lock:
            self.schema, self._graph, self.error = schema, graph, ""
            self._facts = schema_facts(schema, graph)
            self.publish()

    def describe(self, node_type: str) -> dict[str, Any]:
        """What pointing at a type shows: rows, time span, columns, and the steps of sampling from it.

        Raises
        ------
        SchemaError
            If the schema has no nodes of that type.
        """
        names = self.schema.node_types
        if node_type not in names:
            raise wb.SchemaError(f"nodes of {node_type!r} were asked for. Allowed: {', '.join(names)}.")
        at = names.index(node_type)
        card = {name: self._facts["types"][at][name] for name in ("name", "rows", "span", "columns", "more")}
        return {**card, "ways": [way for way in self._facts["ways"] if way["from"] == at]}

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """The drawing and all that pointing at it shows."""
        return self._facts, {}

    def still(self) -> tuple[str, str]:
        """The drawing as SVG, and the schema's counts."""
        return schema_picture(self.schema, self._graph), self.schema.title
