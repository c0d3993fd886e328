"""What a search found: averages of plans and keys, honest about val, the same after a save and a load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.job import TrainingJob
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.found import FOUND, Found, load_found
from workbench.training.metrics import score
from workbench.training.predict import Predictions
from workbench.training.search import search
from workbench.training.target import Target

PLAN = ModelPlan(Fanout([4, 1], strategy="recent")).replace(
    channels=4,
    epochs=2,
    batch_size=128,
    learning_rate=0.02,
    metric="log_loss",
    candidates=[{"learning_rate": 5.0}, {"channels": 8}],
    keys=[1],
    averaged=2,
    prune_after=1,
    refit=True,
)


@pytest.fixture(scope="module")
def found(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("found") / "runs"
    return search(shop.parts, shop.task, PLAN, device="cpu", folder=folder)


def test_the_job_decides_what_is_tried_kept_and_trained_once_more(found: Found) -> None:
    one, bad, wide = PLAN.tried()
    assert found.job == PLAN.job
    assert set(found.plans) == {one, wide}
    assert found.plan == found.plans[0]
    assert [run.plan for run in found.given_up] == [bad]
    order = (found.values[0], found.values[2])
    assert found.plan == (one if order[0] <= order[1] else wide)
    assert {run.plan.optimisation.train_on for run in found.judged} == {"train"}
    assert {run.plan.optimisation.train_on for run in found.runs} == {"train+val"}
    assert [run.key for run in found.runs] == [run.key for run in found.judged] == [1, 1]
    assert "2 runs of 2 of them, trained once more on train and val" in repr(found)


def test_it_predicts_the_mean_of_its_runs_and_val_is_that_of_those_it_judged(
    shop: Shop, found: Found
) -> None:
    for split, runs in (("test", found.runs), ("val", found.judged)):
        seeds = shop.task.seeds(split)
        mean = np.mean([run.predict(seeds).values for run in runs], axis=0)
        assert found.metrics(split) == score("binary", seeds.label, mean)  # type: ignore[arg-type]
    test = shop.task.seeds("test")
    assert np.array_equal(
        found.predict(test).values, np.mean([r.predict(test).values for r in found.runs], axis=0)
    )
    assert found.predict(test[:0]).to_arrow().num_rows == 0


def test_its_evaluation_is_of_its_own_predictions(found: Found) -> None:
    said = found.evaluate(["val", "test"], baselines=False, resamples=0)
    for split in ("val", "test"):
        expected = found.metrics(split)
        assert {name: said.value(name, split=split) for name in expected} == expected
    assert said.learned == ("train",), "what is said of val is said by the runs that it judged"


def test_it_is_the_same_after_a_save_and_a_load(shop: Shop, found: Found, tmp_path: Path) -> None:
    where = found.save(tmp_path / "kept")
    again = load_found(where, shop.parts)
    seeds = shop.task.seeds("test")
    assert np.array_equal(again.predict(seeds).values, found.predict(seeds).values)
    one = seeds[3:4]
    assert np.allclose(again.predict(one).values, found.predict(seeds).values[3], rtol=0, atol=1e-6)
    assert (again.job, again.values, again.plans) == (found.job, found.values, found.plans)
    assert again.metrics("val") == found.metrics("val")
    assert load_found(where).best.parts.dataset.path == shop.parts.dataset.path
    with pytest.raises(TrainingError, match="it exists"):
        found.save(where)


class Caller:
    """A run that is asked about entities, not seeds: it says their key times a number."""

    def __init__(self, shop: Shop, target: Target, factor: float) -> None:
        self.shop, self.target, self.factor = shop, target, factor

    def predict(self, *, at: int, entities: list[int]) -> Predictions:
        seeds = self.shop.task.seeds("test")[: len(entities)]
        return Predictions(seeds, lambda some: self.factor * np.asarray(entities[: len(some)]), self.target)


def test_a_call_about_entities_reaches_every_run(shop: Shop, found: Found) -> None:
    runs = tuple(Caller(shop, found.best.target, factor) for factor in (1.0, 3.0))
    both = Found(TrainingJob(), runs, runs, (), (0.5,))  # type: ignore[arg-type]
    said = both.predict(at=5, entities=[1, 2])
    assert said.values.tolist() == [2.0, 4.0]
    assert said.to_arrow()["prediction"].to_pylist() == [2.0, 4.0]
    ranked = tuple(Caller(shop, Target("ranking", "softmax"), 1.0) for _ in range(2))
    for call in ({"at": 5, "entities": [1]}, {"seeds": shop.task.seeds("test")}):
        with pytest.raises(TrainingError, match="a mean of rankings"):
            Found(TrainingJob(), ranked, ranked, (), (0.5,)).predict(**call)  # type: ignore[arg-type]


def test_what_is_no_search_is_refused(found: Found, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=f"there is no {FOUND}"):
        load_found(tmp_path)
    where = found.save(tmp_path / "kept")
    said = json.loads((where / FOUND).read_text())
    for change in ({"format": 2}, {"runs": []}, {"job": {"metric": "auroc", "keys": 3}}, {"values": None}):
        (where / FOUND).write_text(json.dumps(said | change))
        with pytest.raises(TrainingError, match=r"found.json is malformed|'keys' of a plan"):
            load_found(where)
    (where / FOUND).write_text("{")
    with pytest.raises(TrainingError, match=f"{FOUND} is damaged"):
        load_found(where)


def test_a_single_run_needs_no_mean(shop: Shop, found: Found) -> None:
    alone = Found(TrainingJob(), found.runs[:1], found.runs[:1], (), (0.5,))
    seeds = shop.task.seeds("test")
    assert np.array_equal(alone.predict(seeds).values, found.runs[0].predict(seeds).values)
    assert "trained once more" not in repr(alone)
