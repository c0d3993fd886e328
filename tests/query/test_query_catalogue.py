"""Every word of the language in a query of its own, against pandas; times tie with every boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.query.label_values import Lists
from workbench.schema import Schema
from workbench.temporal import instant

ANCHORS = [pd.Timestamp(day) for day in ("2020-01-31", "2020-02-29", "2020-03-31", "2020-04-15 12:00")]
USERS, ORDERS, ITEMS = 12, 240, 300
INF = float("inf")


@dataclass(frozen=True)
class Situation:
    """A user as of an anchor, and the rows that a window of theirs holds."""

    frames: dict[str, pd.DataFrame]
    user: pd.Series
    anchor: pd.Timestamp

    def rows(
        self, table: str, start: float, end: float, unit: str = "days", key: str = "user_id"
    ) -> pd.DataFrame:
        facts = self.frames[table]
        low = pd.Timestamp.min if start == -INF else self.anchor + pd.DateOffset(**{unit: start})
        inside = (facts.ts > low) & (facts.ts <= self.anchor + pd.DateOffset(**{unit: end}))
        return facts[inside & (facts[key] == self.user.user_id)]

    def orders(self, start: float, end: float, unit: str = "days") -> pd.DataFrame:
        return self.rows("orders", start, end, unit)

    def lines(self, start: float, end: float) -> pd.DataFrame:
        return self.rows("lines", start, end)

    def sent(self, start: float, end: float) -> pd.DataFrame:
        return self.rows("deals", start, end, key="buyer")


class Case(NamedTuple):
    """What is predicted, for whom, and what pandas makes of it; a value of None is unknown."""

    target: str
    value: Callable[[Situation], Any]
    rest: str = ""
    kept: Callable[[Situation], bool] = lambda s: True


def known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def mean(column: pd.Series) -> float | None:
    return known(column.mean())


def first(rows: pd.DataFrame, column: str) -> Any:
    held = rows[rows[column].notna()].sort_values("ts", kind="stable")[column]
    return None if held.empty else held.iloc[0]


def last(rows: pd.DataFrame, column: str) -> Any:
    held = rows[rows[column].notna()].sort_values("ts", kind="stable")[column]
    return None if held.empty else held.iloc[-1]


def distinct(column: pd.Series) -> list[Any] | None:
    return sorted(set(column.dropna())) or None


def code(value: Any, classes: list[Any]) -> int | None:
    return None if value is None else classes.index(value)


def dense(values: list[Any] | None, classes: list[Any]) -> list[int] | None:
    return None if values is None else [int(each in values) for each in classes]


KINDS, TAGS = ["a", "ab", "b", "it's 100%"], ["x_1", "xy1"]
CASES = [
    # every function
    Case("COUNT(orders.*, 0, 30, days)", lambda s: len(s.orders(0, 30))),
    Case("COUNT(orders.amount, 0, 30, days)", lambda s: s.orders(0, 30).amount.count()),
    Case("COUNT(orders.kind, 0, 30)", lambda s: s.orders(0, 30).kind.count()),
    Case("SUM(orders.amount, 0, 30)", lambda s: s.orders(0, 30).amount.sum()),
    Case("SUM(orders.qty, 5, 12)", lambda s: s.orders(5, 12).qty.sum()),
    Case("AVG(orders.amount, 0, 14)", lambda s: mean(s.orders(0, 14).amount)),
    Case("MIN(orders.amount, 0, 14)", lambda s: known(s.orders(0, 14).amount.min())),
    Case("MAX(orders.qty, 0, 14)", lambda s: known(s.orders(0, 14).qty.max())),
    Case("COUNT_DISTINCT(orders.kind, 0, 30)", lambda s: s.orders(0, 30).kind.nunique()),
    Case("COUNT_DISTINCT(orders.qty, 0, 5)", lambda s: s.orders(0, 5).qty.nunique()),
    Case("FIRST(orders.amount, 0, 20)", lambda s: first(s.orders(0, 20), "amount")),
    Case("LAST(orders.amount, 0, 20)", lambda s: last(s.orders(0, 20), "amount")),
    Case("FIRST(orders.kind, 0, 20)", lambda s: code(first(s.orders(0, 20), "kind"), KINDS)),
    Case("LAST(orders.kind, 0, 20)", lambda s: code(last(s.orders(0, 20), "kind"), KINDS)),
    Case("LAST(orders.paid, 0, 20)", lambda s: last(s.orders(0, 20), "paid")),
    Case("LAST(orders.qty, 0, 9) CLASSIFY", lambda s: code(last(s.orders(0, 9), "qty"), [0, 1, 2, 3])),
    Case("MAX(orders.qty, 0, 9) CLASSIFY", lambda s: code(known(s.orders(0, 9).qty.max()), [0, 1, 2, 3])),
    Case("LIST_DISTINCT(orders.kind, 0, 9)", lambda s: dense(distinct(s.orders(0, 9).kind), KINDS)),
    Case("LIST_DISTINCT(orders.qty, 0, 9)", lambda s: dense(distinct(s.orders(0, 9).qty), [0, 1, 2, 3])),
    # links: rows of users that exist at the anchor
    Case("LIST_DISTINCT(deals.seller VIA deals.buyer, 0, 40)", lambda s: there(s, s.sent(0, 40).seller)),
    Case("LIST_DISTINCT(deals.seller VIA deals.buyer WHERE deals.price > 2, 0, 40) RANK TOP 3",
         lambda s: there(s, s.sent(0, 40).query("price > 2").seller)),
    # units
    Case("COUNT(orders.*, 0, 86400, seconds)", lambda s: len(s.orders(0, 1))),
    Case("COUNT(orders.*, 0, 720, minutes)", lambda s: len(s.orders(0, 12, "hours"))),
    Case("COUNT(orders.*, 12, 36, hours)", lambda s: len(s.orders(12, 36, "hours"))),
    Case("COUNT(orders.*, 0.5, 1.5, days)", lambda s: len(s.orders(12, 36, "hours"))),
    Case("COUNT(orders.*, 0, 2, weeks)", lambda s: len(s.orders(0, 2, "weeks"))),
    Case("COUNT(orders.*, 0, 1, months)", lambda s: len(s.orders(0, 1, "months"))),
    Case("COUNT(orders.*, 1, 2, months)", lambda s: len(s.orders(1, 2, "months"))),
    Case("SUM(orders.amount, 0, 1, year)", lambda s: s.orders(0, 1, "years").amount.sum()),
    # calculations
    Case("SUM(orders.qty * orders.amount, 0, 30)",
         lambda s: (s.orders(0, 30).qty * s.orders(0, 30).amount).sum()),
    Case("AVG(orders.amount / orders.qty, 0, 30)",
         lambda s: mean(s.orders(0, 30).amount / s.orders(0, 30).qty.replace(0, np.nan))),
    Case("MAX(-orders.amount + 2 * (orders.qty - 1), 0, 30)",
         lambda s: known((-s.orders(0, 30).amount + 2 * (s.orders(0, 30).qty - 1)).max())),
    Case("COUNT(orders.qty - 3 -orders.amount, 0, 30)",
         lambda s: (s.orders(0, 30).qty - s.orders(0, 30).amount).count()),
    Case("FIRST(orders.amount * 10 WHERE orders.qty > 0, 0, 30)",
         lambda s: None if (v := first(s.orders(0, 30).query("qty > 0"), "amount")) is None else v * 10),
    # filters within
    Case("COUNT(orders.* WHERE orders.kind = 'a', 0, 30)", lambda s: (s.orders(0, 30).kind == "a").sum()),
    Case("COUNT(orders.* WHERE orders.kind != 'a', 0, 30)",
         lambda s: (s.orders(0, 30).kind.dropna() != "a").sum()),
    Case("COUNT(orders.* WHERE orders.amount < 0.5, 0, 30)", lambda s: (s.orders(0, 30).amount < 0.5).sum()),
    Case("COUNT(orders.* WHERE orders.amount <= 0.5, 0, 30)",
         lambda s: (s.orders(0, 30).amount <= 0.5).sum()),
    Case("COUNT(orders.* WHERE orders.amount > 0.5, 0, 30)", lambda s: (s.orders(0, 30).amount > 0.5).sum()),
    Case("COUNT(orders.* WHERE orders.qty >= 2, 0, 30)", lambda s: (s.orders(0, 30).qty >= 2).sum()),
    Case("COUNT(orders.* WHERE orders.kind IN ('a', 'b'), 0, 30)",
         lambda s: s.orders(0, 30).kind.isin(["a", "b"]).sum()),
    Case("COUNT(orders.* WHERE orders.kind NOT IN ('a', 'b'), 0, 30)",
         lambda s: (~s.orders(0, 30).kind.dropna().isin(["a", "b"])).sum()),
    Case("COUNT(orders.* WHERE orders.kind IS NULL, 0, 30)", lambda s: s.orders(0, 30).kind.isna().sum()),
    Case("COUNT(orders.* WHERE orders.amount IS NOT NULL, 0, 30)",
         lambda s: s.orders(0, 30).amount.notna().sum()),
    Case("COUNT(orders.* WHERE orders.kind LIKE '_b', 0, 30)",
         lambda s: (s.orders(0, 30).kind == "ab").sum()),
    Case("COUNT(orders.* WHERE orders.kind LIKE '%s 1__%', 0, 30)",
         lambda s: (s.orders(0, 30).kind == "it's 100%").sum()),
    Case("COUNT(orders.* WHERE orders.kind NOT LIKE 'a%', 0, 30)",
         lambda s: (~s.orders(0, 30).kind.dropna().str.startswith("a")).sum()),
    Case("COUNT(orders.* WHERE orders.kind STARTS WITH 'a', 0, 30)",
         lambda s: s.orders(0, 30).kind.dropna().str.startswith("a").sum()),
    Case("COUNT(orders.* WHERE orders.kind NOT STARTS WITH 'it''s', 0, 30)",
         lambda s: (~s.orders(0, 30).kind.dropna().str.startswith("it's")).sum()),
    Case("COUNT(orders.* WHERE orders.kind ENDS WITH 'b', 0, 30)",
         lambda s: s.orders(0, 30).kind.dropna().str.endswith("b").sum()),
    Case("COUNT(orders.* WHERE orders.kind NOT ENDS WITH '%', 0, 30)",
         lambda s: (~s.orders(0, 30).kind.dropna().str.endswith("%")).sum()),
    Case("COUNT(orders.* WHERE orders.tag CONTAINS '_', 0, 30)",
         lambda s: s.orders(0, 30).tag.dropna().str.contains("_", regex=False).sum()),
    Case("COUNT(orders.* WHERE NOT orders.tag CONTAINS '_', 0, 30)",
         lambda s: (~s.orders(0, 30).tag.dropna().str.contains("_", regex=False)).sum()),
    Case("COUNT(orders.* WHERE orders.paid AND NOT orders.qty = 1, 0, 30)",
         lambda s: ((s.orders(0, 30).paid == True) & (s.orders(0, 30).qty.dropna() != 1)).sum()),  # noqa: E712
    Case("COUNT(orders.* WHERE orders.paid OR orders.qty > 1, 0, 30)",
         lambda s: ((s.orders(0, 30).paid == True) | (s.orders(0, 30).qty > 1)).sum()),  # noqa: E712
    Case("COUNT(orders.* WHERE NOT (orders.kind = 'a' OR orders.qty > 1), 0, 30)",
         lambda s: ((s.orders(0, 30).kind.dropna() != "a") & (s.orders(0, 30).qty.dropna() <= 1)).sum()),
    Case("COUNT(orders.* WHERE orders.due > 2020-03-01, 0, 30)",
         lambda s: (s.orders(0, 30).due > pd.Timestamp("2020-03-01")).sum()),
    Case("COUNT(orders.* WHERE orders.due <= orders.ts, 0, 30)",
         lambda s: (s.orders(0, 30).due <= s.orders(0, 30).ts).sum()),
    # conditions
    Case("COUNT(orders.*, 0, 7) = 0", lambda s: len(s.orders(0, 7)) == 0),
    Case("SUM(orders.amount, 0, 7) > SUM(orders.amount, 7, 14)",
         lambda s: s.orders(0, 7).amount.sum() > s.orders(7, 14).amount.sum()),
    Case("AVG(orders.amount, 0, 7) >= 0.5",
         lambda s: None if s.orders(0, 7).amount.count() == 0 else s.orders(0, 7).amount.mean() >= 0.5),
    Case("MAX(orders.amount, 0, 7) IS NULL", lambda s: s.orders(0, 7).amount.count() == 0),
    Case("COUNT(orders.*, 0, 7) IN (1, 3)", lambda s: len(s.orders(0, 7)) in (1, 3)),
    Case("COUNT(orders.*, 0, 7) NOT IN (0, 1)", lambda s: len(s.orders(0, 7)) not in (0, 1)),
    Case("LAST(orders.kind, 0, 7) LIKE 'a%'",
         lambda s: None if (v := last(s.orders(0, 7), "kind")) is None else v.startswith("a")),
    Case("FIRST(orders.kind, 0, 7) = 'a' OR COUNT(orders.*, 0, 7) = 0",
         lambda s: first(s.orders(0, 7), "kind") == "a" or len(s.orders(0, 7)) == 0
         or (None if s.orders(0, 7).kind.count() == 0 else False)),
    Case("MAX(orders.due, 0, 7) > 2020-03-10",
         lambda s: None if s.orders(0, 7).due.count() == 0
         else s.orders(0, 7).due.max() > pd.Timestamp("2020-03-10")),
    Case("NOT COUNT(orders.*, 0, 7) > 1 AND COUNT(orders.*, 7, 14) > 0",
         lambda s: len(s.orders(0, 7)) <= 1 and len(s.orders(7, 14)) > 0),
    # WHERE looks back
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.*, -10, 0) > 0", lambda s: len(s.orders(-10, 0)) > 0),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.*, -2, -1, months) = 0", lambda s: len(s.orders(-2, -1, "months")) == 0),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.*, -INF, 0) >= 5", lambda s: len(s.orders(-INF, 0)) >= 5),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.*) >= 5", lambda s: len(s.orders(-INF, 0)) >= 5),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT_DISTINCT(orders.kind, -INF, 0) = 3", lambda s: s.orders(-INF, 0).kind.nunique() == 3),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE LAST(orders.kind, -INF, 0) = 'a'", lambda s: last(s.orders(-INF, 0), "kind") == "a"),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE FIRST(orders.amount, -INF, -3) > 0.4",
         lambda s: (first(s.orders(-INF, -3), "amount") or 0) > 0.4),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE SUM(orders.qty * orders.amount, -INF, 0) < 20",
         lambda s: (s.orders(-INF, 0).qty * s.orders(-INF, 0).amount).sum() < 20),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE users.country = 'DE' AND users.score IS NOT NULL",
         lambda s: s.user.country == "DE" and not pd.isna(s.user.score)),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE users.country NOT CONTAINS 'D'", lambda s: s.user.country == "FR"),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(notes.*) = 2", lambda s: (s.frames["notes"].user_id == s.user.user_id).sum() == 2),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.* WHERE orders.due IS NULL, -INF, 0) > 2",
         lambda s: (s.orders(-INF, 0).due.isna() | (s.orders(-INF, 0).due > s.anchor)).sum() > 2),
    # ASSUMING looks forward
    Case("SUM(orders.amount, 0, 9)", lambda s: s.orders(0, 9).amount.sum(),
         "ASSUMING COUNT(orders.*, 0, 9) > 0", lambda s: len(s.orders(0, 9)) > 0),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(orders.*, -9, 0) < 4 ASSUMING MAX(orders.qty, 0, 1, months) >= 2",
         lambda s: len(s.orders(-9, 0)) < 4 and s.orders(0, 1, "months").qty.max() >= 2),
    # paths
    Case("COUNT(deals.* VIA deals.buyer, 0, 40)", lambda s: len(s.sent(0, 40))),
    Case("COUNT(deals.* VIA deals.seller, 0, 40)", lambda s: len(s.rows("deals", 0, 40, key="seller"))),
    Case("COUNT(lines.* VIA lines.order_id -> orders.user_id, 0, 30)", lambda s: len(s.lines(0, 30))),
    Case("SUM(lines.price VIA lines.order_id -> orders.user_id WHERE lines.price > 0.25, 0, 30)",
         lambda s: s.lines(0, 30).query("price > 0.25").price.sum()),
    Case("COUNT(orders.*, 0, 9)", lambda s: len(s.orders(0, 9)),
         "WHERE COUNT(lines.* VIA lines.order_id -> orders.user_id, -INF, 0) > 6",
         lambda s: (s.lines(-INF, 0).ordered <= s.anchor).sum() > 6),
    # forecasts: window after window
    Case("COUNT(orders.*, 0, 7) FORECAST 3 TIMEFRAMES",
         lambda s: [len(s.orders(0, 7)), len(s.orders(7, 14)), len(s.orders(14, 21))]),
    Case("SUM(orders.amount, 0, 1, months) FORECAST 2 TIMEFRAMES",
         lambda s: [s.orders(0, 1, "months").amount.sum(), s.orders(1, 2, "months").amount.sum()]),
    Case("AVG(orders.amount, 2, 9) FORECAST 2 TIMEFRAMES",
         lambda s: None if None in (both := [mean(s.orders(a, a + 7).amount) for a in (2, 9)]) else both),
    Case("COUNT(orders.*, 0, 7) FORECAST 2 TIMEFRAMES", lambda s: [len(s.orders(0, 7)), len(s.orders(7, 14))],
         "WHERE COUNT(orders.*, -INF, 0) > 4 ASSUMING COUNT(orders.*, 0, 7) > 0",
         lambda s: len(s.orders(-INF, 0)) > 4 and len(s.orders(0, 7)) > 0),
]  # fmt: skip


def there(s: Situation, keys: pd.Series) -> list[int] | None:
    """The rows of users that exist at the anchor."""
    users = s.frames["users"]
    alive = users[(users.created <= s.anchor) & (users.ended.isna() | (users.ended > s.anchor))]
    return sorted(set(keys.dropna().astype(int)) & set(alive.user_id)) or None


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(12)
    start = pd.Timestamp("2020-01-01")

    def some(values: list[Any], count: int, missing: float = 0.15) -> list[Any]:
        return [None if rng.random() < missing else values[i] for i in rng.integers(0, len(values), count)]

    def moments(count: int, missing: float = 0.1) -> list[Any]:
        return some([start + pd.Timedelta(hours=12 * i) for i in range(260)], count, missing)

    users = {"user_id": range(USERS), "created": [start] * 8 + [start + pd.Timedelta(days=40)] * 4,
             "ended": [None] * 9 + [pd.Timestamp("2020-03-31")] * 3,
             "country": some(["DE", "FR"], USERS), "score": some([0.5, 1.5], USERS)}  # fmt: skip
    orders = {"order_id": range(ORDERS), "ts": moments(ORDERS),
              "user_id": some(list(range(USERS + 1)), ORDERS),
              "amount": some([0.25, 0.5, 1.0, float("nan")], ORDERS), "qty": some([0, 1, 2, 3], ORDERS),
              "kind": some(KINDS, ORDERS), "tag": some(TAGS, ORDERS), "paid": some([True, False], ORDERS),
              "due": moments(ORDERS)}  # fmt: skip
    lines = {
        "order_id": some(list(range(ORDERS)), ITEMS),
        "ts": moments(ITEMS),
        "price": some([0.25, 0.5], ITEMS),
    }
    deals = {"buyer": some(list(range(USERS)), 120), "seller": some(list(range(USERS + 1)), 120),
             "ts": moments(120), "price": some([1.0, 2.0, 3.0], 120)}  # fmt: skip
    notes = {"user_id": some(list(range(USERS)), 20)}
    raw = {"users": users, "orders": orders, "lines": lines, "deals": deals, "notes": notes}
    found = {name: pd.DataFrame(columns) for name, columns in raw.items()}
    by_order = found["orders"].set_index("order_id")
    found["lines"]["user_id"] = found["lines"].order_id.map(by_order.user_id)
    found["lines"]["ordered"] = found["lines"].order_id.map(by_order.ts)
    return found


@pytest.fixture(scope="module")
def catalogue(frames, dataset_of, shop):
    """The same frames as tables; lines know their orders, and through them the users."""
    arrow = {
        name: pa.Table.from_pandas(frame.drop(columns=["user_id", "ordered"]) if name == "lines" else frame)
        for name, frame in frames.items()
    }
    tables = {table.name: table for table in shop.schema}
    lines = type(tables["items"])(**{**vars(tables["items"]), "name": "lines"})
    return dataset_of(
        Schema((tables["users"], tables["orders"], tables["deals"], tables["notes"], lines)), arrow
    )


def expected(case: Case, frames: dict[str, pd.DataFrame]) -> dict[tuple[int, int], Any]:
    found = {}
    for anchor in ANCHORS:
        for _, user in frames["users"].iterrows():
            if user.created > anchor or (not pd.isna(user.ended) and user.ended <= anchor):
                continue
            s = Situation(frames, user, anchor)
            if case.kept(s) and (value := case.value(s)) is not None:
                found[user.user_id, instant(anchor)] = value
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.target} {case.rest}".strip())
def test_labels_as_pandas_has_them(case, catalogue, frames, label):
    found = label(catalogue, f"PREDICT {case.target} FOR EACH users.user_id {case.rest}", ANCHORS)
    want = expected(case, frames)
    assert want, "a case without a label shows nothing"
    assert list(zip(found.node_id.tolist(), found.anchor.tolist(), strict=True)) == list(want)
    if isinstance(found.label, Lists):
        assert [found.label.row(i).tolist() for i in range(len(want))] == list(want.values())
    else:
        np.testing.assert_allclose(found.label, np.array(list(want.values()), np.float64), rtol=1e-12)


def test_there_are_more_than_sixty_of_them():
    assert len({(case.target, case.rest) for case in CASES}) == len(CASES) > 80
