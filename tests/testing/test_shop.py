"""The small shop is whole and the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.testing.shop import open_parts, open_shop


def test_the_same_seed_opens_the_same_shop(tmp_path: Path) -> None:
    one, two = open_shop(tmp_path / "a", 40, 6), open_shop(tmp_path / "b", 40, 6)
    for split in ("train", "val", "test"):
        a, b = one.task.seeds(split), two.task.seeds(split)
        assert np.array_equal(a.node_id, b.node_id)
        assert np.array_equal(a.label, b.label)
    assert open_parts(tmp_path / "a").schema == one.parts.schema
