"""What a power cut may find: a file is on disk before its folder, and both before the catalog names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.stores import catalog
from workbench.stores.seal import SEAL
from workbench.testing.commerce import commerce


def test_files_then_folders_then_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[Any] = []
    sync, write = os.fsync, catalog.write_records

    def noted_sync(handle: int) -> None:
        sync(handle)
        order.append(_identity(os.fstat(handle)))

    def noted_write(*given: Any) -> None:
        order.append("catalog")
        write(*given)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(catalog, "write_records", noted_write)
    tables = read_tables(commerce(50, periods=5).tables)
    ingest(tables, infer_schema(tables), tmp_path)
    committed, root = order.index("catalog"), _identity(tmp_path.stat())
    before, after = order[:committed], order[committed + 1 :]
    files = [tmp_path / entry.path for entry in catalog.read(tmp_path).manifest.files]
    for path in files:
        assert before.index(_identity(path.stat())) < _last(before, path.parent), path
    assert before[-1] == root, "the name of the first seal, which says that a commit is under way"
    assert before[-2] not in [_identity(folder.stat()) for path in files for folder in path.parents]
    assert after[-2:] == [_identity((tmp_path / SEAL).stat()), root], "the last seal, then its name"


def _last(order: list[Any], folder: Path) -> int:
    """Place of the last fsync of a folder; -1 if there was none."""
    places = [place for place, what in enumerate(order) if what == _identity(folder.stat())]
    return places[-1] if places else -1


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
