"""Times of every unit, width and form are the same microseconds; what is none is refused."""

import numpy as np
import pytest
import torch

from widgets._pyg_times import array, microseconds, unit_scale
from workbench.errors import WorkbenchError
from workbench.temporal import BEGINNING, FOREVER, NO_TIME

DAY = 86_400_000_000


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize(
    ("unit", "count"), [("days", 2), ("s", 172_800), ("ms", 172_800_000), ("hours", 48), ("us", 2 * DAY)]
)
def test_two_days_are_two_days(unit, count, kind):
    if kind is np.int32 and count > 2**31 - 1:
        count = 0
    values = torch.from_numpy(np.array([count, -count], kind))
    assert microseconds(values, unit_scale(unit), "a time").tolist() == [
        2 * DAY * bool(count),
        -2 * DAY * bool(count),
    ]


def test_nanoseconds_are_cut_and_dates_say_their_own_unit():
    assert microseconds(np.array([1999, 2000]), unit_scale("ns"), "a time").tolist() == [1, 2]
    dates = np.array(["1970-01-03", "NaT"], "datetime64[D]")
    assert microseconds(dates, unit_scale("ns"), "a time").tolist() == [2 * DAY, NO_TIME]


def test_what_is_no_time_stays_what_it_is():
    ends = np.array([FOREVER, BEGINNING, 1])
    assert microseconds(ends, unit_scale("days"), "a time").tolist() == [FOREVER, BEGINNING, DAY]
    assert microseconds(np.array([np.nan, 1.0]), unit_scale("days"), "a time").tolist() == [NO_TIME, DAY]
    assert microseconds(3, unit_scale("days"), "a time").tolist() == [3 * DAY]


@pytest.mark.parametrize(
    ("values", "said"),
    [(np.array(["a"]), "Give one number or date"), (np.zeros((2, 2)), "Give one number or date"),
     (np.array([10**7]), "do not fit the unit")],
)  # fmt: skip
def test_other_values_are_refused(values, said):
    with pytest.raises(WorkbenchError, match=said):
        microseconds(values, unit_scale("days"), "a time")


def test_tensors_and_arrays_are_arrays():
    assert array(torch.ones(2, requires_grad=True)).tolist() == array(np.ones(2)).tolist() == [1, 1]
