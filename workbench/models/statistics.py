"""Statistics that a model standardises with: fitted per run, on what was known when training ended.

Stored feature rows are task-neutral codes. Rows of a table are in time order, so "rows up to the last
train anchor" is "ids below a cut"; nothing that happens later can reach a mean, a quantile or a list of
seen categories. numpy only; the state is plain JSON and travels with the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from workbench.errors import PlanError, TrainingError, did_you_mean, explain
from workbench.plan.encoding import Encoding
from workbench.schema import Schema, Stype
from workbench.stores.features import FeatureBlock, GroupColumn, GroupLayout
from workbench.stores.protocols import FeatureStore, GraphStore, Read
from workbench.temporal import cut
from workbench.types import AnyArray, BoolArray, Int64Array

KNOTS = 17
"""Quantiles kept of a numerical column: the knots of its piecewise linear distribution function."""

NORMAL_QUARTILES = 0.7413
"""Standard deviation of a normal distribution over the distance of its quartiles."""

FIT_ROWS = 200_000
"""Rows read per table, evenly spaced over those that may be read."""


MISSING, UNSEEN, RESERVED = 0, 1, 2
"""Slots of every categorical column; then come its frequent categories and, last, the rare ones' slot."""


@dataclass(frozen=True)
class ColumnStatistics:
    """What is known of one stored column.

    Attributes
    ----------
    column : GroupColumn
    position : int  bit of the column in the row's mask
    missing : float  share of the fitted rows without a value
    mean, scale : float
        Numerical: centre and spread of the values as ``method`` shows them, clipped to the outer knots;
        embedding: scale = rms.
    knots : tuple of float  numerical: :data:`KNOTS` quantiles
    codes : tuple of int  categorical: codes that have an embedding, ascending
    method : str  numerical: see :data:`~workbench.plan.encoding.METHODS`
    fill : float or None  numerical: stands in for a missing value; None: what is encoded as 0
    seen : int
        Categorical: codes up to this one were seen; those without an embedding are rare. Codes are given
        in the order of rows, so what is first seen later has a higher one.
    """

    column: GroupColumn
    position: int
    missing: float = 0.0
    mean: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] = ()
    codes: tuple[int, ...] = ()
    method: str = "standard"
    fill: float | None = None
    seen: int = 0


