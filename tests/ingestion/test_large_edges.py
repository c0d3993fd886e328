"""Edges sorted out of core: the dataset is the same, byte for byte, also after a crash on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import IngestCancelled, IngestError
from workbench.events import Event, Progress
from workbench.ingestion import csc_plan, large_edges, write_edges
from workbench.ingestion.build import ingest
from workbench.ingestion.csc_files import build_csc
from workbench.ingestion.failpoints import OUT_OF_CORE
from workbench.ingestion.folder import SPILL, UNFINISHED
from workbench.ingestion.report import IngestReport
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.verify import verify

KEYS = (ForeignKey("a", "users"), ForeignKey("b", "items"))
ENDS = (Column("a", Stype.ID), Column("b", Stype.ID), Column("at", Stype.TIMESTAMP))
SCHEMA = Schema(
    (
        Table("users", (Column("id", Stype.ID), Column("born", Stype.TIMESTAMP)), "id", "born"),
        Table("items", (Column("id", Stype.ID),), "id"),
        Table("sales", ENDS, None, "at", None, KEYS),
    )
)
FOLDED = SCHEMA.as_edge("sales", "a", "b")


def tables(seed: int, rows: int = 400) -> dict[str, pa.Table]:
    """Sales with null and dangling keys, rows without a time, users born after some of their sales."""
    rng = np.random.default_rng(seed)

    def times(count: int) -> pa.Array:
        values = [int(t) if t % 9 else None for t in rng.integers(1, 10**6, count)]
        return pa.array(values, pa.timestamp("us"))

    a = [int(key) if key % 7 else None for key in rng.integers(0, 40, rows)]
    b = [f"i{key}" if key % 7 else None for key in rng.integers(0, 40, rows)]
    return {
        "users": pa.table({"id": rng.permutation(30), "born": times(30)}),
        "items": pa.table({"id": [f"i{key}" for key in rng.permutation(35)]}),
        "sales": pa.table({"a": pa.array(a, pa.int64()), "b": b, "at": times(rows)}),
    }


def in_pieces(*given: Any, **options: Any) -> Any:
    """``build_csc`` in chunks and buckets that tables of this size have several of."""
    return build_csc(*given, **options, chunk=50, bucket=30)


@pytest.fixture
def out_of_core(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Everything is too large for memory, and is read and sorted in small pieces."""

    monkeypatch.setattr(write_edges, "IN_MEMORY", -1)
    monkeypatch.setattr(large_edges, "BATCH", 37)
    monkeypatch.setattr(large_edges, "build_csc", in_pieces)
    monkeypatch.setattr(csc_plan, "SAVE_EVERY", 1)
    return monkeypatch


def graph_files(path: Path) -> dict[tuple[str, str], str]:
    """Checksum by role and edge type."""
    dataset = Dataset.open(path)
    assert not verify(path).problems
    assert not list(path.glob(f"{SPILL}*"))
    roles = ("indptr", "nbr", "eid")
    return {(e.role, e.name): e.checksum for e in dataset.manifest.files if e.role in roles}


def same(path: Path, report: IngestReport, other: Path, expected: IngestReport) -> None:
    assert graph_files(path) == graph_files(other)
    assert report.edges == expected.edges
    assert report.warnings == expected.warnings
    follow = [set(Dataset.open(place).manifest.edges_follow_nodes) for place in (path, other)]
    assert follow[0] == follow[1]


