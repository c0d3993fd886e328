"""Runs: background, cancel, kill, equal by key, save and load, a user's module."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData
from torch_geometric.nn import SAGEConv

from workbench.errors import PlanError, TrainingError
from workbench.events import Event, StageTimes, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.metrics import score
from workbench.training.run import Run

PLAN = ModelPlan(Fanout([6, {"products-rev_product_id->orders": 1}], strategy="recent")).replace(
    channels=8, epochs=2, batch_size=32
)
QUIET = (lambda _: None,)


class Mine(nn.Module):
    """A user's model: it reads x of the seeds and of their orders, and draws from torch's own dropout."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, data: HeteroData) -> torch.Tensor:
        users, orders = data["users"], data["orders"]
        seeds = int(users.batch_size)
        source, target = data["orders", "user_id", "users"].edge_index
        total = users.x.new_zeros(len(users.x), orders.x.shape[1]).index_add(0, target, orders.x[source])
        return self.layers(torch.cat([users.x, total / 1000], 1)[:seeds])


def mine(shop: Shop) -> Mine:
    torch.manual_seed(0)
    groups = shop.parts.features.groups
    return Mine(groups["users"].width("numerical") + groups["orders"].width("numerical"))


@pytest.fixture(scope="module")
def run(shop: Shop) -> Run:
    return start(shop.parts, shop.task, PLAN, key=3, callbacks=QUIET, device="cpu").wait()


def test_a_run_ends_with_metrics_and_predictions(shop: Shop, run: Run) -> None:
    assert run.state == "finished"
    assert len(run.history) == 2
    test = shop.task.seeds("test")
    predictions = run.predict(test)
    assert len(predictions) == len(test)
    assert ((predictions.values > 0) & (predictions.values < 1)).all()
    assert set(run.metrics("test")) == {"auroc", "average_precision", "accuracy", "log_loss"}
    best = max(event.value for event in run.history)
    assert np.isclose(run.metrics("val")["auroc"], best, atol=1e-9)
    assert "auroc" in repr(run)


def test_the_same_key_gives_the_same_bits(shop: Shop, run: Run) -> None:
    again = start(shop.parts, shop.task, PLAN, key=3, callbacks=QUIET, device="cpu").wait()
    other = start(shop.parts, shop.task, PLAN, key=4, callbacks=QUIET, device="cpu").wait()
    weights = run.model.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in again.model.state_dict().items())
    assert not all(torch.equal(weights[name], value) for name, value in other.model.state_dict().items())
    assert [e.train_loss for e in run.history] == [e.train_loss for e in again.history]
    seeds = shop.task.seeds("test")
    assert np.array_equal(run.predict(seeds).values, again.predict(seeds).values)


def test_batch_and_online_predictions_agree(shop: Shop, run: Run) -> None:
    seeds = shop.task.seeds("test")
    at = int(seeds.anchor_time.min())
    batch = run.predict(seeds)
    first = np.flatnonzero(seeds.anchor_time == at)
    chosen = first[::9]
    entities = [seeds.key[int(i)].as_py() for i in chosen]
    online = run.predict(shop.task.seeds(at=at, entities=entities))
    assert np.abs(online.values - batch.values[chosen]).max() <= 1e-6
    for i in chosen[:5]:
        one = run.predict(shop.task.seeds(at=at, entities=[seeds.key[int(i)].as_py()]))
        assert abs(one.values[0] - batch.values[i]) <= 1e-6


def test_uniform_draws_and_joint_plans_predict_alike_online(shop: Shop) -> None:
    seeds = shop.task.seeds("test")
    for fanout in (Fanout([3, 2]), Fanout([4, 2], strategy="recent", disjoint=False)):
        plan = PLAN.replace(fanout=fanout, epochs=1)
        done = start(shop.parts, shop.task, plan, callbacks=QUIET, device="cpu").wait()
        batch, some = done.predict(seeds).values, np.arange(0, len(seeds), 11)
        assert np.abs(done.predict(seeds[some]).values - batch[some]).max() <= 1e-6


def test_save_and_load(shop: Shop, run: Run, tmp_path: Path) -> None:
    saved = run.save(tmp_path / "saved")
    loaded = load_run(saved, shop.parts)
    seeds = shop.task.seeds("test")
    assert np.array_equal(loaded.predict(seeds).values, run.predict(seeds).values)
    assert loaded.metrics("test") == run.metrics("test")
    assert loaded.plan == run.plan
    assert loaded.state == "finished"
    assert loaded.history == run.history
    with pytest.raises(TrainingError, match="it exists"):
        run.save(tmp_path / "saved")
    (tmp_path / "notes").mkdir()
    with pytest.raises(TrainingError, match="no run"):
        run.save(tmp_path / "notes", replace=True)
    (saved / "plan.json").write_text("{}")
    assert load_run(run.save(saved, replace=True), shop.parts).plan == run.plan
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "saved"]
    with pytest.raises(TrainingError, match="not empty"):
        start(shop.parts, shop.task, PLAN, folder=saved)
    with pytest.raises(TrainingError, match="nothing is there"):
        load_run(tmp_path / "saevd", shop.parts)
    with pytest.raises(TrainingError, match="a folder for a run was asked for: got a NoneType"):
        run.save(None)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="the folder of a run was asked for: got a Run"):
        load_run(run)  # type: ignore[arg-type]


