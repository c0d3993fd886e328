"""What an engine refuses at its door: no seeds, no fanout, tasks of other data, other units."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import AnchorError, FanoutError, PlanError, SchemaError, TaskError
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.sampling.expected import expect_planned, expect_seeds, expect_subgraph, expect_task
from workbench.stores.units import DataSpan
from workbench.temporal import instant

SPAN = DataSpan(instant("2020-01-01"), instant("2024-01-01"))
ANCHOR = instant("2023-05-01")


def seeds(*anchors):
    ids = np.arange(len(anchors))
    return SeedTable("users", ids, pa.array(ids), np.array(anchors, np.int64), None, split="own")


def test_seeds_and_fanouts_pass_in_microseconds_only():
    expect_seeds(seeds(ANCHOR), Fanout([4]), SPAN, "a sample")
    expect_seeds(seeds(ANCHOR // 10**6), Fanout([4]), None, "a sample")
    with pytest.raises(AnchorError, match="as seconds it is 2023-05-01"):
        expect_seeds(seeds(ANCHOR, ANCHOR // 10**6), Fanout([4]), SPAN, "a sample")
    with pytest.raises(TaskError, match=r"a sample was asked for: got .*engine\.seeds\(table, keys"):
        expect_seeds([1, 2], Fanout([4]), SPAN, "a sample")
    with pytest.raises(FanoutError, match=r"a sample under a fanout .*Take plan\.fanout"):
        expect_seeds(seeds(ANCHOR), [4], SPAN, "a sample")


def test_a_task_belongs_to_its_dataset_and_snapshot(tmp_path):
    here = SimpleNamespace(path=tmp_path, snapshot=2)
    task = Task.__new__(Task)
    object.__setattr__(task, "dataset", here)
    expect_task(task, here, "a plan")
    for other in (
        SimpleNamespace(path=tmp_path, snapshot=3),
        SimpleNamespace(path=tmp_path / "b", snapshot=2),
    ):
        with pytest.raises(TaskError, match=r"a plan was asked for: the task was made for .*Make it anew"):
            expect_task(task, other, "a plan")
    with pytest.raises(PlanError, match=r"a plan under a plan .*suggest_plan"):
        expect_planned(task, None, here, "a plan")
    with pytest.raises(TaskError, match=r"engine\.task\('PREDICT"):
        expect_task("PREDICT", here, "a plan")


def test_only_subgraphs_are_audited():
    with pytest.raises(SchemaError, match="the audit of a subgraph was asked for: got a Fanout"):
        expect_subgraph(Fanout([4]))
