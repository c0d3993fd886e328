"""A warm start takes over what fits, by name, by category and by row, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workbench.errors import TrainingError
from workbench.models.encoders import CategoryEncoder
from workbench.models.ranking import Candidates, RankingGNN
from workbench.models.statistics import ColumnStatistics
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.stores.features import GroupColumn
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.build import fit_for
from workbench.training.warm import warm_start

PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(channels=4, layers=1, epochs=1, batch_size=128)


def column(start: int, codes: tuple[int, ...], seen: int) -> ColumnStatistics:
    stored = GroupColumn(f"c{start}", "categorical", start, 1)
    return ColumnStatistics(stored, start, codes=codes, seen=seen)


def test_categories_are_found_by_their_code() -> None:
    torch.manual_seed(0)
    old = nn.ModuleDict({"part": CategoryEncoder([column(0, (1, 3), 4), column(1, (2,), 0)], 4)})
    new = nn.ModuleDict({"part": CategoryEncoder([column(0, (1, 2, 3), 5), column(1, (2,), 2)], 4)})
    fresh = new["part"].table.weight.detach().clone()
    assert warm_start(new, old) == ["part.table.weight"]
    found, given = new["part"].table.weight, old["part"].table.weight
    # missing, unseen, 1, 2, 3, rare | missing, unseen, 2, rare    of    missing, unseen, 1, 3, rare | ...
    pairs = {0: 0, 1: 1, 2: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7}
    for mine, theirs in pairs.items():
        assert torch.equal(found[mine], given[theirs])
    for row in (3, 9):
        assert torch.equal(found[row], fresh[row]), "a category that is new keeps its first weights"


def test_rows_that_came_later_keep_their_first_weights(shop: Shop) -> None:
    statistics = fit_for(shop.parts.graph, shop.parts.features, PLAN, shop.task.seeds("train"))
    old, new = (
        RankingGNN(shop.parts.schema, PLAN, statistics, "users", Candidates("products", rows))
        for rows in (10, 12)
    )
    fresh = new.vectors.weight.detach().clone()
    taken = warm_start(new, old)
    assert set(taken) == {name for name, _ in new.named_parameters()}
    assert torch.equal(new.vectors.weight[:10], old.vectors.weight)
    assert torch.equal(new.vectors.weight[10:], fresh[10:])
    other = RankingGNN(shop.parts.schema, PLAN, statistics, "users", Candidates("products", 5))
    assert "vectors.weight" not in warm_start(other, old), "rows that are gone do not fit"


def test_a_warm_run_begins_where_the_other_ended(shop: Shop) -> None:
    seeds = shop.task.seeds("test")
    first = start(shop.parts, shop.task, PLAN, callbacks=[], device="cpu", key=1).wait()
    still = PLAN.replace(learning_rate=1e-12)
    warm = start(shop.parts, shop.task, still, callbacks=[], device="cpu", key=2, warm=first).wait()
    cold = start(shop.parts, shop.task, still, callbacks=[], device="cpu", key=2).wait()
    wanted = first.predict(seeds).values
    assert abs(warm.predict(seeds).values - wanted).max() < 1e-5
    assert abs(cold.predict(seeds).values - wanted).max() > 1e-3
    with pytest.raises(TrainingError, match=r"a run to begin with was asked for: got a str.*load_run"):
        start(shop.parts, shop.task, PLAN, callbacks=[], warm="folder")  # type: ignore[arg-type]


def test_different_models_have_nothing_in_common() -> None:
    with pytest.raises(TrainingError, match="no parameter of the two has the same name and shape"):
        warm_start(nn.Linear(2, 2), nn.Linear(3, 3, bias=False))
    lazy = nn.Sequential(nn.LazyLinear(2), nn.Linear(2, 1))
    taken = warm_start(lazy, nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1)))
    assert taken == ["1.weight", "1.bias"], "what has no shape yet waits for its first batch"