@dataclass(frozen=True)
class Statistics:
    """Fitted columns of every table that a model reads; a table without columns has an empty entry.

    Attributes
    ----------
    tables : dict table -> tuple of ColumnStatistics
    rows : dict table -> rows that were allowed to be read (those up to ``last_anchor``)
    last_anchor : int  microseconds
    target : (mean, scale)  of the training labels: (0, 1) for binary tasks
    """

    tables: Mapping[str, tuple[ColumnStatistics, ...]]
    rows: Mapping[str, int] = field(default_factory=dict)
    last_anchor: int = 0
    target: tuple[float, float] = (0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        tables = {name: [asdict(column) for column in columns] for name, columns in self.tables.items()}
        return {
            "format": 1,
            "tables": tables,
            "rows": dict(self.rows),
            "last_anchor": self.last_anchor,
            "target": list(self.target),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Statistics:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        TrainingError
            If the value holds no statistics of format 1.
        """
        try:
            if data["format"] != 1:
                raise ValueError(f"format {data['format']!r}")
            tables = {name: tuple(map(_column, columns)) for name, columns in data["tables"].items()}
            mean, scale = data["target"]
            return cls(tables, dict(data["rows"]), int(data["last_anchor"]), (float(mean), float(scale)))
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                explain("statistics of a run were read", f"they are malformed ({error!r})", do="Train again")
            ) from error


def _column(data: Mapping[str, Any]) -> ColumnStatistics:
    parts = {"column": GroupColumn(**data["column"]), "knots": tuple(data["knots"])}
    return ColumnStatistics(**{**data, **parts, "codes": tuple(data["codes"])})


def fit_statistics(
    schema: Schema,
    graph: GraphStore,
    features: FeatureStore,
    tables: Iterable[str],
    last_anchor: int,
    exclude: Iterable[str] = (),
    labels: AnyArray | None = None,
    encodings: Iterable[tuple[str, Encoding]] = (),
) -> Statistics:
    """Fit every column of some tables on rows visible at ``last_anchor``.

    Parameters
    ----------
    tables : names of the node types and edge tables that the model reads
    last_anchor : int  microseconds, the latest anchor of the training seeds
    exclude : names ``'table.column'`` that the model must not read
    labels : float[n] or None  training labels of a regression task
    encodings : pairs of ``'table.column'`` and its Encoding, where it is not the usual one

    Raises
    ------
    PlanError
        If ``exclude`` or ``encodings`` names a column that is not stored.
    """
    names, chosen = sorted(set(tables)), dict(encodings)
    _check_names(features, exclude, "a plan excludes")
    _check_names(features, chosen, "a plan chooses the encoding of")
    rows = {table: readable_rows(schema, graph, table, last_anchor) for table in names}
    fitted = {}
    for table in names:
        layout = features.groups.get(table)
        fitted[table] = (
            () if layout is None else _fit_table(schema, layout, features, rows[table], set(exclude), chosen)
        )
    target = (0.0, 1.0) if labels is None else target_scale(labels)
    return Statistics(fitted, rows, int(last_anchor), target)


def readable_rows(schema: Schema, graph: GraphStore, table: str, anchor: int) -> int:
    """Rows of a table that are visible at an anchor: ids below this number."""
    times = graph.times(table)
    if times is not None:
        return int(cut(times, np.array([anchor], np.int64))[0])
    if table in schema.node_types:
        return graph.num_nodes(table)
    edge_type = next(spec.edge_type for spec in schema.edge_specs if spec.table == table)
    return graph.num_edges(edge_type)


def target_scale(labels: AnyArray) -> tuple[float, float]:
    """Median and spread (half the distance of the 5th and 95th percentiles) of regression labels."""
    values = np.asarray(labels, np.float64)
    if not len(values):
        return 0.0, 1.0
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    spread = (high - low) / 2 or float(np.std(values)) or 1.0
    return float(middle), float(spread)


def _check_names(features: FeatureStore, names: Iterable[str], asked: str) -> None:
    known = [f"{name}.{column.name}" for name, layout in features.groups.items() for column in layout.columns]
    for name in names:
        if name not in known:
            raise PlanError(
                explain(
                    f"{asked} {name!r}",
                    "no such column is stored as a feature",
                    ", ".join(known),
                    did_you_mean(name, known),
                )
            )


def _fit_table(
    schema: Schema,
    layout: GroupLayout,
    features: FeatureStore,
    rows: int,
    exclude: set[str],
    encodings: Mapping[str, Encoding],
) -> tuple[ColumnStatistics, ...]:
    block = features.multi_get([Read(layout.group, _spread(rows))])[0]
    present = block.present()
    fitted = []
    for position, column in enumerate(layout.columns):
        stype = schema[layout.group].column(column.name).stype
        # Keys are names, not quantities: a model that reads them learns entities by heart.
        name = f"{layout.group}.{column.name}"
        if name in exclude or stype in (Stype.ID, Stype.SET_ASIDE):
            continue
        encoding = encodings.get(name, Encoding())
        column = replace(column, cardinality=0)  # it counts categories of the future too
        fitted.append(_fit_column(block, column, position, present[:, position], encoding))
    return tuple(fitted)


def _spread(rows: int) -> Int64Array:
    """Up to :data:`FIT_ROWS` ids, evenly spaced in [0, rows)."""
    count = min(rows, FIT_ROWS)
    return (np.arange(count, dtype=np.int64) * rows) // max(count, 1)


def _fit_column(
    block: FeatureBlock, column: GroupColumn, position: int, present: BoolArray, encoding: Encoding
) -> ColumnStatistics:
    missing = 1.0 - float(present.mean()) if len(present) else 1.0
    values = block.column(column.name)[present]
    if column.section == "categorical":
        seen = int(values.max(initial=0))
        return ColumnStatistics(column, position, missing, codes=_frequent(values, encoding), seen=seen)
    if column.section == "embedding":
        rms = float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) if values.size else 1.0
        return ColumnStatistics(column, position, missing, scale=rms or 1.0)
    if column.section == "timestamp":
        return ColumnStatistics(column, position, missing)
    fitted = fit_numbers(values.astype(np.float64), encoding)
    return ColumnStatistics(column, position, missing, method=encoding.method, **fitted)


def fit_numbers(values: AnyArray, encoding: Encoding) -> dict[str, Any]:
    """``mean``, ``scale``, ``knots`` and ``fill`` of the values of a numerical column.

    Parameters
    ----------
    values : float64[n]  those that are there; what is not finite is left out
    """
    values = values[np.isfinite(values)]
    fixed = {"mean": None, "median": None, "zero": 0.0}.get(str(encoding.fill), encoding.fill)
    if not len(values):
        return {"knots": (0.0,) * KNOTS, "fill": fixed}
    shares = np.linspace(0.0, 1.0, KNOTS)
    shares[0], shares[-1] = 0.005, 0.995
    knots = np.quantile(values, shares)
    shown = shaped(np.clip(values, knots[0], knots[-1]), encoding.method)
    mean, scale = float(shown.mean()), float(shown.std())
    if encoding.method == "robust":
        low, mean, high = (float(x) for x in np.quantile(values, [0.25, 0.5, 0.75]))
        scale = (high - low) * NORMAL_QUARTILES or scale
    # A spread below rounding error is a constant: it must not be blown up to unit variance.
    scale = scale if scale > 1e-9 * max(1.0, float(np.abs(shown).max())) else 1.0
    fill = float(np.median(values)) if encoding.fill == "median" else fixed
    return {"mean": mean, "scale": scale, "knots": tuple(float(knot) for knot in knots), "fill": fill}


def shaped(values: AnyArray, method: str) -> AnyArray:
    """Numbers as they are before centre and spread: their signed logarithm, or themselves."""
    return np.sign(values) * np.log1p(np.abs(values)) if method == "log" else values


def fill_of(column: ColumnStatistics) -> float:
    """The number that stands in for a missing one."""
    if column.fill is not None:
        return column.fill
    return float(np.sign(column.mean) * np.expm1(abs(column.mean))) if column.method == "log" else column.mean


def slots_of(column: ColumnStatistics) -> int:
    """Slots of a categorical column; one for the rare where any category was seen."""
    return len(column.codes) + RESERVED + (column.seen > 0)


def _frequent(codes: AnyArray, encoding: Encoding) -> tuple[int, ...]:
    distinct, counts = np.unique(codes, return_counts=True)
    often = (counts >= encoding.rare) & (distinct > 0)
    distinct, counts = distinct[often], counts[often]
    if len(distinct) > encoding.most:
        # Ties go to the smaller code, so that the choice is a function of the data alone.
        distinct = np.sort(distinct[np.lexsort((distinct, -counts))[: encoding.most]])
    return tuple(int(code) for code in distinct)
