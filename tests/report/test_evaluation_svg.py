"""Pictures of an evaluation: one per table, undefined groups left out, nothing unescaped."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from workbench.report.evaluation_svg import evaluation_svgs
from workbench.training.evaluate import AHEAD, CALIBRATION, SCORES
from workbench.training.evaluation import Evaluation


def row(by: str, group: str, model: str, value: float | None, metric: str = "auroc") -> dict[str, Any]:
    return {
        "split": "test",
        "by": by,
        "group": group,
        "model": model,
        "seeds": 7,
        "metric": metric,
        "value": value,
    }


def test_each_table_has_its_picture() -> None:
    rows = [
        row("all", "", "model", 0.8),
        row("all", "", "boosting", 0.7),
        row("all", "", "model", 0.3, "log_loss"),
        *(
            row("time", f"2024-0{i}", model, 0.5 + i / 10)
            for i in (1, 2, 3)
            for model in ("model", "boosting")
        ),
        row("users.city", "<b>", "model", 0.6),
        row("users.city", "none", "model", None),
    ]
    bins = [
        {"split": "test", "model": "model", "bin": "", "labels": 1, "predicted": x, "observed": y}
        for x, y in ((0.1, 0.2), (0.9, 0.8))
    ]
    tables = (
        pa.Table.from_pylist(rows, SCORES),
        AHEAD.empty_table(),
        pa.Table.from_pylist(bins, CALIBRATION),
    )
    pictures = evaluation_svgs(Evaluation("binary", "auroc", True, *tables))
    assert list(pictures) == [
        "auroc on test", "auroc on test, time", "auroc on test, users.city", "calibration on test",
    ]  # fmt: skip
    assert all(text.startswith("<svg") for text in pictures.values())
    assert pictures["auroc on test, time"].count("<polyline") == 2
    assert "2024-01 .. 2024-03" in pictures["auroc on test, time"]
    assert "&lt;b&gt; (7)" in pictures["auroc on test, users.city"]
    assert pictures["calibration on test"].count("<polyline") == 2
