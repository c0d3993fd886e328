"""The contract of a feature store, as tests: an implementation counts once it passes these.

Subclass :class:`FeatureStoreSuite` in a test module and give it a fixture named ``case``::

    class TestMyStore(FeatureStoreSuite):
        @pytest.fixture(scope="class")
        def case(self, tmp_path_factory):
            return make_case(tmp_path_factory.mktemp("dataset"), MyStore.open)
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import IdError, StoreError, WorkbenchError
from workbench.stores.dataset import Dataset
from workbench.stores.protocols import FeatureStore, Read
from workbench.testing.feature_data import WrittenGroup, group_layout, random_group, write_feature_dataset
from workbench.types import ByteArray

SHAPES: dict[str, tuple[int, dict[str, int]]] = {
    "eight bytes": (1000, {"numerical": 1}),
    'hostile "name"; DROP': (501, {"timestamp": 1, "numerical": 2, "categorical": 3}),
    "a line": (999, {"timestamp": 2, "numerical": 5, "categorical": 4}),
    "wide": (257, {"timestamp": 1, "embedding": 120, "categorical": 3}),
    "wider than a block": (130, {"embedding": 300, "numerical": 9}),
    "no columns": (40, {}),
    "no rows": (0, {"numerical": 2}),
}
"""Groups of every case: rows and columns per section; strides from 8 to 1536 bytes."""

PACKED: dict[str, tuple[int, dict[str, int], dict[str, str]]] = {
    "halves": (300, {"timestamp": 1, "numerical": 21, "categorical": 2}, {"numerical": "float16"}),
    "small numbers": (700, {"embedding": 120, "numerical": 3}, {"embedding": "int8"}),
    "all packed": (
        450,
        {"embedding": 77, "numerical": 5, "categorical": 19},
        {"embedding": "bfloat16", "numerical": "float16", "categorical": "uint8"},
    ),
    "short words": (90, {"categorical": 2}, {"categorical": "uint16"}),
}
"""Groups stored in codes: rows, columns per section, code per section."""


@dataclass(frozen=True)
class FeatureCase:
    """A store under test and what was written into it."""

    store: FeatureStore
    written: Mapping[str, WrittenGroup]


def make_case(
    path: Path, open_store: Callable[[Dataset], FeatureStore], *, permuted: bool = False
) -> FeatureCase:
    """Write the suite's dataset at ``path`` and open a store over it."""
    rng = np.random.default_rng(7)
    layouts = [group_layout(name, rows, widths) for name, (rows, widths) in SHAPES.items()]
    layouts += [group_layout(name, *packed) for name, packed in PACKED.items()]
    groups = [random_group(layout, rng) for layout in layouts]
    dataset = write_feature_dataset(path, groups, permuted=permuted)
    return FeatureCase(open_store(dataset), {group.layout.group: group for group in groups})


