"""A table: a value that finds its columns and keys, and says what its rows are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from workbench.errors import SchemaError
from workbench.table import Column, ForeignKey, Stype, Table

PRICES = Table(
    "prices",
    (
        Column("item_id", Stype.ID),
        Column("since", Stype.TIMESTAMP, note="a note"),
        Column("price", Stype.NUMERICAL),
    ),
    time="since",
    foreign_keys=(ForeignKey("item_id", "items"),),
)
KINDS = {
    "nodes": PRICES,
    "edges": replace(
        PRICES, foreign_keys=(*PRICES.foreign_keys, ForeignKey("price", "items")), edge=("item_id", "price")
    ),
    "history": replace(PRICES, history="item_id"),
}


def test_columns_and_keys_are_found_by_name() -> None:
    assert PRICES.column("price").stype is Stype.NUMERICAL
    assert PRICES.foreign_key("item_id").table == "items"
    with pytest.raises(SchemaError, match=r"column 'prices' of table 'prices'.*Did you mean 'price'"):
        PRICES.column("prices")
    with pytest.raises(SchemaError, match=r"prices.price was asked for: there is none.*item_id -> items"):
        PRICES.foreign_key("price")


def test_what_rows_are() -> None:
    assert [name for name, table in KINDS.items() if table.is_node_type] == ["nodes"]
    assert [table.history_of for table in KINDS.values()] == [None, None, "items"]


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_back(kind: str) -> None:
    table = KINDS[kind]
    data = json.loads(json.dumps(table.to_dict()))
    assert Table.from_dict(data) == table
    assert ("history" in data) == (kind == "history")  # schemas without one are saved as ever


def test_a_semantic_type_is_one_columns() -> None:
    changed = PRICES.with_stype("price", Stype.CATEGORICAL)
    assert [c.stype for c in changed.columns] == [Stype.ID, Stype.TIMESTAMP, Stype.CATEGORICAL]
    assert PRICES.with_stype(None, Stype.ID) == PRICES
    with pytest.raises(SchemaError, match="column 'cost'"):
        PRICES.with_stype("cost", Stype.ID)


def test_the_headline() -> None:
    assert KINDS["history"].headline() == (
        "no key; time since (a note); item_id -> items; history of items, valid from since"
    )
    assert "edges items -> items" in KINDS["edges"].headline()
