"""One flat table of a shop's invoice lines, generated: what a spreadsheet export of a shop looks like.

The columns are those of the public Online Retail data: customers, products and invoices are implied, a share
of the customers is unknown, cancellations have negative quantities. Customers have favourites that they come
back to and rhythms of their own, so churn, spending and the next products can be learned.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from workbench.temporal import MICROSECONDS, instant
from workbench.types import AnyArray

COUNTRIES = ("United Kingdom", "Germany", "France", "Ireland", "Spain")
COLOURS, THINGS = ("red", "white", "blue", "green"), ("mug", "lantern", "box", "clock", "bag", "frame")
UNKNOWN, CANCELLED = 0.2, 0.03
DAY = MICROSECONDS["days"]


def flat_shop(customers: int = 300, days: int = 240, start: str = "2024-01-01", seed: int = 0) -> pa.Table:
    """About ``customers * days / 5`` lines, in time order.

    Parameters
    ----------
    customers, days : int
    seed : int  the same seed gives the same table

    Returns
    -------
    pyarrow.Table
        ``InvoiceNo``, ``StockCode``, ``Description``, ``Quantity``, ``InvoiceDate``, ``UnitPrice``,
        ``CustomerID`` (null where it is not known), ``Country``
    """
    rng = np.random.default_rng(seed)
    who, when = _visits(rng, customers, days)
    sizes = 1 + rng.poisson(3.0, len(who))
    invoice, products = np.repeat(np.arange(len(who)), sizes), 4 * len(COLOURS) * len(THINGS)
    product = _choices(rng, who[invoice], customers, products)
    cancelled = rng.random(len(who)) < CANCELLED
    sign = np.where(cancelled, -1, 1)[invoice]
    price = np.round(rng.lognormal(1.0, 0.6, products), 2)
    unknown = (rng.random(len(who)) < UNKNOWN)[invoice]
    country = rng.choice(len(COUNTRIES), customers, p=[0.8, 0.08, 0.06, 0.04, 0.02])
    names = [f"{COLOURS[i % 4]} {THINGS[i // 4 % 6]} no {i // 24 + 1}" for i in range(products)]
    return pa.table(
        {
            "InvoiceNo": [f"{'C' if cancelled[i] else ''}{536365 + i}" for i in invoice.tolist()],
            "StockCode": [f"{20000 + i}" for i in product.tolist()],
            "Description": [names[i].upper() for i in product.tolist()],
            "Quantity": sign * (1 + rng.poisson(4.0, len(invoice))),
            "InvoiceDate": pa.array((instant(start) + when[invoice]) // 1_000_000, pa.timestamp("s")),
            "UnitPrice": price[product],
            "CustomerID": pa.array(12346 + who[invoice], pa.int64(), mask=unknown),
            "Country": [COUNTRIES[i] for i in country[who[invoice]].tolist()],
        }
    )


def flat_shop_csv(path: str | Path, **options: Any) -> Path:
    """Write :func:`flat_shop` as CSV; its folder is made."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    csv.write_csv(flat_shop(**options), target)
    return target


def _visits(rng: np.random.Generator, customers: int, days: int) -> tuple[AnyArray, AnyArray]:
    """Customer and microsecond of each invoice, in time order: rhythms differ, and some customers leave."""
    pace = rng.gamma(1.5, 20.0, customers) + 4.0
    first, leaves = rng.integers(0, days // 2, customers), rng.exponential(2.0 * days, customers)
    count = 2 + int(days / pace.min())
    gaps = rng.exponential(1.0, (customers, count)) * pace[:, None]
    moments = first[:, None] + np.cumsum(gaps, axis=1)
    there = (moments < days) & (moments < first[:, None] + leaves[:, None])
    who = np.nonzero(there)[0]
    when = (moments[there] * DAY).astype(np.int64)
    order = np.argsort(when, kind="stable")
    return who[order], when[order]


def _choices(rng: np.random.Generator, who: AnyArray, customers: int, products: int) -> AnyArray:
    """Product of each line: two of three times one of the customer's five favourites, else a popular one."""
    popular = 1.0 / np.arange(1, products + 1)
    popular /= popular.sum()
    favourites = np.stack([rng.choice(products, 5, replace=False) for _ in range(customers)])
    habit = favourites[who, rng.integers(0, 5, len(who))]
    return np.where(rng.random(len(who)) < 2 / 3, habit, rng.choice(products, len(who), p=popular))
