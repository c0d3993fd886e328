"""The loop over any iterable of batches."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn
from torch_geometric.data import HeteroData

from workbench.errors import PlanError, RunCancelled, TrainingError
from workbench.events import EpochDone, Event, Progress, StageTimes, StepDone
from workbench.models.hetero_gnn import HeteroGNN
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.sampling.sampler import NeighborSampler
from workbench.testing.shop import Shop
from workbench.training import trainer as training
from workbench.training.trainer import Fit, Trainer

PLAN = ModelPlan(Fanout([1])).replace(epochs=4, patience=4, learning_rate=0.1)


class Linear(nn.Module):
    """A line through the seeds' x."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.line = nn.Linear(2, 1)

    def forward(self, data: HeteroData) -> torch.Tensor:
        return self.line(data["users"].x[: data["users"].batch_size])


def batches(count: int = 5, poison: bool = False) -> list[HeteroData]:
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(count):
        data = HeteroData()
        x = torch.randn(16, 2, generator=generator)
        data["users"].x, data["users"].batch_size = x, 16
        data["users"].y = (x[:, 0] > 0).float() * (float("nan") if poison else 1.0)
        made.append(data)
    return made


def test_it_learns_from_plain_lists_and_says_what_it_does() -> None:
    events: list[Event] = []
    saved: list[int] = []
    trainer = Trainer(
        PLAN, device="cpu", callbacks=[events.append], on_best=lambda f: saved.append(f.best_epoch)
    )
    fit = trainer.fit(batches(), batches(), model=Linear())
    assert len(fit.history) == 4
    assert fit.history[-1].value > 0.95
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == [1, 2, 3, 4]
    assert len([e for e in events if isinstance(e, StepDone)]) == 20
    stages = next(e for e in events if isinstance(e, StageTimes)).stages
    assert {"wait", "forward", "backward"} <= set(stages)
    assert {e.epochs for e in events if isinstance(e, StepDone)} == {4}
    looked = [(e.stage, e.done, e.total, e.unit) for e in events if isinstance(e, Progress)]
    assert looked == 4 * [("validation", done, 5, "batches") for done in range(1, 6)]
    assert saved == [e.epoch for e in fit.history if e.best]


def test_the_best_epoch_is_what_remains() -> None:
    model = Linear()
    states = []
    trainer = Trainer(PLAN, device="cpu", on_best=lambda _: states.append(model.line.weight.detach().clone()))
    trainer.fit(batches(), batches(), model=model)
    assert torch.equal(model.line.weight, states[-1])


def test_a_metric_that_is_undefined_chooses_nothing() -> None:
    same = batches(2)
    for data in same:
        data["users"].y = torch.zeros(16)
    with pytest.raises(TrainingError, match="auroc of an evaluation: it is undefined: all 32 labels are 0"):
        Trainer(PLAN, device="cpu").fit(batches(), same, model=Linear())
    with pytest.raises(TrainingError, match=r"callbacks=\[print\]"):
        Trainer(PLAN, device="cpu", callbacks=print)  # type: ignore[arg-type]


def test_batches_that_cannot_be_trained_on_are_named(shop: Shop) -> None:
    fit = Trainer(PLAN, device="cpu").fit
    loader = PyGLoader(
        NeighborSampler(shop.parts.graph, PLAN.fanout), shop.parts.features, shop.task.seeds("val"), 64
    )
    slips = [
        ((iter(batches()),), "list_iterator, which can be read only once"),
        ((batches(), iter(batches())), "list_iterator, which can be read only once"),
        ((loader.loader,), "Loader, which does not yield HeteroData. Allowed: a PyGLoader"),
        ((shop.task,), "Task, which does not yield HeteroData"),
    ]
    for given, hint in slips:
        with pytest.raises(TrainingError, match=hint):
            fit(*given, model=Linear())
    with pytest.raises(TrainingError, match=r"a Module.*model=MyModule\(\)"):
        fit(batches(), model=Linear)
    unlabelled = batches()
    for data in unlabelled:
        del data["users"].y
    with pytest.raises(TrainingError, match="labels of a batch: it has none"):
        fit(unlabelled, model=Linear())
    assert (
        len(Trainer(PLAN.replace(epochs=1), device="cpu").fit(iter(batches()), model=Linear()).history) == 1
    )


