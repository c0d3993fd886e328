"""A shop whose users and items change over time, and what ``pandas.merge_asof`` says of them.

    plans(user_id, valid_from, ...) is the history of users     prices(item_id, since, ...) of items

Moments are whole days, so that versions, orders and anchors often fall on the same instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.dataset import Dataset
from workbench.stores.features import FeatureBlock
from workbench.temporal import FOREVER, MICROSECONDS
from workbench.types import AnyArray, Int64Array

DAY = MICROSECONDS["days"]
DAYS = 20
"""The shop is open that long, from day 0 on."""

VALUES = {"plans": ("plan", "quota", "renews"), "prices": ("price",)}
"""Attributes that each history holds."""

NAMED = {"plans": ("user_id", "valid_from"), "prices": ("item_id", "since")}
"""Key and time of each history."""


def _table(name: str, columns: Mapping[str, Stype], key: str | None, time: str | None, **links: str) -> Table:
    typed = tuple(Column(column, stype) for column, stype in columns.items())
    return Table(name, typed, key, time, foreign_keys=tuple(ForeignKey(*link) for link in links.items()))


_ID, _STAMP, _NUMBER = Stype.ID, Stype.TIMESTAMP, Stype.NUMERICAL

PLAIN = Schema(
    (
        _table("users", {"user_id": _ID, "age": _NUMBER}, "user_id", None),
        _table("items", {"item_id": _ID}, "item_id", None),
        _table(
            "orders",
            {"user_id": _ID, "item_id": _ID, "at": _STAMP, "amount": _NUMBER},
            None,
            "at",
            user_id="users",
            item_id="items",
        ),
        _table(
            "plans",
            {
                "user_id": _ID,
                "valid_from": _STAMP,
                "plan": Stype.CATEGORICAL,
                "quota": _NUMBER,
                "renews": _STAMP,
            },
            None,
            "valid_from",
            user_id="users",
        ),
        _table("prices", {"item_id": _ID, "since": _STAMP, "price": _NUMBER}, None, "since", item_id="items"),
    )
)
"""Every table a node type."""

SCHEMA = PLAIN.as_history("plans").as_history("prices", of="items")
"""Plans and prices as histories."""


def random_frames(
    rng: np.random.Generator, users: int = 8, items: int = 5, orders: int = 30, versions: int = 40
) -> dict[str, pd.DataFrame]:
    """Random tables in order of time; users and items may lack versions, versions may lack values."""
    frames = {
        "users": pd.DataFrame({"user_id": np.arange(users) * 10, "age": rng.integers(18, 80, users) / 1.0}),
        "items": pd.DataFrame({"item_id": np.arange(items) + 100}),
    }
    return frames | random_rows(rng, frames, 0, DAYS, orders=orders, plans=versions, prices=versions)


def random_rows(
    rng: np.random.Generator, frames: Mapping[str, pd.DataFrame], first: int, last: int, **rows: int
) -> dict[str, pd.DataFrame]:
    """Random rows of the tables with times, of days ``first`` to ``last``, last day excluded."""
    users, items = frames["users"]["user_id"].to_numpy(), frames["items"]["item_id"].to_numpy()
    out = {}
    for name, count in rows.items():
        when = np.sort(rng.integers(first, last, count)) * DAY
        stamps = when.astype("M8[us]")
        gaps = rng.random(count) < 0.2
        if name == "orders":
            columns: dict[str, Any] = {
                "user_id": rng.choice(users, count),
                "item_id": rng.choice(items, count),
            }
            columns |= {"at": stamps, "amount": rng.integers(1, 99, count) / 2}
        elif name == "prices":
            columns = {"item_id": rng.choice(items, count), "since": stamps}
            columns |= {"price": np.where(gaps, np.nan, rng.integers(1, 99, count) / 4)}
        else:
            words = np.array([None, "free", "paid", "gold"], object)
            columns = {"user_id": rng.choice(users, count), "valid_from": stamps}
            columns |= {
                "plan": words[rng.integers(0, 4, count)],
                "quota": np.where(gaps, np.nan, rng.integers(1, 99, count) / 4),
                "renews": (when + rng.integers(1, 9, count) * DAY).astype("M8[us]"),
            }
        out[name] = pd.DataFrame(columns)
    return out


def as_tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    """The frames as Arrow tables."""
    return {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}


def versions_of(
    frame: pd.DataFrame, history: str, keys: AnyArray, sees: Int64Array
) -> tuple[pd.DataFrame, Int64Array]:
    """What pandas says: the version of each key that was the newest at what it sees.

    Parameters
    ----------
    frame : rows of the history in order of time, those of one instant in order of their ids
    keys : primary keys[n]
    sees : int64[n]  microseconds; FOREVER sees everything

    Returns
    -------
    frame of n rows, NaN or None where there is no version or no value
    int64[n]  from when on each version holds; FOREVER where there is none
    """
    key, time = NAMED[history]
    last = np.int64(10**6) * DAY
    asked = pd.DataFrame({"when": np.minimum(sees, last), key: keys, "place": np.arange(len(keys))})
    known = frame.assign(when=frame[time].to_numpy().astype("M8[us]").astype(np.int64))
    found = pd.merge_asof(asked.sort_values("when", kind="stable"), known, on="when", by=key)
    found = found.sort_values("place")
    since = found[time].to_numpy().astype("M8[us]").astype(np.int64)
    return found[list(VALUES[history])], np.where(found[time].isna(), FOREVER, since)


def check_block(dataset: Dataset, block: FeatureBlock, index: AnyArray, expected: pd.DataFrame) -> None:
    """Rows ``block[index]`` hold the values of a frame, its missing ones missing.

    Raises
    ------
    AssertionError
    """
    layout = block.layout
    present = block.present()[index]
    for name in expected.columns:
        place = [column.name for column in layout.columns].index(name)
        there = expected[name].notna().to_numpy()
        np.testing.assert_array_equal(present[:, place], there, err_msg=name)
        read, wanted = block.column(name)[index][there], expected[name].to_numpy()[there]
        if layout.column(name).section == "categorical":
            words = ["", *dataset.dictionary(layout.group, name)]
            assert [words[code] for code in read] == wanted.tolist()
        elif layout.column(name).section == "timestamp":
            np.testing.assert_array_equal(read, wanted.astype("M8[us]").astype(np.int64))
        else:
            np.testing.assert_array_equal(read, wanted.astype(np.float32))
