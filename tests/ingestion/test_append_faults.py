"""Whatever goes wrong in an append, or in the merge of its late rows: the old state or the new; it goes on.

As ``test_update_faults.py``, by grandchildren of one child process (``workbench.testing.forked``).
"""

import shutil
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import StoreError
from workbench.ingestion.build import ingest
from workbench.ingestion.merge import compact
from workbench.stores.dataset import DATA_FOLDERS, Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.sql import ROW, quote_names
from workbench.stores.verify import verify
from workbench.testing.disk_faults import DiskFaults, short_writes
from workbench.testing.edited_shop import SCHEMA, assert_sound, make_shop
from workbench.testing.forked import Job, acknowledged, deaths
from workbench.testing.sizes import cases, torture

DAY = np.datetime64("2026-01-01", "us")


def orders(users, days, amounts):
    at = pa.array(
        [None if day is None else DAY + np.timedelta64(day, "h") for day in days], pa.timestamp("us")
    )
    due = pa.nulls(len(at), pa.timestamp("us"))
    return pa.table({"user_id": users, "at": at, "amount": amounts, "due": due})


def append(path):
    """A user, orders that follow, one of a user who is not there yet, a late one and one without a time."""
    users = {"user_id": [7001], "city": ["Genf"], "age": [40.0], "face": [[1.0, 2.0, 3.0]]}
    new = orders([7001, 7002, 7001, 7001], [900, 901, 5, None], [1.0, 2.0, 3.0, 4.0])
    ingest({"users": pa.table(users), "orders": new}, SCHEMA, path, append=True)


def one_more(path, number):
    """Orders of one number: one that follows, one that is late."""
    new = orders([7001] * 2, [1000 + number, 6], [float(number), -float(number)])
    ingest({"orders": new}, SCHEMA, path, append=True)


def torn(path):
    """What a grandchild dies of."""
    RUNS["append" if "append" in path else "merge"](path)


def again(path, number):
    """What a grandchild does until it is killed."""
    one_more(path, number)
    if number % 3 == 0:
        compact(path)


def state(path, snapshot=None):
    """Everything that a reader of tables and graph sees."""
    dataset = Dataset.open(path, snapshot)
    found = [dataset.manifest.late_rows("orders")]
    with dataset.duckdb() as connection:
        for table in SCHEMA:
            names = quote_names([ROW, *(column.name for column in table.columns)])
            found.append(connection.sql(f"SELECT {names} FROM {table.name} ORDER BY {ROW}").fetchall())
    return repr([*found, *(array.tolist() for array in GraphArrays.open(dataset).arrays)])


RUNS, SNAPSHOTS = {"append": append, "merge": compact}, {"append": 1, "merge": 3}


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """What each case starts from: a shop, and one with late rows and a link that finds its key."""
    root = tmp_path_factory.mktemp("shop")
    make_shop(root / "append", np.random.default_rng(3))
    shutil.copytree(root / "append", root / "merge")
    append(root / "merge")
    user = {"user_id": [7002], "city": ["Zug"], "age": [20.0], "face": [[1.0, 2.0, 3.0]]}
    ingest({"users": pa.table(user)}, SCHEMA, root / "merge", append=True)
    return root


@pytest.fixture(scope="module")
def cases_of(before, tmp_path_factory):
    """What an append and a merge call, in order, and the states before and after."""
    found = {}
    for kind, run in RUNS.items():
        path = tmp_path_factory.mktemp("count") / kind
        shutil.copytree(before / kind, path)
        old = state(path)
        with DiskFaults() as disk:
            run(path)
        found[kind] = disk.calls, (old, state(path))
    return found


def check(path, kind, states, at):
    """The dataset is of the old or the new snapshot, whole, and goes on; which it was."""
    snapshot = SNAPSHOTS[kind]
    new = Dataset.open(path).snapshot - snapshot
    assert new in (0, 1)
    assert state(path) == states[new]
    if at % 8 == 0 or torture():
        if new:
            assert state(path, snapshot) == states[0], "whoever reads the old snapshot goes on"
        one_more(path, 1)
        compact(path)
        assert_sound(path)
    return new


def files_of(path):
    return {
        file.relative_to(path).as_posix()
        for folder in DATA_FOLDERS
        for file in (path / folder).rglob("*")
        if file.is_file()
    }


