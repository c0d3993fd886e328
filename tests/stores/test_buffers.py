"""Arenas: lent only when nothing refers to them, whoever holds the reference."""

import gc
import pickle
import re
import threading

import numpy as np
import pyarrow as pa
import pytest

from workbench.errors import BudgetError
from workbench.stores import memory
from workbench.stores.buffers import ArenaPool
from workbench.stores.protocols import BufferPool

SHAPE = (100, 64)


def address(array):
    return array.ctypes.data


def test_shape_and_alignment():
    pool = ArenaPool()
    assert isinstance(pool, BufferPool)
    for shape in [SHAPE, (0, 64), (1, 8), (70_000, 512)]:
        buffer = pool.take(shape)
        assert (buffer.shape, buffer.dtype, buffer.flags.c_contiguous) == (shape, np.uint8, True)
        assert buffer.flags.writeable
        assert address(buffer) % 4096 == 0


def test_a_free_arena_is_lent_again():
    pool = ArenaPool()
    first = address(pool.take(SHAPE))
    assert address(pool.take(SHAPE)) == first
    assert address(pool.take((90, 64))) == first


@pytest.mark.parametrize(
    "hold",
    [
        lambda b: b,
        lambda b: b[3:5],
        lambda b: b[:, 8:16].view(np.float32)[1:].T,
        lambda b: memoryview(b),
        lambda b: np.asarray(memoryview(b)),
        lambda b: pa.py_buffer(b),
        lambda b: [b.reshape(-1)[7]] and np.lib.stride_tricks.as_strided(b, (2, 2), (1, 1)),
    ],
    ids=["itself", "slice", "view of view", "memoryview", "through a memoryview", "arrow", "strided"],
)
def test_a_held_arena_is_not_lent_again(hold):
    pool = ArenaPool()
    buffer = pool.take(SHAPE)
    first, held = address(buffer), hold(buffer)
    del buffer
    assert address(pool.take(SHAPE)) != first
    del held
    gc.collect()
    again = [pool.take(SHAPE) for _ in range(2)]
    assert first in [address(b) for b in again]


def test_a_torch_tensor_holds_it():
    torch = pytest.importorskip("torch")
    pool = ArenaPool()
    first = address(pool.take(SHAPE))
    tensor = torch.from_numpy(pool.take(SHAPE)).view(torch.float32)[:, 1:]
    assert address(pool.take(SHAPE)) != first
    del tensor
    assert address(pool.take(SHAPE)) == first


def test_free_memory_is_given_back():
    pool = ArenaPool(keep_bytes=1 << 20)
    for size in range(1, 40):
        pool.take((size, 1 << 18))
    assert pool.held_bytes() < 40 << 20


def test_a_small_read_does_not_occupy_a_large_arena():
    pool = ArenaPool()
    large = address(pool.take((1000, 4096)))
    small = pool.take((1, 8))
    assert address(small) != large


def test_more_than_there_is_memory_is_refused():
    pool = ArenaPool()
    with pytest.raises(
        BudgetError, match=r"1,000,000,000,000 rows of 512 bytes.*are free. Allowed: [\d,]+ rows"
    ):
        pool.take((10**12, 512))
    assert pool.held_bytes() == 0


def test_the_number_of_rows_that_is_allowed_fits(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 100 << 20)
    with pytest.raises(BudgetError) as error:
        ArenaPool().take((10**6, 512))
    allowed = int(re.search(r"Allowed: ([\d,]+) rows", str(error.value))[1].replace(",", ""))
    assert ArenaPool().take((allowed, 512)).shape == (allowed, 512)


def test_recycled_memory_is_not_asked_for_twice(monkeypatch):
    pool = ArenaPool()
    first = address(pool.take((200_000, 512)))
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    assert address(pool.take((200_000, 512))) == first


def test_threads_never_share():
    pool, clashes = ArenaPool(), []

    def work(key):
        rng = np.random.default_rng(key)
        for _ in range(300):
            buffer = pool.take((int(rng.integers(1, 50)), 64))
            buffer[:] = key
            if not (buffer == key).all():
                clashes.append(key)

    threads = [threading.Thread(target=work, args=(key,)) for key in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == []
    assert pickle.loads(pickle.dumps(pool)).held_bytes() == 0
