"""The main job runs from tables to report, and says little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from workbench.demo.job import DemoOptions, EpochValues, run_demo
from workbench.demo.result import DemoResult
from workbench.demo.task import QUERY, boundaries
from workbench.engine import Engine
from workbench.errors import WorkbenchError
from workbench.events import EpochDone, RunDone
from workbench.testing.flights import flights_tables

Demo = tuple[DemoResult, list[str], Path]


def test_figures_agree_with_the_data(demo: Demo, engine: Engine) -> None:
    result = demo[0]
    assert result.rows == {name: table.num_rows for name, table in flights_tables(20_000).items()}
    assert result.nodes == sum(result.rows.values())
    assert result.edges == sum(engine.graph.num_edges(edge_type) for edge_type in engine.schema.edge_types)
    task = engine.task(QUERY, **boundaries(engine))
    assert result.seeds == {split: len(task.seeds(split)) for split in ("train", "val", "test")}
    assert all(len(values) == 1 for values in result.keys.values())
    assert all(0 < value < 1 for values in result.keys.values() for value in values)


def test_enough_edges_are_audited_and_none_is_wrong(demo: Demo) -> None:
    assert demo[0].audited >= 60_000
    assert demo[0].violations == 0


def test_predictions_are_of_the_test_seeds(demo: Demo, engine: Engine) -> None:
    table = pq.read_table(demo[0].predictions)
    seeds = engine.task(QUERY, **boundaries(engine)).seeds("test")
    assert table["entity"].to_pylist() == seeds.key.to_pylist()
    values = table["prediction"].to_numpy()
    assert ((values > 0) & (values < 1)).all()
    assert np.unique(values).size > 10


def test_every_stage_is_timed_and_little_is_said(demo: Demo) -> None:
    result, said, _ = demo
    stages = "read ingest open labels plan train evaluate baselines audit predict report"
    assert " ".join(result.seconds) == stages
    assert all(seconds > 0 for seconds in result.seconds.values())
    assert len("\n".join(said).splitlines()) < 15


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for options in (
        DemoOptions(tmp_path, keys=0),
        DemoOptions(tmp_path, size=10),
        DemoOptions(tmp_path, audit=-1),
    ):
        with pytest.raises(WorkbenchError, match="a demo was asked for"):
            run_demo(options, print)


def test_epoch_values_are_kept_in_order() -> None:
    progress = EpochValues()
    for number in (1, 2):
        progress(EpochDone(0.0, number, 2, 0.5, "auroc", 0.6 + number / 100, best=True))
    progress(RunDone(1.0, "finished"))
    assert progress.line == "0.610 0.620"
