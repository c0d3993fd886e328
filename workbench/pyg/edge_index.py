"""PyG's forms of an edge index, as the two ends of every edge.

coo   (row, col)       src and dst of each edge
csc   (row, colptr)    src of each edge, sorted by dst; where each dst's edges begin
csr   (rowptr, col)    where each src's edges begin; dst of each edge, sorted by src
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data.graph_store import EdgeLayout

from workbench.errors import IdError, explain
from workbench.types import AnyArray, Int64Array


def pairs_of(
    edge_index: Any, layout: EdgeLayout, size: tuple[int, int], edge_type: tuple[str, ...]
) -> tuple[AnyArray, AnyArray]:
    """Src and dst ids of every edge, in the order of the edge index; ids are not checked.

    Parameters
    ----------
    edge_index : pair of tensors or arrays, or one tensor[2, edges]
    layout : EdgeLayout
    size : (src nodes, dst nodes)
    edge_type : named in errors

    Raises
    ------
    IdError
        If it is no pair, or offsets do not fit the nodes and edges.
    """
    asked = f"edges of type {edge_type!r} were put as {layout.value}"
    if not hasattr(edge_index, "__iter__"):
        got = f"got a {type(edge_index).__name__}"
        raise IdError(explain(asked, got, "a pair of rows of integers, or a tensor of two rows"))
    parts = [_array(part) for part in edge_index]
    if len(parts) != 2 or any(part.ndim != 1 for part in parts):
        shapes = ", ".join(str(part.shape) for part in parts)
        raise IdError(explain(asked, f"got {len(parts)} parts of shapes {shapes}", "two rows of integers"))
    first, second = parts
    if layout == EdgeLayout.CSC:
        return first, _expanded(asked, second, size[1], len(first))
    if layout == EdgeLayout.CSR:
        return _expanded(asked, first, size[0], len(second)), second
    return first, second


def _array(part: Any) -> AnyArray:
    return part.cpu().numpy() if isinstance(part, Tensor) else np.asarray(part)


def _expanded(asked: str, offsets: AnyArray, nodes: int, edges: int) -> Int64Array:
    """The node of each edge."""
    fits = len(offsets) == nodes + 1 and offsets.dtype.kind in "iu"
    if not fits or offsets[0] != 0 or offsets[-1] != edges or (offsets[1:] < offsets[:-1]).any():
        ends = f", from {offsets[0]} to {offsets[-1]}" if len(offsets) else ""
        got = f"got {len(offsets):,} offsets of {offsets.dtype}{ends}"
        raise IdError(explain(asked, got, f"{nodes + 1:,} ascending integers, from 0 to {edges:,}"))
    wide = offsets.astype(np.int64)
    return np.repeat(np.arange(nodes), wide[1:] - wide[:-1])
