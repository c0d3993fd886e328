"""What a run was trained on, and whether a store still fits it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from workbench.errors import TrainingError, explain
from workbench.models.statistics import Statistics
from workbench.schema import Schema
from workbench.stores.dataset import Dataset
from workbench.stores.features import GroupColumn
from workbench.stores.key_map import KeyMap
from workbench.training.parts import Parts
from workbench.training.target import Target

PACKAGES = (
    "graph-workbench", "torch", "torch_geometric", "numpy", "numba", "pyarrow", "duckdb", "scikit-learn",
    "torchmetrics"
)  # fmt: skip
"""Whose versions a run writes down: those that can change what it learns."""

NO_TARGET = Target("binary", "bce")
"""A target that ranks nothing."""


@cache
def package_versions() -> dict[str, str]:
    """Python's version and those of :data:`PACKAGES` that are installed, by name."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a checkout on the path has no metadata
            continue
    return found


def dataset_hash(dataset: Dataset) -> str:
    """A name of what a snapshot holds, 16 hex digits: the same bytes of tables, features and graph have it.

    It is made of the checksums in the manifest, so no file is read.
    """
    entries = sorted(
        (entry.role, entry.name, entry.bytes, entry.checksum) for entry in dataset.manifest.files
    )
    return hashlib.sha256(repr(entries).encode()).hexdigest()[:16]


def schema_hash(schema: Schema) -> str:
    """Name of a schema's structure: tables, columns, keys; its notes do not count."""
    tables = schema.to_dict()["tables"]
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:16]


def category_values(parts: Parts, statistics: Statistics) -> dict[str, list[str]]:
    """The values behind the category codes that a model has embeddings for, by ``'table.column'``.

    A code is a place in the store's dictionary. Another ingest may number the same values otherwise,
    and a model that then reads the codes would be wrong without any error.
    """
    found = {}
    for table, columns in statistics.tables.items():
        for each in columns:
            if each.column.section == "categorical":
                words = parts.dataset.dictionary(table, each.column.name)
                found[f"{table}.{each.column.name}"] = [_value(words, code) for code in each.codes]
    return found


def _value(words: list[str], code: int) -> str:
    """Code 0 is "missing", so value i of the dictionary has code i + 1."""
    return str(words[code - 1]) if code <= len(words) else ""


def candidate_keys(parts: Parts, target: Target) -> str:
    """Hash of the keys of the rows that a ranking ranks, in their order; empty for other tasks.

    The model knows these rows by their number. In a store that numbers them otherwise it would rank others.
    """
    if not target.table:
        return ""
    rows = min(target.candidates, parts.graph.num_nodes(target.table))
    keys = KeyMap.open(parts.dataset, target.table).keys_of(np.arange(rows))
    return hashlib.sha256(json.dumps(keys.to_pylist()).encode()).hexdigest()[:16]


def check_fits(
    parts: Parts,
    statistics: Statistics,
    trained: Schema,
    values: Mapping[str, list[str]],
    target: Target = NO_TARGET,
    candidates: str = "",
) -> None:
    """Refuse a store in which the model would read something else than it was trained on.

    Parameters
    ----------
    values : dict ``'table.column'`` -> values of its category codes
    candidates : str  what :func:`candidate_keys` gave; empty: not known

    Raises
    ------
    TrainingError
        Naming up to five differences.
    """
    problems = _schema_problems(parts.schema, trained, statistics)
    problems += _layout_problems(parts, statistics)
    if not problems:
        now = category_values(parts, statistics)
        problems = [
            f"the category codes of {name} mean other values"
            for name in values
            if now.get(name) != values[name]
        ]
        problems += _candidate_problems(parts, target, candidates)
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise TrainingError(
            explain(
                f"a run was loaded for the store {parts.dataset.path}",
                "; ".join(problems[:5]) + more,
                "the store that it was trained on, or a later snapshot of it",
                "Open that store, or train again on this one",
            )
        )


def _candidate_problems(parts: Parts, target: Target, candidates: str) -> list[str]:
    if not target.table:
        return []
    if target.table not in parts.schema:
        return [f"there is no table {target.table!r}, whose rows are ranked"]
    rows = parts.graph.num_nodes(target.table)
    if rows < target.candidates:
        return [f"table {target.table!r} has {rows:,} rows, and {target.candidates:,} are ranked"]
    if candidates and candidate_keys(parts, target) != candidates:
        return [f"rows of {target.table!r}, which are ranked, are others, or in another order"]
    return []


def _schema_problems(schema: Schema, trained: Schema, statistics: Statistics) -> list[str]:
    problems = []
    for table in statistics.tables:
        if table not in schema:
            problems.append(f"there is no table {table!r}")
            continue
        now, then = asdict(schema[table]), asdict(trained[table])
        problems += [
            f"{part} of {table!r} is {now[part]!r}, not {then[part]!r}"
            for part in ("primary_key", "time", "end_time", "foreign_keys", "edge", "history")
            if now[part] != then[part]
        ]
    return problems


def _layout_problems(parts: Parts, statistics: Statistics) -> list[str]:
    problems = []
    for table, columns in statistics.tables.items():
        if table not in parts.schema:
            continue
        layout = parts.features.groups.get(table)
        stored = {} if layout is None else {c.name: (i, c) for i, c in enumerate(layout.columns)}
        for each in columns:
            place = stored.get(each.column.name)
            if place is None:
                problems.append(f"column {table}.{each.column.name} is not stored")
            elif (now := _place(*place)) != (then := _place(each.position, each.column)):
                problems.append(f"column {table}.{each.column.name} is {now}, not {then}")
    return problems


def _place(position: int, column: GroupColumn) -> str:
    """Where a model reads a column, and as what."""
    wide = f" of width {column.width}" if column.width > 1 else ""
    return f"{column.section}{wide}, column {position} of its group at place {column.start}"
