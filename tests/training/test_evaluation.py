"""Evaluation: a value that prints what its tables hold."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from workbench.training.evaluate import AHEAD, CALIBRATION, SCORES
from workbench.training.evaluation import SHOWN, Evaluation, aligned


def row(**changes: Any) -> dict[str, Any]:
    usual = {"split": "test", "by": "all", "group": "", "model": "model", "seeds": 1200, "metric": "auroc"}
    return {**usual, "value": 0.75, "low": 0.7, "high": 0.8, "note": "", **changes}


def evaluation(*rows: dict[str, Any], **changes: Any) -> Evaluation:
    ahead = [
        {"split": "test", "baseline": "boosting", "difference": 0.05, "low": -0.01, "high": 0.1},
        {"split": "test", "baseline": "past_rate", "difference": None, "low": None, "high": None},
    ]
    bins = {"split": "test", "bin": "0 to 0.1", "labels": 3, "predicted": 0.05, "observed": 0.25}
    tables = (
        pa.Table.from_pylist(list(rows), SCORES),
        pa.Table.from_pylist(ahead, AHEAD),
        pa.Table.from_pylist([{**bins, "model": "model"}, {**bins, "model": "boosting"}], CALIBRATION),
    )
    return Evaluation(*(changes.get("head") or ("binary", "auroc", True)), *tables, ("train",))


def test_it_prints_models_side_by_side() -> None:
    other = {"model": "boosting", "value": 0.7, "low": None, "high": None}
    late = {"by": "time", "group": "2024-01-01", "seeds": 3}
    text = repr(evaluation(
        row(), row(**other), row(**late), row(**late | other | {"value": None}, note="one class"),
    ))  # fmt: skip
    lines = text.splitlines()
    assert lines[0].startswith("Evaluation of auroc (higher is better)")
    assert lines[1].split() == ["test", "seeds", "model", "boosting"]
    assert lines[2].split() == ["auroc", "1,200", "0.7500", "[0.7000,", "0.8000]", "0.7000"]
    assert lines[3] == "  against boosting: +0.0500 [-0.0100, +0.1000], above zero is better"
    assert lines[4] == "  against past_rate: not to be compared"
    assert lines[6].split()[:2] == ["2024-01-01", "3"]
    assert lines[6].split()[-1] == "undefined"
    assert lines[-1].split() == ["0", "to", "0.1", "3", "0.05", "0.25"]


def test_a_value_is_found_by_its_names() -> None:
    found = evaluation(row(), row(metric="log_loss", value=0.5), row(by="users.city", group="x", value=None))
    assert found.value() == 0.75
    assert found.value("log_loss", split="test") == 0.5
    assert math.isnan(found.value(by="users.city", group="x"))
    with pytest.raises(KeyError, match="no score of"):
        found.value(model="nobody")
    assert found.to_arrow().num_rows == len(found.to_pandas()) == 3


def test_many_groups_are_printed_short_and_what_was_learned_from_is_said() -> None:
    groups = [row(by="time", group=str(i)) for i in range(SHOWN + 3)]
    assert "  and 3 more" in repr(evaluation(*groups))
    assert "train (learned from)" in repr(evaluation(row(split="train")))


def test_columns_are_aligned() -> None:
    assert aligned([["a", "b"], ["long", "x", "y"]]) == ["a     b", "long  x  y"]
