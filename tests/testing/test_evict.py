"""Evicted files are not in the page cache."""

import pytest

from workbench.testing.evict import evict


def test_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no file to make cold"):
        evict(None)
    (tmp_path / "file").write_bytes(b"text")
    evict(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"text"
