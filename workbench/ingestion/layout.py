"""Which columns of a table become features, and where each lies in the row of its group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from workbench.errors import SchemaError, explain
from workbench.kernels.hash_text import TEXT_WIDTH
from workbench.schema import Column, Schema, Stype, Table
from workbench.stores.codecs import check_code
from workbench.stores.features import GroupColumn, GroupLayout

Codes: TypeAlias = Mapping[str, Mapping[str, str]]
"""table -> column -> how its values are stored, a key of ``stores.codecs.CODES``"""

SECTION_OF = {
    Stype.NUMERICAL: "numerical",
    Stype.CATEGORICAL: "categorical",
    Stype.MULTICATEGORICAL: "categorical",
    Stype.TIMESTAMP: "timestamp",
    Stype.TEXT: "embedding",
    Stype.EMBEDDING: "embedding",
}
"""Section of a feature row by semantic type; ids and columns set aside are no features."""


def feature_columns(table: Table) -> tuple[Column, ...]:
    """Columns that are stored as features.

    Not among them: keys; the time column, which the graph store holds; the end time, which is known
    only after the row's own time and would tell the future.
    """
    keys = {table.primary_key, table.time, table.end_time, *(key.column for key in table.foreign_keys)}
    return tuple(c for c in table.columns if c.stype in SECTION_OF and c.name not in keys)


def group_layout(
    table: Table,
    rows: int,
    cardinality: Mapping[str, int],
    widths: Mapping[str, int],
    codes: Mapping[str, str] | None = None,
) -> GroupLayout | None:
    """The layout of a table's feature group; None if it has no feature columns.

    Parameters
    ----------
    cardinality : dict column -> number of codes, "missing" included
    widths : dict column -> elements of an embedding, categories of a set, elements of a text's vector
    codes : dict column -> how it is stored, a key of ``stores.codecs.CODES``; others as they are read
    """
    used: dict[str, int] = {}
    columns = []
    for column in feature_columns(table):
        section = SECTION_OF[column.stype]
        width = _width(column, widths)
        start = used.get(section, 0)
        known = cardinality.get(column.name, 1) if section == "categorical" else 0
        code = (codes or {}).get(column.name, "")
        columns.append(GroupColumn(column.name, section, start, width, known, code))
        used[section] = start + width
    return GroupLayout(table.name, rows, tuple(columns)) if columns else None


def check_codes(schema: Schema, codes: Codes) -> None:
    """Refuse codes of columns that are no features, or that cannot be stored so.

    Raises
    ------
    SchemaError
        If a table, column or code does not exist, or they do not fit.
    """
    for table, of_columns in codes.items():
        features = {column.name: column for column in feature_columns(schema[table])}
        for name, code in of_columns.items():
            schema[table].column(name)
            if name not in features:
                asked = f"column {name!r} of {table!r} was to be stored as {code!r}"
                raise SchemaError(explain(asked, "it is no feature", ", ".join(features) or "none"))
            check_code(table, name, SECTION_OF[features[name].stype], code)


def _width(column: Column, widths: Mapping[str, int]) -> int:
    usual = TEXT_WIDTH if column.stype is Stype.TEXT else 1
    return max(1, widths.get(column.name, usual))
