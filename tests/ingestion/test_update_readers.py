"""Two processes read while a third updates, appends and compacts: each reads one version; files stay few."""

import json
import subprocess
import sys

import numpy as np
import pytest

from workbench.ingestion.edit import edit
from workbench.stores.dataset import Dataset
from workbench.stores.verify import verify
from workbench.testing.edited_shop import make_shop
from workbench.testing.sizes import cases

CHILD = """
import json, pathlib, sys, time
import numpy, pyarrow
from workbench.ingestion.build import ingest
from workbench.ingestion.edit import edit
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.protocols import Read
from workbench.stores.replaced import open_current
from workbench.stores.ssd_features import SsdFeatures

role, path, end, key = sys.argv[1], sys.argv[2], time.time() + float(sys.argv[3]), int(sys.argv[4])
orders, users = numpy.arange(0, 80, 7), numpy.arange(0, 30, 4)

def append(schema, number):
    at = numpy.datetime64("2027-01-01", "us") + numpy.timedelta64(number, "s")
    row = {"user_id": [key], "at": [at], "amount": [float(number)], "due": pyarrow.array([at])}
    ingest({"orders": pyarrow.table(row)}, schema, path, append=True)

def size():
    return sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file())

def write():
    number, appends, sizes, most = 0, 0, [], 0
    while time.time() < end:
        number += 1
        if number % 3 == 0:  # the rows of a version: those that were stored, then one per append
            append(Dataset.open(path).schema, appends)
            appends += 1
        with edit(path) as editing:
            editing.update("orders", {"amount": numpy.full(len(orders), float(number))}, ids=orders)
            editing.update("users", {"age": numpy.full(len(users), float(number))}, ids=users)
        most = max(most, size())
        if number % 4 == 0:
            compact(path)
            sizes.append(size())
    return {"edits": number, "appends": appends, "sizes": sizes, "most": most}

def read():
    seen, reads = [], 0
    while time.time() < end:
        dataset, store = open_current(path, lambda dataset: (dataset, SsdFeatures.open(dataset)))
        versions = {dataset.row("orders", 7)["amount"]}  # its files stay through one compaction
        count = dataset.manifest.rows("orders")
        graph = GraphArrays.open(dataset)
        assert len(graph.times["orders"]) == count
        later = numpy.arange(80, count)
        for turn in range(40):
            a, b, c = store.multi_get([Read("orders", orders), Read("users", users), Read("orders", later)])
            versions |= set(a.column("amount").tolist()) | set(b.column("age").tolist())
            assert c.column("amount").tolist() == list(range(len(later)))
            reads += 1
        assert len(versions) == 1, versions
        seen.append(versions.pop())
        assert seen[-1] // 3 in (len(later), len(later) - 1), (seen[-1], len(later))
    assert seen == sorted(seen), seen
    return {"reads": reads, "versions": len(set(seen))}

print(json.dumps(write() if role == "write" else read()))
"""


@pytest.mark.slow
def test_every_read_is_of_one_committed_version(tmp_path):
    path = tmp_path / "s"
    key = int(make_shop(path, np.random.default_rng(0)).frames["users"]["user_id"].iloc[0])
    for table, column, step in (("orders", "amount", 7), ("users", "age", 4)):
        with edit(path) as editing:
            ids = np.arange(0, Dataset.open(path).manifest.rows(table), step)
            editing.update(table, {column: np.zeros(len(ids))}, ids=ids)
    seconds = str(cases(12, 300))
    roles = ("write", "read", "read")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, role, str(path), seconds, str(key)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for role in roles
    ]
    ended = [process.communicate(timeout=600) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], [err for _, err in ended]
    writer, *readers = (json.loads(out) for out, _ in ended)
    assert writer["edits"] > 8
    assert writer["appends"] > 1
    # Rows and dictionaries grow by what was appended; nothing else may pile up.
    assert max(writer["sizes"]) < 1.5 * writer["sizes"][0] + 1000 * writer["appends"]
    assert writer["most"] < 3 * max(writer["sizes"])
    for reader in readers:
        assert reader["reads"] > 200
        assert reader["versions"] > 3
    print(json.dumps([{**writer, "sizes": writer["sizes"][:: len(writer["sizes"]) - 1]}, readers]))
    assert verify(path).ok
