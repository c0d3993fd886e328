"""The built-in model on sampled batches: shapes, distinct rows, trimming, joint and disjoint."""

from __future__ import annotations

import pytest
import torch

from workbench.models.hetero_gnn import HeteroGNN, tables_read
from workbench.models.statistics import fit_statistics
from workbench.plan.architecture import LAYERS
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.pyg.loader import PyGLoader
from workbench.sampling.sampler import NeighborSampler
from workbench.schema import ForeignKey
from workbench.testing.shop import Shop

PLAN = ModelPlan(Fanout([6, 4, 3], strategy="recent")).replace(channels=8, layers=3, dropout=0.0)


def make_model(shop: Shop, plan: ModelPlan = PLAN) -> HeteroGNN:
    parts, seeds = shop.parts, shop.task.seeds("train")
    tables = tables_read(parts.schema, plan, "users")
    last = int(seeds.anchor_time.max())
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, tables, last)
    torch.manual_seed(0)
    return HeteroGNN(parts.schema, plan, statistics, "users").eval()


def batch(shop: Shop, fanout: Fanout, expand: bool = False, count: int = 20) -> object:
    sampler = NeighborSampler(shop.parts.graph, fanout)
    seeds = shop.task.seeds("train")
    if not fanout.disjoint:
        seeds = seeds[seeds.anchor_time == seeds.anchor_time.max()]
    latest = seeds[::-1][:count]  # the first anchors have no orders behind them
    loader = PyGLoader(sampler, shop.parts.features, latest, count, expand=expand)
    return next(iter(loader))


@pytest.mark.parametrize("layer", LAYERS)
def test_one_number_per_seed_and_every_weight_learns(shop: Shop, layer: str) -> None:
    model, data = make_model(shop, PLAN.replace(layer=layer)).train(), batch(shop, PLAN.fanout)
    out = model(data)
    assert out.shape == (20,)
    out.square().sum().backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None and "t_reviews" not in name]
    assert silent == []


def test_distinct_rows_equal_expanded_ones(shop: Shop) -> None:
    model = make_model(shop)
    with torch.no_grad():
        once, each = model(batch(shop, PLAN.fanout)), model(batch(shop, PLAN.fanout, expand=True))
    assert torch.allclose(once, each, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_trimming_changes_nothing(shop: Shop, layer: str) -> None:
    model, data = make_model(shop, PLAN.replace(layer=layer)), batch(shop, PLAN.fanout)
    with torch.no_grad():
        trimmed = model(data)
        for store in (*data.node_stores, *data.edge_stores):
            store.pop("num_sampled_nodes", None)
            store.pop("num_sampled_edges", None)
        whole = model(data)
    assert torch.allclose(trimmed, whole, atol=1e-6)


@pytest.mark.parametrize("form", ["bidirectional", "induced"])
def test_added_edges_carry_messages(shop: Shop, form: str) -> None:
    fanout = Fanout([{"orders-user_id->users": 6}, {"products-rev_product_id->orders": 1}], subgraph=form)
    plan = PLAN.replace(fanout=fanout, layers=2)
    model, data = make_model(shop, plan), batch(shop, fanout)
    back = ("users", "rev_user_id", "orders")
    assert back in [tuple(name) for name in model.edge_types]
    with torch.no_grad():
        out = model(data)
        data[back].edge_index = data[back].edge_index[:, :0]
        data[back].num_sampled_edges = [0, 0]
        without = model(data)
    assert out.shape == (20,)
    assert not torch.allclose(out, without), "orders hear of their users, and users of that"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("form", ["bidirectional", "induced"])
def test_layers_ignore_added_edges_into_nodes_that_they_drop(
    shop: Shop, form: str, disjoint: bool, layer: str
) -> None:
    fanout = Fanout([6, 4, 3], strategy="recent", subgraph=form, disjoint=disjoint)
    out = make_model(shop, PLAN.replace(fanout=fanout, layer=layer))(batch(shop, fanout))
    assert torch.isfinite(out).all()


def test_joint_and_disjoint_agree_for_the_latest_neighbours(shop: Shop) -> None:
    fanout = Fanout([6, {"products-rev_product_id->orders": 1}], strategy="recent")
    plan = PLAN.replace(fanout=fanout, layers=2)
    model = make_model(shop, plan)
    joint = fanout.with_choices(disjoint=False)
    sampler, seeds = NeighborSampler(shop.parts.graph, joint), shop.task.seeds("train")
    seeds = seeds[seeds.anchor_time == seeds.anchor_time.max()]
    shared = next(iter(PyGLoader(sampler, shop.parts.features, seeds, len(seeds), expand=False)))
    alone = next(
        iter(
            PyGLoader(
                NeighborSampler(shop.parts.graph, fanout),
                shop.parts.features,
                seeds,
                len(seeds),
                expand=False,
            )
        )
    )
    with torch.no_grad():
        assert torch.allclose(model(shared), model(alone), atol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_prediction_does_not_depend_on_its_batch(shop: Shop, layer: str) -> None:
    model = make_model(shop, PLAN.replace(layer=layer))
    with torch.no_grad():
        many, few = model(batch(shop, PLAN.fanout)), model(batch(shop, PLAN.fanout, count=3))
    assert torch.allclose(many[:3], few, atol=1e-6)


def test_weights_of_unreached_tables_do_not_exist(shop: Shop) -> None:
    plan = PLAN.replace(fanout=Fanout([{"orders-user_id->users": 4}]), layers=1)
    assert tables_read(shop.parts.schema, plan, "users") == ["orders", "users"]
    names = " ".join(name for name, _ in make_model(shop, plan).named_parameters())
    assert "t_orders" in names
    assert "t_products" not in names


@pytest.mark.parametrize("name", ["a.b", "forward", "weird %name"])
def test_hostile_table_names(shop: Shop, name: str) -> None:
    from dataclasses import replace

    tables = []
    for table in shop.parts.schema:
        keys = tuple(
            ForeignKey(k.column, name if k.table == "products" else k.table) for k in table.foreign_keys
        )
        renamed = name if table.name == "products" else table.name
        tables.append(replace(table, name=renamed, foreign_keys=keys))
    schema = replace(shop.parts.schema, tables=tuple(tables))
    parts = shop.parts
    statistics = fit_statistics(parts.schema, parts.graph, parts.features, ["users", "orders"], 0)
    model = HeteroGNN(schema, PLAN, statistics, "users")
    assert name in model.node_types
