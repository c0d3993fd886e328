"""Acts read what was typed and hand it to the launch; what it says is text, or a table."""

import pyarrow as pa
import pytest

from widgets._job import Ticket
from widgets._launch import Launch
from widgets._workbench_acts import Acts
from widgets._workbench_forms import AT
from workbench.errors import PlanError


@pytest.fixture
def ticket():
    return Ticket("test", lambda: None)


def test_from_a_query_to_a_file(shop, ticket, tmp_path):
    engine, task, plan = shop
    launch = Launch(engine)
    acts = Acts(launch, ())
    bounds = task.to_dict()
    typed = {name: str(bounds[name]) for name in ("val", "test", "begin", "observed_until")}
    assert acts.ask({"query": task.query, **typed, "every": ""}, ticket).startswith("Task (binary)")
    launch.choose(fanout=plan.fanout)
    choices = {"epochs": "1", "layers": "2", "channels": "8"}
    assert "batches of 16" in acts.train({**choices, "batch_size": "16"}, ticket)
    assert launch.plan.fanout == plan.fanout
    launch.run.wait()
    assert acts.measure({"split": "val"}, ticket).startswith("val: auroc 0.")

    whom = {"split": AT, "at": "2024-06-01", "entities": ""}
    every = acts.predict(whom, ticket)
    assert isinstance(every, pa.Table)
    keys = every["entity"].to_pylist()[:2]
    some = acts.predict({**whom, "entities": f"{keys[1]}, {keys[0]}"}, ticket)
    assert some["entity"].to_pylist() == keys[::-1]
    assert acts.explain({**whom, "entities": f"{keys[1]}"}, ticket).title().startswith(f"users {keys[1]}")
    path = tmp_path / "late.csv"
    assert acts.write({"path": str(path)}, ticket) == f"Written to {path}"
    assert path.read_text().count("\n") == 3

    kept = str(tmp_path / "kept")
    assert acts.save({"folder": kept}, ticket) == f"Saved to {kept}"
    assert acts.load({"folder": kept}, ticket).startswith("Run(finished after 1 epochs")
    assert len(acts.compare({}, ticket).runs) == 2


def test_a_plan_that_is_no_plan_changes_nothing(shop, ticket):
    engine, task, plan = shop
    launch = Launch(engine)
    launch.task, launch.plan, launch.suggested = task, plan, plan
    with pytest.raises(PlanError):
        Acts(launch, ()).train({"epochs": "0"}, ticket)
    assert (launch.plan, launch.run) == (plan, None)
