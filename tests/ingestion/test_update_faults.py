"""Whatever goes wrong in an edit or a compaction, at whatever call: the old state or the new, and it goes on.

Grandchildren of one child process die (``workbench.testing.forked``).
"""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import StoreError
from workbench.ingestion.edit import edit
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.ssd_features import SsdFeatures
from workbench.stores.verify import verify
from workbench.testing.disk_faults import DiskFaults, short_writes
from workbench.testing.edited_shop import assert_sound, check_shop, make_shop
from workbench.testing.forked import Job, acknowledged, deaths
from workbench.testing.sizes import cases, torture


def change(path):
    """The edit that a grandchild makes."""
    with edit(path) as editing:
        editing.update("users", {"age": [1.0, 2.0], "city": ["Genf", None]}, ids=[3, 4])
        editing.update("orders", {"amount": [9.0]}, ids=[7])
        editing.delete("users", ids=[5])


def torn(path):
    """What a grandchild dies of."""
    (change if "edit" in path else compact)(path)


def again(path, number):
    """What a grandchild does until it is killed."""
    with edit(path) as editing:
        editing.update("orders", {"amount": [float(number)] * 3}, ids=[1, 40, 79])
    if number % 3 == 0:
        compact(path)


def changed(model):
    """The like of that edit on the model."""
    new = model.copy()
    users, orders = new.frames["users"].astype({"city": object}), new.frames["orders"]
    users.loc[[3, 4], "age"] = [1.0, 2.0]
    users.loc[3, "city"], users.loc[4, "city"] = "Genf", None
    orders.loc[7, "amount"] = 9.0
    new.frames["users"] = users[users.index != 5].copy()
    return new


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A shop, and the same after an edit, that each case starts from; models of both."""
    root = tmp_path_factory.mktemp("shop")
    model = make_shop(root / "edit", np.random.default_rng(3))
    shutil.copytree(root / "edit", root / "compact")
    change(root / "compact")
    return root, {"edit": (model, changed(model)), "compact": (changed(model), changed(model))}


@pytest.fixture(scope="module")
def calls(before, tmp_path_factory):
    """What an edit and a compaction call, in order."""
    root, _ = before
    found = {}
    for kind, run in (("edit", change), ("compact", compact)):
        path = tmp_path_factory.mktemp("count") / kind
        shutil.copytree(root / kind, path)
        with DiskFaults() as disk:
            run(path)
        found[kind] = disk.calls
    return found


def check(path, kind, models, at):
    """The dataset is of the old or the new snapshot, whole, and the next change succeeds; which it was."""
    snapshot, thorough = 1 if kind == "edit" else 2, at % 5 == 0 or torture()
    dataset = Dataset.open(path)
    new = dataset.snapshot - snapshot
    assert new in (0, 1)
    check_shop(dataset, SsdFeatures.open(dataset), models[kind][new])
    if new and thorough:
        older = Dataset.open(path, snapshot)
        check_shop(older, SsdFeatures.open(older), models[kind][0])
    with edit(path) as editing:
        editing.update("orders", {"amount": [4.0]}, ids=[0])
    if thorough:
        compact(path)
    assert_sound(path)
    assert Dataset.open(path).row("orders", 0)["amount"] == 4
    return new


def test_every_kind_of_call_is_reached(calls):
    for kind in ("edit", "compact"):
        kinds = [call.split()[0] for call in calls[kind]]
        assert {"write", "fsync", "rename", "commit", "after"} <= set(kinds)
        assert len([call for call in calls[kind] if call.startswith("write")]) >= 4


def test_a_kill_at_every_call(before, calls, tmp_path):
    root, models = before
    jobs = []
    for kind in calls:
        for at in range(len(calls[kind])):
            path = tmp_path / f"{kind}-{at}"
            shutil.copytree(root / kind, path)
            jobs.append(Job(str(path), at))
    assert set(deaths(__file__, jobs).values()) == {signal.SIGKILL}
    states = {kind: [] for kind in calls}
    for kind in calls:
        for at in range(len(calls[kind])):
            states[kind].append(check(tmp_path / f"{kind}-{at}", kind, models, at))
    for kind, found in states.items():
        assert found == sorted(found), "once new, always new"
        assert not any(found[: calls[kind].index("commit") + 1])
        assert all(found[calls[kind].index("after commit") :])


@pytest.mark.parametrize("kind", ["edit", "compact"])
def test_a_disk_that_refuses_at_every_call(before, calls, tmp_path, kind):
    root, models = before
    errors = ("ENOSPC", "EIO")
    for at in range(len(calls[kind])):
        for error in errors if torture() else errors[at % 2 :][:1]:
            path = tmp_path / f"{at}-{error}"
            shutil.copytree(root / kind, path)
            with DiskFaults(at, error), pytest.raises(StoreError, match="the disk refused"):
                (change if kind == "edit" else compact)(path)
            check(path, kind, models, at)


def test_short_writes_are_gone_on_with(before, tmp_path):
    root, models = before
    shutil.copytree(root / "edit", tmp_path / "s")
    with short_writes():
        change(tmp_path / "s")
        compact(tmp_path / "s")
    assert verify(tmp_path / "s").ok
    dataset = Dataset.open(tmp_path / "s")
    check_shop(dataset, SsdFeatures.open(dataset), models["edit"][1])


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(before, tmp_path):
    root, _ = before
    rng, jobs = np.random.default_rng(8), []
    for number in range(cases(20, 200)):
        shutil.copytree(root / "edit", tmp_path / str(number))
        jobs.append(Job(str(tmp_path / str(number)), -1, number % 4, float(rng.uniform(0, 0.1))))
    assert set(deaths(__file__, jobs).values()) == {signal.SIGKILL}
    updates = 0
    for path in (Path(job.path) for job in jobs):
        said = acknowledged(path)
        dataset = Dataset.open(path)
        amounts = {dataset.row("orders", row)["amount"] for row in (1, 40, 79)}
        updates += len(said)
        if said:
            last = said[-1]
            assert amounts in ({last}, {last + 1}), "an update was lost, or half of one is there"
        compact(path)
        assert_sound(path)
    assert updates >= sum(job.told for job in jobs) > len(jobs)
