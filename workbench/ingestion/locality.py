"""How many pages of the disk a batch touches, for every order in which rows could lie: measured, not guessed.

    rows that batches read -> page of each row, order by order -> pages per batch

The orders are those of ``ingestion/orders.py``; what pays is said in :attr:`Locality.order`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.ingestion.orders import ARRIVAL, Orders, names_of
from workbench.stores.codecs import packing
from workbench.stores.dataset import Dataset
from workbench.stores.segments import PAGE
from workbench.types import AnyArray, Int64Array

STORED = "stored"
"""The order in which rows lie now, where it is another."""

PAYS = 1.2
"""An order must touch so many times fewer pages to be worth 4 bytes of memory a row."""


@dataclass(frozen=True)
class TableLocality:
    """One table.

    Attributes
    ----------
    table : str
    rows : float  distinct rows that a batch reads
    pages : dict order -> pages of 4 KiB that a batch touches
    """

    table: str
    rows: float
    pages: Mapping[str, float]

    @property
    def now(self) -> float:
        """Pages per batch as rows lie now."""
        return self.pages.get(STORED, self.pages[ARRIVAL])

    @property
    def best(self) -> str:
        """The order that touches fewest pages, if it pays; otherwise that of arrival."""
        keys = {name: pages for name, pages in self.pages.items() if name not in (ARRIVAL, STORED)}
        least = min(keys, key=lambda name: keys[name], default=ARRIVAL)
        return least if self.pages[least] * PAYS < self.pages[ARRIVAL] else ARRIVAL


@dataclass(frozen=True, repr=False)
class Locality:
    """What replayed batches touched.

    Attributes
    ----------
    tables : tuple of TableLocality  those with features that the batches read
    batches : int  replayed
    """

    tables: tuple[TableLocality, ...] = field(default=())
    batches: int = 0

    @property
    def before(self) -> float:
        """Pages per batch as rows lie now."""
        return sum(table.now for table in self.tables)

    @property
    def after(self) -> float:
        """Pages per batch with :attr:`order`."""
        return sum(table.pages[table.best] for table in self.tables)

    @property
    def order(self) -> dict[str, str]:
        """Table -> the order of its rows that pays; for ``ingest(order=)`` and ``engine.reorder``."""
        return {table.table: table.best for table in self.tables if table.best != ARRIVAL}

    def __repr__(self) -> str:
        lines = [f"Locality: {self.before:,.0f} pages a batch, {self.after:,.0f} with order={self.order}"]
        for each in self.tables:
            orders = ", ".join(f"{name} {pages:,.0f}" for name, pages in each.pages.items())
            lines.append(f"  {each.table}: {each.rows:,.0f} rows a batch; pages by order: {orders}")
        return "\n".join([*lines, f"  over {self.batches} batches"])


def measured(
    dataset: Dataset, orders: Orders, reads: Mapping[str, Sequence[AnyArray]], batches: int
) -> Locality:
    """Count the pages that some batches touch, in every order that rows could have.

    Parameters
    ----------
    orders : Orders  of the dataset's graph
    reads : dict table with features -> ids[n] of each batch that reads any, each id once
    batches : int  replayed
    """
    layouts = {layout.group: layout for layout in dataset.manifest.groups}
    tables = []
    for table, read in reads.items():
        # rows may be stored narrower than they are read
        stride, rows = packing(layouts[table]).stride, dataset.manifest.rows(table)
        ways = {ARRIVAL: None, STORED: stored_slots(dataset, table)}
        ways |= {name: orders.slots(table, name) for name in names_of(dataset.schema, table)}
        pages = {
            name: sum(pages_of(ids if slots is None else slots[ids], stride) for ids in read) / batches
            for name, slots in ways.items()
            if name == ARRIVAL or (rows and slots is not None)
        }
        tables.append(TableLocality(table, sum(map(len, read)) / batches, pages))
    return Locality(tuple(tables), batches)


def stored_slots(dataset: Dataset, table: str) -> AnyArray | None:
    """uint32[rows]: where each row lies now, appended ones last; None in the order of arrival."""
    file, rows = dataset.file("slot", table), dataset.manifest.rows(table)
    if file is None:
        return None
    slots = np.fromfile(file, np.uint32)
    return np.concatenate([slots, np.arange(len(slots), rows, dtype=np.uint32)])


def pages_of(places: AnyArray, stride: int) -> int:
    """Pages of 4 KiB that hold some rows of ``stride`` bytes.

    Parameters
    ----------
    places : integers[n]  where the rows lie, in rows from the beginning of the file
    """
    begins: Int64Array = np.unique(places).astype(np.int64) * stride
    first, last = begins // PAGE, (begins + stride - 1) // PAGE
    before = np.concatenate([[-1], last])[:-1]
    return int((last - np.maximum(first, before + 1) + 1).clip(min=0).sum())
