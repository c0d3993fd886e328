"""What becomes a feature, and where it lies."""

from __future__ import annotations

from workbench.ingestion.layout import feature_columns, group_layout
from workbench.kernels.hash_text import TEXT_WIDTH
from workbench.schema import Column, ForeignKey, Stype, Table

TABLE = Table(
    "t",
    (
        Column("id", Stype.ID),
        Column("user", Stype.CATEGORICAL),
        Column("at", Stype.TIMESTAMP),
        Column("until", Stype.TIMESTAMP),
        Column("born", Stype.TIMESTAMP),
        Column("words", Stype.TEXT),
        Column("vector", Stype.EMBEDDING),
        Column("kind", Stype.CATEGORICAL),
        Column("odd", Stype.SET_ASIDE),
        Column("n", Stype.NUMERICAL),
    ),
    "id",
    "at",
    "until",
    (ForeignKey("user", "users"),),
)


def test_keys_clocks_and_odd_columns_are_no_features() -> None:
    assert [column.name for column in feature_columns(TABLE)] == ["born", "words", "vector", "kind", "n"]


def test_columns_lie_side_by_side_in_their_section() -> None:
    layout = group_layout(TABLE, 7, {"kind": 4}, {"vector": 3})
    assert layout is not None
    assert (layout.group, layout.rows) == ("t", 7)
    assert [(c.name, c.section, c.start, c.width, c.cardinality) for c in layout.columns] == [
        ("born", "timestamp", 0, 1, 0),
        ("words", "embedding", 0, TEXT_WIDTH, 0),
        ("vector", "embedding", TEXT_WIDTH, 3, 0),
        ("kind", "categorical", 0, 1, 4),
        ("n", "numerical", 0, 1, 0),
    ]


def test_a_table_of_keys_has_no_group() -> None:
    assert group_layout(Table("t", (Column("id", Stype.ID),), "id"), 7, {}, {}) is None
