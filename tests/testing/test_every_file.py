"""The datasets have every kind of file that a manifest knows, and the reader touches each of them."""

from pathlib import Path

from workbench.stores.dataset import Dataset
from workbench.testing.every_file import flip_bit, make_coded, make_edited, read_everything

ROLES = {
    *("table", "time", "indptr", "nbr", "eid", "features", "slot"),
    *("keys", "edit", "deleted", "delta", "link"),
}


def test_every_file_is_there_and_read(tmp_path, monkeypatch):
    roots = [make_edited(tmp_path / "edited"), make_coded(tmp_path / "coded")]
    entries = {root / entry.path: entry for root in roots for entry in Dataset.open(root).manifest.kept_files}
    assert {entry.role for entry in entries.values()} == ROLES
    assert Dataset.open(roots[0]).manifest.previous is not None
    read: set[Path] = set()
    locate = Dataset.locate
    monkeypatch.setattr(
        Dataset, "locate", lambda self, entry: read.add(self.path / entry.path) or locate(self, entry)
    )
    for root in roots:
        read_everything(root)
        read_everything(root, None)
    assert read == set(entries)


def test_a_flipped_bit_is_one_and_comes_back(tmp_path):
    file = tmp_path / "bytes"
    file.write_bytes(b"\0\0\0")
    flip_bit(file, 1, 3)
    assert file.read_bytes() == b"\0\x08\0"
    flip_bit(file, 1, 3)
    assert file.read_bytes() == b"\0\0\0"
