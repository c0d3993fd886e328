"""Past labels: against a loop in pandas, their time rule, and runs that read them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from workbench.errors import PlanError, TaskError, TrainingError
from workbench.models.time_features import CYCLIC_WIDTH
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.task import Task
from workbench.stores.key_map import KeyMap
from workbench.testing.shop import Shop
from workbench.testing.sizes import cases
from workbench.training.begin import load_run, start
from workbench.training.loaders import predict_loader, unseen
from workbench.training.past_labels import COMMON_HALF_LIFE, FILE, HALF_LIVES, SHRINK, PastLabels

DAY = 86_400_000_000
PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(
    channels=4, layers=1, epochs=1, batch_size=128, learning_rate=0.02, past_labels=2
)


def told(known: pd.DataFrame, entity: int, anchor: int, limit: int, window: int, last: int) -> list[float]:
    """What one seed reads, by its definition, but for its place in the year."""
    seen = known[known.end <= limit]
    decay = 0.5 ** ((limit - seen.end) / window / COMMON_HALF_LIFE)
    newest = seen.end.max() if len(seen) else limit
    # The common mean is that of the last end: its one label of shrinkage does not fade.
    scale = 0.5 ** ((limit - newest) / window / COMMON_HALF_LIFE)
    common = float((decay * seen.value).sum() / scale / ((decay.sum() / scale) + 1)) if len(seen) else 0.0
    mine = seen[seen.entity == entity].sort_values("end", ascending=False, kind="stable")
    age = (anchor - mine.end) / window
    weights = [0.5 ** (age / half) for half in HALF_LIVES]
    means = [float(((w * mine.value).sum() + SHRINK * common) / (w.sum() + SHRINK)) for w in weights]
    counts = [float(np.log1p(w.sum())) for w in weights]
    lacking = [0.0] * max(last - len(mine), 0)
    values, ages = list(mine.value[:last]) + lacking, list(np.log1p(age[:last]) / 3) + lacking
    here = [1.0] * (last - len(lacking)) + lacking
    return [*means, common, *values, *counts, *ages, *here, float(np.log1p((anchor - limit) / window))]


@settings(max_examples=cases(60, 1000), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900), st.integers(-3, 3)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 950), st.integers(0, 60)), min_size=1, max_size=6),
    st.integers(1, 3),
)
def test_equal_to_a_loop(labels: list[Any], asked: list[Any], last: int) -> None:
    # Ends are distinct: which of two labels of one instant is the later one means nothing.
    frame = pd.DataFrame(labels, columns=["entity", "end", "value"]).drop_duplicates("end")
    frame = frame.assign(end=frame.end * DAY, value=frame.value.astype(float))
    parts = (frame.entity.to_numpy(), frame.end.to_numpy(), frame.value.to_numpy()[:, None])
    past = PastLabels.sorted(*parts, 30 * DAY, last)
    entity, anchor, lead = (np.array(part, np.int64) for part in zip(*asked, strict=True))
    anchor, limit = anchor * DAY, (anchor - lead) * DAY
    found = past.read(entity, anchor, limit)
    assert (found.shape, found.dtype) == ((len(asked), past.width), np.float32)
    for row, (e, a, u) in enumerate(zip(entity, anchor, limit, strict=True)):
        expected = told(frame, e, a, u, 30 * DAY, last)
        np.testing.assert_allclose(found[row, :-CYCLIC_WIDTH], expected, atol=1e-5)


def test_a_label_is_not_seen_a_microsecond_before_its_window_is_over() -> None:
    entity, end = np.zeros(2, np.int64), np.array([100, 101])
    hidden = PastLabels.sorted(entity, end, np.array([[1.0], [5.0]]), 10, 2)
    other = PastLabels.sorted(entity, end, np.array([[1.0], [-7.0]]), 10, 2)
    one, at = np.zeros(1, np.int64), np.array([100])
    assert np.array_equal(hidden.read(one, at, at), other.read(one, at, at))
    assert not np.array_equal(hidden.read(one, at + 1, at + 1), other.read(one, at + 1, at + 1))
    # A view that ends earlier than the anchor decides.
    assert np.array_equal(hidden.read(one, at + 9, at), other.read(one, at + 9, at))


def changed(task: Task, since: int) -> Any:
    """The task with every label turned round whose window is over after an instant."""
    horizon, resolved = task.horizon, task.resolved

    def seeds(split: str) -> Any:
        table = task.seeds(split)
        late = horizon.after_each(table.anchor_time) > since
        return replace(table, label=np.where(late, 1.0 - np.asarray(table.label), table.label))

    return SimpleNamespace(task_type=task.task_type, horizon=horizon, resolved=resolved, seeds=seeds)


def test_no_seed_of_a_task_is_told_what_its_future_says(shop: Shop) -> None:
    task = shop.task
    past = PastLabels.of(task, 0, 3)
    for split in ("train", "val", "test"):
        seeds = task.seeds(split)
        for anchor in np.unique(seeds.anchor_time):
            some = seeds[seeds.anchor_time == anchor][:5]
            asked = (some.node_id, some.anchor_time, some.visible_until)
            # Standardisation is by the training labels, of which the future may be a part: undo it.
            other = rescaled(PastLabels.of(changed(task, int(anchor)), 0, 3), task)
            np.testing.assert_allclose(rescaled(past, task).read(*asked), other.read(*asked), atol=1e-5)
    assert np.abs(past.read(some.node_id, some.anchor_time, some.visible_until)[:, 5:8]).max() > 0


def rescaled(past: PastLabels, task: Task) -> PastLabels:
    """The same with labels of 0 and 1."""
    return replace(past, value=(past.value > 0).astype(np.float32))


def test_frozen_seeds_know_no_label_after_until(shop: Shop) -> None:
    seeds = shop.task.seeds("test")
    until = int(shop.task.seeds("val").anchor_time.min())
    seeds = seeds[~unseen(shop.parts.graph, seeds.frozen(until))]
    plan = PLAN.replace(until=until)
    past = rescaled(PastLabels.of(shop.task, 0, 2), shop.task)
    other = rescaled(PastLabels.of(changed(shop.task, until), 0, 2), shop.task)
    one, two = (
        predict_loader(shop.parts, plan, seeds, 0, expand=False, past=each).batch(0)["users"].past_labels
        for each in (past, other)
    )
    assert torch.equal(one, two)
    live = predict_loader(shop.parts, PLAN, seeds, 0, expand=False, past=past).batch(0)["users"].past_labels
    assert not torch.equal(one, live)


class Remembering(nn.Module):
    """A module of a user's own that reads nothing but past labels."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.LazyLinear(1)

    def forward(self, data: Any) -> torch.Tensor:
        return self.line(data["users"].past_labels)


