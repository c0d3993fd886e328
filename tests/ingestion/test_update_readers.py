"""Two processes read while a third updates and compacts: each read is of one version; files do not grow."""

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
import numpy
from workbench.ingestion.edit import edit
from workbench.stores.compaction import compact
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import Read
from workbench.stores.replaced import open_current
from workbench.stores.ssd_features import SsdFeatures

role, path, end = sys.argv[1], sys.argv[2], time.time() + float(sys.argv[3])
orders, users = numpy.arange(0, 80, 7), numpy.arange(0, 30, 4)

def write():
    number, sizes = 0, []
    while time.time() < end:
        number += 1
        with edit(path) as editing:
            editing.update("orders", {"amount": numpy.full(len(orders), float(number))}, ids=orders)
            editing.update("users", {"age": numpy.full(len(users), float(number))}, ids=users)
        if number % 4 == 0:
            compact(path)
            sizes.append(sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file()))
    return {"edits": number, "sizes": sizes}

def read():
    seen, reads = [], 0
    while time.time() < end:
        dataset, store = open_current(path, lambda dataset: (dataset, SsdFeatures.open(dataset)))
        versions = {dataset.row("orders", 7)["amount"]}  # its files stay through one compaction
        for turn in range(40):
            a, b = store.multi_get([Read("orders", orders), Read("users", users)])
            versions |= set(a.column("amount").tolist()) | set(b.column("age").tolist())
            reads += 1
        assert len(versions) == 1, versions
        seen.append(versions.pop())
    assert seen == sorted(seen), seen
    return {"reads": reads, "versions": len(set(seen))}

print(json.dumps(write() if role == "write" else read()))
"""


@pytest.mark.slow
def test_every_read_is_of_one_committed_version(tmp_path):
    path = tmp_path / "s"
    make_shop(path, np.random.default_rng(0))
    for table, column, step in (("orders", "amount", 7), ("users", "age", 4)):
        with edit(path) as editing:
            ids = np.arange(0, Dataset.open(path).manifest.rows(table), step)
            editing.update(table, {column: np.zeros(len(ids))}, ids=ids)
    seconds = str(cases(20, 300))
    roles = ("write", "read", "read")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, role, str(path), seconds],
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
    assert max(writer["sizes"]) < 1.5 * writer["sizes"][0]
    for reader in readers:
        assert reader["reads"] > 200
        assert reader["versions"] > 3
    assert verify(path).ok