def test_a_users_module_trains_and_predicts(shop: Shop, tmp_path: Path) -> None:
    plan = PLAN.replace(epochs=1)
    done = [
        start(shop.parts, shop.task, plan, model=mine(shop), key=1, callbacks=QUIET, device="cpu").wait()
        for _ in range(2)
    ]
    seeds = shop.task.seeds("test")
    values = [each.predict(seeds).values for each in done]
    assert np.array_equal(*values)
    saved = done[0].save(tmp_path / "mine")
    with pytest.raises(TrainingError, match="Mine"):
        load_run(saved, shop.parts)
    assert np.array_equal(load_run(saved, shop.parts, model=mine(shop)).predict(seeds).values, values[0])


def test_a_module_may_be_trained_again_without_changing_the_first_run(shop: Shop) -> None:
    plan, module, seeds = PLAN.replace(epochs=1), mine(shop), shop.task.seeds("test")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    first = start(shop.parts, shop.task, plan, model=module, key=1, callbacks=QUIET, device="cpu")
    values = first.predict(seeds).values
    start(shop.parts, shop.task, plan, model=module, key=2, callbacks=QUIET, device="cpu").predict(seeds)
    assert np.array_equal(first.predict(seeds).values, values)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    module.lock = threading.Lock()  # type: ignore[assignment]
    with pytest.raises(TrainingError, match=r"Mine was to be copied.*locks"):
        start(shop.parts, shop.task, plan, model=module)


class LazyConv(nn.Module):
    """PyG's lazy convolution, as its tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = SAGEConv((-1, -1), 8), nn.Linear(8, 1)

    def forward(self, data: HeteroData) -> torch.Tensor:
        edge_index = data["orders", "user_id", "users"].edge_index
        hidden = self.conv((data["orders"].x, data["users"].x), edge_index).relu()
        return self.head(hidden)[: data["users"].batch_size]


def test_a_lazy_module_of_pyg_trains_saves_and_loads(shop: Shop, tmp_path: Path) -> None:
    plan = PLAN.replace(epochs=1)
    done = start(shop.parts, shop.task, plan, model=LazyConv(), device="cpu", folder=tmp_path / "run")
    done.wait()
    assert "more once a batch is seen" not in done.describe()
    seeds = shop.task.seeds("test")
    loaded = load_run(tmp_path / "run", shop.parts, model=LazyConv())
    assert "(17 weights, more once a batch is seen)" in loaded.describe()
    assert np.array_equal(loaded.predict(seeds).values, done.predict(seeds).values)


def test_loader_and_trainer_count_alike_and_name_no_stage_twice(shop: Shop) -> None:
    events: list[Event] = []
    start(shop.parts, shop.task, PLAN, callbacks=[events.append], device="cpu").wait()
    steps = max(event.step for event in events if isinstance(event, StepDone))
    told = [event for event in events if isinstance(event, StageTimes)]
    loading = [event for event in told if "sample" in event.stages]
    training = [event for event in told if "forward" in event.stages]
    validating = [event for event in told if "validate" in event.stages]
    assert [(event.epoch, event.batch) for event in validating] == [(1, steps), (2, steps)]
    assert len(loading) + len(training) + len(validating) == len(told)
    assert {event.epoch for event in loading} == {event.epoch for event in training} == {1, 2}
    assert max(event.batch for event in loading) == max(event.batch for event in training) == steps
    assert not {stage for event in loading for stage in event.stages} & set(training[0].stages)


def test_bare_mistakes_are_explained(shop: Shop, run: Run) -> None:
    for key in ("x", 1.5, None, True):
        with pytest.raises(TrainingError, match="a whole number"):
            start(shop.parts, shop.task, PLAN, key=key)  # type: ignore[arg-type]
    seeds = shop.task.seeds("test")
    for odd in (shop.task, "test", 3):
        with pytest.raises(TrainingError, match=r"a SeedTable\. Take task\.seeds\('test'\)"):
            run.predict(odd)  # type: ignore[arg-type]
    for ask in (run.predict, run.metrics):
        with pytest.raises(TrainingError, match="seeds of 'users'"):
            ask(replace(seeds, node_type="products"))


def test_frozen_runs_never_read_rows_that_came_later(shop: Shop) -> None:
    train, test = shop.task.seeds("train"), shop.task.seeds("test")
    joined = shop.parts.graph.times("users")
    assert joined is not None
    until = int(np.median(joined[train.node_id]))
    late = joined[test.node_id] > until
    assert 0 < late.sum() < len(late)
    with pytest.warns(UserWarning, match=rf"{(joined[train.node_id] > until).sum():,} in 'users'"):
        done = start(shop.parts, shop.task, PLAN.replace(epochs=1, until=until), callbacks=QUIET).wait()
    assert done.statistics.last_anchor == until
    with pytest.raises(TrainingError, match=rf"the rows of {late.sum()} in 'users' are not visible"):
        done.predict(test)
    values = done.predict(test[~late]).values
    with pytest.warns(UserWarning, match="they are left out"):
        measured = done.metrics("test")
    assert measured == score("binary", test.label[~late], values)


def test_exclude_is_no_promise_that_a_users_module_keeps(shop: Shop, tmp_path: Path) -> None:
    plan = PLAN.replace(exclude=("users.age",))
    with pytest.raises(PlanError, match=r"Mine .* without users\.age.*exclude=\(\)"):
        start(shop.parts, shop.task, plan, model=mine(shop), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()
