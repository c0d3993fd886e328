"""Scores of rankings, worked out by hand and by brute force."""

from __future__ import annotations

import numpy as np

from workbench.training.ranks import ranking_scores, side_by_side


def told(rows: list[list[int]], scores: list[list[float]] | None = None) -> np.ndarray:
    values = np.array(rows, np.float64)
    return np.stack([values, np.zeros_like(values) if scores is None else np.array(scores)], axis=1)


def test_one_ranking_by_hand() -> None:
    found = ranking_scores(np.array([[7, 3, -1, -1]]), told([[3, 5, 7]]))
    assert found["map"] == (1 / 1 + 2 / 3) / 2
    assert found["ndcg"] == (1 + 0.5) / (1 + 1 / np.log2(3))
    assert (found["recall"], found["precision"], found["hit_rate"]) == (1.0, 2 / 3, 1.0)


def test_more_to_be_found_than_is_told() -> None:
    found = ranking_scores(np.array([[1, 2, 3, 4]]), told([[1, 2]]))
    assert (found["map"], found["ndcg"], found["recall"], found["precision"]) == (1.0, 1.0, 0.5, 1.0)


def test_means_over_the_seeds_that_have_something_to_find() -> None:
    label = np.array([[0, -1], [-1, -1], [5, 6]])
    found = ranking_scores(label, told([[0, 1], [0, 1], [2, 3]]))
    assert (found["hit_rate"], found["recall"], found["precision"]) == (0.5, 0.5, 0.25)
    assert np.isnan(list(ranking_scores(label[1:2], told([[0, 1]])).values())).all()


def test_rows_that_have_no_chance_are_no_hits() -> None:
    found = ranking_scores(np.array([[4, 9]]), told([[4, 9]], [[1.0, -np.inf]]))
    assert found["recall"] == 0.5


def test_brute_force() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        lists = [rng.choice(20, rng.integers(1, 6), replace=False) for _ in range(4)]
        label = np.full((4, 5), -1)
        for i, row in enumerate(lists):
            label[i, : len(row)] = row
        rows = np.array([rng.permutation(20)[:6] for _ in range(4)])
        found = ranking_scores(label, told(rows.tolist()))
        expected = []
        for wanted, given in zip(lists, rows, strict=True):
            hits = [place + 1 for place, row in enumerate(given) if row in wanted]
            expected.append(sum((i + 1) / place for i, place in enumerate(hits)) / min(len(wanted), 6))
        assert np.isclose(found["map"], np.mean(expected))


def test_labels_of_several_batches_lie_side_by_side() -> None:
    one, two = np.array([[1, 2, 3]]), np.array([[4], [5]])
    assert side_by_side([one, two]).tolist() == [[1, 2, 3], [4, -1, -1], [5, -1, -1]]
    assert side_by_side([np.array([1.0]), np.array([2.0])]).tolist() == [1.0, 2.0]
    assert side_by_side([one, one]).shape == (2, 3)
