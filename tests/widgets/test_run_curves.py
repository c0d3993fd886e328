"""Curves and tables of runs as plain values."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa

import workbench as wb
from widgets._run_curves import curves_of, run_entries, table_rows

NAN = float("nan")


def run(name, *values):
    history = [wb.EpochDone(0.0, i + 1, 3, 0.5 / (i + 1), "auroc", v, False) for i, v in enumerate(values)]
    return SimpleNamespace(folder=Path("runs") / name, history=history, plan=wb.ModelPlan(wb.Fanout([2])))


def test_curves_leave_out_what_is_not_finite():
    assert curves_of(run("a", 0.5, NAN, 0.75)) == {
        "validation auroc": [[1.0, 0.5], [3.0, 0.75]],
        "training loss": [[1.0, 0.5], [2.0, 0.25], [3.0, 0.5 / 3]],
    }


def test_runs_are_lettered_and_what_differs_is_told():
    runs = [run("first", 0.5), run("second")]
    facts = {"run": ["runs/first", "runs/second"], "state": ["finished", "running"], "key": [1, 1]}
    facts |= {"epochs": [1, 0], "metric": ["auroc"] * 2, "best": [0.5, None], "channels": ["8", "x" * 500]}
    entries = run_entries(runs, pa.table(facts))
    assert [entry["name"] for entry in entries] == ["A", "B"]
    assert [entry["label"] for entry in entries] == ["A", "B: no epoch yet"]
    assert [entry["best"] for entry in entries] == [0.5, None]
    assert entries[0]["colour"] != entries[1]["colour"]
    rows = table_rows(runs, pa.table(facts))
    assert rows[0] == ["folder", "first", "second"]
    assert [row[0] for row in rows] == ["folder", "channels", "state", "epochs", "key"]
    assert len(rows[1][2]) < 200