def test_every_kind_of_call_is_reached(cases_of):
    for calls, (old, new) in cases_of.values():
        kinds = [call.split()[0] for call in calls]
        assert {"write", "fsync", "rename", "commit", "after"} <= set(kinds)
        assert kinds.count("write") >= 6
        assert old != new


def test_a_kill_at_every_call(before, cases_of, tmp_path):
    jobs = []
    for kind, (calls, _) in cases_of.items():
        for at in range(len(calls)):
            path = tmp_path / f"{kind}-{at}"
            shutil.copytree(before / kind, path)
            jobs.append(Job(str(path), at))
    assert set(deaths(__file__, jobs).values()) == {signal.SIGKILL}
    for kind, (calls, states) in cases_of.items():
        found = [check(tmp_path / f"{kind}-{at}", kind, states, at) for at in range(len(calls))]
        assert found == sorted(found), "once new, always new"
        assert not any(found[: calls.index("commit") + 1])
        assert all(found[calls.index("after commit") :])


@pytest.mark.parametrize("kind", list(RUNS))
def test_a_disk_that_refuses_at_every_call(before, cases_of, tmp_path, kind):
    calls, states = cases_of[kind]
    errors = ("ENOSPC", "EIO")
    for at in range(len(calls)):
        for error in errors if torture() else errors[at % 2 :][:1]:
            path = tmp_path / f"{at}-{error}"
            shutil.copytree(before / kind, path)
            with DiskFaults(at, error), pytest.raises(StoreError, match="the disk refused"):
                RUNS[kind](path)
            check(path, kind, states, at + 4)


@pytest.mark.parametrize("kind", list(RUNS))
def test_short_writes_are_gone_on_with(before, cases_of, tmp_path, kind):
    shutil.copytree(before / kind, tmp_path / "s")
    with short_writes():
        RUNS[kind](tmp_path / "s")
    assert verify(tmp_path / "s").ok
    assert state(tmp_path / "s") == cases_of[kind][1][1]


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(before, tmp_path):
    rng, jobs = np.random.default_rng(8), []
    for number in range(cases(20, 200)):
        shutil.copytree(before / "append", tmp_path / str(number))
        jobs.append(Job(str(tmp_path / str(number)), -1, number % 4, float(rng.uniform(0, 0.15))))
    assert set(deaths(__file__, jobs).values()) == {signal.SIGKILL}
    for path in (Path(job.path) for job in jobs):
        said = acknowledged(path)
        compact(path)
        with Dataset.open(path).duckdb() as connection:
            query = "SELECT amount FROM orders WHERE user_id = 7001"
            found = sorted(abs(row[0]) for row in connection.sql(query).fetchall())
        whole = [float(number) for number in range(1, len(said) + 2) for _ in range(2)]
        assert found in (whole[:-2], whole), "an append was lost, or half of one is there"
        assert_sound(path)


def test_torn_images(before, tmp_path):
    """What a power cut may leave before the commit: any part of any new file. The old state is read."""
    rng = np.random.default_rng(4)
    for kind, run in RUNS.items():
        shutil.copytree(before / kind, tmp_path / "new")
        shutil.copytree(before / kind, tmp_path / "old")
        run(tmp_path / "new")
        old, manifest = files_of(tmp_path / "old"), Dataset.open(tmp_path / "old").manifest
        new = {name: (tmp_path / "new" / name).read_bytes() for name in files_of(tmp_path / "new") - old}
        assert len(new) >= 8
        for _ in range(cases(1000, 10_000)):
            name, whole = list(new.items())[int(rng.integers(len(new)))]
            file, size = tmp_path / "old" / name, int(rng.integers(0, len(whole) + 1))
            file.parent.mkdir(parents=True, exist_ok=True)
            tail = bytes(len(whole) - size) if rng.random() < 0.5 else b""
            file.write_bytes(whole[:size] + tail)
            if rng.random() < 0.3:
                file.unlink()
            assert Dataset.open(tmp_path / "old").manifest == manifest
        run(tmp_path / "old")
        assert {name: (tmp_path / "old" / name).read_bytes() for name in new} == new
        shutil.rmtree(tmp_path / "old")
        shutil.rmtree(tmp_path / "new")
