"""What counts for a cohort: the planted columns and cells, with intervals; noise near nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import PLAN, TOLD, Planted, exact
from test_task_types import Labelled, plan_for

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.importance import Importance
from workbench.training.run import Run


@pytest.fixture(scope="module")
def own(shop: Shop) -> Run:
    """The planted answer itself, over two hops of which it reads one."""
    plan = PLAN.replace(fanout=Fanout([4, 1], strategy="recent", disjoint=True))
    return start(shop.parts, Planted(shop), plan, model=exact(shop), callbacks=[], device="cpu").wait()


@pytest.fixture(scope="module")
def found(own: Run) -> Importance:
    return own.importance("test", resamples=20)


def test_the_planted_columns_and_hops_come_first_and_others_do_nothing(found: Importance) -> None:
    columns = {effect.name: effect for effect in found.of("column")}
    assert {effect.name for effect in found.of("column")[:2]} == set(TOLD)
    for name, effect in columns.items():
        assert effect.low <= effect.drop <= effect.high
        if name in TOLD:
            assert effect.low > 0
        else:
            assert effect.drop == effect.low == effect.high == 0
    cells = {effect.name: effect.drop for effect in found.of("cell")}
    assert cells.pop("hop 1: orders-user_id->users") > 0.5
    assert set(cells.values()) == {0.0}
    hops = {effect.name: effect.drop for effect in found.of("hop")}
    assert hops["hop 1 and beyond"] > 0.5
    assert hops["hop 2 and beyond"] == 0


def test_it_says_of_whom_and_prints(own: Run, found: Importance) -> None:
    assert found.metric == "mae"
    assert np.isclose(found.value, own.metrics("test")["mae"])
    assert found.seeds == len(own.task.seeds("test"))
    assert found.to_arrow().column_names == ["kind", "name", "drop", "low", "high"]
    assert len(found.to_arrow()) == len(found.effects)
    assert f"{found.seeds} test seeds" in repr(found)
    assert all(effect.name in repr(found) for effect in found.effects)


def test_its_key_fixes_it(own: Run, found: Importance) -> None:
    assert own.importance("test", resamples=20) == found
    other = own.importance("test", resamples=20, key=1)
    assert {effect.name for effect in other.of("column")[:2]} == set(TOLD)
    assert other != found


@pytest.mark.parametrize("kind", ["multilabel", "forecast"])
def test_the_built_in_model_of_other_task_types(shop: Shop, kind: str) -> None:
    task = Labelled(shop, kind, {})
    run = start(shop.parts, task, plan_for(kind), callbacks=[], device="cpu").wait()
    found = run.importance(task.seeds("val"), repeats=1, resamples=2)
    read = [f"{table}.{c.column.name}" for table, columns in run.statistics.tables.items() for c in columns]
    assert set(read) <= {effect.name for effect in found.of("column")}
    assert np.isclose(found.value, run.metrics("val")[run.plan.metric], equal_nan=True)
    assert any(effect.drop != 0 for effect in found.effects)


def test_what_cannot_be_measured_is_refused(own: Run) -> None:
    seeds = own.task.seeds("val")
    with pytest.raises(TrainingError, match="no labels"):
        own.importance(replace(seeds, label=None))
    with pytest.raises(TrainingError, match="repeats=0"):
        own.importance("val", repeats=0)
    ranked = replace(own.target, task_type="ranking", table="products")
    kept, own.target = own.target, ranked
    try:
        for ask in (own.importance, own.explain):
            with pytest.raises(TrainingError, match="ranks rows"):
                ask(seeds)
    finally:
        own.target = kept
