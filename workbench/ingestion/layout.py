"""Which columns of a table become features, and where each lies in the row of its group."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.kernels.hash_text import TEXT_WIDTH
from workbench.schema import Column, Stype, Table
from workbench.stores.features import GroupColumn, GroupLayout

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
    table: Table, rows: int, cardinality: Mapping[str, int], widths: Mapping[str, int]
) -> GroupLayout | None:
    """The layout of a table's feature group; None if it has no feature columns.

    Parameters
    ----------
    cardinality : dict column -> number of codes, "missing" included
    widths : dict column -> elements of an embedding, categories of a set, elements of a text's vector
    """
    used: dict[str, int] = {}
    columns = []
    for column in feature_columns(table):
        section = SECTION_OF[column.stype]
        width = _width(column, widths)
        start = used.get(section, 0)
        codes = cardinality.get(column.name, 1) if section == "categorical" else 0
        columns.append(GroupColumn(column.name, section, start, width, codes))
        used[section] = start + width
    return GroupLayout(table.name, rows, tuple(columns)) if columns else None


def _width(column: Column, widths: Mapping[str, int]) -> int:
    usual = TEXT_WIDTH if column.stype is Stype.TEXT else 1
    return max(1, widths.get(column.name, usual))
