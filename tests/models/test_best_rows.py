"""The first k of many, block by block: equal to sorting everything, ties and strange numbers included."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models import best_rows
from workbench.models.best_rows import best_of
from workbench.testing.sizes import cases

SCORES = st.sampled_from([-1.0, 0.0, 0.0, 1.0, float("-inf"), float("inf"), float("nan")])


@settings(max_examples=cases(60, 2000), deadline=None)
@given(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), st.integers(1, 9), st.data())
def test_blocks_are_as_good_as_sorting_everything(
    lanes: int, rows: int, k: int, block: int, data: st.DataObject
) -> None:
    k = min(k, rows)
    scores = torch.tensor(
        [[data.draw(SCORES) for _ in range(rows)] for _ in range(lanes)], dtype=torch.float32
    )
    asked = []

    def score(start: int, stop: int) -> torch.Tensor:
        asked.append(stop - start)
        return scores[:, start:stop]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_rows, "BLOCK_SCORES", block * lanes)
        found, values = best_of(score, lanes, rows, k)
    known = np.nan_to_num(scores.double().numpy(), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    order = np.argsort(-known, axis=1, kind="stable")[:, :k]
    assert found.numpy().tolist() == order.tolist()
    assert values.numpy().tolist() == np.take_along_axis(known, order, 1).tolist()
    assert sum(asked) == rows
    assert max(asked) <= max(block, k), "never more than a block is scored at a time"
