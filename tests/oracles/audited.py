"""What tests of the audit share: source tables from rows in memory, a shop, samples of it, planted faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from workbench.plan.sampling_plan import SamplingPlan
from workbench.sampling.audit import AuditReport
from workbench.schema import Column, EdgeType, Schema, Stype
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HiddenEdges, SampleRequest, SeedSet
from workbench.stores.sql import ROW, quote_name
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import NO_TIME
from workbench.testing.graphs import RowGraph, toy_shop


@dataclass
class TablesOnly:
    """What the audit needs of a dataset, from rows in memory; keys are scrambled."""

    rows: RowGraph
    snapshot: int = 1

    @property
    def schema(self) -> Schema:
        return self.rows.schema

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        for table in self.schema:
            count = self.rows.num_rows[table.name]
            columns: dict[str, Any] = {ROW: np.arange(count)}
            if table.primary_key:
                columns[table.primary_key] = scramble(np.arange(count))
            if table.time:
                time = self.rows.times[table.name]
                columns[table.time] = pa.array(time, mask=time == NO_TIME).cast(pa.timestamp("us"))
            if table.end_time:
                end = self.rows.ends[table.name]
                columns[table.end_time] = pa.array(end, mask=end == NO_TIME).cast(pa.timestamp("us"))
            for (owner, name), weights in self.rows.weights.items():
                columns |= {name: weights} if owner == table.name else {}
            for key in table.foreign_keys:
                ids = self.rows.foreign_keys[table.name, key.column]
                columns[key.column] = pa.array(scramble(ids), mask=ids < 0)
            connection.register("given", pa.table(columns))
            connection.execute(f"CREATE TABLE {quote_name(table.name)} AS FROM given")
            connection.unregister("given")
        return connection


def scramble(ids: np.ndarray) -> np.ndarray:
    return ids * 7919 % 1_000_003 + 13


def shop_rows() -> RowGraph:
    """20 users, 10 products, 400 orders and 200 ratings (folded), times 0 .. 999; products untimed.

    A third of the orders and ratings ended 200 later; ratings weigh 0 to 3.
    """
    rng = np.random.default_rng(0)
    schema = toy_shop().schema
    ended, stars = Column("ended", Stype.TIMESTAMP), Column("stars", Stype.NUMERICAL, "int64")
    for name in ("orders", "ratings"):
        schema = schema.with_table(replace(schema[name], columns=(*schema[name].columns, ended, stars)))
        schema = schema.set_end_time(name, "ended")
    rows = {"users": 20, "products": 10, "orders": 400, "ratings": 200}
    times = {name: np.sort(rng.integers(0, 1000, rows[name])) for name in ("orders", "ratings")}
    keys = {
        (table, f"{end}_id"): rng.integers(0, rows[f"{end}s"], rows[table])
        for table in ("orders", "ratings")
        for end in ("user", "product")
    }
    ends = {
        name: np.where(rng.random(rows[name]) < 0.3, clock + 200, NO_TIME) for name, clock in times.items()
    }
    times["users"] = np.arange(20, dtype=np.int64) * 5
    weights = {("ratings", "stars"): rng.integers(0, 4, 200).astype(np.float64)}
    return RowGraph(schema, rows, times, keys, ends, weights)


def drawn(
    rows: RowGraph, plan: SamplingPlan, anchor: int = 500, hidden: tuple[HiddenEdges, ...] = ()
) -> SampledSubgraph:
    """A sample of 15 users, the first of them twice."""
    users = np.append(np.arange(15), 0)
    seeds = SeedSet.of("users", users, np.full(16, anchor))
    return RamGraph(rows.arrays()).sample(
        SampleRequest((seeds,), plan.compile(rows.schema, ["users"]), 7, hidden)
    )


def kinds(report: AuditReport) -> set[str]:
    return {fault.kind for fault in report.faults}


def claiming(subgraph: SampledSubgraph, plan: SamplingPlan, schema: Schema) -> SampledSubgraph:
    """The sample as if it had been asked for under another plan."""
    steps = plan.compile(schema, ["users"])
    return replace(subgraph, request=replace(subgraph.request, plan=steps))


def with_edges(subgraph: SampledSubgraph, edge_type: EdgeType, **changes: np.ndarray) -> SampledSubgraph:
    """The subgraph with row, col, edge_id or edge_paths of one edge type replaced."""
    parts = {name: {**getattr(subgraph, name), edge_type: array} for name, array in changes.items()}
    return replace(subgraph, **parts)
