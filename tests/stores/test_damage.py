"""Damaged and foreign datasets: a clear error of ours, never a signal. Each case is opened in a fork.

What has the right size and other bytes is told by ``verify`` and ``verify='read'``; without, it may be read.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from workbench.stores import catalog
from workbench.stores.dataset import Dataset
from workbench.stores.manifest import Manifest
from workbench.testing.every_file import make_coded, make_edited
from workbench.testing.sizes import cases

CHILD = """
import json, os, sys, traceback
from pathlib import Path
import numpy, pandas, duckdb
from workbench.errors import StoreError
from workbench.kernels.csc import csc_from_column
from workbench.testing.every_file import read_everything

csc_from_column(numpy.zeros(1, numpy.uint32), 1)  # the first kernel takes a second, so not in each grandchild

ends = []
for path, verify in json.loads(sys.stdin.read()):
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            read_everything(Path(path), verify)
            said = "read"
        except StoreError as error:
            said = f"{type(error).__name__}: {error}"
        except Exception as error:
            said = f"unclear {type(error).__name__}: {error}"
        os.write(tell, said.encode()[:60000])
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as pipe:
        said = pipe.read()
    ends.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said))
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A dataset, another of the same tables and sizes but with other values, and one of other tables."""
    root = tmp_path_factory.mktemp("damage")
    make_edited(root / "mine")
    make_edited(root / "other", seed=77)
    make_coded(root / "coded")
    return root


def opened(jobs):
    """How each dataset was read: exit status, and what was said."""
    command, given = [sys.executable, "-c", CHILD], json.dumps([(str(path), how) for path, how in jobs])
    child = subprocess.run(command, input=given, capture_output=True, text=True, timeout=500, check=True)
    return json.loads(child.stdout)


def copy(stores, folder, name):
    shutil.copytree(stores / "mine", folder / name)
    return folder / name


def some_file(root, role):
    return next(entry.path for entry in Dataset.open(root).manifest.files if entry.role == role)


ROLES = ["table", "time", "indptr", "nbr", "features", "slot", "keys", "edit", "delta"]


def test_files_that_are_cut_longer_foreign_or_gone_are_named(stores, tmp_path):
    made = []
    for role in ROLES:
        relative = some_file(stores / "mine", role)
        for what in ("empty", "cut", "longer", "foreign", "missing", "folder"):
            root = copy(stores, tmp_path, f"{role}-{what}")
            file = root / relative
            whole = file.read_bytes()
            if what in ("missing", "folder"):
                file.unlink()
            contents = {"empty": b"", "cut": whole[:-1], "longer": whole + b"\0", "foreign": b"PAR1 what?"}
            if what in contents:
                file.write_bytes(contents[what])
            elif what == "folder":
                file.mkdir()
            made.append((root, relative))
    for (root, relative), (code, said) in zip(made, opened([(root, None) for root, _ in made]), strict=True):
        assert code == 0, root
        assert said.startswith("CorruptStoreError"), (root, said)
        assert relative in said


def test_a_file_of_another_dataset_of_the_same_size(stores, tmp_path):
    """Its size alone does not give it away: reads that verify do, others end without a signal."""
    jobs, changed = [], 0
    for role in ROLES:
        relative = some_file(stores / "mine", role)
        root = copy(stores, tmp_path, role)
        size = (root / relative).stat().st_size
        foreign = (stores / "other" / relative).read_bytes()[:size].ljust(size, b"\0")
        changed += foreign != (root / relative).read_bytes()
        (root / relative).write_bytes(foreign)
        jobs += [(root, "read"), (root, None)]
    assert changed > len(ROLES) // 2
    for (root, how), (code, said) in zip(jobs, opened(jobs), strict=True):
        assert code == 0, (root, said)
        if (
            how
            and (root / some_file(stores / "mine", root.name)).read_bytes()
            != (stores / "mine" / some_file(stores / "mine", root.name)).read_bytes()
        ):
            assert said.startswith("CorruptStoreError"), (root, said)
            assert "altered or foreign" in said


def catalogs(stores, tmp_path):
    """Damage of the catalog and its seal, and what must be said of it."""
    for name in ("catalog.lmdb/data.mdb", "catalog.seal"):
        whole = (stores / "mine" / name).read_bytes()
        for number, content in enumerate([b"", whole[: len(whole) // 2], whole[::-1], b"\0" * len(whole)]):
            root = copy(stores, tmp_path, f"{name.rsplit('/', 1)[-1]}-{number}")
            (root / name).write_bytes(content)
            yield root, name
        root = copy(stores, tmp_path, f"{name.rsplit('/', 1)[-1]}-other")
        (root / name).write_bytes((stores / "coded" / name).read_bytes())
        yield root, "catalog"
        root = copy(stores, tmp_path, f"{name.rsplit('/', 1)[-1]}-missing")
        (root / name).unlink()
        yield root, name


def test_a_damaged_catalog_is_named(stores, tmp_path):
    made = list(catalogs(stores, tmp_path))
    for (root, name), (code, said) in zip(made, opened([(root, None) for root, _ in made]), strict=True):
        assert code == 0, root
        assert said.startswith("CorruptStoreError"), (root, said)
        assert name in said, (root, said)


def test_what_is_no_dataset_or_of_another_version(stores, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/one.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "file").write_text("a,b")
    (tmp_path / "empty catalog/catalog.lmdb").mkdir(parents=True)
    shutil.copytree(stores / "mine", tmp_path / "newer")
    state = catalog.read(tmp_path / "newer")
    real = Manifest.to_dict
    monkeypatch.setattr(Manifest, "to_dict", lambda self: {**real(self), "format": 99})
    catalog.commit(tmp_path / "newer", state.manifest, {})
    expected = {
        "nothing": "StoreError: .*nothing at that path",
        "empty": "nothing was ever committed",
        "photos": "nothing was ever committed",
        "file": "that is a file",
        "empty catalog": "nothing was ever committed",
        "newer": "its format is 99",
    }
    for (name, message), (code, said) in zip(
        expected.items(), opened([(tmp_path / name, None) for name in expected]), strict=True
    ):
        assert code == 0
        assert said.startswith("StoreError"), (name, said)
        assert message.removeprefix("StoreError: .*") in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads whatever its mode is")
@pytest.mark.parametrize("name", ["catalog.seal", "catalog.lmdb", "features", "."])
def test_what_may_not_be_read(stores, tmp_path, name):
    root = copy(stores, tmp_path, "closed")
    (root / name).chmod(0)
    ((code, said),) = opened([(root, None)])
    (root / name).chmod(0o755)
    assert code == 0
    assert "StoreError" in said.split(":")[0]
    assert "ermission denied" in said


def test_any_flipped_bytes_end_without_a_signal_though_nothing_is_verified(stores, tmp_path):
    """Bytes are changed in place, several in a file: what is read may be wrong, but the process goes on."""
    rng, jobs = np.random.default_rng(6), []
    entries = [entry for entry in Dataset.open(stores / "mine").manifest.files if entry.bytes]
    for number in range(cases(12, 600)):
        root = copy(stores, tmp_path, str(number))
        entry = entries[int(rng.integers(len(entries)))]
        content = bytearray((root / entry.path).read_bytes())
        for place in rng.integers(0, len(content), 1 + number % 5):
            content[place] ^= 1 << int(rng.integers(8))
        (root / entry.path).write_bytes(bytes(content))
        jobs.append((root, None))
    for (root, _), (code, said) in zip(jobs, opened(jobs), strict=True):
        assert code == 0, (root, said)
