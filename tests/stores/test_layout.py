"""Where a batch's arrays lie: nowhere do two of them overlap."""

import numpy as np

from workbench.stores import capacity
from workbench.stores.capacity import largest_degrees
from workbench.stores.fused import Tables
from workbench.stores.layout import Layout
from workbench.testing.graphs import toy_shop


def test_arrays_of_a_layout_do_not_overlap():
    arrays = toy_shop()
    known = Tables(arrays, largest_degrees(arrays))
    edge_types = list(known.edge_types)
    layout = Layout(
        known, edge_types, capacity.Capacity(dict.fromkeys(known.types, 5), dict.fromkeys(edge_types, 7))
    )
    arena = np.zeros(layout.bytes, np.uint8)
    views = [part for number in range(len(known.types)) for part in layout.node_views(arena, number, 5)]
    views += [part for _, number in layout.used for part in layout.edge_views(arena, number, 7)]
    for mark, view in enumerate(views, 1):
        view[:] = mark
    assert all((view == mark).all() for mark, view in enumerate(views, 1))
    nodes, edges = layout.at(1000)
    assert nodes[0, 0] == 1000
    assert (edges[[n for _, n in layout.used], 3] >= 1000).all()
