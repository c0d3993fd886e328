"""Labels that a user brings: which task type their column is of, and the arrays that it becomes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import TaskError, did_you_mean, explain
from workbench.query.label_values import LabelArray, Lists, label_values
from workbench.query.targets import MAX_CLASSES, TASK_TYPES, Target
from workbench.stores.dataset import Dataset
from workbench.stores.key_map import KeyMap


def own_labels(
    dataset: Dataset, label: pa.Array, task_type: str | None = None, candidates: str | None = None
) -> tuple[Target, LabelArray]:
    """What a column of labels predicts, and its values as a query would give them.

    Parameters
    ----------
    label : pyarrow.Array[n]  no nulls
    task_type : str or None
        None: binary for true and false or 0 and 1, regression for numbers, multiclass for texts,
        multilabel for lists, forecast for lists of fractions of one length, ranking with candidates.
    candidates : str or None  ranking: the table whose keys the lists hold

    Raises
    ------
    TaskError
        If the task type is unknown or does not go with the column.
    """
    if pa.types.is_dictionary(label.type):
        label = label.dictionary_decode()
    kind = task_type or ("ranking" if candidates is not None else _inferred(label))
    if kind not in TASK_TYPES:
        near = did_you_mean(str(kind), TASK_TYPES)
        raise TaskError(explain("task_type= was set", f"got {kind!r}", ", ".join(TASK_TYPES), near))
    lists = pa.types.is_nested(label.type)
    number = _is_number(label.type.value_type if lists else label.type)
    fits = {"ranking": candidates is not None, "multilabel": lists, "multiclass": not lists,
            "forecast": lists and number}.get(kind, number and not lists)  # fmt: skip
    if not fits:
        needs = {"ranking": "candidates=, the table whose keys the labels are", "multilabel": "lists",
                 "multiclass": "one value a row", "forecast": "lists of numbers",
                 }.get(kind, "numbers")  # fmt: skip
        asked, got = f"labels of a {kind} task were read", f"got a column of {label.type}"
        raise TaskError(explain(asked, got, needs))
    if kind == "ranking":
        return Target(kind, table=candidates), _ranked(dataset, label, str(candidates))
    if kind in ("multiclass", "multilabel"):
        return _classes(label, kind)
    if kind == "forecast":
        return _forecast(label)
    values = label.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all() or (kind == "binary" and not np.isin(values, (0, 1)).all()):
        allowed = "0 and 1" if kind == "binary" else "finite numbers"
        raise TaskError(explain(f"labels of a {kind} task were read", "there are others", allowed))
    return Target(kind), values


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _inferred(label: pa.Array) -> str:
    kind = label.type
    if pa.types.is_nested(kind):
        even = len(set(pc.list_value_length(label).to_pylist())) == 1
        return "forecast" if even and pa.types.is_floating(kind.value_type) else "multilabel"
    if not _is_number(kind):
        return "multiclass"
    two = pa.types.is_boolean(kind) or set(pc.unique(label).to_pylist()) <= {0, 1}
    return "binary" if two else "regression"


def _classes(label: pa.Array, kind: str) -> tuple[Target, LabelArray]:
    values = label.flatten() if kind == "multilabel" else label
    distinct = pc.unique(values).drop_null()
    classes = distinct.take(pc.array_sort_indices(distinct))
    if not 1 < len(classes) <= MAX_CLASSES:
        got = f"the column has {len(classes):,} distinct values"
        raise TaskError(explain(f"labels of a {kind} task were read", got, f"2 .. {MAX_CLASSES:,} classes"))
    target = Target(kind, classes=classes)
    return target, label_values(pa.chunked_array([label]), target)


def _forecast(label: pa.Array) -> tuple[Target, LabelArray]:
    steps = set(pc.list_value_length(label).to_pylist())
    if len(steps) != 1:
        got = f"lists of {len(steps)} lengths"
        raise TaskError(
            explain("labels of a forecast were read", got, "lists of one length, a number per step")
        )
    values = label.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)
    return Target("forecast", steps=steps.pop()), values.reshape(len(label), -1)


def _ranked(dataset: Dataset, label: pa.Array, table: str) -> Lists:
    """Keys of another table as its row ids, ascending and each once."""
    if table not in dataset.schema:
        known = [each.name for each in dataset.schema]
        raise TaskError(
            explain("candidates= was set", f"got {table!r}", ", ".join(known), did_you_mean(table, known))
        )
    lists = pa.types.is_nested(label.type)
    keys = label.flatten() if lists else label
    found: Any = KeyMap.open(dataset, table).lookup(keys)
    if (found < 0).any():
        first = keys[int(np.flatnonzero(found < 0)[0])].as_py()
        got = f"{int((found < 0).sum()):,} keys are not in table {table!r}, such as {first!r}"
        raise TaskError(explain("labels of a ranking task were read", got, do="Leave them out"))
    sizes = pc.list_value_length(label).to_numpy() if lists else np.ones(len(label), np.int64)
    parts = np.split(found, np.cumsum(sizes)[:-1]) if len(label) else []
    return Lists.of([np.unique(part) for part in parts])
