"""Curves and tables of runs as plain values."""

from types import SimpleNamespace

import pyarrow as pa

import workbench as wb
from widgets._run_curves import curves_of, run_entries, run_names, table_rows

NAN = float("nan")


def run(name, *values, key=1, **choices):
    history = [wb.EpochDone(0.0, i + 1, 3, 0.5 / (i + 1), "auroc", v, False) for i, v in enumerate(values)]
    plan = wb.ModelPlan(choices.pop("fanout", wb.Fanout([2]))).replace(**choices)
    return SimpleNamespace(name=name, history=history, plan=plan, key=key)


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
    assert rows[0] == ["run", "first", "second"]
    assert [row[0] for row in rows] == ["run", "channels", "state", "epochs", "key"]
    assert len(rows[1][2]) < 200


def test_runs_without_a_name_are_told_by_their_plans_or_their_letter():
    wide = {"fanout": wb.Fanout([8]), "epochs": 4}
    named = [run("first"), run("", **wide), run("", epochs=2)]
    assert run_names(named) == ["first", "Fanout([8]), epochs 4", "Fanout([2]), epochs 2"]
    assert run_names([run("", key=1), run("", key=2)]) == ["key 1", "key 2"]
    assert run_names([run(""), run("")]) == ["run A", "run B"]
    many = [run("", channels=n, epochs=n, batch_size=n, patience=n, exclude=["t.c" * 99] * n) for n in (1, 2)]
    assert all(name.count(",") == 2 and len(name) < 130 for name in run_names(many))
