"""A ring is given back, is of its thread, and where it is refused that is said."""

from pathlib import Path

import pytest

from workbench.stores import uring
from workbench.stores.uring import Ring, is_allowed

FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not is_allowed(), reason="this system refuses io_uring")
def test_a_ring_is_given_back():
    before = set(FILES.iterdir())
    ring = Ring()
    assert set(FILES.iterdir()) - before
    ring.close()
    ring.close()  # once more does no harm
    del ring
    assert set(FILES.iterdir()) <= before
    ring = Ring()
    del ring
    assert set(FILES.iterdir()) <= before


def test_a_refusal_is_told(monkeypatch):
    class Refusing:
        def syscall(self, *_):
            return -1

    monkeypatch.setattr(uring, "libc", Refusing)
    is_allowed.cache_clear()
    assert not is_allowed()
    with pytest.raises(OSError, match="refused"):
        Ring()
    is_allowed.cache_clear()


@pytest.mark.skipif(not is_allowed(), reason="this system refuses io_uring")
def test_an_io_uring_that_is_too_old(monkeypatch):
    real = uring._set_up

    def old(depth):
        file, parameters = real(depth)
        parameters[5] = 0
        return file, parameters

    monkeypatch.setattr(uring, "_set_up", old)
    before = len(list(FILES.iterdir()))
    with pytest.raises(OSError, match="too old"):
        Ring()
    assert len(list(FILES.iterdir())) <= before
