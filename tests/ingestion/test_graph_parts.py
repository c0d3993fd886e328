"""Times of graphs keep their instants in every unit, and values of several types are refused."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import TableError
from workbench.ingestion.graph_parts import UNITS, as_column, instants


@given(st.lists(st.none() | st.integers(-(10**9), 10**9)), st.sampled_from(sorted(UNITS)))
def test_whole_numbers_count_their_unit_and_are_floored(counts: list[int | None], unit: str) -> None:
    factor, divisor = UNITS[unit]
    found = instants(pa.array(counts, pa.int64()), unit, "t").cast(pa.int64()).to_pylist()
    assert found == [None if count is None else count * factor // divisor for count in counts]


def test_moments_and_texts_say_themselves_what_they_are() -> None:
    moments = as_column([dt.datetime(2020, 1, 1), None], "n.at")
    assert instants(moments, None, "n.at").equals(moments)
    assert instants(pa.array(["2020-01-01"]), None, "n.at").to_pylist() == ["2020-01-01"]
    assert instants(pa.array([None, None]), None, "n.at").type == pa.timestamp("us")


@pytest.mark.parametrize(
    ("values", "unit", "message"),
    [
        ([1, 2], None, "times of n.at were read: they are whole numbers without a unit"),
        ([1.5], "s", "they are of type double. Allowed: whole numbers with a unit"),
        ([1_600_000_000_000_000_000], "s", "1600000000000000000 s lies beyond 146,000 years from 1970"),
        ([1, -(2**63)], "ms", "-9223372036854775808 ms lies beyond"),
    ],
)
def test_times_that_could_be_anything_are_refused(values: list[float], unit: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        instants(pa.array(values), unit, "n.at")


def test_values_of_several_types_are_refused_by_name() -> None:
    assert as_column([1, None, 3], "n.a").to_pylist() == [1, None, 3]
    with pytest.raises(TableError, match=r"attribute n\.a was read: its values are of the types int, str\."):
        as_column([1, "two", None], "n.a")
    with pytest.raises(TableError, match="types object"):
        as_column([object()], "n.a")
