"""The benchmark of accuracy: test runs on a frozen plan alone, under what the protocol says is visible."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if BENCHMARKS not in sys.path:
    sys.path.append(BENCHMARKS)

import accuracy  # noqa: E402
from _accuracy_frozen import frozen_plan, plan_hash  # noqa: E402
from _accuracy_protocol import task_of, visibility  # noqa: E402
from _accuracy_tasks import TASKS, Entry  # noqa: E402

from workbench.errors import PlanError  # noqa: E402
from workbench.plan.fanout import Fanout  # noqa: E402
from workbench.plan.model_plan import ModelPlan  # noqa: E402
from workbench.testing.commerce import commerce  # noqa: E402


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Parquet files of a shop, and what the command line says of it."""
    folder, truth = tmp_path_factory.mktemp("accuracy") / "data", commerce(60, periods=6)
    folder.mkdir()
    for name, table in truth.tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    dates = [str(when)[:10] for when in (truth.val, truth.test)]
    query = "PREDICT COUNT(orders.*, 0, 30, days) = 0 FOR EACH users.user_id"
    given = ["--data", str(folder), "--query", query, "--val", dates[0], "--test", dates[1]]
    return [*given, "--windows", "1", "--quick", "--protocol", "frozen"]


def test_test_is_refused_until_a_plan_was_frozen_and_then_runs_on_it(shop, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("workbench.training.boosting.ITERATIONS", 10)
    monkeypatch.setattr("workbench.training.boosting.GRID", ((7, 20),))
    monkeypatch.setattr(accuracy, "RESAMPLES", 10)
    given = [*shop, "--plans", str(tmp_path / "plans.json")]
    with pytest.raises(SystemExit, match=r"has no frozen plan of it.*--freeze"):
        accuracy.main(given)
    accuracy.main([*given, "--freeze", "--seeds", "1"])
    assert "frozen as" in capsys.readouterr().out
    accuracy.main([*given, "--json", str(tmp_path / "out.json")])
    said = capsys.readouterr().out
    assert "key 2: val" in said
    assert f"visibility=frozen at {given[given.index('--test') + 1]}" in said
    for word in ("low=", "high=", "boosting=", "past_rate="):
        assert word in said
    text = (tmp_path / "plans.json").read_text().replace('"batch_size": ', '"batch_size": 1')
    (tmp_path / "plans.json").write_text(text)
    with pytest.raises(SystemExit, match="was changed since"):
        accuracy.main(given)


def test_the_hash_covers_the_plan_and_the_case_and_not_the_reasons():
    plan, entry = ModelPlan(Fanout([4])), TASKS["driver-dnf"]
    told = plan_hash(plan, entry, "live")
    assert told == plan_hash(plan.replace(reasons=(("a", "b"),)), entry, "live")
    others = [
        plan_hash(plan.replace(epochs=3), entry, "live"),
        plan_hash(plan, TASKS["driver-top3"], "live"),
        plan_hash(plan, entry, "frozen"),
    ]
    assert len({told, *others}) == 4
    with pytest.raises(PlanError, match="no frozen plan"):
        frozen_plan("another", entry, "live")


def test_val_and_test_are_frozen_each_where_it_begins(shared_data, tmp_path):
    entry = TASKS["driver-dnf"]
    shared_data(entry.data)
    engine = accuracy.opened(entry, tmp_path)
    live, frozen = (task_of(engine, entry, protocol) for protocol in ("live", "frozen"))
    for split, first in (("val", entry.val), ("test", entry.test)):
        seeds, all_of_it = frozen.seeds(split), live.seeds(split)
        assert (seeds.visible_until == np.datetime64(first, "us").astype(np.int64)).all()
        assert np.array_equal(seeds.anchor_time, all_of_it.anchor_time)
        assert np.array_equal(all_of_it.visible_until, all_of_it.anchor_time)
    assert [len(frozen.seeds(split)) for split in ("train", "val", "test")] == [11_411, 566, 702]
    assert visibility(entry, "frozen") == "frozen at 2010-01-01"


def test_the_interval_holds_the_mean_and_narrows_with_rows(monkeypatch):
    monkeypatch.setattr(accuracy, "RESAMPLES", 40)
    generator = np.random.default_rng(1)
    widths = []
    for rows in (100, 2000):
        label = generator.integers(0, 2, rows).astype(float)
        told = [label + generator.normal(size=rows) for _ in range(2)]
        low, high = accuracy.interval("auroc", "binary", label, told)
        mean = np.mean([accuracy.score("auroc", "binary", label, each) for each in told])
        assert low < mean < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_a_query_of_your_own_needs_its_dates(tmp_path):
    with pytest.raises(SystemExit, match="--data also needs --query, --val, --test"):
        accuracy.main(["--data", str(tmp_path)])
    entry = Entry(str(tmp_path), "q", "2020-01-01", "2021-01-01", "auroc")
    with pytest.raises(SystemExit, match="has no Parquet files"):
        accuracy.opened(entry, tmp_path / "store")


def test_without_the_data_beside_the_project_nothing_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(accuracy, "SHARED", tmp_path / "none")
    accuracy.main([])
    assert "nothing is measured" in capsys.readouterr().out
