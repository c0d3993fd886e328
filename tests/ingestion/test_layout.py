"""What becomes a feature, and where it lies."""

from __future__ import annotations

import pytest

from workbench.errors import SchemaError
from workbench.ingestion.layout import check_codes, feature_columns, group_layout
from workbench.kernels.hash_text import TEXT_WIDTH
from workbench.schema import Column, ForeignKey, Schema, Stype, Table

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


def test_codes_are_kept_by_column() -> None:
    layout = group_layout(TABLE, 7, {}, {"vector": 3}, {"vector": "int8", "n": "bfloat16"})
    assert layout is not None
    assert {c.name: c.code for c in layout.columns if c.code} == {"vector": "int8", "n": "bfloat16"}


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ({"u": {"n": "int8"}}, "'u'"),
        ({"t": {"m": "float16"}}, "'m'"),
        ({"t": {"id": "float16"}}, "it is no feature. Allowed: born, words, vector, kind, n"),
        ({"t": {"n": "int8"}}, "Allowed: float16, bfloat16"),
        ({"t": {"kind": "uint9"}}, "Allowed: uint8, uint16"),
    ],
)
def test_codes_that_no_column_can_have_are_refused(codes: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        check_codes(Schema((TABLE,)), codes)
    check_codes(Schema((TABLE,)), {"t": {"words": "int8", "kind": "uint8", "n": "float16"}})
