"""Encoders: shapes, missing values, unseen categories, absurd numbers, a distinct row encoded once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from workbench.models.encoders import CLIP, CategoryEncoder, MomentEncoder, NumberEncoder, RowEncoder
from workbench.models.statistics import KNOTS, ColumnStatistics
from workbench.models.time_features import DAY
from workbench.stores.features import GroupColumn
from workbench.temporal import FOREVER, instant

KNOT_VALUES = tuple(float(i) for i in range(KNOTS))
NUMBER = ColumnStatistics(GroupColumn("n", "numerical", 0), 0, mean=8.0, scale=4.0, knots=KNOT_VALUES)
CATEGORY = ColumnStatistics(GroupColumn("c", "categorical", 0, 1, 99), 1, codes=(2, 5, 7))
MOMENT = ColumnStatistics(GroupColumn("t", "timestamp", 0), 2)
VECTOR = ColumnStatistics(GroupColumn("e", "embedding", 0, 4), 3, scale=2.0)
EVERYTHING = (NUMBER, CATEGORY, MOMENT, VECTOR)


def rows(count: int = 6) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "numerical": torch.rand(count, 1, generator=generator) * 16,
        "categorical": torch.randint(0, 9, (count, 1), generator=generator),
        "timestamp": torch.randint(0, 10**15, (count, 1), generator=generator),
        "embedding": torch.randn(count, 4, generator=generator),
        "present": torch.ones(count, 4, dtype=torch.bool),
    }


def test_every_kind_of_column_gives_one_vector_per_row() -> None:
    encoder = RowEncoder(EVERYTHING, 16)
    assert encoder(rows(), 6).shape == (6, 16)
    assert encoder(rows(0), 0).shape == (0, 16)
    assert RowEncoder((), 16)({}, 5).shape == (5, 16)


def test_a_row_is_encoded_alike_alone_and_among_others() -> None:
    encoder, store = RowEncoder(EVERYTHING, 16).eval(), rows(50)
    row = torch.randint(0, 50, (400,), generator=torch.Generator().manual_seed(1))
    once = encoder(store, 50).index_select(0, row)
    each = encoder({name: value[row] for name, value in store.items()}, 400)
    assert torch.allclose(once, each, atol=1e-6)


def test_missing_absurd_and_not_a_number() -> None:
    encoder = NumberEncoder([NUMBER])
    store = {
        "numerical": torch.tensor([[8.0], [8.0], [1e30], [float("nan")], [float("-inf")]]),
        "present": torch.tensor([[True], [False], [True], [True], [True]]),
    }
    z, rank, missing = encoder(store).unbind(1)
    assert z.tolist() == [0.0, 0.0, CLIP, 0.0, 0.0]
    assert missing.tolist() == [0.0, 1.0, 0.0, 1.0, 1.0]
    assert rank[2] == 1.0
    assert abs(float(rank[0])) < 1e-6


def test_rank_is_the_distribution_function() -> None:
    values = torch.linspace(-3, 20, 200)[:, None]
    found = NumberEncoder([NUMBER])({"numerical": values, "present": torch.ones(200, 1, dtype=torch.bool)})[
        :, 1
    ]
    assert torch.allclose(found, (values[:, 0] / 8 - 1).clamp(-1, 1), atol=1e-5)


def test_unseen_and_missing_categories_have_slots_of_their_own() -> None:
    codes = torch.tensor([[0], [2], [5], [7], [1], [98], [3]])
    assert CategoryEncoder([CATEGORY], 4).slots(codes)[:, 0].tolist() == [0, 2, 3, 4, 1, 1, 1]
    none = ColumnStatistics(GroupColumn("c", "categorical", 0, 1, 5), 0)
    assert CategoryEncoder([none], 4).slots(codes)[:, 0].tolist() == [0, 1, 1, 1, 1, 1, 1]


def test_rare_categories_share_a_slot_that_the_unseen_do_not() -> None:
    codes = torch.tensor([[0], [2], [5], [7], [1], [8], [9]])
    column = replace(CATEGORY, seen=8)
    assert CategoryEncoder([column], 4).slots(codes)[:, 0].tolist() == [0, 2, 3, 4, 5, 5, 1]
    everything_rare = replace(CATEGORY, codes=(), seen=8)
    assert CategoryEncoder([everything_rare], 4).slots(codes)[:, 0].tolist() == [0, 2, 2, 2, 2, 2, 1]


def test_a_set_is_the_mean_of_its_categories() -> None:
    genres = ColumnStatistics(GroupColumn("g", "categorical", 1, 3), 1, codes=(1, 2, 3), seen=4)
    kind = ColumnStatistics(GroupColumn("k", "categorical", 0), 0, codes=(1, 2), seen=2)
    encoder = CategoryEncoder([kind, genres], 4)
    codes = torch.tensor([[1, 1, 3, 0], [1, 2, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0]])
    present = torch.tensor([[True, True], [True, True], [True, True], [True, False]])
    found = encoder({"categorical": codes, "present": present})
    assert found.shape == (4, encoder.width)
    singles, sets = found[:, :4], found[:, 4:]
    own = encoder.table.weight[encoder.offsets[1] :]
    assert torch.allclose(sets[0], (own[2] + own[4]) / 2)
    assert torch.allclose(sets[1], own[3])
    assert sets[2].abs().max() == 0, "an empty set"
    assert torch.equal(sets[3], own[0]), "a missing one"
    assert torch.equal(singles, encoder.table.weight[[2, 2, 3, 3]])


def test_numbers_by_method_and_fill() -> None:
    values = torch.tensor([[0.0], [-9.0], [99.0], [5.0]])
    present = torch.tensor([[True], [True], [True], [False]])
    store = {"numerical": values, "present": present}
    log = replace(NUMBER, method="log", mean=1.0, scale=2.0, fill=3.0)
    score, rank, missing = NumberEncoder([log])(store).unbind(1)
    assert torch.equal(rank, NumberEncoder([replace(NUMBER, fill=3.0)])(store)[:, 1]), "ranks have no shape"
    shown = np.array([0.0, -np.log(10.0), np.log(100.0), np.log(4.0)])
    np.testing.assert_allclose(score.numpy(), (shown - 1) / 2, rtol=1e-6)
    assert missing.tolist() == [0, 0, 0, 1]
    robust = NumberEncoder([replace(NUMBER, method="robust", fill=0.0)])(store)[:, 0]
    assert robust.tolist() == [-2.0, -4.25, CLIP, -2.0]
    assert list(NumberEncoder([log]).state_dict()) == ["start", "position", "mean", "scale", "knots"]


def test_moments_depend_on_the_anchor() -> None:
    encoder = MomentEncoder((MOMENT,), True, 8)
    now = instant("2024-01-01")
    store = {"timestamp": torch.tensor([[now]]), "present": torch.ones(1, 3, dtype=torch.bool)}
    row = torch.zeros(3, dtype=torch.long)
    anchors = torch.tensor([now, now + DAY, FOREVER])
    found = encoder(anchors, torch.full((3,), now), store, row)
    assert found is not None
    assert found.shape == (3, 8)
    assert not torch.allclose(found[0], found[1])
    assert MomentEncoder((NUMBER,), False, 8)(anchors, None, store, row) is None


def test_a_timestamp_after_the_anchor_is_missing() -> None:
    moments, rows_alone = MomentEncoder((MOMENT,), False, 8), RowEncoder(EVERYTHING, 16).eval()
    now = instant("2024-01-01")
    stamps = torch.tensor([now, now + 1, now + DAY, now + 900 * DAY, now])[:, None]
    present = torch.ones(5, 4, dtype=torch.bool)
    present[4] = False
    store = {**rows(5), "timestamp": stamps, "present": present}
    found = moments(torch.full((5,), now), None, store, None)
    assert found is not None
    assert torch.equal(found[1:4], found[4].expand(3, -1)), "as if it had no value"
    assert not torch.allclose(found[0], found[1]), "the anchor itself is visible"
    always = moments(torch.full((5,), FOREVER), None, store, None)
    assert always is not None
    assert torch.pdist(always[[0, 2, 3, 4]]).min() > 1e-3, "a static task sees everything"
    again = rows_alone({**store, "timestamp": stamps + DAY}, 5)
    assert torch.equal(rows_alone(store, 5), again), "encoded without the anchor, so without timestamps"