def test_a_module_of_yours_is_given_past_labels(shop: Shop, tmp_path: Path) -> None:
    done = start(
        shop.parts, shop.task, PLAN, model=Remembering(), callbacks=[], device="cpu", folder=tmp_path / "run"
    ).wait()
    now = shop.task.seeds(at=shop.truth.test, entities=shop.task.seeds("test").key[:3].to_pylist())
    again = load_run(tmp_path / "run", shop.parts, model=Remembering())
    assert np.array_equal(done.predict(now).values, again.predict(now).values)
    (tmp_path / "run" / FILE).write_bytes(b"no table")
    with pytest.raises(TrainingError, match="past labels are missing or damaged"):
        load_run(tmp_path / "run", shop.parts, model=Remembering())


def test_labels_come_back_under_the_ids_of_their_keys(shop: Shop, tmp_path: Path) -> None:
    past = PastLabels.of(shop.task, 0, 2)
    keys = KeyMap.open(shop.parts.dataset, "users")
    past.save(tmp_path, keys)
    again = PastLabels.load(tmp_path, keys)
    for name in ("entity", "end", "value"):
        assert np.array_equal(getattr(past, name), getattr(again, name))
    assert (past.window, past.last) == (again.window, again.last)

    class Turned:
        """The same keys under ids that run the other way; one of them is gone."""

        def lookup(self, wanted: Any) -> Any:
            ids = len(shop.truth.tables["users"]) - keys.lookup(wanted)
            return np.where(ids == 1, -1, ids)

    other = PastLabels.load(tmp_path, Turned())  # type: ignore[arg-type]
    assert (np.diff(other.entity) >= 0).all()
    assert 0 < len(other.entity) < len(past.entity)
    end = past.end[-1:]
    for node in np.unique(past.entity)[:5]:
        asked = [np.array([each]) for each in (node, len(shop.truth.tables["users"]) - node)]
        np.testing.assert_array_equal(
            past.read(asked[0], end, end)[:, 5:], other.read(asked[1], end, end)[:, 5:]
        )


