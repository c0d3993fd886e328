"""Which order the feature rows of each table get on disk: said by the user, by a rule, or measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.ingestion.locality import Locality, stored_slots
from workbench.ingestion.orders import ARRIVAL, MEASURED, Order, Orders
from workbench.ingestion.pilot import pilot
from workbench.stores.codecs import packing
from workbench.stores.dataset import Dataset
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.manifest import Manifest
from workbench.stores.ram_graph import RamGraph
from workbench.stores.records import CatalogState
from workbench.stores.reorder import with_order
from workbench.stores.versions import Histories
from workbench.types import AnyArray


def lay_out(root: Path, manifest: Manifest, order: Order) -> Manifest:
    """Give the tables of an ingest that is not committed yet their order; the graph is in memory meanwhile.

    Parameters
    ----------
    order : Order  checked
    """
    if order == ARRIVAL:
        return manifest
    dataset = Dataset(root, CatalogState(manifest, {}))
    graph = GraphArrays.open(dataset)
    orders = Orders(graph, Histories(dataset))
    names = chosen(dataset, orders, order, lambda: pilot(dataset, RamGraph(graph), orders))
    slots = {table: orders.slots(table, name) for table, name in names.items() if name != ARRIVAL}
    return with_order(root, manifest, slots, names)


def chosen(dataset: Dataset, orders: Orders, order: Order, replay: Callable[[], Locality]) -> dict[str, str]:
    """Table -> its order, of tables with features that ``order`` speaks of.

    Parameters
    ----------
    replay : measures, where something is to be measured; called once
    """
    layouts = {layout.group: layout for layout in dataset.manifest.groups}
    wanted = {table: order if isinstance(order, str) else order.get(table) for table in layouts}
    best = replay().order if MEASURED in wanted.values() else {}
    return {
        table: best.get(table, ARRIVAL)
        if name == MEASURED
        else orders.rule(table, name, packing(layouts[table]).stride)
        for table, name in wanted.items()
        if name is not None
    }


def moved(dataset: Dataset, orders: Orders, names: dict[str, str]) -> dict[str, AnyArray | None]:
    """Slots of the tables whose rows lie in another order now; None where it is to be that of ids."""
    found = {}
    for table, name in names.items():
        slots, now = orders.slots(table, name), stored_slots(dataset, table)
        same = now is None if slots is None else now is not None and bool((slots == now).all())
        if not same:
            found[table] = slots
    return found