@pytest.mark.parametrize("id_dtype", ["uint32", "int64"])
@pytest.mark.parametrize("schema", [SCHEMA, FOLDED], ids=["facts", "folded"])
def test_files_are_those_of_an_ingest_in_memory(
    schema: Schema, id_dtype: str, tmp_path: Path, out_of_core: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        data, paths = tables(seed), [tmp_path / f"{seed}{name}" for name in "ab"]
        report = ingest(data, schema, paths[0], id_dtype=id_dtype)
        with out_of_core.context() as patch:
            patch.setattr(write_edges, "IN_MEMORY", 1 << 26)
            expected = ingest(data, schema, paths[1], id_dtype=id_dtype)
        same(paths[0], report, paths[1], expected)
        GraphArrays.open(Dataset.open(paths[0]))


def test_an_empty_table(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    assert set(ingest(tables(0, rows=0), FOLDED, tmp_path).edges.values()) == {0}


def test_progress_counts_every_row_once(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    ingest(tables(1), SCHEMA, tmp_path, callbacks=[events.append])
    told = [event for event in events if isinstance(event, Progress)]
    edges = [event.done for event in told if event.stage == "edges"]
    assert told[-1].done == told[-1].total
    assert edges == sorted(edges)
    assert len(set(edges)) > 20  # while edges are sorted, not only afterwards


def test_keys_of_another_type_are_refused(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    data = tables(0)
    data["items"] = pa.table({"id": list(range(9))})
    with pytest.raises(IngestError, match=r"foreign key sales\.b -> items was read: it holds text"):
        ingest(data, SCHEMA, tmp_path)


def test_without_hard_links_files_are_copied(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    ingest(tables(2), FOLDED, tmp_path / "a")

    def refused(*_: Any) -> None:
        raise PermissionError("no links here")

    out_of_core.setattr(os, "link", refused)
    ingest(tables(2), FOLDED, tmp_path / "b")
    assert graph_files(tmp_path / "a") == graph_files(tmp_path / "b")


def test_a_cancelled_ingest_leaves_nothing(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    cancel, path = threading.Event(), tmp_path / "store"

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "edges" and any(path.glob(f"{UNFINISHED}/*/spill")):
            cancel.set()

    with pytest.raises(IngestCancelled):
        ingest(tables(0), SCHEMA, path, callbacks=[stop], cancel=cancel)
    assert cancel.is_set()
    assert not path.exists()


CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_large_edges as here
from workbench.ingestion import csc_plan, csc_sort, csc_split, large_edges, write_edges
path, seed, moment, left = sys.argv[2], int(sys.argv[3]), sys.argv[4], [int(sys.argv[5])]

def failpoint(name):
    left[0] -= name == moment
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

csc_split.failpoint = csc_sort.failpoint = failpoint
write_edges.IN_MEMORY, large_edges.BATCH, csc_plan.SAVE_EVERY = -1, 37, 1
large_edges.build_csc = here.in_pieces
here.ingest(here.tables(seed), here.FOLDED, path)
"""


def killed(path: Path, seed: int, moment: str, times: int) -> None:
    """An ingest in another process dies the ``times``-th time that it reaches a moment."""
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-c", CHILD, folder, str(path), str(seed), moment, str(times)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert any(path.glob(f"{UNFINISHED}/*/{csc_plan.STATE}"))


@pytest.mark.parametrize("moment", OUT_OF_CORE)
def test_after_a_crash_the_next_ingest_goes_on(
    moment: str, tmp_path: Path, out_of_core: pytest.MonkeyPatch
) -> None:
    path, done = tmp_path / "store", Counter[str]()
    killed(path, 3, moment, 12)

    def noted(*given: Any, **options: Any) -> Any:
        report = options.pop("report")

        def tell(stage: str, rows: int) -> None:
            done[stage] += rows
            report(stage, rows)

        return in_pieces(*given, **options, report=tell)

    out_of_core.setattr(large_edges, "build_csc", noted)
    report = ingest(tables(3), FOLDED, path)
    assert done["count"] == 800, "both directions are counted again"
    assert done["split"] <= 400, "the first direction was split"
    assert done["sort"] < sum(report.edges.values()), "part of it was sorted"
    same(path, report, tmp_path / "whole", ingest(tables(3), FOLDED, tmp_path / "whole"))


def test_other_columns_begin_anew(tmp_path: Path, out_of_core: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store"
    killed(path, 4, "csc-sort", 3)
    report = ingest(tables(5), FOLDED, path)
    same(path, report, tmp_path / "other", ingest(tables(5), FOLDED, tmp_path / "other"))
