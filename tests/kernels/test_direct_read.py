"""Many reads at once give the bytes of the file; errors are told by number, and end nothing half."""

import errno
import signal

import numpy as np
import pytest

from workbench.kernels.direct_read import ENDED, read_each
from workbench.stores.libc import address
from workbench.stores.uring import Ring, is_allowed

SIZE = 100_000


def by_ring(file, reads):
    return Ring(8).read(file, reads)  # fewer in flight than there are reads


def by_pread(file, reads):
    calls = address("pread"), address("__errno_location")
    return max((read_each(*calls, file, reads, first, 3) for first in range(3)), key=abs)


@pytest.fixture(params=[by_ring, by_pread])
def read(request):
    if request.param is by_ring and not is_allowed():
        pytest.skip("this system refuses io_uring")
    return request.param


@pytest.fixture
def file(tmp_path):
    content = np.random.default_rng(0).integers(0, 256, SIZE, np.uint8)
    (tmp_path / "file").write_bytes(content.tobytes())
    with (tmp_path / "file").open("rb") as handle:
        yield handle.fileno(), content


def reads_into(out, offsets, lengths):
    ends = np.cumsum(lengths)
    return np.column_stack([offsets, lengths, out.ctypes.data + ends - lengths]).astype(np.int64)


def test_bytes_of_the_file(read, file):
    descriptor, content = file
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 3000, 300)
    offsets = rng.integers(0, SIZE - 3000, 300)
    out = np.zeros(lengths.sum() + 1, np.uint8)
    out[-1] = 77
    assert read(descriptor, reads_into(out, offsets, lengths)) == 0
    expected = [content[low : low + more] for low, more in zip(offsets, lengths, strict=True)]
    np.testing.assert_array_equal(out[:-1], np.concatenate(expected))
    assert out[-1] == 77


def test_no_reads_at_all(read, file):
    assert read(file[0], np.empty((0, 3), np.int64)) == 0


def test_a_read_beyond_the_end(read, file):
    out = np.zeros(40 * 100, np.uint8)
    offsets = np.where(np.arange(40) == 17, SIZE - 50, 0)
    assert read(file[0], reads_into(out, offsets, np.full(40, 100))) == ENDED
    assert out[1700:1750].tobytes() == file[1][-50:].tobytes()  # what there is does come


def test_a_file_that_is_not_open(read):
    out = np.zeros(100, np.uint8)
    assert read(1 << 20, reads_into(out, np.zeros(10, int), np.full(10, 10))) == errno.EBADF


def test_signals_interrupt_nothing(read, file):
    """A timer's signals come while the system is waited for; the bytes are right all the same."""
    descriptor, content = file
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for turn in range(2000):
            offsets = np.random.default_rng(turn).integers(0, SIZE - 100, 200)
            out = np.zeros(200 * 100, np.uint8)
            assert read(descriptor, reads_into(out, offsets, np.full(200, 100))) == 0
            np.testing.assert_array_equal(out, content[offsets[:, None] + np.arange(100)].ravel())
            if len(heard) > 50:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert heard


def test_a_ring_serves_call_after_call_also_after_an_error(file):
    if not is_allowed():
        pytest.skip("this system refuses io_uring")
    ring = Ring(8)
    for turn in range(50):
        out = np.zeros(90, np.uint8)
        low = SIZE - 40 if turn % 5 == 4 else turn * 100
        failed = ring.read(file[0], reads_into(out, [low, low + 5, low], [30, 30, 30]))
        assert failed == (ENDED if turn % 5 == 4 else 0) or low + 35 <= SIZE
        assert out[:30].tobytes() == file[1][low : low + 30].tobytes()
