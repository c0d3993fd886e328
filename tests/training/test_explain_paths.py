"""Integrated gradients against functions whose parts are known."""

from __future__ import annotations

import torch

from workbench.training.explain_paths import CLOSE, MOST, integrated

OWNERS = torch.tensor([0, 0, 1])


def per_seed(rows: torch.Tensor) -> torch.Tensor:
    return torch.zeros(2, dtype=rows.dtype).index_add(0, OWNERS, rows)


def test_of_a_sum_each_part_is_its_term() -> None:
    weights, start, end = torch.tensor([2.0, -1.0]), torch.rand(3, 2), torch.rand(3, 2)
    found = integrated(lambda x: per_seed(x[0] @ weights), [start], [end], [OWNERS])
    assert torch.allclose(found.parts[0], ((end - start) * weights).double(), atol=1e-6)
    assert torch.allclose(found.gap, torch.zeros(2, dtype=torch.float64), atol=1e-6)


def test_a_product_is_shared_between_its_factors() -> None:
    a, b = torch.tensor([[3.0], [1.0], [2.0]]), torch.tensor([[4.0], [5.0], [0.5]])
    zeros = torch.zeros(3, 1)
    found = integrated(lambda x: per_seed((x[0] * x[1])[:, 0]), [zeros, zeros], [a, b], [OWNERS, OWNERS])
    assert torch.allclose(found.parts[0], (a * b / 2).double(), atol=1e-6)
    assert torch.allclose(found.parts[1], (a * b / 2).double(), atol=1e-6)


def test_steps_are_doubled_until_the_parts_add_up() -> None:
    sharp = torch.full((3, 1), 40.0)
    found = integrated(lambda x: per_seed(x[0][:, 0].sub(13.3).sigmoid()), [-sharp], [sharp], [OWNERS])
    assert 16 < found.steps <= MOST
    assert (found.gap.abs() <= CLOSE * (found.end - found.start).abs().clamp(min=1.0)).all()
    assert torch.allclose(found.end - found.start - per_seed(found.parts[0].sum(1)), found.gap)


def test_what_no_gradient_reaches_is_left_as_the_gap() -> None:
    end = torch.tensor([[0.9], [1.2], [2.7]])
    zeros = torch.zeros(3, 1)
    found = integrated(lambda x: per_seed(x[0][:, 0].round().detach()), [zeros], [end], [OWNERS])
    assert torch.equal(found.parts[0], zeros.double())
    assert found.gap.tolist() == [2.0, 3.0]
    unread = integrated(lambda x: per_seed(x[0][:, 0]), [zeros, zeros], [end, end], [OWNERS, OWNERS])
    assert torch.equal(unread.parts[1], zeros.double())
    assert found.steps < MOST
