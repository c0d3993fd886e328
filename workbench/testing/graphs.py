"""Small graphs for tests and examples: one written by hand, and random ones of every awkward kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.temporal import MICROSECONDS, NO_TIME
from workbench.types import AnyArray, Float64Array, Int64Array

DAY: int = MICROSECONDS["days"]


def toy_shop(id_dtype: np.typing.DTypeLike = np.uint32) -> GraphArrays:
    """Three users, two products, four orders on days 1-4 and three ratings folded into edges.

    Products have no time, users sign up on days 0, 0 and 3, order 3 has no user.
    """
    schema = Schema(
        (
            _table("users", time="joined"),
            _table("products"),
            _table("orders", time="at", keys={"user_id": "users", "product_id": "products"}),
            _table("ratings", time="at", keys={"user_id": "users", "product_id": "products"}, edge=True),
        )
    )
    days = {
        "users": np.array([0, 0, 3]) * DAY,
        "orders": np.array([1, 2, 2, 4]) * DAY,
        "ratings": np.array([2, 3, 5]) * DAY,
    }
    keys: dict[tuple[str, str], AnyArray] = {
        ("orders", "user_id"): np.array([0, 1, 0, -1]),
        ("orders", "product_id"): np.array([0, 0, 1, 1]),
        ("ratings", "user_id"): np.array([0, 1, 2]),
        ("ratings", "product_id"): np.array([1, 1, 0]),
    }
    rows = {"users": 3, "products": 2, "orders": 4, "ratings": 3}
    return GraphArrays.from_columns(schema, rows, days, keys, id_dtype)


def _table(
    name: str, *, time: str | None = None, keys: dict[str, str] | None = None, edge: bool = False
) -> Table:
    columns = [Column(f"{name}_id", Stype.ID)]
    columns += [Column(column, Stype.ID) for column in keys or {}]
    columns += [Column(time, Stype.TIMESTAMP)] if time else []
    foreign = tuple(ForeignKey(column, table) for column, table in (keys or {}).items())
    ends = (foreign[0].column, foreign[1].column) if edge else None
    return Table(name, tuple(columns), None if edge else f"{name}_id", time, None, foreign, ends)


@dataclass(frozen=True)
class RowGraph:
    """A graph as rows, before any CSC: what a brute-force oracle scans.

    Attributes
    ----------
    schema : Schema
    num_rows : dict table -> rows
    times : dict table -> int64[rows] ascending (``NO_TIME`` last); absent for a table without time
    foreign_keys : dict (table, column) -> int64[rows]  row ids, -1 for none
    ends : dict table -> int64[rows]  ``NO_TIME`` for none; absent for a table without an end time
    weights : dict (table, column) -> float64[rows]  columns that edges can be weighted by
    """

    schema: Schema
    num_rows: dict[str, int]
    times: dict[str, Int64Array]
    foreign_keys: dict[tuple[str, str], Int64Array]
    ends: dict[str, Int64Array] = field(default_factory=dict)
    weights: dict[tuple[str, str], Float64Array] = field(default_factory=dict)

    def arrays(self, id_dtype: np.typing.DTypeLike = np.uint32) -> GraphArrays:
        """The same graph as CSC arrays."""
        return GraphArrays.from_columns(
            self.schema, self.num_rows, self.times, self.foreign_keys, id_dtype, self.ends, self.weights
        )

    def dated_only(self) -> RowGraph:
        """The same graph without the rows that have no time, and without keys that pointed at them."""
        dated = {name: int(np.sum(clock != NO_TIME)) for name, clock in self.times.items()}
        counts = {name: dated.get(name, rows) for name, rows in self.num_rows.items()}
        keys = {}
        for (table, column), ids in self.foreign_keys.items():
            limit = counts[self.schema[table].foreign_key(column).table]
            kept = ids[: counts[table]]
            keys[table, column] = np.where(kept < limit, kept, -1)
        times = {name: clock[: counts[name]] for name, clock in self.times.items()}
        ends = {name: end[: counts[name]] for name, end in self.ends.items()}
        weights = {name: column[: counts[name[0]]] for name, column in self.weights.items()}
        return RowGraph(self.schema, counts, times, keys, ends, weights)

    def with_later_rows(self, after: int, rng: np.random.Generator, rows: int = 5) -> RowGraph:
        """The same graph with rows later than ``after`` appended to every timed table.

        Rows without a time are stored last, so they would move: call it on :meth:`dated_only`.
        """
        times, counts = dict(self.times), dict(self.num_rows)
        for name in self.times:
            late = np.sort(after + 1 + rng.integers(0, 5, rows))
            times[name] = np.concatenate([self.times[name], late])
            counts[name] += rows
        keys = {}
        for (table, column), ids in self.foreign_keys.items():
            target = self.schema[table].foreign_key(column).table
            new = rng.integers(-1, counts[target], counts[table] - self.num_rows[table])
            keys[table, column] = np.concatenate([ids, new])
        more = {name: counts[name] - rows for name, rows in self.num_rows.items()}
        ends = {name: np.append(end, np.full(more[name], NO_TIME)) for name, end in self.ends.items()}
        weights = {name: np.append(old, np.ones(more[name[0]])) for name, old in self.weights.items()}
        return RowGraph(self.schema, counts, times, keys, ends, weights)


def random_rows(
    rng: np.random.Generator, size: int = 12, instants: int = 6, *, extras: bool = False
) -> RowGraph:
    """A random heterogeneous temporal graph of at most ``size`` rows a table.

    It mixes tables with and without time, equal times, rows without a time, self links, several keys
    to one table, folded edge tables (with repeated pairs), nodes newer than their edges, isolated
    nodes and empty tables.

    Parameters
    ----------
    rng : numpy Generator
    size : int  largest number of rows of a table
    instants : int  distinct times: few make many ties
    extras : bool  give some tables end times (``until``) and columns of weights (``weight``) too
    """
    nodes = [f"n{i}" for i in range(int(rng.integers(1, 4)))]
    folded = [f"e{i}" for i in range(int(rng.integers(0, 3)))]
    tables, counts, times = [], {}, {}
    for name in [*nodes, *folded]:
        edge = name in folded
        wanted = 2 if edge else int(rng.integers(0, 3))
        keys = {f"{name}_k{i}": str(rng.choice(nodes)) for i in range(wanted)}
        timed = bool(rng.random() < 0.65)
        tables.append(_table(name, time="at" if timed else None, keys=keys, edge=edge))
        counts[name] = 0 if rng.random() < 0.06 else int(rng.integers(1, size * (3 if edge else 1) + 1))
        if timed:
            times[name] = _random_clock(rng, counts[name], instants)
    schema = Schema(tuple(tables))
    foreign_keys: dict[tuple[str, str], Int64Array] = {}
    for table in schema:
        for key in table.foreign_keys:
            foreign_keys[table.name, key.column] = _random_key(rng, counts[table.name], counts[key.table])
    rows = RowGraph(schema, counts, times, foreign_keys)
    return _with_extras(rng, rows, instants) if extras else rows


def random_graph(
    rng: np.random.Generator, size: int = 12, instants: int = 6, id_dtype: np.typing.DTypeLike = np.uint32
) -> GraphArrays:
    """:func:`random_rows` as arrays."""
    return random_rows(rng, size, instants).arrays(id_dtype)


def _with_extras(rng: np.random.Generator, rows: RowGraph, instants: int) -> RowGraph:
    tables, ends, weights = [], {}, {}
    for table in rows.schema:
        count, columns = rows.num_rows[table.name], list(table.columns)
        ended, weighted = rng.random(2) < (0.35, 0.6)
        if ended:
            columns.append(Column("until", Stype.TIMESTAMP))
            until = rng.integers(0, 2 * instants, count) * 10
            ends[table.name] = np.where(rng.random(count) < 0.4, NO_TIME, until)
        if weighted:
            columns.append(Column("weight", Stype.NUMERICAL))
            weights[table.name, "weight"] = _random_weights(rng, count)
        tables.append(replace(table, columns=tuple(columns), end_time="until" if ended else None))
    return replace(rows, schema=Schema(tuple(tables)), ends=ends, weights=weights)


def _random_weights(rng: np.random.Generator, rows: int) -> Float64Array:
    # quarters add up exactly in any order; many zeros, and now and then one row that outweighs the rest
    weights = rng.integers(0, 12, rows) / 4
    weights[rng.random(rows) < rng.choice([0.0, 0.3, 0.9])] = 0
    weights[rng.random(rows) < 0.05] = 4096
    return np.asarray(weights, np.float64)


def _random_clock(rng: np.random.Generator, rows: int, instants: int) -> Int64Array:
    clock: AnyArray = rng.integers(0, instants, rows) * 10
    clock[rng.random(rows) < 0.1] = NO_TIME
    return np.sort(clock).astype(np.int64)


def _random_key(rng: np.random.Generator, rows: int, targets: int) -> Int64Array:
    if targets == 0:
        return np.full(rows, -1)
    # skew: a few nodes of large degree beside many of none
    ids = np.minimum(rng.geometric(0.3, rows) - 1, targets - 1) if rng.random() < 0.5 else None
    picked = rng.integers(0, targets, rows) if ids is None else ids
    return np.where(rng.random(rows) < 0.1, -1, picked).astype(np.int64)
