"""Make a file cold, for tests and benchmarks of reads from the disk."""

from __future__ import annotations

import os
from pathlib import Path


def evict(file: Path | None) -> None:
    """Have the page cache forget a file; where the system cannot, it stays.

    Raises
    ------
    ValueError
        If there is no file: what was to be cold was never written.
    """
    if file is None:
        raise ValueError("there is no file to make cold")
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
