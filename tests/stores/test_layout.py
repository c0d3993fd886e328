"""Where a batch's arrays lie: nowhere do two of them overlap, and their bytes are what was promised."""

import numpy as np
import pytest

from workbench.kernels.tables import E_COL, E_MASKS, E_OUT, E_ROW, N_BATCH, N_CLOCK, N_NODES, N_SEEN
from workbench.stores import capacity
from workbench.stores.capacity import largest_degrees
from workbench.stores.fused import Tables
from workbench.stores.layout import Layout
from workbench.stores.mass import Masses
from workbench.testing.graphs import toy_shop


@pytest.mark.parametrize("id_dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("by_path", [False, True])
def test_arrays_of_a_layout_do_not_overlap(id_dtype, path, by_path):
    arrays = toy_shop(id_dtype)
    known = Tables(arrays, largest_degrees(arrays), Masses(arrays))
    edge_types = list(known.edge_types)[1:]
    room = capacity.Capacity(
        dict.fromkeys(known.types, 5), dict.fromkeys(edge_types, 7), path=path, by_path=by_path
    )
    layout = Layout(known, edge_types, room)
    assert layout.bytes == room.arena_bytes(np.dtype(id_dtype).itemsize)
    arena = np.zeros(layout.bytes, np.uint8)
    views = [part for number in range(len(known.types)) for part in layout.node_views(arena, number, 5)]
    views += [part for _, number in layout.used for part in layout.edge_views(arena, number, 7)]
    if path:
        views += [layout.clocks(arena, number, 5) for number in range(len(known.types))]
    if by_path:
        views += [layout.seen(arena, number, 5) for number in range(len(known.types))]
        views += [layout.masks(arena, number, 7) for _, number in layout.used]
    for mark, view in enumerate(views, 1):
        view[:] = mark
    assert all((view == mark).all() for mark, view in enumerate(views, 1))
    nodes, edges = layout.at(1000)
    assert nodes[0, N_NODES] == 1000
    used = [number for _, number in layout.used]
    moved = [N_NODES, N_BATCH, *([N_CLOCK] if path else []), *([N_SEEN] if by_path else [])]
    assert (nodes - layout.nodes)[:, moved].tolist() == [[1000] * len(moved)] * len(nodes)
    moved = [E_ROW, E_COL, E_OUT, *([E_MASKS] if by_path else [])]
    assert (edges - layout.edges)[used][:, moved].tolist() == [[1000] * len(moved)] * len(used)
    assert (nodes - layout.nodes).sum() + (edges - layout.edges).sum() == 1000 * (
        len(nodes) * (2 + path + by_path) + len(used) * (3 + by_path)
    ), "nothing else is an address in the arena"