def test_patience() -> None:
    plan = PLAN.replace(epochs=50, patience=2, learning_rate=1e-12)
    fit = Trainer(plan, device="cpu").fit(batches(), batches(), model=Linear())
    assert fit.stopped_early
    assert len(fit.history) == 3
    assert fit.best_epoch == 1


def test_a_plan_may_keep_the_last_epoch_whatever_val_says() -> None:
    plan = PLAN.replace(
        epochs=6, patience=1, learning_rate=50.0, optimiser="sgd", clip=1e9, metric="log_loss"
    )
    best, last = (
        Trainer(plan.replace(keep=keep), device="cpu").fit(batches(), batches(), model=Linear())
        for keep in ("best", "last")
    )
    assert best.stopped_early
    assert (last.stopped_early, last.best_epoch, len(last.history)) == (False, 6, 6)
    assert best.best_epoch < 6
    with pytest.raises(PlanError, match="'keep' of a plan"):
        PLAN.replace(keep="first")


def test_without_validation_the_loss_decides() -> None:
    fit = Trainer(PLAN, device="cpu").fit(batches(), model=Linear())
    assert fit.history[-1].metric == "loss"
    assert fit.history[-1].value < fit.history[0].value


def test_where_val_is_learned_from_the_last_epoch_remains() -> None:
    """Also where the loss rises: nothing is there to choose by, and nothing stops early."""
    plan = PLAN.replace(train_on="train+val", learning_rate=50.0, patience=1, optimiser="sgd", clip=1e9)
    model = Linear()
    fit = Trainer(plan, device="cpu").fit(batches(), model=model)
    assert fit.best_epoch == len(fit.history) == plan.optimisation.epochs
    assert any(b.value > a.value for a, b in zip(fit.history, fit.history[1:], strict=False))


