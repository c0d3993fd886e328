"""The seal: atomic, checks itself, tells a crash from damage."""

import pytest

from workbench.errors import CorruptStoreError
from workbench.stores.seal import Seal, read_seal, write_seal


def sealed(tmp_path, data=b"pages"):
    (tmp_path / "catalog.lmdb").mkdir(exist_ok=True)
    (tmp_path / "catalog.lmdb/data.mdb").write_bytes(data)
    return write_seal(tmp_path, 3, committing=False)


def test_round_trip(tmp_path):
    assert sealed(tmp_path) == 5
    seal = read_seal(tmp_path)
    assert (seal.snapshot, seal.bytes, seal.committing) == (3, 5, False)
    assert write_seal(tmp_path, 4, committing=True) == 5
    assert read_seal(tmp_path) == Seal(4, 5, seal.checksum, committing=True)


def test_every_flipped_bit_is_seen(tmp_path):
    sealed(tmp_path)
    file = tmp_path / "catalog.seal"
    whole = file.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            with pytest.raises(CorruptStoreError, match=r"catalog\.seal"):
                read_seal(tmp_path)


def test_every_truncation_is_seen(tmp_path):
    sealed(tmp_path)
    file = tmp_path / "catalog.seal"
    whole = file.read_bytes()
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises(CorruptStoreError, match=r"catalog\.seal"):
            read_seal(tmp_path)
