"""BatchInspector without a browser: it shows what a run's own loaders yield."""

import pytest

import workbench as wb
from widgets import BatchInspector
from workbench.errors import LoaderError, TaskError, WorkbenchError


def receive(inspector, kind, **more):
    inspector._receive(inspector, {"kind": kind, **more}, [])
    assert inspector.worker.wait()


def test_it_steps_through_the_batches_of_a_training(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan, key=3)
    drawn = [batch.subgraph for batch in wb.run_loader(engine.parts, task, plan, "train", key=3)]
    assert len(inspector) == len(drawn) > 2
    for index in (0, 2, 1):
        inspector.go(index)
        assert inspector.batch.subgraph.same_as(drawn[index])
        assert inspector._payload["meta"]["index"] == index
    inspector.choose("train", epoch=1)
    wanted = wb.run_loader(engine.parts, task, plan, "train", epoch=1, key=3).batch(0)
    assert inspector.batch.subgraph.same_as(wanted.subgraph)


def test_a_view_steps_and_chooses_through_messages(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan)
    receive(inspector, "go", index=1)
    assert inspector.index == 1
    receive(inspector, "choose", split="val", epoch=0)
    meta = inspector._payload["meta"]
    assert (meta["split"], meta["index"], meta["batches"]) == ("val", 0, len(inspector))
    assert meta["summary"].startswith(f"{inspector.batch.num_seeds:,} seeds, ")
    for kind, more in (
        ("go", {"index": 10**6}),
        ("go", {"index": "1"}),
        ("choose", {"split": "all", "epoch": 0}),
    ):
        receive(inspector, kind, **more)
        assert inspector._payload["meta"]["error"]
        assert (inspector.split, inspector.index) == ("val", 0)
    receive(inspector, "go", index=0)
    assert inspector.error == ""


def test_no_more_batches_than_the_plan_takes(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan.replace(max_steps=2))
    assert len(inspector) == 2
    with pytest.raises(LoaderError, match="batches 0 to 1"):
        inspector.go(2)
    with pytest.raises(TaskError, match="at least 1"):
        inspector.choose("train", epoch=-1)


def test_the_batch_of_a_seed_is_found_in_its_split(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan, split="val")
    for split in ("train", "test", "val"):
        seeds = task.seeds(split)
        for row in (0, len(seeds) - 1):
            inspector.find("users", int(seeds.node_id[row]), int(seeds.visible_until[row]))
            drawn = inspector.batch.subgraph.request.seed_sets[0]
            assert inspector.split == split
            assert (seeds.node_id[row], seeds.visible_until[row]) in list(
                zip(drawn.ids.tolist(), drawn.anchors.tolist(), strict=True)
            )
    with pytest.raises(LoaderError, match="it is no seed of the task"):
        inspector.find("users", 0, 5)


def test_batches_that_the_run_never_draws_are_refused(shop):
    engine, task, plan = shop
    inspector = BatchInspector(engine, task, plan.replace(max_steps=2))
    with pytest.raises(LoaderError, match="the pass has batches 0 to 1"):
        inspector.choose("train", 1, 2)
    assert (inspector.epoch, inspector.index) == (0, 0)
    drawn = wb.run_loader(engine.parts, task, plan, "train")
    last = drawn.seeds[drawn.order[len(drawn) - 1][:1]]
    with pytest.raises(LoaderError, match="the pass has batches 0 to 1"):
        inspector.find("users", int(last.node_id[0]), int(last.visible_until[0]))
    inspector.choose("val", 0, 2)  # of other splits all batches are drawn


def test_the_batch_of_a_seed_is_found_among_shuffled_joint_batches(shop):
    engine, task, plan = shop
    fanout = wb.Fanout([4, 2], disjoint=False)
    inspector = BatchInspector(engine, task, plan.replace(fanout=fanout, batch_size=32))
    seeds = task.seeds("train")
    for row in range(0, len(seeds), 37):
        user, anchor = int(seeds.node_id[row]), int(seeds.visible_until[row])
        inspector.find("users", user, anchor)
        assert user in inspector.batch.subgraph.node_id["users"][: inspector.batch.num_seeds]
        assert anchor in inspector.batch.anchors


def test_a_run_brings_its_task_plan_and_key(shop):
    engine, task, plan = shop
    run = engine.train(task, plan.replace(epochs=1, max_steps=1), callbacks=[], key=9)
    inspector = BatchInspector(engine, run)
    wanted = wb.run_loader(engine.parts, task, plan, "train", key=9).batch(0)
    assert inspector.batch.subgraph.same_as(wanted.subgraph)
    run.wait()


def test_a_task_without_a_plan_is_refused(shop):
    engine, task, plan = shop
    for what in ((task,), (plan, task)):
        with pytest.raises(WorkbenchError, match=r"Say BatchInspector\(engine, task, plan\)"):
            BatchInspector(engine, *what)


def test_the_still_picture_says_which_batch(shop):
    engine, task, plan = shop
    picture, line = BatchInspector(engine, task, plan, split="test").still()
    assert picture.startswith("<svg ")
    assert line.startswith("test batch 0: ")
