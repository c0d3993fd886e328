"""The facade: every method gives what the composed nouns give."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import workbench as wb
from workbench.kernels.rng import derive_key


@pytest.fixture(scope="module")
def shop(generated_shop):
    return generated_shop


@pytest.fixture(scope="module")
def engine(shop):
    return wb.open(shop[1])


@pytest.fixture(scope="module")
def task(engine, shop):
    data, _ = shop
    return engine.task(data.query, val=data.val, test=data.test)


def test_it_says_what_is_open(engine, shop):
    data, path = shop
    text = repr(engine)
    assert str(path) in text
    assert f"orders {len(data.tables['orders']):,}" in text
    assert engine.schema.node_types == ("users", "products", "orders", "reviews")


def test_a_sample_is_what_the_composed_nouns_sample(engine, task):
    seeds, fanout = task.seeds("val")[:20], wb.Fanout([4, 2])
    sampler = wb.NeighborSampler(engine.graph, fanout, key=3)
    assert engine.sample(seeds, fanout, key=3, epoch=2).same_as(sampler.sample(seeds.seed_set(), epoch=2))
    assert not engine.sample(seeds, fanout, key=4).same_as(engine.sample(seeds, fanout, key=3))


def test_samples_pass_the_audit(engine, task):
    subgraph = engine.sample(task.seeds("val"), wb.Fanout([4, 3], strategy="recent"))
    report = engine.audit(subgraph)
    assert report.edges == subgraph.num_edges > 0
    assert report.violations == 0


def test_what_has_no_source_is_not_audited(engine):
    store = wb.PyGGraphStore(engine.graph)
    friends = ("users", "knows", "users")
    store.put_edge_index((torch.tensor([0, 1]), torch.tensor([1, 2])), friends, "coo", False, (120, 120))
    sampler = wb.NeighborSampler(store.graph, wb.Fanout([{friends: 4}]))
    with pytest.raises(wb.SchemaError, match=r"edges of type 'users-knows->users' were put .* Ingest them"):
        engine.audit(sampler.sample(engine.seeds("users").seed_set()))
    with pytest.raises(wb.SchemaError, match="the audit of a subgraph was asked for: got a Fanout"):
        engine.audit(wb.Fanout([4]))


@pytest.mark.parametrize("joint", [False, True])
def test_what_training_draws_passes_the_audit(engine, task, joint):
    plan = engine.suggest_plan(task).replace(fanout=wb.Fanout([4, 2], disjoint=not joint), layers=2)
    events = []
    report = engine.audit(task, plan, epochs=2, key=3, callbacks=[events.append])
    assert report.ok, report
    assert report.samples == len(events)
    assert report.to_dict()["violations"] == 0
    less = engine.audit(task, plan, splits=["val"], limit=10)
    assert 10 <= less.edges < report.edges


def test_the_leakage_report_speaks_of_the_task(engine, task):
    report = engine.leakage_report(task, engine.suggest_plan(task))
    assert report.ok, report
    assert {f.subject for f in report.findings if f.kind == "table is static"} == {"products"}


def test_cost_counts_what_is_sampled(engine, task):
    seeds, fanout = task.seeds("val")[:30], wb.Fanout([4, {"products-rev_product_id->orders": 1}])
    cost = engine.cost(seeds, fanout, batch_size=60)
    plan = fanout.compile(engine.schema, ["users"])
    request = wb.SampleRequest((seeds.seed_set(),), plan, derive_key(0, "cost"))
    subgraph = engine.graph.sample(request)
    assert cost.edges == pytest.approx(2 * subgraph.num_edges)
    assert cost.nodes == pytest.approx(2 * subgraph.num_nodes)
    assert sum(cost.cells.values()) == pytest.approx(cost.edges)
    assert "60 seeds" in str(cost)


def test_a_joint_cost_speaks_of_one_anchor(engine, task):
    cost = engine.cost(task.seeds("train"), wb.Fanout([4], disjoint=False, strategy="recent"), batch_size=64)
    first = task.seeds("train").visible_until
    assert cost.pilot == min(256, int((first == first[0]).sum()))


def test_no_dataset_is_a_clear_error(tmp_path):
    with pytest.raises(wb.StoreError):
        wb.open(tmp_path / "nothing")


def test_a_budget_too_small_for_the_graph_is_refused(shop, engine):
    with pytest.raises(wb.BudgetError):
        wb.open(shop[1], memory_budget="1kB")
    with pytest.raises(wb.BudgetError, match="text such as '4GB'"):
        wb.open(shop[1], memory_budget="lots")


def test_features_keep_to_their_budget_also_after_a_refresh(shop):
    opened = wb.open(shop[1], feature_budget="40 KB", row_cache=15_000)
    groups = opened.features.describe().groups
    assert sum(group.bytes for group in groups if group.way == "memory") <= 25_000
    assert any(group.way != "memory" for group in groups)
    assert opened._given == {"memory_budget": None, "feature_budget": "40 KB", "row_cache": 15_000}
    with pytest.raises(wb.BudgetError, match=r"row_cache='2GB' is more than features may take"):
        wb.open(shop[1], feature_budget="1GB", row_cache="2GB")


def test_a_pilot_is_small_whatever_is_given(engine, task):
    seeds = task.seeds("train")
    assert len(seeds) > 256
    assert engine.cost(seeds, wb.Fanout([2])).pilot == 256
    assert engine.cost(seeds[:7], wb.Fanout([2])).pilot == 7
    assert engine.cost(seeds[:0], wb.Fanout([2])).edges == 0


def test_likely_slips_are_named_at_the_door(engine, task):
    plan, seeds = engine.suggest_plan(task), task.seeds("val")
    in_seconds = replace(seeds, anchor_time=seeds.anchor_time // 1_000_000)
    slips = [
        (wb.TaskError, "engine.task", lambda: engine.suggest_plan("PREDICT")),
        (wb.TaskError, "engine.task", lambda: engine.train("PREDICT", plan)),
        (wb.PlanError, "suggest_plan", lambda: engine.train(task, plan.fanout)),
        (wb.TrainingError, "an instance", lambda: engine.train(task, plan, model=dict)),
        (wb.TaskError, "task.seeds", lambda: engine.sample(task, plan.fanout)),
        (wb.FanoutError, "plan.fanout", lambda: engine.sample(seeds, plan)),
        (wb.FanoutError, "plan.fanout", lambda: engine.cost(seeds, plan)),
        (wb.FanoutError, "batches='a'", lambda: engine.profile(seeds, plan.fanout, batches="a")),
        (wb.AnchorError, "as seconds", lambda: engine.profile(in_seconds, plan.fanout)),
        (wb.AnchorError, "as seconds", lambda: engine.cost(in_seconds, plan.fanout)),
        (wb.AnchorError, "as seconds", lambda: engine.sample(in_seconds, plan.fanout)),
        (wb.LoaderError, "got -1.*a positive number", lambda: engine.cost(seeds, plan.fanout, batch_size=-1)),
        (wb.PlanError, "got 'x'.*a whole number", lambda: engine.sample(seeds, plan.fanout, key="x")),
        (wb.SchemaError, "engine.sample", lambda: engine.audit(seeds)),
        (wb.SchemaError, "got a int", lambda: engine.audit(3)),
        (wb.PlanError, "suggest_plan", lambda: engine.audit(task, plan.fanout)),
        (wb.PlanError, "suggest_plan", lambda: engine.audit(task)),
        (wb.TaskError, "Did you mean 'train'", lambda: engine.audit(task, plan, splits=["trian"])),
        (wb.TaskError, "engine.task", lambda: engine.leakage_report(seeds, plan)),
        (wb.TaskError, "engine.task", lambda: engine.baselines(plan)),
        (wb.TaskError, "Did you mean 'test'", lambda: engine.task(task.query, tset="2024-01-01")),
        (wb.PlanError, "run.plan", lambda: engine.baselines(task, plan.fanout)),
    ]
    for error, hint, slip in slips:
        with pytest.raises(error, match=hint):
            slip()


def test_a_task_over_other_data_is_refused(shop, engine, task, tmp_path):
    wb.ingest(shop[0].tables, engine.schema, tmp_path / "other")
    other = wb.open(tmp_path / "other")
    theirs = other.task(task.query)
    plan = engine.suggest_plan(task)
    for slip in (engine.suggest_plan, lambda t: engine.train(t, plan), engine.baselines):
        with pytest.raises(wb.TaskError, match=r"made for .*other, snapshot .*engine\.task\(task\.query\)"):
            slip(theirs)
    wb.ingest(shop[0].tables, engine.schema, tmp_path / "other")
    with pytest.raises(wb.TaskError, match="snapshot"):
        wb.open(tmp_path / "other").suggest_plan(theirs)


def test_train_predict_save_and_load(engine, task, tmp_path):
    plan = engine.suggest_plan(task).replace(epochs=1, channels=8)
    run = engine.train(task, plan, key=1, device="cpu", callbacks=[lambda event: None])
    seeds = task.seeds("test")[:16]
    values = run.predict(seeds).values
    assert np.isfinite(values).all()
    again = engine.load_run(run.save(tmp_path / "run"))
    np.testing.assert_allclose(again.predict(seeds).values, values, atol=1e-6)
    assert engine.load_run(tmp_path / "run", task=task).task is task
    online = task.seeds(at=wb.iso(int(seeds.anchor_time[0])), entities=[seeds.key[0].as_py()])
    np.testing.assert_allclose(run.predict(online).values, values[:1], atol=1e-6)


def test_baselines_are_measured_on_the_same_seeds(engine, task):
    for name, baseline in engine.baselines(task).items():
        assert baseline.name == name
        assert len(baseline.predictions["test"]) == len(task.seeds("test"))
