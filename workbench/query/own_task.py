"""A task whose seeds and labels the user brings as a table, instead of a query.

entity     anchor_time   label    split
1042       2024-01-01    0.0      train      one row per seed; the names of the columns are options
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import TaskError, did_you_mean, explain
from workbench.ingestion.tables import read_tables
from workbench.query import ast
from workbench.query.existence import existence
from workbench.query.labels import column_types, connection, free_prefix, plain_keys
from workbench.query.moments import moment
from workbench.query.own_labels import own_labels
from workbench.query.random_split import RandomSplit
from workbench.query.resolved import ResolvedQuery
from workbench.query.seed_table import SeedTable
from workbench.query.split_options import SplitOptions, ending_at
from workbench.query.splits import Splits
from workbench.schema import Table
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap
from workbench.stores.sql import ROW, quote_name
from workbench.temporal import FOREVER, Span, instants
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

SPLITS = ("train", "val", "test")
OPTIONS = (
    "key",
    "time",
    "label",
    "split",
    "task_type",
    "candidates",
    "horizon",
    "until",
    "val",
    "test",
    "draw",
)


@dataclass(frozen=True)
class Brought:
    """Where a task's seeds come from, and the times that they cover.

    Attributes
    ----------
    table : pyarrow.Table  as it was given
    options : dict  of :func:`own_task`
    begin, observed_until : int  microseconds: first anchor, and when the last label window is over
    until : int or None  features are frozen there
    """

    table: pa.Table = field(compare=False, repr=False)
    options: Mapping[str, Any]
    begin: int
    observed_until: int
    until: int | None = None


@dataclass(frozen=True)
class OwnSeeds:
    """What :meth:`Task.from_table` makes a task of."""

    resolved: ResolvedQuery
    brought: Brought
    splits: Splits
    seeds: dict[str, SeedTable]


def own_task(dataset: Dataset, table: Any, entity: str, options: Mapping[str, Any]) -> OwnSeeds:
    """Read a table of seeds; see :meth:`Task.from_table` for the options.

    Raises
    ------
    TaskError
        If a column is missing or of a wrong kind, an entity is unknown or does not exist at its anchor,
        or no seed is left to train on.
    """
    for name in options:
        if name not in OPTIONS:
            asked = "a task of own seeds was asked for"
            raise TaskError(explain(asked, f"got {name}=", ", ".join(OPTIONS), did_you_mean(name, OPTIONS)))
    arrow = read_tables({"seeds": table}).arrow("seeds")
    node = _entity_table(dataset, entity)
    keys = _column(arrow, options.get("key"), (str(node.primary_key), "entity"), "key")
    time = _column(arrow, options.get("time"), ("anchor_time",), "time", needed="time" in options)
    label = _column(arrow, options.get("label"), ("label",), "label")
    if (missing := label.null_count) or keys.null_count:
        got = f"{missing or keys.null_count:,} of {len(arrow):,} are missing"
        raise TaskError(explain("keys and labels of own seeds were read", got, do="Leave these rows out"))
    node_id = KeyMap.open(dataset, node.name).lookup(plain_keys(keys))
    _refuse(node_id < 0, keys, f"table {node.name!r} has no such keys")
    anchors = np.full(len(arrow), FOREVER) if time is None else _instants(time)
    until = None if options.get("until") is None else moment("until", options["until"])
    _refuse(
        ~_exist(dataset, node, node_id, anchors, until), keys, f"{node.name!r} does not exist at its anchor"
    )
    target, values = own_labels(dataset, label, options.get("task_type"), options.get("candidates"))
    horizon = Span() if options.get("horizon") is None else Span.read(options["horizon"])
    with connection(dataset) as con:
        types = column_types(con, dataset.schema)
    query = _query(entity, node, len(arrow))
    resolved = ResolvedQuery(query, node, target, {}, () if time is None else (horizon,), types)
    ends = anchors if time is None else horizon.after_each(anchors)
    brought = Brought(arrow, {"entity": entity, **options}, int(anchors.min()), int(ends.max()), until)
    masks = _splits(arrow, options, node_id, anchors, ends)
    plain = plain_keys(keys)
    seeds = {
        name: SeedTable(
            node.name,
            node_id[rows],
            plain.take(pa.array(rows)),
            anchors[rows],
            values[rows],
            name,
            until,
            target.classes,
        )
        for name, rows in ((name, np.flatnonzero(mask)) for name, mask in masks.items())
        if len(rows)
    }
    if "train" not in seeds:
        got, do = "none is left to train on", "Choose other boundaries with val= and test="
        raise TaskError(explain(f"splits of {len(arrow):,} own seeds were asked for", got, do=do))
    splits = Splits(*(np.unique(anchors[masks[name]]) for name in SPLITS))
    return OwnSeeds(resolved, brought, splits, seeds)


def _entity_table(dataset: Dataset, entity: str) -> Table:
    """The table that ``table.key`` names."""
    name = entity.partition(".")[0]
    known = {t.name: f"{t.name}.{t.primary_key}" for t in dataset.schema if t.primary_key and t.is_node_type}
    if name in known and entity in (name, known[name]):
        return dataset.schema[name]
    near = known.get(name) or did_you_mean(entity, known.values())
    raise TaskError(explain("entity= was set", f"got {entity!r}", ", ".join(known.values()), near))


def _query(entity: str, table: Table, rows: int) -> ast.Query:
    """A query that asks nothing: the text that a task of own seeds shows."""
    ref = ast.ColumnRef(table.name, str(table.primary_key))
    text = f"{rows:,} own seeds of {entity}"
    return ast.Query(ast.Literal(None), ref, (), None, None, text=text)


def _column(arrow: pa.Table, asked: Any, usual: tuple[str, ...], what: str, needed: bool = True) -> Any:
    """The column that an option names, or one of the usual names; None if it is left out and not needed."""
    names = (asked,) if asked is not None else usual
    for name in names:
        if name in arrow.column_names:
            return arrow[name].combine_chunks()
    if asked is None and what == "time":
        return None
    if not needed:
        return None
    got = f"there is no column {' or '.join(map(repr, names))}"
    do = did_you_mean(str(names[0]), arrow.column_names) or f"Name it with {what}="
    raise TaskError(explain(f"the {what} of own seeds was asked for", got, ", ".join(arrow.column_names), do))


def _instants(time: pa.Array) -> TimeArray:
    if time.null_count or not (pa.types.is_timestamp(time.type) or pa.types.is_date(time.type)):
        got = f"got a column of {time.type} with {time.null_count:,} missing"
        do = "Read the column as times, such as with pandas.to_datetime"
        raise TaskError(explain("anchors of own seeds were read", got, "times, none missing", do))
    return instants(time.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))


def _refuse(bad: BoolArray, keys: pa.Array, why: str) -> None:
    if bad.any():
        named = ", ".join(map(repr, keys.take(pa.array(np.flatnonzero(bad)[:5])).to_pylist()))
        got = f"of {int(bad.sum()):,} of them {why}: {named}"
        raise TaskError(explain(f"{len(keys):,} own seeds were read", got, do="Leave these rows out"))


def _exist(
    dataset: Dataset, table: Table, node_id: Int64Array, anchors: TimeArray, until: int | None
) -> BoolArray:
    """bool[n]: whether each entity exists at its anchor and is visible there."""
    name, free = free_prefix(dataset.schema) + "seeds", np.ones(len(node_id), np.bool_)
    static = bool(len(anchors)) and anchors[0] == FOREVER
    visible = anchors if until is None else np.minimum(anchors, until)
    stamp = pa.timestamp("us")
    with connection(dataset) as con:
        types = column_types(con, dataset.schema)[table.name]
        seen = None if static and until is None else "s.visible"
        where = existence(table, types, "e", None if static else "s.anchor", seen)
        if not where:
            return free
        rows = {"n": np.arange(len(node_id)), "id": node_id}
        times = {"anchor": pa.array(anchors).cast(stamp), "visible": pa.array(visible).cast(stamp)}
        con.register(name, pa.table({**rows, **times}))
        found = con.sql(
            f"SELECT s.n AS n FROM {quote_name(name)} AS s "
            f"JOIN {quote_name(table.name)} AS e ON e.{ROW} = s.id "
            f"WHERE {' AND '.join(f'({each})' for each in where)}"
        ).to_arrow_table()
    return np.isin(np.arange(len(node_id)), found["n"].to_numpy())


def _splits(
    arrow: pa.Table, options: Mapping[str, Any], node_id: Int64Array, anchors: TimeArray, ends: TimeArray
) -> dict[str, AnyArray]:
    """bool[n] for each split: by a column, by time, or at random where there are no times."""
    column = _column(
        arrow, options.get("split"), ("split",), "split", needed=options.get("split") is not None
    )
    if column is not None:
        said = np.array(column.cast(pa.string()).to_pylist(), object)
        unknown = sorted({str(each) for each in said} - set(SPLITS))
        if unknown:
            got = f"there are others: {', '.join(map(repr, unknown[:5]))}"
            raise TaskError(explain("the split of own seeds was read", got, "train, val, test"))
        return {name: np.asarray(said == name) for name in SPLITS}
    if anchors[0] == FOREVER:
        shares = SplitOptions(options.get("val"), options.get("test"), key=options.get("draw"))
        placed = RandomSplit.place(shares)
        drawn = placed.of(node_id)
        return {name: drawn == i for i, name in enumerate(SPLITS)}
    first, last = int(anchors.min()), int(anchors.max())
    test = _begins("test", options.get("test"), first, last, last)
    val = _begins("val", options.get("val"), first, last, test)
    # Windows end where the next split begins: a seed whose window crosses it is in none.
    return {
        "train": ends <= val,
        "val": (anchors >= val) & (ends <= test),
        "test": anchors >= test,
    }


def _begins(name: str, value: Any, first: int, last: int, before: int) -> int:
    """When a split of own seeds begins: an instant, a share of the anchors' time, or a length of it."""
    found = ending_at(0.1 if value is None else value, before, last - first)
    return moment(name, value) if found is None else found
