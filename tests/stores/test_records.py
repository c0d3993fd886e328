"""Records: every one carries its checksum; a probe in a child process survives any damage."""

import lmdb
import pytest

from workbench.errors import CorruptStoreError
from workbench.schema import Schema
from workbench.stores import records
from workbench.stores.manifest import Manifest, Partition

EMPTY = Manifest(1, Schema(()), (Partition("p1", {}, ()),), ())


def write(root, items):
    (root / "catalog.lmdb").mkdir(exist_ok=True)
    records.write_records(root, items, 0)


def test_no_records_is_none(tmp_path):
    write(tmp_path, {})
    assert records.read_records(tmp_path) is None
    assert records.probe(tmp_path) is False


def test_records_without_a_manifest(tmp_path):
    items = records.encode_records(EMPTY, {("t", "c"): ["x"]})
    del items[b"manifest"]
    write(tmp_path, items)
    with pytest.raises(CorruptStoreError, match="holds no manifest"):
        records.read_records(tmp_path)


def test_a_record_under_another_key_is_foreign(tmp_path):
    items = records.encode_records(EMPTY, {("t", "c"): ["x"], ("t", "d"): ["y"]})
    first, second = (key for key in items if key != b"manifest")
    items[first], items[second] = items[second], items[first]
    write(tmp_path, items)
    with pytest.raises(CorruptStoreError, match="checksum does not match"):
        records.read_records(tmp_path)
    with pytest.raises(CorruptStoreError, match="checksum does not match"):
        records.probe(tmp_path)


def test_the_engine_is_the_one_that_every_release_reads(tmp_path):
    write(tmp_path, records.encode_records(EMPTY, {}))
    data = (tmp_path / "catalog.lmdb/data.mdb").read_bytes()
    assert data[16:20] == bytes.fromhex("dec0efbe")  # LMDB's magic, little-endian
    assert int.from_bytes(data[20:24], "little") == 1  # data version 1: LMDB 0.9


def test_a_child_that_dies_is_reported(tmp_path):
    write(tmp_path, records.encode_records(EMPTY, {("t", "c"): ["x"] * 5000}))
    data = tmp_path / "catalog.lmdb/data.mdb"
    data.write_bytes(data.read_bytes()[:8192])  # LMDB maps it and dies of SIGBUS
    with pytest.raises(CorruptStoreError, match=r"data\.mdb in .* cannot be read"):
        records.probe(tmp_path)


def test_no_environment_stays_open(tmp_path):
    write(tmp_path, records.encode_records(EMPTY, {}))
    for _ in range(3):
        assert records.read_records(tmp_path).manifest == EMPTY
    environment = lmdb.open(str(tmp_path / "catalog.lmdb"), readonly=True)  # refused if one were open
    environment.close()
