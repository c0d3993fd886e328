"""The planted signal is where the generator says, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from workbench.errors import TaskError
from workbench.query.seed_table import SeedTable
from workbench.temporal import instant
from workbench.testing.commerce import BIAS, LATEST, PERIOD, RECENCY, SIGNAL, Commerce, commerce


@pytest.fixture(scope="module")
def shop() -> Commerce:
    return commerce(4_000, seed=3)


def seeds_at(shop: Commerce, anchor: int) -> SeedTable:
    users, orders = shop.tables["users"].to_pandas(), shop.tables["orders"].to_pandas()
    keys = users.user_id[micros(users.signup_time) <= anchor].to_numpy()
    time = micros(orders.order_time)
    bought = orders.user_id[(time > anchor) & (time <= anchor + PERIOD)]
    label = np.isin(keys, bought).astype(np.float64)
    anchors = np.full(len(keys), anchor)
    return SeedTable("users", np.arange(len(keys)), pa.array(keys), anchors, label, "test")


def micros(column: pd.Series) -> pd.Series:
    return column.astype("datetime64[us]").astype(np.int64)


def past(shop: Commerce, seeds: SeedTable) -> pd.DataFrame:
    """Orders visible at the seeds' anchor, with the material of their product."""
    orders = shop.tables["orders"].to_pandas().merge(shop.tables["products"].to_pandas(), on="product_id")
    orders = orders.assign(t=micros(orders.order_time)).sort_values("order_id")
    return orders[orders.t <= seeds.anchor_time[0]]


def test_the_true_formula_on_the_tables_gives_the_true_probability(shop: Commerce) -> None:
    seeds = seeds_at(shop, instant(shop.test))
    keys = seeds.key.to_numpy()
    latest = past(shop, seeds).groupby("user_id").tail(LATEST)
    share = latest.pivot_table(index="user_id", columns="material", values="t", aggfunc="count").fillna(0)
    share = share.div(share.sum(axis=1), axis=0).reindex(keys).fillna(0)
    gone = seeds.anchor_time[0] - latest.groupby("user_id").t.max().reindex(keys)
    truth = shop.probability(keys, seeds.anchor_time)
    rest = np.log(truth / (1 - truth)) - BIAS - RECENCY * np.exp(-gone / PERIOD).fillna(0).to_numpy()
    appeal, *_ = np.linalg.lstsq(share.to_numpy() * SIGNAL, rest, rcond=None)
    assert np.allclose(np.sort(appeal), [-1] * 4 + [1] * 4, atol=1e-4)
    assert np.allclose(share.to_numpy() @ appeal * SIGNAL, rest, atol=1e-4)


def test_labels_are_coins_of_the_true_probability(shop: Commerce) -> None:
    seeds = seeds_at(shop, instant(shop.val))
    truth = shop.probability(seeds.key.to_numpy(), seeds.anchor_time)
    spread = (truth * (1 - truth)).sum() ** 0.5
    assert abs(seeds.label.sum() - truth.sum()) < 4 * spread
    assert 0.80 < shop.bayes_auc(seeds) < 0.90


def test_two_hops_reach_the_bayes_auc_and_one_hop_does_not(shop: Commerce) -> None:
    def features(seeds: SeedTable, two_hops: bool) -> np.ndarray:
        rows, keys = past(shop, seeds), seeds.key.to_numpy()
        users = rows.groupby("user_id")
        recent = np.exp(-(seeds.anchor_time[0] - users.t.max()) / PERIOD)
        month = rows[rows.t > seeds.anchor_time[0] - PERIOD].groupby("user_id").size()
        table = pd.DataFrame({"n": np.log1p(users.size()), "m": np.log1p(month), "r": recent})
        table = table.join(users[["amount", "quantity"]].mean()).join(users[["amount"]].sum(), rsuffix="_sum")
        if two_hops:
            latest = rows.groupby("user_id").tail(LATEST)
            count = latest.pivot_table(index="user_id", columns="material", values="t", aggfunc="count")
            table = table.join(count.fillna(0).div(count.sum(axis=1), axis=0))
        table = table.reindex(keys).fillna(0)
        return ((table - table.mean()) / table.std()).to_numpy()

    test = seeds_at(shop, instant(shop.test))
    train = [seeds_at(shop, instant(shop.val) - back * PERIOD) for back in (1, 2, 3, 4)]
    labels = np.concatenate([seeds.label for seeds in train])
    auc = {}
    for two_hops in (False, True):
        model = LogisticRegression(max_iter=2000)
        model.fit(np.vstack([features(seeds, two_hops) for seeds in train]), labels)
        auc[two_hops] = roc_auc_score(test.label, model.decision_function(features(test, two_hops)))
    best = shop.bayes_auc(test)
    assert best - 0.02 < auc[True] < best + 0.01
    assert auc[False] < best - 0.05


def test_the_same_seed_gives_the_same_shop() -> None:
    one, two, other = commerce(300, seed=5), commerce(300, seed=5), commerce(300, seed=6)
    assert all(one.tables[name].equals(two.tables[name]) for name in one.tables)
    assert not one.tables["orders"].equals(other.tables["orders"])


def test_no_order_precedes_its_users_signup_and_no_review_its_order_period(shop: Commerce) -> None:
    users = shop.tables["users"].to_pandas().set_index("user_id")
    for name, time in (("orders", "order_time"), ("reviews", "review_time")):
        rows = shop.tables[name].to_pandas()
        assert (rows[time] > rows.user_id.map(users.signup_time)).all()
        assert rows[time].is_monotonic_increasing
        assert (micros(rows[time]) <= shop.end).all()


def test_probabilities_off_the_grid_or_of_strangers_are_refused(shop: Commerce) -> None:
    key = shop.user_keys[:1]
    with pytest.raises(TaskError, match="not the start of a period"):
        shop.probability(key, np.array([shop.start + 1]))
    with pytest.raises(TaskError, match="unknown or not signed up"):
        shop.probability(np.array([-5]), np.array([shop.start]))
    with pytest.raises(TaskError, match="5 periods or more"):
        commerce(100, periods=3)
