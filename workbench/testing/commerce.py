"""A shop of any size, seeded, with a planted two-hop signal whose best possible AUC is known.

    orders -> users (signup_time), products          reviews -> users, products

Time runs in periods of 30 days. At the start of each period every user decides whether to buy in it:

    P(buys) = sigmoid(BIAS + SIGNAL * appeal + RECENCY * exp(-days since the last order / 30))

where ``appeal`` is the mean, over the user's latest 16 orders, of +1 for products of a liked material
and -1 for the others: users -> orders -> products.material, two hops away. Products are drawn
uniformly and prices, amounts and ratings know nothing of materials, so no aggregate over the user's
own orders shows it. Buyers place 1 + Poisson orders at uniform moments of ``(start, start + 30 days]``.

Given everything visible at the start of a period, the label of ``query`` is a coin of exactly that
probability: no model can have a higher expected AUC, and one that does has seen the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.errors import TaskError, explain
from workbench.query.seed_table import SeedTable
from workbench.temporal import MICROSECONDS, instant, iso
from workbench.types import AnyArray, Int64Array

PERIOD = 30 * MICROSECONDS["days"]
LATEST = 16
BIAS, SIGNAL, RECENCY = 0.0, 6.0, 0.3
ORDERS_PER_BUYER = 6.0
MATERIALS = ("bamboo", "cork", "cotton", "glass", "linen", "oak", "steel", "wool")
COUNTRIES = ("AT", "BE", "CH", "DE", "DK", "ES", "FR", "IT", "NL", "PL")
QUERY = "PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR EACH users.user_id"


@dataclass(frozen=True)
class Commerce:
    """The shop, its task and the truth behind it.

    Attributes
    ----------
    tables : dict  ``users, products, orders, reviews`` as Arrow tables
    query : str  a predictive query with windows of one period
    val, test : str  ISO instants at which the validation and test periods start
    start, end : int  microseconds; first decision, and the moment until which all is observed
    user_keys : int64[users]  ``users.user_id`` in order of the columns of ``truth``
    truth : float32[periods, users]  P(buys in the period); NaN before the user signed up
    """

    tables: dict[str, pa.Table]
    query: str
    val: str
    test: str
    start: int
    end: int
    user_keys: Int64Array
    truth: NDArray[np.float32]

    def probability(self, keys: AnyArray, anchors: Int64Array) -> NDArray[np.float64]:
        """P(label = 1) of each (user, anchor), as the generator drew it.

        Parameters
        ----------
        keys : int64[n]  values of ``users.user_id``
        anchors : int64[n]  microseconds, on the grid of period starts

        Raises
        ------
        TaskError
            If an anchor is between periods or outside them, or a user is unknown or not signed up.
        """
        period, rest = np.divmod(np.asarray(anchors, np.int64) - self.start, PERIOD)
        if (rest != 0).any() or (period < 0).any() or (period >= len(self.truth)).any():
            raise TaskError(
                explain(
                    "true probabilities were asked for",
                    "an anchor is not the start of a period",
                    f"{iso(self.start)} plus 0 .. {len(self.truth) - 1} times 30 days",
                )
            )
        order = np.argsort(self.user_keys)
        place = np.searchsorted(self.user_keys, keys, sorter=order)
        user = order[np.minimum(place, len(order) - 1)]
        found = self.truth[period, user].astype(np.float64)
        if (self.user_keys[user] != keys).any() or np.isnan(found).any():
            raise TaskError(
                explain(
                    "true probabilities were asked for", "a user is unknown or not signed up at its anchor"
                )
            )
        return found

    def bayes_auc(self, seeds: SeedTable) -> float:
        """AUC of the true probabilities on labelled seeds: what the best possible model reaches.

        Raises
        ------
        TaskError
            If the seeds have no labels.
        """
        from sklearn.metrics import roc_auc_score

        if seeds.label is None:
            raise TaskError(explain("the Bayes AUC was asked for", "the seeds have no labels"))
        keys = seeds.key.to_numpy(zero_copy_only=False)
        return float(roc_auc_score(seeds.label, self.probability(keys, seeds.anchor_time)))


def commerce(
    users: int = 2_000,
    *,
    products: int | None = None,
    periods: int = 16,
    reviews: float = 0.1,
    start: str = "2024-01-01",
    seed: int = 0,
) -> Commerce:
    """Generate a shop; about ``1.7 * users * periods`` orders.

    Parameters
    ----------
    users, products : int  products default to a tenth of the users, at least 64
    periods : int  of 30 days, at least 5
    reviews : float  share of orders that are reviewed within five days, inside their period
    start : str  date of the first day
    seed : int  the same seed gives the same shop

    Raises
    ------
    TaskError
        If there are too few users, products or periods for a task.
    """
    products = max(64, users // 10) if products is None else products
    if users < 2 or products < 2 or periods < 5:
        got = f"got users={users}, products={products}, periods={periods}"
        raise TaskError(explain("a shop was asked for", got, "2 users, 2 products and 5 periods or more"))
    rng = np.random.default_rng(seed)
    begin = instant(start)
    material = rng.permutation(np.arange(products) % len(MATERIALS))
    liked = rng.permutation(np.repeat([1, -1], len(MATERIALS) // 2)).astype(np.int8)
    joined = _joined(rng, users, periods)
    truth, log = _simulate(rng, joined, liked[material], periods)
    user_keys = 100_003 + 7 * rng.permutation(users).astype(np.int64)
    product_keys = 50_001 + 3 * rng.permutation(products).astype(np.int64)
    log["time"] += begin
    tables = {
        "users": _users(rng, user_keys, begin + joined * PERIOD),
        "products": _products(rng, product_keys, material),
        "orders": _orders(rng, log, user_keys, product_keys),
        "reviews": _reviews(rng, log, user_keys, product_keys, reviews, begin),
    }
    val, test = (iso(begin + (periods - back) * PERIOD) for back in (4, 2))
    return Commerce(tables, QUERY, val, test, begin, begin + periods * PERIOD, user_keys, truth)


def _joined(rng: np.random.Generator, users: int, periods: int) -> Int64Array:
    """First period in which each user decides: half are there from the start, the rest come later."""
    later = rng.integers(1, periods, users)
    return np.where(rng.random(users) < 0.5, 0, later).astype(np.int64)


def _simulate(
    rng: np.random.Generator, joined: Int64Array, appeal: NDArray[np.int8], periods: int
) -> tuple[NDArray[np.float32], dict[str, Int64Array]]:
    """Run all periods.

    Returns
    -------
    float32[periods, users], dict of int64[orders]
        The probabilities, and ``user``, ``product`` (row numbers) and ``time`` (since the start) in
        time order.
    """
    users = len(joined)
    latest = np.zeros((users, LATEST), np.int8)
    count, last = np.zeros(users, np.int64), np.full(users, -np.inf)
    truth = np.full((periods, users), np.nan, np.float32)
    parts: list[tuple[Int64Array, Int64Array, Int64Array]] = []
    for period in range(periods):
        here = joined <= period
        mean = latest.sum(axis=1) / np.maximum(np.minimum(count, LATEST), 1)
        score = BIAS + SIGNAL * mean + RECENCY * np.exp((last - period * PERIOD) / PERIOD)
        chance = np.where(here, 1 / (1 + np.exp(-score)), np.nan)
        truth[period] = chance
        buyers = np.flatnonzero(rng.random(users) < chance)
        user, product, time = _baskets(rng, buyers, len(appeal), period)
        first = np.searchsorted(user, user)
        latest[user, (count[user] + np.arange(len(user)) - first) % LATEST] = appeal[product]
        count += np.bincount(user, minlength=users)
        np.maximum.at(last, user, time.astype(np.float64))
        parts.append((user, product, time))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[2], kind="stable")
    return truth, {
        name: column[order] for name, column in zip(("user", "product", "time"), columns, strict=True)
    }


def _baskets(
    rng: np.random.Generator, buyers: Int64Array, products: int, period: int
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Orders of one period, sorted by user and then by time."""
    user = np.repeat(buyers, 1 + rng.poisson(ORDERS_PER_BUYER - 1, len(buyers)))
    second = rng.integers(1, PERIOD // 1_000_000 + 1, len(user))
    # Whole seconds and row numbers share one int64, so that one sort does for both keys.
    packed = np.sort(user * (1 << 32) + second)
    user, second = packed >> 32, packed & 0xFFFFFFFF
    product = rng.integers(0, products, len(user))
    return user, product, period * PERIOD + second * 1_000_000


def _stamps(time: Int64Array) -> pa.Array:
    return pa.array(time).view(pa.timestamp("us"))


def _choice(rng: np.random.Generator, names: tuple[str, ...], size: int) -> pa.Array:
    codes = pa.array(rng.integers(0, len(names), size).astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(names)).cast(pa.string())


def _users(rng: np.random.Generator, keys: Int64Array, first: Int64Array) -> pa.Table:
    signup = first - rng.integers(0, PERIOD // 1_000_000, len(keys)) * 1_000_000
    columns: dict[str, Any] = {
        "user_id": keys,
        "signup_time": _stamps(signup),
        "age": rng.integers(18, 80, len(keys)),
        "country": _choice(rng, COUNTRIES, len(keys)),
    }
    return pa.table(columns)


def _products(rng: np.random.Generator, keys: Int64Array, material: Int64Array) -> pa.Table:
    columns: dict[str, Any] = {
        "product_id": keys,
        "material": pa.array(np.array(MATERIALS)[material]),
        "price": np.round(rng.lognormal(3, 0.6, len(keys)), 2),
        "weight_kg": np.round(rng.gamma(2, 0.8, len(keys)), 3),
    }
    return pa.table(columns)


def _orders(
    rng: np.random.Generator, log: dict[str, Int64Array], user_keys: Int64Array, product_keys: Int64Array
) -> pa.Table:
    rows = len(log["time"])
    columns: dict[str, Any] = {
        "order_id": np.arange(1, rows + 1),
        "user_id": user_keys[log["user"]],
        "product_id": product_keys[log["product"]],
        "order_time": _stamps(log["time"]),
        "quantity": rng.integers(1, 6, rows),
        "amount": np.round(rng.lognormal(3, 0.8, rows), 2),
        "channel": _choice(rng, ("app", "shop", "web"), rows),
    }
    return pa.table(columns)


def _reviews(
    rng: np.random.Generator,
    log: dict[str, Int64Array],
    user_keys: Int64Array,
    product_keys: Int64Array,
    share: float,
    begin: int,
) -> pa.Table:
    chosen = np.flatnonzero(rng.random(len(log["time"])) < share)
    ordered = log["time"][chosen]
    # A review stays inside its order's period: it must tell no later anchor more than the order does.
    period_end = begin + -(-(ordered - begin) // PERIOD) * PERIOD
    delay = rng.integers(0, 5 * MICROSECONDS["days"] // 1_000_000, len(chosen)) * 1_000_000
    time = np.minimum(ordered + delay, period_end)
    order = np.argsort(time, kind="stable")
    rows = chosen[order]
    columns: dict[str, Any] = {
        "review_id": np.arange(1, len(rows) + 1),
        "user_id": user_keys[log["user"][rows]],
        "product_id": product_keys[log["product"][rows]],
        "review_time": _stamps(time[order]),
        "rating": rng.integers(1, 6, len(rows)),
    }
    return pa.table(columns)
