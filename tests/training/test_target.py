"""Targets: losses and predictions of every task type, against what can be worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.plan.objective import LOSSES
from workbench.training.target import Target, class_weights

PLAN = ModelPlan(Fanout([1]))
CLASSES = ("a", "b", "c")


def made(kind: str, loss: str, **more: object) -> Target:
    usual = {"classes": CLASSES} if kind in ("multiclass", "multilabel") else {}
    levels = {"quantiles": (0.1, 0.5, 0.9)} if loss == "quantile" else {}
    return Target(kind, loss, **{**usual, **levels, **({"steps": 2} if kind == "forecast" else {}), **more})  # type: ignore[arg-type]


def labels_of(target: Target, count: int = 40) -> torch.Tensor:
    rng = np.random.default_rng(0)
    if target.task_type == "multiclass":
        return torch.from_numpy(rng.integers(0, 3, count))
    if target.task_type in ("binary", "multilabel"):
        shape = (count,) if target.task_type == "binary" else (count, 3)
        return torch.from_numpy(rng.integers(0, 2, shape)).float()
    return torch.from_numpy(rng.normal(5, 2, (count,) if target.task_type == "regression" else (count, 2)))


@pytest.mark.parametrize(
    ("loss", "kind"), [(loss, kind) for loss, kinds in LOSSES.items() for kind in kinds if kind != "ranking"]
)
def test_every_loss_of_every_task_is_least_at_the_truth_and_has_gradients(loss: str, kind: str) -> None:
    target = made(kind, loss, mean=5.0, scale=2.0) if kind in ("regression", "forecast") else made(kind, loss)
    label = labels_of(target)
    if kind == "multiclass":
        truth = 30.0 * torch.nn.functional.one_hot(label, 3) - 15
    elif kind in ("binary", "multilabel"):
        truth = 30.0 * label - 15
    else:
        truth = (label - 5) / 2
        if loss == "quantile":
            truth = truth[..., None].expand(*truth.shape, 3).reshape(len(truth), -1)
    truth = truth.float().requires_grad_()
    best = target.loss(truth, label)
    best.backward()  # type: ignore[no-untyped-call]
    assert truth.grad is not None
    assert torch.isfinite(truth.grad).all()
    assert float(best.detach()) < 1e-5
    assert float(target.loss(0.3 - truth.detach(), label)) > float(best.detach()) + 0.01
    told = target.point(target.predictions(truth))
    if kind == "multiclass":
        assert np.array_equal(told.argmax(1), label.numpy())
    else:
        assert np.allclose(told, label.numpy(), atol=1e-5)


def test_regression_targets_are_standardised_and_scaled_back() -> None:
    target = Target("regression", "l1", mean=10.0, scale=2.0)
    raw, label = torch.tensor([0.5, -1.0]), torch.tensor([11.0, 8.0])
    assert float(target.loss(raw, label)) == 0.0
    assert np.allclose(target.predictions(raw), [11.0, 8.0])
    assert target.outputs is None


def test_focal_without_gamma_is_the_plain_loss_and_with_it_the_formula() -> None:
    for kind, plain in (("binary", "bce"), ("multiclass", "cross_entropy"), ("multilabel", "bce")):
        label = labels_of(made(kind, "focal"))
        raw = torch.randn(
            *((40,) if kind == "binary" else (40, 3)), generator=torch.Generator().manual_seed(1)
        )
        flat = made(kind, "focal", gamma=0.0).loss(raw, label)
        assert torch.isclose(flat, made(kind, plain).loss(raw, label))
    right = torch.tensor([0.9, 0.2])
    expected = (-((1 - right) ** 2) * right.log()).mean()
    found = Target("binary", "focal").loss(right.logit(), torch.ones(2))
    assert torch.isclose(found, expected)


def test_quantiles_are_where_their_share_of_the_labels_lies_below() -> None:
    target = made("regression", "quantile")
    label = torch.randn(2_000, generator=torch.Generator().manual_seed(0))
    levels = nn.Parameter(torch.zeros(3))
    optimiser = torch.optim.Adam([levels], lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        target.loss(levels.expand(2_000, 3), label).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    below = (label[:, None] < levels.detach()).float().mean(dim=0)
    assert torch.allclose(below, torch.tensor([0.1, 0.5, 0.9]), atol=0.02)


def test_crossing_quantiles_are_put_in_order_and_the_middle_one_is_the_prediction() -> None:
    target = made("forecast", "quantile", mean=1.0, scale=2.0)
    assert (target.width, target.outputs, target.flat) == (6, 6, False)
    told = target.predictions(torch.tensor([[3.0, 1.0, 2.0, 0.0, 5.0, 4.0]]))
    assert told.tolist() == [[3.0, 5.0, 7.0, 1.0, 9.0, 11.0]]
    assert target.point(told).tolist() == [[5.0, 9.0]]
    assert made("regression", "quantile").point(told[:, :3]).tolist() == [5.0]


def test_balanced_weights_make_every_class_count_the_same() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    weights = np.array(class_weights("balanced", made("multiclass", "cross_entropy"), labels))
    sums = weights * np.bincount(labels)
    assert np.allclose(sums, sums[0])
    assert np.isclose(weights[labels].mean(), 1.0)
    assert class_weights("balanced", Target("binary", "bce"), np.array([0.0, 0, 0, 1])) == (2 / 3, 2.0)
    several = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
    assert class_weights("balanced", made("multilabel", "bce"), several) == (3.0, 1.0, 1 / 3)
    assert class_weights("balanced", Target("regression", "l1"), labels) == ()


def test_class_weights_scale_what_their_class_costs() -> None:
    raw, label = torch.zeros(4), torch.tensor([0.0, 0.0, 0.0, 1.0])
    each = float(Target("binary", "bce").loss(raw, label))
    found = float(Target("binary", "bce", weights=(1.0, 5.0)).loss(raw, label))
    assert np.isclose(found, each * (3 + 5) / 4)
    several = made("multiclass", "cross_entropy", weights=(0.0, 1.0, 4.0))
    assert np.isclose(float(several.loss(torch.zeros(3, 3), torch.tensor([0, 1, 2]))), np.log(3) * 5 / 3)
    ones = made("multilabel", "bce", weights=(1.0, 1.0, 9.0))
    assert np.isclose(
        float(ones.loss(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 1.0]]))), np.log(2) * 11 / 3
    )
    with pytest.raises(TrainingError, match="class weights of 3 classes were asked for: the plan gives 2"):
        Target.of(
            PLAN.replace(loss="cross_entropy", metric="accuracy", class_weights=[1.0, 2.0]), classes=CLASSES
        )


def test_a_plan_says_its_target() -> None:
    assert Target.of(PLAN).flat
    steps = Target.of(PLAN.replace(loss="l1", metric="mae"), "forecast", (3.0, 2.0), labels=np.zeros((5, 7)))
    assert (steps.steps, steps.width, steps.mean, steps.scale) == (7, 7, 3.0, 2.0)
    unknown = Target.of(PLAN.replace(loss="cross_entropy", metric="accuracy"))
    assert (unknown.width, unknown.task_type) == (None, "multiclass")
    assert steps.blank(4).shape == (4, 7)
    assert Target.of(PLAN).blank(4).shape == (4,)


def test_a_ranking_counts_the_rows_of_its_list_and_names_the_first() -> None:
    target = Target("ranking", "softmax", table="items", candidates=4, top_k=2)
    raw = torch.tensor([[0.0, 3.0, 1.0, float("-inf")], [9.0, 1.0, 0.0, 0.0]], requires_grad=True)
    label = torch.tensor([[1, 2], [0, -1]])
    told = raw.detach().log_softmax(dim=1)
    loss = target.loss(raw, label)
    assert torch.isclose(loss, -((told[0, 1] + told[0, 2]) / 2 + told[1, 0]) / 2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert raw.grad is not None
    assert torch.isfinite(raw.grad).all()
    assert target.predictions(raw).tolist() == [[[1, 2], [3, 1]], [[0, 1], [9, 1]]]
    assert target.blank(5).shape == (5, 2, 2)
    assert Target("ranking", "softmax", candidates=4).blank(5).shape == (5, 2, 4)


def test_targets_survive_json() -> None:
    for target in (
        made("multiclass", "focal", weights=(1.0, 2.0, 3.0), top_k=2),
        made("forecast", "quantile"),
    ):
        assert Target.from_dict(json.loads(json.dumps(target.to_dict()))) == target


@pytest.mark.parametrize("task_type", ["binary", "regression"])
def test_what_is_a_view_of_a_parameter_is_predicted_too(task_type: str) -> None:
    bias = nn.Parameter(torch.zeros(1))
    with torch.no_grad():
        raw = bias.expand(3)
    assert raw.requires_grad
    expected = [0.5] * 3 if task_type == "binary" else [7.0] * 3
    assert Target(task_type, "mse", mean=7.0).predictions(raw).tolist() == expected
