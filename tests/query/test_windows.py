"""Windows as spans; the messages are those of test_resolve.py, which reaches them through queries."""

from __future__ import annotations

import pytest

from workbench.errors import QueryError
from workbench.query.ast import Aggregate, Bound, ColumnRef
from workbench.query.windows import window
from workbench.temporal import Span


def aggregate(start, end, unit="days"):
    return Aggregate("COUNT", ColumnRef("orders", "*"), None, Bound(start), Bound(end), unit)


def test_windows_look_forward_in_labels_and_back_in_where():
    assert window("", aggregate(0, 30), "the target") == (Span(), Span.of(30, "days"))
    assert window("", aggregate(-2, 0, "month"), "WHERE") == (Span(months=-2), Span())
    assert window("", aggregate(float("-inf"), -1), "WHERE") == (None, Span.of(-1, "days"))


@pytest.mark.parametrize(
    ("start", "end", "clause", "message"),
    [
        (-1, 1, "WHERE", "WHERE looks back: its window ends after the anchor"),
        (-1, 1, "ASSUMING", "ASSUMING looks forward: its window begins before the anchor"),
        (1, 1, "the target", "Allowed: start < end"),
    ],
)
def test_windows_that_look_the_wrong_way(start, end, clause, message):
    with pytest.raises(QueryError, match=message):
        window("COUNT", aggregate(start, end), clause)
