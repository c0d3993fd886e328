"""Tables without a time are named, and texts that look like dates in them."""

from __future__ import annotations

import pyarrow as pa

from workbench.query.static_tables import static_note
from workbench.schema import Column, Schema, Stype, Table


def dataset(dataset_of, time=None, **columns):
    kinds = tuple(Column(name, Stype.TEXT) for name in columns)
    return dataset_of(Schema((Table("logs", kinds, time=time),)), {"logs": pa.table(columns)})


def test_texts_that_look_like_dates_are_pointed_out(dataset_of):
    said = static_note(
        dataset(dataset_of, day=["31.12.2020", "01.02.2021", None], name=["a", "b", "c"], n=[1, 2, 3])
    )
    assert said.startswith("always visible: logs; logs.day holds texts such as '01.02.2021'")
    assert """tables.derive('logs', 'day', 'strptime("day", format)')""" in said
    assert "name" not in said


def test_other_texts_and_timed_tables_are_not(dataset_of):
    assert static_note(dataset(dataset_of, name=["31.12.2020", "b", "c"])) == "always visible: logs"
    stamp = pa.array([1], pa.timestamp("us"))
    assert static_note(dataset(dataset_of, "at", at=stamp, day=["31.12.2020"])) == ""
