"""Rows put over stored ones: a plain tensor, written in the same order, is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import StoreError
from workbench.pyg.put_tensors import PutTensor, as_tensor, fitted
from workbench.testing.sizes import cases

ROWS = 12
IDS = st.lists(st.integers(0, ROWS - 1), max_size=8)


@settings(max_examples=cases(150, 3000))
@given(st.booleans(), st.lists(st.tuples(IDS, st.booleans()), max_size=5), IDS)
def test_partial_puts_are_assignments(
    whole: bool, puts: list[tuple[list[int], bool]], asked: list[int]
) -> None:
    generator = torch.Generator().manual_seed(len(puts))
    stored = torch.rand(ROWS, 2, generator=generator)
    expected = stored.clone()
    put = PutTensor.whole("a put", stored, ROWS) if whole else PutTensor(stored[:0], np.empty(0, np.int64))
    for ids, narrow in puts:
        rows = np.array(ids, np.int64)
        values = torch.rand(() if narrow else (len(ids), 2), generator=generator)
        for i, row in enumerate(ids):
            expected[row] = values if narrow else values[i]
        put = put.with_rows(rows, fitted("a put", values, stored[:0], len(ids)))
    wanted = np.array(asked, np.int64)
    found = put.values[wanted] if whole else put.over(wanted, stored[wanted])
    assert torch.equal(found, expected[wanted])
    assert put.ids is None or (np.diff(put.ids) > 0).all()


def test_what_is_put_is_copied() -> None:
    given = torch.zeros(3, 1)
    put = PutTensor.whole("a put", given, 3)
    given += 1
    assert put.values.tolist() == [[0]] * 3
    below = torch.zeros(3, 1)
    PutTensor(torch.ones(1, 1), np.array([1])).over(np.arange(3), below)
    assert below.tolist() == [[0]] * 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PutTensor.whole("a put", torch.zeros(2), 3), StoreError, r"shape \(2,\)\. Allowed: 3 rows"),
        (lambda: PutTensor.whole("a put", torch.tensor(1.0), 3), StoreError, r"shape \(\)"),
        (lambda: fitted("a put", torch.zeros(2, 3), torch.zeros(0, 2), 2), StoreError, r"Allowed: \(2, 2\)"),
        (lambda: as_tensor("a put", [1, 2]), StoreError, "got a list. Allowed: a torch.Tensor"),
        (lambda: as_tensor("a put", np.array(["a"])), StoreError, "numbers or booleans"),
    ],
)
def test_what_does_not_fit_is_explained(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()