def test_own_labels_that_look_no_further_than_their_anchor_are_not_told_to_themselves(shop: Shop) -> None:
    seeds = shop.task.seeds("train")
    table = pd.DataFrame(
        {
            "user_id": seeds.key.to_pylist(),
            "anchor_time": seeds.anchor_time.astype("datetime64[us]"),
            "label": np.arange(len(seeds)) % 2,
            "split": np.where(np.arange(len(seeds)) % 3 == 0, "val", "train"),
        }
    )
    task = Task.from_table(shop.parts.dataset, table, entity="users.user_id", horizon="0 days")
    past = PastLabels.of(task, 0, 1)
    assert past.window > DAY
    own = task.seeds("train")
    first = own.anchor_time == own.anchor_time.min()
    asked = own[np.flatnonzero(first)]
    assert not past.read(asked.node_id, asked.anchor_time, asked.visible_until)[:, :6].any()
    with pytest.raises(TaskError):
        task.seeds("test")


def test_labels_without_a_past_are_refused(shop: Shop) -> None:
    static = Task.build(shop.parts.dataset, "PREDICT users.age FOR EACH users.user_id")
    plan = PLAN.replace(loss="l1", metric="mae")
    with pytest.raises(PlanError, match=r"its seeds have no time.*past_labels=0"):
        start(shop.parts, static, plan)
    ranking = SimpleNamespace(task_type="ranking")
    with pytest.raises(PlanError, match="its labels are lists of rows"):
        PastLabels.of(ranking, 0, 2)
    with pytest.raises(PlanError, match="past_labels"):
        PLAN.replace(past_labels=-1)


def test_own_seeds_that_do_not_say_how_far_labels_look_ahead_have_no_past(shop: Shop) -> None:
    parts = [shop.task.seeds(split).to_pandas().assign(split=split) for split in ("train", "val", "test")]
    bare = Task.from_table(shop.parts.dataset, pd.concat(parts), entity="users.user_id")
    assert not bare.says_horizon
    with pytest.raises(PlanError, match="does not say how far labels look ahead"):
        start(shop.parts, bare, PLAN, callbacks=[], device="cpu")
    told = Task.from_table(shop.parts.dataset, pd.concat(parts), entity="users.user_id", horizon="30 days")
    ours, theirs = (PastLabels.of(task, 0, 3) for task in (told, shop.task))
    seeds = shop.task.seeds("test")
    asked = (seeds.node_id, seeds.anchor_time, seeds.visible_until)
    assert np.array_equal(ours.read(*asked), theirs.read(*asked))


def test_a_loaded_run_of_own_seeds_is_asked_on_their_terms(shop: Shop, tmp_path: Path) -> None:
    until = int(shop.task.seeds("val").anchor_time.min())
    tables = {split: shop.task.seeds(split) for split in ("train", "val", "test")}
    there = {split: table[~unseen(shop.parts.graph, table.frozen(until))] for split, table in tables.items()}
    rows = pd.concat([table.to_pandas().assign(split=split) for split, table in there.items()])
    task = Task.from_table(shop.parts.dataset, rows, entity="users.user_id", horizon="30 days", until=until)
    folder = tmp_path / "run"
    run = start(shop.parts, task, PLAN, callbacks=[], device="cpu", folder=folder).wait()
    seeds = task.seeds("test")
    some = seeds[seeds.anchor_time == seeds.anchor_time.max()][:3]
    asked = {"at": int(some.anchor_time[0]), "entities": some.key.to_pylist()}
    again = load_run(folder, shop.parts)
    assert again.task is None
    np.testing.assert_allclose(again.predict(**asked).values, run.predict(some).values, atol=1e-6)
    with pytest.raises(TrainingError, match="no instant was given"):
        again.predict(entities=asked["entities"])


def test_a_prediction_far_after_the_last_known_label_warns_that_later_ones_are_missing(shop: Shop) -> None:
    past = PastLabels.of(shop.task, 0, 2)
    last = int(past.end.max())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        past.tell_age(np.array([last, last + 2 * past.window]))
        past.tell_age(np.array([], np.int64))
    with pytest.warns(UserWarning, match=r"past labels of this run end at .*, 3 label windows before"):
        past.tell_age(np.array([last, last + 3 * past.window]))


def test_an_online_call_tells_how_old_past_labels_are(shop: Shop) -> None:
    run = start(shop.parts, shop.task, PLAN, callbacks=[], device="cpu").wait()
    late = int(run.past.end.max()) + 5 * run.past.window
    key = shop.task.seeds("test").key[:1].to_pylist()
    with pytest.warns(UserWarning, match="later ones are not read"):
        run.predict(at=late, entities=key)
