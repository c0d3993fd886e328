"""One column as numbers and back: pandas is the oracle, and the model's own encoders read the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import AnchorError
from workbench.models.column_numbers import ABSENT, DECODE, ENCODE, Known
from workbench.models.encoders import CLIP, CategoryEncoder, NumberEncoder
from workbench.models.statistics import ColumnStatistics, fit_numbers
from workbench.models.time_features import DAY
from workbench.plan.encoding import METHODS, Encoding
from workbench.stores.features import GroupColumn
from workbench.temporal import FOREVER
from workbench.testing.sizes import cases

NUMBERS = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=40)


@settings(max_examples=cases(150, 3000))
@given(NUMBERS, st.sampled_from(METHODS), st.sampled_from(["mean", "median", "zero", 7.5]))
def test_numbers_there_and_back(numbers: list[float | None], method: str, fill: str | float) -> None:
    series = pd.Series(numbers, dtype=float)
    values, here = series.fillna(0).to_numpy(np.float32), series.notna().to_numpy()
    fitted = fit_numbers(series.dropna().to_numpy(), Encoding(method, fill))
    column = ColumnStatistics(GroupColumn("n", "numerical", 0), 0, method=method, **fitted)
    found = ENCODE["numerical"](column, values, here, None)
    assert found[:, 1].tolist() == (~here).tolist()
    back = DECODE["numerical"](column, found, Known()).to_pandas().astype(float)
    assert back.isna().tolist() == series.isna().tolist()
    shown = series.abs().map(np.log1p) if method == "log" else series.abs()
    room = 4e-7 * (shown.max() + abs(column.mean) + column.scale) * (1 + series.abs() * (method == "log"))
    assert ((back - series).abs().dropna() <= room.dropna() + 1e-12).all()
    model = NumberEncoder([column])(
        {"numerical": torch.tensor(values)[:, None], "present": torch.tensor(here)[:, None]}
    )
    cut = np.clip(found[:, 0], -CLIP, CLIP)
    np.testing.assert_allclose(
        model[:, 0].numpy(), cut, rtol=2e-5, atol=2e-5 * (1 + abs(column.mean / column.scale))
    )


CATEGORY = ColumnStatistics(GroupColumn("c", "categorical", 0), 0, codes=(1, 2, 4), seen=5)
SETS = ColumnStatistics(GroupColumn("c", "categorical", 0, 3), 0, codes=(1, 2, 4), seen=5)
WORDS = ("red", "green", "odd", "blue", "odder")


@settings(max_examples=cases(100, 2000))
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_categories_there_and_back(codes: list[int]) -> None:
    array = np.array(codes, np.int32)
    found = ENCODE["categorical"](CATEGORY, array, array > 0, None)
    own = {0: 0, 1: 2, 2: 3, 4: 4, 3: 5, 5: 5}
    assert found[:, 0].tolist() == pd.Series(codes).map(own).fillna(1).tolist()
    back = DECODE["categorical"](CATEGORY, found, Known(WORDS)).to_pylist()
    assert back == [{1: "red", 2: "green", 4: "blue"}.get(code) for code in codes]
    assert (
        CategoryEncoder([CATEGORY], 2).slots(torch.tensor(array)[:, None].long()).tolist() == found.tolist()
    )


@settings(max_examples=cases(100, 2000))
@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.integers(1, 9), max_size=3, unique=True)), min_size=1, max_size=20
    )
)
def test_sets_there_and_back(sets: list[list[int] | None]) -> None:
    array = np.array([[*(row or []), 0, 0, 0][:3] for row in sets], np.int32)
    found = ENCODE["categorical"](SETS, array, np.array([row is not None for row in sets]), None)
    assert ((found == ABSENT) | (found >= 0)).all()
    back = DECODE["categorical"](SETS, found, Known(WORDS, several=True)).to_pylist()
    names = {1: "red", 2: "green", 4: "blue"}
    assert back == [None if row is None else [names[code] for code in row if code in names] for row in sets]


@settings(max_examples=cases(100, 2000))
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(-(2**52), 2**52)), st.integers(-(2**52), 2**52)),
        min_size=1,
    )
)
def test_instants_there_and_back(pairs: list[tuple[int | None, int]]) -> None:
    column = ColumnStatistics(GroupColumn("t", "timestamp", 0), 0)
    stamps = np.array([stamp or 0 for stamp, _ in pairs])
    here, anchors = np.array([stamp is not None for stamp, _ in pairs]), np.array([a for _, a in pairs])
    found = ENCODE["timestamp"](column, stamps, here, anchors)
    visible = here & (stamps <= anchors)
    assert found[:, -1].tolist() == (~visible).tolist()
    assert (found[~visible, :-1] == 0).all(), "an instant after its anchor leaves no trace"
    day = 2 * np.pi * (stamps % DAY) / DAY
    np.testing.assert_allclose(found[visible, 1], np.sin(day)[visible], atol=1e-5)
    back = DECODE["timestamp"](column, found, Known(anchors=anchors)).cast("int64").to_pylist()
    assert back == [int(s) if v else None for s, v in zip(stamps, visible, strict=True)]


def test_a_static_task_reads_every_instant_without_an_age() -> None:
    column = ColumnStatistics(GroupColumn("t", "timestamp", 0), 0)
    found = ENCODE["timestamp"](column, np.array([DAY // 4]), np.array([True]), FOREVER)
    assert found[0, 0] == 0
    assert found[0, 1] == pytest.approx(1)
    assert DECODE["timestamp"](column, found, Known(anchors=FOREVER)).null_count == 1
    for call in (
        lambda: ENCODE["timestamp"](column, np.array([0]), np.array([True]), None),
        lambda: DECODE["timestamp"](column, found, Known()),
    ):
        with pytest.raises(AnchorError, match="no anchors were given"):
            call()


def test_vectors_there_and_back() -> None:
    column = ColumnStatistics(GroupColumn("e", "embedding", 0, 2), 0, scale=4.0)
    values = np.array([[1.0, -8.0], [0.0, 0.0], [0.0, 0.0]], np.float32)
    found = ENCODE["embedding"](column, values, np.array([True, True, False]), None)
    assert found.tolist() == [[0.25, -2, 0], [0, 0, 0], [0, 0, 1]]
    assert DECODE["embedding"](column, found, Known()).to_pylist() == [[1, -8], [0, 0], None]
