"""Out of core equals in memory, byte for byte, also where it was killed on the way, wherever that was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import IdError, IngestCancelled, IngestError
from workbench.ingestion import csc_plan
from workbench.ingestion.csc_files import build_csc
from workbench.ingestion.flat_files import FileIds
from workbench.kernels.csc import csc_from_column, csc_from_pairs, no_neighbor
from workbench.testing.sizes import cases

ROLES = {"indptr": np.int64, "nbr": None, "eid": None}


def columns(rng: np.random.Generator, rows: int, num_dst: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """dst and src ids, some missing; half of the rows may point at one hub."""
    dst, src = rng.integers(0, num_dst, rows), rng.integers(0, 5, rows)
    dst[rng.random(rows) < rng.choice([0.0, 0.5])] = num_dst // 2
    for ends in (dst, src):
        ends[rng.random(rows) < 0.1] = -1
    return dst.astype(dtype), src.astype(dtype)


def oracle(dst: np.ndarray, src: np.ndarray | None, num_dst: int) -> dict[str, bytes]:
    arrays = csc_from_column(dst, num_dst) if src is None else csc_from_pairs(src, dst, num_dst)
    return {role: array.tobytes() for role, array in zip(ROLES, arrays, strict=False)}


def result(folder: Path) -> dict[str, bytes]:
    return {role: (folder / role).read_bytes() for role in ROLES if (folder / role).exists()}


@settings(max_examples=cases(200, 5000))
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(0, 400),
    num_dst=st.sampled_from([1, 3, 50, 70_000, 200_000]),
    dtype=st.sampled_from([np.uint32, np.int64]),
    pairs=st.booleans(),
    chunk=st.integers(1, 100),
    bucket=st.integers(1, 100),
)
def test_files_are_the_arrays_of_memory(
    seed: int, rows: int, num_dst: int, dtype: type, pairs: bool, chunk: int, bucket: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    dst, src = columns(np.random.default_rng(seed), rows, num_dst, dtype)
    folder = tmp_path_factory.mktemp("csc")
    given_src = {"src": src, "num_src": 5} if pairs else {}
    files = build_csc(dst, num_dst, folder, chunk=chunk, bucket=bucket, **given_src)
    assert result(folder) == oracle(dst, src if pairs else None, num_dst)
    edges = (dst != dst.dtype.type(no_neighbor(dtype))) & (
        (src != src.dtype.type(no_neighbor(dtype))) | (not pairs)
    )
    assert files.edges == edges.sum()
    assert set(files.paths) == set(result(folder))
    assert {path.name for path in folder.iterdir()} == {*files.paths, "state.json"}


def test_a_lexsort_says_the_same(tmp_path: Path) -> None:
    dst, src = columns(np.random.default_rng(0), 5000, 300, np.uint32)
    build_csc(dst, 300, tmp_path, src=src, num_src=5, chunk=700, bucket=400)
    rows = np.flatnonzero((dst != 2**32 - 1) & (src != 2**32 - 1))
    order = rows[np.lexsort((rows, dst[rows]))]
    assert np.array_equal(np.fromfile(tmp_path / "eid", np.uint32), order)
    assert np.array_equal(np.fromfile(tmp_path / "nbr", np.uint32), src[order])


def test_no_nodes_and_no_rows(tmp_path: Path) -> None:
    none = np.empty(0, np.uint32)
    assert build_csc(none, 0, tmp_path / "a").edges == 0
    assert result(tmp_path / "a") == {"indptr": bytes(8), "nbr": b""}
    assert build_csc(none, 4, tmp_path / "b", src=none).edges == 0
    assert result(tmp_path / "b") == {"indptr": bytes(40), "nbr": b"", "eid": b""}


def test_columns_may_lie_in_files(tmp_path: Path) -> None:
    dst, src = columns(np.random.default_rng(1), 1000, 40, np.uint32)
    dst.tofile(tmp_path / "dst")
    src.tofile(tmp_path / "src")
    given_src = FileIds(tmp_path / "src")
    build_csc(FileIds(tmp_path / "dst"), 40, tmp_path / "csc", src=given_src, num_src=5, chunk=64, bucket=99)
    assert result(tmp_path / "csc") == oracle(dst, src, 40)


def killed_at(moment: str, times: int, folder: Path, dst: np.ndarray, src: np.ndarray) -> int:
    """How a build ended that dies (SIGKILL) the ``times``-th time that it reaches a moment."""
    child = os.fork()
    if not child:
        from workbench.ingestion import csc_sort, csc_split

        left = [times]

        def failpoint(name: str) -> None:
            left[0] -= name == moment
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        csc_split.failpoint = csc_sort.failpoint = failpoint
        build_csc(dst, 300, folder, src=src, num_src=5, chunk=100, bucket=80)
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("save_every", [1, 250, 1 << 26])
@pytest.mark.parametrize("moment", ["csc-split", "csc-sort"])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_killed_build_goes_on(
    moment: str, times: int, save_every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csc_plan, "SAVE_EVERY", save_every)
    dst, src = columns(np.random.default_rng(2), 1000, 300, np.uint32)
    build_csc(
        dst, 300, tmp_path / "warm", src=src, num_src=5, chunk=100, bucket=80
    )  # compiled before the fork
    assert killed_at(moment, times, tmp_path / "csc", dst, src) == signal.SIGKILL
    told: list[tuple[str, int]] = []
    build_csc(dst, 300, tmp_path / "csc", src=src, num_src=5, chunk=100, bucket=80,
              report=lambda *given: told.append(given))  # fmt: skip
    assert result(tmp_path / "csc") == oracle(dst, src, 300)
    again = sum(done for stage, done in told if stage == "split")
    if save_every == 1:  # what was saved is not done again; the last step died before its save
        assert again == (1000 - 100 * (times - 1) if moment == "csc-split" else 0)
    assert (again == 0) == (moment == "csc-sort")


def test_a_cancelled_build_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csc_plan, "SAVE_EVERY", 1)
    dst, src = columns(np.random.default_rng(3), 1000, 300, np.uint32)
    stops = iter([("count", 2), ("split", 3), ("split", 5), ("sort", 2), ("sort", 4)])
    ended = 0
    for stage, times in stops:
        seen = []

        def report(name: str, _done: int, seen: list = seen, stop: tuple = (stage, times)) -> None:
            seen.append(name)
            if seen.count(stop[0]) == stop[1]:
                raise IngestCancelled("stop here")

        with pytest.raises(IngestCancelled):
            build_csc(dst, 300, tmp_path, src=src, num_src=5, chunk=100, bucket=80, report=report)
        ended += 1
    assert ended == 5
    build_csc(dst, 300, tmp_path, src=src, num_src=5, chunk=100, bucket=80)
    assert result(tmp_path) == oracle(dst, src, 300)


def test_a_finished_build_is_only_counted_again(tmp_path: Path) -> None:
    dst, _ = columns(np.random.default_rng(4), 1000, 300, np.uint32)
    build_csc(dst, 300, tmp_path)
    before, told = result(tmp_path), []
    build_csc(dst, 300, tmp_path, report=lambda stage, _done: told.append(stage))
    assert result(tmp_path) == before
    assert set(told) == {"count"}


def test_other_columns_do_not_go_on(tmp_path: Path) -> None:
    build_csc(np.array([0, 1, 1], np.uint32), 3, tmp_path)
    with pytest.raises(IngestError, match="rows, begins differ"):
        build_csc(np.array([0, 1], np.uint32), 3, tmp_path)


def test_a_bad_id_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(IdError, match="row 2 points at 3"):
        build_csc(np.array([0, 1, 3], np.uint32), 3, tmp_path, chunk=2)
    assert not list(tmp_path.iterdir())
