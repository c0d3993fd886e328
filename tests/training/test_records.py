"""What a run was made with, its scores, and runs beside one another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.records import compare_runs, record_scores
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(channels=4, layers=1, epochs=1, batch_size=128)


@pytest.fixture(scope="module")
def runs(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    folder = tmp_path_factory.mktemp("runs")
    plans = {"narrow": PLAN, "wide": PLAN.replace(channels=8, learning_rate=0.02)}
    made = [
        start(shop.parts, shop.task, plan, callbacks=[], device="cpu", folder=folder / name).wait()
        for name, plan in plans.items()
    ]
    return made[0], made[1]


def test_runs_say_where_they_differ_the_best_first(runs: tuple[Run, Run]) -> None:
    table = compare_runs([runs[0], str(runs[1].folder)])
    assert table.column_names == [
        *("run", "state", "key", "epochs", "metric", "best", "channels", "learning_rate")
    ]
    best = [run.history[0].value for run in runs]
    assert table["best"].to_pylist() == sorted(best, reverse=True)
    order = sorted(range(2), key=lambda i: -best[i])
    assert table["channels"].to_pylist() == [("4", "8")[i] for i in order]
    assert table["run"].to_pylist() == [str(runs[i].folder) for i in order]


def test_scores_that_were_asked_for_stand_beside(shop: Shop, runs: tuple[Run, Run]) -> None:
    reached = runs[0].metrics("test")["auroc"]
    runs[0].metrics(shop.task.seeds("val"))
    table = {row["run"]: row for row in compare_runs(runs).to_pylist()}
    assert table[str(runs[0].folder)]["test"] == reached
    assert table[str(runs[1].folder)]["test"] is None
    assert "val" not in table[str(runs[0].folder)], "own seeds have no name"


def test_other_packages_and_other_data_show(runs: tuple[Run, Run], tmp_path: Path) -> None:
    saved = runs[0].save(tmp_path / "older")
    told = json.loads((saved / "run.json").read_text())
    assert {"python", "torch", "numpy"} <= set(told["versions"])
    told["versions"]["torch"], told["dataset_hash"] = "1.0", "feed"
    (saved / "run.json").write_text(json.dumps(told))
    table = compare_runs([runs[0], saved])
    assert set(table["version of torch"].to_pylist()) > {"1.0"}
    assert "feed" in table["dataset"].to_pylist()
    assert "channels" not in table.column_names


def test_what_cannot_be_compared_is_refused(runs: tuple[Run, Run], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="runs were to be compared: there are none"):
        compare_runs([])
    with pytest.raises(TrainingError, match=r"there is no plan\.json"):
        compare_runs([tmp_path])
    saved = runs[0].save(tmp_path / "other")
    runs[0].plan.replace(metric="log_loss").save(saved / "plan.json")
    with pytest.raises(TrainingError, match="chosen by auroc, log_loss"):
        compare_runs([runs[0], saved])


def test_scores_of_several_splits_are_kept(tmp_path: Path) -> None:
    record_scores(tmp_path, "val", {"auroc": 0.5})
    record_scores(tmp_path, "test", {"auroc": 0.25})
    record_scores(tmp_path, "val", {"auroc": 0.75})
    assert json.loads((tmp_path / "scores.json").read_text()) == {
        "val": {"auroc": 0.75},
        "test": {"auroc": 0.25},
    }
