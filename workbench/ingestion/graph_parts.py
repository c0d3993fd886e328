"""What a graph in memory is made of, before it is tables: nodes of a type, edges of a triplet, attributes.

The readers of other libraries' graphs (``pyg_source``, ``networkx_source``) give these parts, and
``graph_source`` makes tables and a schema of them. Neither library is imported: their objects say enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import TableError, explain
from workbench.schema import EdgeType, Stype

UNITS: Mapping[str, tuple[int, int]] = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
"""Unit of whole-number times -> (factor, divisor) that make it microseconds."""

_FARTHEST = 1 << 62
"""Microseconds from 1970, 146,000 years: a time beyond it was given in another unit."""


@dataclass(frozen=True)
class Attribute:
    """One column to be; ``stype`` where the source fixes it, else it is inferred from the values."""

    values: pa.Array
    stype: Stype | None = None
    note: str = ""


Attributes = dict[str, Attribute]


@dataclass(frozen=True)
class Nodes:
    """Nodes of one type: a key each, unique, and attributes of the same length."""

    name: str
    keys: pa.Array
    attributes: Attributes


@dataclass(frozen=True)
class Edges:
    """Edges of one triplet: the keys of both ends, and attributes of the same length."""

    edge_type: EdgeType
    src: pa.Array
    dst: pa.Array
    attributes: Attributes


@dataclass(frozen=True)
class GraphParts:
    """A whole graph; ``notes`` say what was left out or decided."""

    nodes: Sequence[Nodes]
    edges: Sequence[Edges]
    notes: tuple[str, ...] = ()


def instants(values: pa.Array, unit: str | None, what: str) -> pa.Array:
    """Times as timestamps of microseconds UTC; whole numbers count ``unit`` since 1970.

    Raises
    ------
    TableError
        If numbers come without a unit, or are no whole ones, or lie beyond 146,000 years.
    """
    asked = f"times of {what} were read"
    if pa.types.is_null(values.type):
        return values.cast(pa.timestamp("us"))
    if pa.types.is_temporal(values.type) or pa.types.is_string(values.type):
        return values  # their form says what they are; ingest reads them
    if not pa.types.is_integer(values.type):
        got = f"they are of type {values.type}"
        raise TableError(explain(asked, got, "whole numbers with a unit, datetimes, or ISO texts"))
    if unit is None:
        got, do = "they are whole numbers without a unit", "Say unit='s', 'ms', 'us' or 'ns'"
        raise TableError(explain(asked, got, do=do))
    factor, divisor = UNITS[unit]
    wide = pc.cast(values, pa.int64())
    low, high = (pc.min_max(wide)[end].as_py() or 0 for end in ("min", "max"))
    worst = max(low, high, key=abs)
    if abs(worst) * factor // divisor > _FARTHEST:
        got = f"{worst} {unit} lies beyond 146,000 years from 1970"
        raise TableError(explain(asked, got, do="Say the unit in which the graph counts"))
    # floored, so that times before 1970 keep their order and never move into the future
    missing = pc.is_null(wide).to_numpy(zero_copy_only=False)
    counted = wide.fill_null(0).to_numpy(zero_copy_only=False) // divisor * factor
    return pa.array(counted, pa.int64(), mask=missing).cast(pa.timestamp("us"))


def as_column(values: Sequence[Any], what: str) -> pa.Array:
    """Python values, None where missing, as one column of one type.

    Raises
    ------
    TableError
        If they are of several types, or of one that no column can hold, or too large.
    """
    try:
        return pa.array(values)
    except OverflowError as error:
        got = "it holds a whole number that 64 bits cannot"
        raise TableError(explain(f"attribute {what} was read", got, "-2^63 .. 2^63 - 1, or texts")) from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        got = f"its values are of the types {', '.join(kinds)}"
        allowed = "values of one type each: numbers, texts, booleans, datetimes, or lists of numbers"
        raise TableError(explain(f"attribute {what} was read", got, allowed)) from error
