"""What models read: read and put back it changes nothing, and each column moves its own places only."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import PLAN, Planted, exact

from workbench.plan.fanout import Fanout
from workbench.schema import EdgeType
from workbench.stores.features import GroupColumn, GroupLayout
from workbench.testing.shop import Shop
from workbench.training.begin import start
from workbench.training.explain import batch_of, inputs_of
from workbench.training.explain_batch import Exchange
from workbench.training.explain_inputs import float_places
from workbench.training.run import Run

DEEP = PLAN.replace(fanout=Fanout([3, 2]), layers=2)


@pytest.fixture(scope="module", params=["builtin", "own"])
def run(request, shop: Shop) -> Run:
    model = exact(shop) if request.param == "own" else None
    return start(shop.parts, Planted(shop), DEEP, model=model, callbacks=[], device="cpu").wait()


def test_what_was_read_and_put_back_says_the_same(run: Run) -> None:
    data, _, seeds = batch_of(run, run.task.seeds("val")[:9])
    run.model.eval()
    inputs = inputs_of(run)
    slots, tensors = inputs.read(data)
    before = {name: data[name].to_dict() for name in data.node_types}
    with torch.no_grad():
        assert torch.equal(inputs.outputs(data, tensors), run.model(data))
        assert not torch.equal(inputs.outputs(data, [t + 1 for t in tensors]), run.model(data))
    for name, held in before.items():
        assert all(data[name][key] is value for key, value in held.items())
    for slot, tensor in zip(slots, tensors, strict=True):
        places = sorted(place for _, own in slot.columns for place in own)
        assert places == list(range(tensor.shape[1]))  # each once, none left out
        assert tensor.shape[0] in (len(seeds), *_rows(data, slot.rows))


def _rows(data, rows):
    store = data[rows]
    return (store.edge_index.shape[1],) if isinstance(rows, EdgeType) else (store.num_nodes,)


def test_a_column_moves_its_own_places_only(run: Run, shop: Shop) -> None:
    data, *_ = batch_of(run, run.task.seeds("val")[:20])
    inputs = inputs_of(run)
    slots, tensors = inputs.read(data)
    moved = set()
    for table, layout in shop.parts.features.groups.items():
        for column in [c.name for c in layout.columns] + [shop.parts.schema[table].time]:
            if column is None:
                continue
            name = f"{table}.{column}"
            altered = Exchange(shop.parts.schema, layout, table, column)(data, np.random.default_rng(0))
            for slot, old, new in zip(slots, tensors, inputs.read(altered)[1], strict=True):
                changed = (old != new).any(dim=0).nonzero()[:, 0].tolist()
                assert set(changed) <= set(dict(slot.columns).get(name, ()))
                moved |= {name} if changed else set()
    assert {"users.age", "orders.quantity", "products.price"} <= moved
    assert ("orders.channel" in moved) == ("orders.order_time" in moved) == run.builtin


def test_floats_lie_numbers_first_in_x() -> None:
    columns = [GroupColumn("v", "embedding", 0, 3), GroupColumn("a", "numerical", 0)]
    layout = GroupLayout(
        "t", 1, (*columns, GroupColumn("k", "categorical", 0), GroupColumn("b", "numerical", 1))
    )
    assert float_places(layout, "x") == (("t.a", (0,)), ("t.b", (1,)), ("t.v", (2, 3, 4)))
    assert float_places(layout, "embedding") == (("t.v", (0, 1, 2)),)
    assert float_places(layout, "categorical") == (("t.k", (0,)),)


def test_past_labels_are_an_input_of_their_own(shop: Shop) -> None:
    metric = {"loss": "bce", "metric": "auroc"}
    plan = PLAN.replace(past_labels=2, epochs=2, **metric)
    run = start(shop.parts, shop.task, plan, callbacks=[], device="cpu").wait()
    seeds = shop.task.seeds("val")[:6]
    explanation = run.explain(seeds)
    name = f"{seeds.node_type}.past_labels"
    told = explanation.contents.to_pandas().query("column == @name")
    assert np.abs(told.contribution).max() > 0
    # They are a seed's alone: its neighbours are told of none.
    assert (told.hop[told.contribution != 0] == 0).all()
    assert (
        np.abs(explanation.gap) <= 0.02 * np.maximum(np.abs(explanation.value - explanation.base), 1)
    ).all()
    effects = {effect.name: effect for effect in run.importance("val", resamples=4).of("column")}
    assert effects[name].drop != 0