class FeatureStoreSuite:
    """Tests that every :class:`~workbench.stores.protocols.FeatureStore` passes."""

    def test_is_a_feature_store(self, case: FeatureCase) -> None:
        """It has the protocol's methods, and names every group with its layout."""
        assert isinstance(case.store, FeatureStore)
        assert dict(case.store.groups) == {name: group.layout for name, group in case.written.items()}

    def test_rows_come_back_in_the_order_of_ids(self, case: FeatureCase) -> None:
        """Random ids with repetitions, of every integer type that ids come in."""
        rng = np.random.default_rng(1)
        for name, group in case.written.items():
            for dtype in (np.uint32, np.int64, np.int32):
                ids = rng.integers(0, max(group.layout.rows, 1), 700 if group.layout.rows else 0).astype(
                    dtype
                )
                block = case.store.multi_get([Read(name, ids)])[0]
                np.testing.assert_array_equal(block.data, group.rows[ids])

    def test_every_section_is_what_was_written(self, case: FeatureCase) -> None:
        """Values where present, zero where not, and the mask itself."""
        for name, group in case.written.items():
            block = case.store.multi_get([Read(name, np.arange(group.layout.rows))])[0]
            assert len(block) == group.layout.rows
            np.testing.assert_array_equal(block.present(), group.present)
            for i, column in enumerate(group.layout.columns):
                values = group.sections[column.section][:, column.start : column.start + column.width]
                expected = np.where(group.present[:, [i]], values, 0)
                np.testing.assert_array_equal(block.column(column.name).reshape(expected.shape), expected)

    def test_many_reads_in_one_call(self, case: FeatureCase) -> None:
        """One block per read, in the order of reads, a group twice, an empty read between."""
        names = [*case.written, *list(case.written)[::-1]]
        reads = [Read(name, np.arange(case.written[name].layout.rows)[::-3]) for name in names]
        reads.insert(1, Read(names[0], np.empty(0, np.uint32)))
        blocks = case.store.fetch(reads).result()
        assert len(blocks[1]) == 0
        for read, block in zip(reads, blocks, strict=True):
            np.testing.assert_array_equal(block.data, case.written[read.group].rows[read.ids])

    def test_no_read_at_all(self, case: FeatureCase) -> None:
        """Nothing asked, nothing answered."""
        assert case.store.multi_get([]) == []

    def test_bad_ids_are_refused(self, case: FeatureCase) -> None:
        """Negative, too large, of a wrong type or shape: IdError, from the Future's result."""
        rows = case.written["a line"].layout.rows
        bad: list[Any] = [[-1], [rows], [0.5], [[1]], [True], [2**63], [2**32], np.array(["1"])]
        for ids in bad:
            reads = [Read("eight bytes", np.arange(3)), Read("a line", np.array(ids))]
            refused(IdError, lambda reads=reads: case.store.multi_get(reads))  # type: ignore[misc]
            future = case.store.fetch(reads)
            refused(IdError, future.result)
        refused(IdError, lambda: case.store.multi_get([Read("no rows", np.array([0]))]))

    def test_what_is_not_there_is_refused(self, case: FeatureCase) -> None:
        """An unknown group is named, with the nearest; versions and other snapshots are not faked."""
        ids = np.arange(2)
        message = refused(StoreError, lambda: case.store.multi_get([Read("a lime", ids)]))
        assert "Did you mean 'a line'?" in message
        refused(StoreError, lambda: case.store.multi_get([Read("a line", ids, as_of=ids)]))
        refused(StoreError, lambda: case.store.multi_get([], snapshot=case.store.snapshot + 1))
        assert case.store.multi_get([], snapshot=case.store.snapshot) == []

    def test_held_rows_are_never_overwritten(self, case: FeatureCase) -> None:
        """Blocks and views of them stay what they were while later reads reuse what was let go."""
        rng, group = np.random.default_rng(2), case.written["a line"]
        held = []
        for i in range(60):
            ids = rng.integers(0, group.layout.rows, int(rng.integers(1, 900)))
            block = case.store.multi_get([Read("a line", ids)])[0]
            if i % 3 == 0:
                held.append((ids, block.section("numerical")))
        for ids, view in held:
            expected = np.where(group.present[:, 2:7], group.sections["numerical"], 0)[ids]
            np.testing.assert_array_equal(view, expected)

    def test_the_given_pool_lends_the_memory(self, case: FeatureCase) -> None:
        """One buffer per read, of exactly its shape."""
        pool = _RecordingPool()
        blocks = case.store.multi_get([Read("a line", np.arange(5)), Read("wide", np.arange(3))], pool)
        assert [buffer.shape for buffer in pool.lent] == [(5, 64), (3, 512)]
        assert all(np.shares_memory(b.data, lent) for b, lent in zip(blocks, pool.lent, strict=True))

    def test_many_threads(self, case: FeatureCase) -> None:
        """Reads from many threads at once do not disturb each other."""

        def read(key: int) -> bool:
            ids = np.random.default_rng(key).integers(0, 999, 300)
            block = case.store.multi_get([Read("a line", ids)])[0]
            return bool((block.data == case.written["a line"].rows[ids]).all())

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(read, range(200)))

    def test_crosses_to_another_process_by_pickle(self, case: FeatureCase) -> None:
        """A pickled store is small and reads the same."""
        bytes_ = pickle.dumps(case.store)
        assert len(bytes_) < 1000
        copy: FeatureStore = pickle.loads(bytes_)  # noqa: S301 - our own bytes
        ids = np.arange(999)
        block = copy.fetch([Read("a line", ids)]).result()[0]
        np.testing.assert_array_equal(block.data, case.written["a line"].rows)


class _RecordingPool:
    def __init__(self) -> None:
        self.lent: list[ByteArray] = []

    def take(self, shape: tuple[int, int]) -> ByteArray:
        self.lent.append(np.full(shape, 255, np.uint8))
        return self.lent[-1]


def refused(kind: type[WorkbenchError], call: Callable[[], object]) -> str:
    """Run a call that must raise ``kind``; its message."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was expected, nothing was raised")