def test_a_schedule_may_be_longer_than_the_training() -> None:
    def rates(**changes: int) -> list[float]:
        found: list[float] = []
        trainer = Trainer(PLAN.replace(schedule="linear", **changes), device="cpu")
        step = trainer._step
        trainer._step = lambda m, o, b, k: found.append(o.param_groups[0]["lr"]) or step(m, o, b, k)  # type: ignore
        trainer.fit(batches(), model=Linear())
        return found

    whole = rates(epochs=4)
    assert rates(epochs=2, schedule_epochs=4) == whole[: len(whole) // 2]
    assert rates(epochs=2) != whole[: len(whole) // 2]


def test_max_steps_bounds_an_epoch() -> None:
    steps: list[Event] = []
    Trainer(PLAN.replace(max_steps=2), device="cpu", callbacks=[steps.append]).fit(batches(), model=Linear())
    found = [e for e in steps if isinstance(e, StepDone)]
    assert len(found) == 8
    assert {e.steps for e in found} == {2}


def test_epochs_are_asked_of_loaders() -> None:
    asked = []

    class Loader(list):  # type: ignore[type-arg]
        def with_epoch(self, epoch: int) -> Loader:
            asked.append(epoch)
            return self

    Trainer(PLAN, device="cpu").fit(Loader(batches()), model=Linear())
    assert asked == [0, 1, 2, 3]


def test_stop_ends_within_a_step() -> None:
    stop, seen = threading.Event(), []

    def callback(event: Event) -> None:
        if isinstance(event, StepDone):
            seen.append(event)
            stop.set()

    with pytest.raises(RunCancelled):
        Trainer(PLAN, device="cpu", callbacks=[callback], stop=stop).fit(batches(), model=Linear())
    assert len(seen) == 1


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    with pytest.raises(TrainingError, match="the loss is nan"):
        Trainer(PLAN, device="cpu").fit(batches(poison=True), model=Linear())


def test_exclude_binds_no_model_of_yours() -> None:
    with pytest.raises(PlanError, match="built-in model only"):
        Trainer(PLAN.replace(exclude=("users.age",)), device="cpu").fit(batches(), model=Linear())


class Lazy(nn.Module):
    """A layer that learns its width, running means, and perhaps one that no batch reaches."""

    def __init__(self, unused: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(1))
        self.unused = nn.LazyLinear(3) if unused else None

    def forward(self, data: HeteroData) -> torch.Tensor:
        return self.layers(data["users"].x[: data["users"].batch_size])


def test_every_step_drops_by_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def keys_of(key: int) -> list[int]:
        used: list[int] = []
        monkeypatch.setattr(training, "set_dropout_key", lambda _, key: used.append(key))
        Trainer(PLAN.replace(epochs=2), device="cpu", key=key).fit(batches(), model=Linear())
        return used

    first, again, other = keys_of(1), keys_of(1), keys_of(2)
    assert first == again
    assert len(set(first)) == len(first) == 10
    assert not set(first) & set(other)


def test_lazy_modules_are_shaped_by_the_first_batch_and_follow_the_key() -> None:
    fits = []
    for key in (1, 1, 2):
        torch.manual_seed(len(fits))  # the user's own state has no say
        before = torch.get_rng_state()
        model = Lazy()
        fits.append(Trainer(PLAN, device="cpu", key=key).fit(batches(), batches(), model=model))
        assert torch.equal(torch.get_rng_state(), before)
    one, two, other = (fit.model.state_dict() for fit in fits)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["layers.0.weight"], other["layers.0.weight"])
    assert int(one["layers.1.num_batches_tracked"]) == 5 * fits[0].best_epoch
    assert fits[0].history[-1].value > 0.95


def test_lazy_modules_lose_no_batch_of_what_can_be_read_once() -> None:
    events: list[Event] = []
    trainer = Trainer(PLAN.replace(epochs=1), device="cpu", callbacks=[events.append])
    trainer.fit(iter(batches()), model=Lazy())
    assert len([e for e in events if isinstance(e, StepDone)]) == 5


def test_lazy_layers_that_no_batch_reaches_are_named() -> None:
    with pytest.raises(TrainingError, match=r"did not reach unused\.weight, unused\.bias"):
        Trainer(PLAN, device="cpu").fit(batches(), model=Lazy(unused=True))
    with pytest.raises(TrainingError, match="no batches"):
        Trainer(PLAN, device="cpu").fit([], model=Lazy())


def test_nothing_to_train_on() -> None:
    with pytest.raises(TrainingError, match="no batches"):
        Trainer(PLAN, device="cpu").fit([], model=Linear())
    with pytest.raises(TrainingError, match="no batches"):
        Trainer(PLAN, device="cpu").evaluate(Linear(), [])
    assert Fit(Linear()).best_epoch == 0


def test_a_loader_alone_is_enough(shop: Shop) -> None:
    plan = ModelPlan(Fanout([4], strategy="recent")).replace(epochs=2, layers=1, channels=4, batch_size=32)
    train, val = (
        PyGLoader(
            NeighborSampler(shop.parts.graph, plan.fanout), shop.parts.features, shop.task.seeds(split), 32
        )
        for split in ("train", "val")
    )
    fit = Trainer(plan, device="cpu").fit(train, val)
    assert isinstance(fit.model, HeteroGNN)
    assert len(fit.history) == 2
    with pytest.raises(PlanError, match=r"the batch has none.*past_labels=0"):
        Trainer(plan.replace(past_labels=2), device="cpu").fit(train, val)
    with pytest.raises(TrainingError, match="a PyGLoader, or a model of yours"):
        Trainer(plan, device="cpu").fit(batches())
