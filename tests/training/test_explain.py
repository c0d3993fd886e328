"""Explanations: they add up, they find what was planted, and of a module with a known answer exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import PLAN, TOLD, Planted, exact, values
from test_task_types import COLUMNS, Labelled, plan_for

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.explain import MOST_SEEDS, background_of
from workbench.training.explanation import Explanation
from workbench.training.run import Run

WIDE = Fanout([4, {"products-rev_product_id->orders": 1}], strategy="recent")


@pytest.fixture(scope="module")
def planted(shop: Shop) -> Run:
    """A trained run, with hops and columns that know nothing of the label."""
    plan = PLAN.replace(fanout=WIDE, layers=2, epochs=6, learning_rate=0.03, batch_size=32)
    return start(shop.parts, Planted(shop), plan, key=1, callbacks=[], device="cpu").wait()


@pytest.fixture(scope="module")
def explained(planted: Run) -> Explanation:
    return planted.explain(planted.task.seeds("test")[::4])


def sums(explanation):
    """float64[n]: all that an explanation gives a reason for, by seed."""
    parts = [
        np.bincount(table["seed"].to_numpy(), table["contribution"].to_numpy(), len(explanation))
        for table in (explanation.contents, explanation.presence)
    ]
    return explanation.base + sum(parts)


def test_it_finds_the_columns_that_make_the_label_and_adds_up(planted: Run, explained: Explanation) -> None:
    explanation, seeds = explained, explained.seeds
    assert planted.metrics("test")["r2"] > 0.9  # else there is nothing to be found
    found = explanation.columns.to_pydict()
    assert set(found["column"][:2]) == set(TOLD)
    assert max(found["magnitude"][2:]) < 0.35 * found["magnitude"][1]
    assert np.allclose(explanation.prediction, planted.predict(seeds).values, atol=1e-4)
    assert np.allclose(sums(explanation) + explanation.gap, explanation.value)
    moved = np.abs(explanation.value - explanation.base)
    assert (np.abs(explanation.gap) <= 0.01 * np.maximum(moved, 1)).all()
    hops = explanation.hops.to_pydict()
    assert hops["hop"] == [0, 1, 2]
    assert abs(hops["contents"][2]) < 0.1


def test_it_finds_the_neighbour_that_makes_the_label(shop: Shop, explained: Explanation) -> None:
    first = right = 0
    for seed in range(len(explained)):
        near = explained[seed].neighbours.to_pylist()
        orders = [row for row in near if row["node_type"] == "orders"]
        odd = values(shop.parts, "orders", "quantity", np.array([row["node_id"] for row in orders])) - 3.0
        if len(orders) > 1 and np.ptp(np.abs(odd)) >= 1:
            first += 1
            right += abs(odd[0]) == np.abs(odd).max() and odd[0] * orders[0]["contribution"] > 0
    assert first > 15
    assert right / first > 0.8


def test_of_a_module_with_a_known_answer_it_is_exact(shop: Shop) -> None:
    task = Planted(shop)
    run = start(shop.parts, task, PLAN, model=exact(shop), callbacks=[], device="cpu").wait()
    scale = run.trained().scale.item()
    seeds = task.seeds("val")
    explanation = run.explain(seeds)
    assert np.allclose(explanation.gap, 0, atol=1e-4)
    # Typical is the mean over the rows of the background: of the module's own inputs, nothing else.
    back = run.explain(background_of(run, None))
    own = {
        column: back.contents.filter(np.array(back.contents["column"].to_pylist()) == column)
        for column in TOLD
    }
    typical = {
        column: values(shop.parts, column.split(".")[0], column.split(".")[1], table["node_id"].to_numpy())
        for column, table in own.items()
    }
    mean_age = typical["users.age"][: len(back)].mean()
    ages = values(shop.parts, "users", "age", seeds.node_id)
    age = explanation.contents.filter(
        np.array(explanation.contents["column"].to_pylist()) == "users.age"
    ).to_pydict()
    told = {s: c for s, c, hop in zip(age["seed"], age["contribution"], age["hop"], strict=True) if not hop}
    wanted = scale * (ages - mean_age) / 18
    assert np.allclose([told[i] for i in range(len(seeds))], wanted, atol=1e-4)
    assert np.allclose(sums(explanation), run.predict(seeds).values, atol=1e-3)
    assert set(explanation.columns["column"].to_pylist()[:2]) == set(TOLD)
    assert set(explanation.columns["magnitude"].to_pylist()[2:]) == {0.0}


def test_what_gradients_do_not_reach_is_the_gap(shop: Shop) -> None:
    task = Planted(shop)
    run = start(shop.parts, task, PLAN, model=exact(shop, code=0.5), callbacks=[], device="cpu").wait()
    explanation = run.explain(task.seeds("val")[:5])
    # A code is part of the base: it is there in the typical row as well.
    assert np.allclose(explanation.gap, 0, atol=1e-4)
    assert np.ptp(explanation.base) > 0.1


@pytest.mark.parametrize("kind", COLUMNS)
def test_each_task_type_is_explained_in_its_own_units(shop: Shop, kind: str) -> None:
    task = Labelled(shop, kind, {})
    run = start(shop.parts, task, plan_for(kind), callbacks=[], device="cpu").wait()
    seeds = task.seeds("test")[:6]
    explanation, said = run.explain(seeds), run.predict(seeds).values
    if kind in ("multiclass", "multilabel"):
        names = [str(name) for name in run.target.classes]
        wanted = [row[names.index(name)] for row, name in zip(said, explanation.output, strict=True)]
        assert explanation.unit == "log-odds"
        other = run.explain(seeds, output="many")
        assert np.allclose(other.prediction, said[:, names.index("many")], atol=1e-6)
    else:
        wanted = said[:, 0] if kind == "forecast" else run.target.point(said)
        assert explanation.unit == ""
    assert np.allclose(explanation.prediction, wanted, atol=1e-4)
    assert np.allclose(sums(explanation) + explanation.gap, explanation.value)
    with pytest.raises(TrainingError, match="output 'step_9'"):
        run.explain(seeds, output="step_9")


def test_what_cannot_be_explained_is_refused(shop: Shop, planted: Run) -> None:
    seeds = planted.task.seeds("test")
    with pytest.raises(TrainingError, match=f"1 to {MOST_SEEDS}"):
        planted.explain(seeds[:0])
    with pytest.raises(TrainingError, match="seeds of 'users'"):
        planted.explain(replace(seeds, node_type="orders"))
    with pytest.raises(TrainingError, match="SeedTable"):
        planted.explain("test")
    loaded = load_run(planted.folder, shop.parts)
    loaded.task = None
    with pytest.raises(TrainingError, match="background="):
        loaded.explain(seeds[:1])
    again = loaded.explain(seeds[:1], background=background_of(planted, None))
    assert np.allclose(again.value, planted.explain(seeds[:1]).value)
