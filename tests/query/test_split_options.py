"""The options of a task: unknown ones and impossible counts are refused with what is meant."""

from __future__ import annotations

import pytest

from workbench.errors import TaskError
from workbench.query.split_options import SplitOptions


def test_options_by_name():
    assert SplitOptions.of({}) == SplitOptions()
    assert SplitOptions.of({"val": "2020-01-01"}).val == "2020-01-01"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tset": 1},
            r"a task was asked for: got tset=\. Allowed: val, test, train, every, .* Did you mean 'test'",
        ),
        ({"train_windows": 0}, "train_windows= was set: got 0. Allowed: None or a whole number"),
        ({"eval_windows": "two"}, "eval_windows= was set: got 'two'"),
        ({"eval_windows": 1.5}, r"eval_windows= was set: got 1\.5"),
        ({"eval_windows": float("nan")}, "eval_windows= was set: got nan"),
        ({"train_windows": True}, "train_windows= was set: got True"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(TaskError, match=message):
        SplitOptions.of(options)
