"""Entities that the user names by key: looked up, and checked to exist at the anchor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import SchemaError, TaskError, explain
from workbench.ingestion.new_keys import GrownKeys
from workbench.query.existence import existence
from workbench.query.expressions import instant_sql
from workbench.query.labels import Labels, column_types, connection, free_prefix, plain_keys
from workbench.query.resolved import ResolvedQuery
from workbench.schema import Table
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import iso
from workbench.types import AnyArray, Int64Array

SHOWN = 5
"""How many keys an error names."""


def known_entities(
    dataset: Dataset, query: ResolvedQuery, anchor: int, keys: Iterable[Any] | int, until: int | None = None
) -> Labels:
    """Rows for the given keys, in the given order; no labels.

    Parameters
    ----------
    dataset : Dataset
    query : ResolvedQuery
    anchor : int  microseconds
    keys : sequence, array or Arrow array of primary keys; a single key is a list of one
    until : int or None  features are frozen there: entities that are newer are refused

    Raises
    ------
    TaskError
        If a key is of the wrong type, unknown, or its entity does not exist at the anchor or is not
        visible there.
    """
    name = query.entity.name
    key_map = KeyMap.open(dataset, name)
    node_id, shown = look_up(key_map, keys)
    exists = _exists(dataset, query, anchor, until, node_id)
    refuse_absent(name, exists, shown, None if query.static else anchor, until)
    return Labels(node_id, plain_keys(key_map.keys_of(node_id)), np.full(len(node_id), anchor), None)


def look_up(keys: KeyMap | GrownKeys, wanted: Iterable[Any] | int) -> tuple[Int64Array, list[Any]]:
    """Node ids of keys that a user gives, and these keys as plain values.

    Parameters
    ----------
    keys : KeyMap or GrownKeys  of the table
    wanted : sequence, array or Arrow array of primary keys; a single key is a list of one

    Raises
    ------
    TaskError
        If a key is of the wrong type, or unknown.
    """
    listed = _listed(wanted)
    shown = listed.to_pylist() if isinstance(listed, (pa.Array, pa.ChunkedArray)) else list(listed)
    try:
        node_id = keys.lookup(listed)
    except SchemaError as error:
        raise TaskError(str(error)) from error
    except OverflowError as error:
        got = "one is an integer of more than 64 bits"
        raise TaskError(
            explain(f"keys of table {keys.table!r} were looked up", got, do="Check the keys")
        ) from error
    _refuse(node_id < 0, shown, f"table {keys.table!r} of {keys.rows:,} rows has no such", "Check the keys")
    return node_id, shown


def refuse_absent(
    table: str, exists: AnyArray, keys: list[Any], anchor: int | None, until: int | None
) -> None:
    """Refuse entities that do not exist at an anchor (None: at any), or are newer than ``until``.

    Raises
    ------
    TaskError
        Naming some of their keys.
    """
    at, do = ("at any time", "") if anchor is None else (f"at {iso(anchor)}", "Choose another time at=")
    if until is not None and (anchor is None or until < anchor):
        at += f", with features frozen at {iso(until)},"
        do = f"{do}, or a later until= for the task" if do else "Choose a later until= for the task"
    _refuse(~exists, keys, f"{at} {table!r} has not yet, or no longer,", do)


def _listed(keys: Any) -> Any:
    """Keys that can be counted and walked twice; a single text or integer is a list of one.

    Raises
    ------
    TaskError
        If it is neither a key nor a column of keys.
    """
    if isinstance(keys, (str, int, np.integer)):
        return [keys]
    if isinstance(keys, Iterable) and getattr(keys, "ndim", 1) == 1:
        return keys if hasattr(keys, "__len__") else list(keys)
    raise TaskError(
        explain(
            "entities were asked for",
            f"got {type(keys).__name__}",
            "a list or column of primary keys, or one key",
            "Write entities=[key, ...]",
        )
    )


def _refuse(bad: AnyArray, keys: list[Any], why: str, do: str) -> None:
    if not bad.any():
        return
    named = [repr(keys[i]) for i in np.flatnonzero(bad)[:SHOWN]]
    more = f" and {int(bad.sum()) - SHOWN:,} more" if bad.sum() > SHOWN else ""
    raise TaskError(
        explain(f"{len(keys):,} entities were asked for", f"{why} keys: {', '.join(named)}{more}", do=do)
    )


def _exists(
    dataset: Dataset, query: ResolvedQuery, anchor: int, until: int | None, node_id: Int64Array
) -> AnyArray:
    """bool[n]: whether each entity exists at the anchor and is visible there."""
    at = None if query.static else anchor
    return np.isin(node_id, _rows(dataset, query.entity, at, until, np.unique(node_id)))


def existing(dataset: Dataset, table: Table, anchor: int | None, until: int | None = None) -> Int64Array:
    """Row ids of a table that exist at an anchor (None: at any) and are visible there, ascending."""
    return np.sort(_rows(dataset, table, anchor, until, None))


def _rows(
    dataset: Dataset, table: Table, anchor: int | None, until: int | None, wanted: Int64Array | None
) -> Int64Array:
    """int64[n]: which of the wanted rows (None: of all) exist at an anchor and are visible."""
    with connection(dataset) as con:
        types = column_types(con, dataset.schema)[table.name]
        visible = min([time for time in (anchor, until) if time is not None], default=None)
        at, seen = (None if time is None else instant_sql(time) for time in (anchor, visible))
        where = existence(table, types, "e", at, seen)
        if wanted is not None:
            name = free_prefix(dataset.schema) + "wanted"
            con.register(name, pa.table({"id": wanted}))
            where.append(f"e.{ROW} IN (SELECT w.id FROM {quote_name(name)} AS w)")
        kept = f" WHERE {' AND '.join(f'({each})' for each in where)}" if where else ""
        found = con.sql(f"SELECT e.{ROW} AS id FROM {quote_name(table.name)} AS e{kept}").to_arrow_table()
    return np.asarray(found["id"].to_numpy(), np.int64)
