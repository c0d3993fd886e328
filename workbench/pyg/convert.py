"""Batch -> PyG: the names that a model sees. ``HeteroData`` by default, ``Data`` for one relation.

    node store          dtype                                        present
    ------------------  -------------------------------------------  --------------------------------
    ``n_id``            int64[n]                                     always
    ``num_nodes``       int                                          always
    ``batch``           int64[n]  seed of each node                  disjoint sampling
    ``time``            int64[n]  microseconds                       types with a time column
    ``numerical``       float32[n, c]                                if the type has such columns
    ``categorical``     int64[n, k]  codes, 0 = missing              if the type has such columns
    ``timestamp``       int64[n, t]  microseconds                    if the type has such columns
    ``embedding``       float32[n, e]                                if the type has such columns
    ``present``         bool[n, columns]  in ``GroupLayout`` order   types with feature columns
    ``x``               float32[n, c + e], numerical ++ embedding,   ``expand=True``; ones[n, 1] for a
                        missing = 0                                  type with neither
    ``row``             int64[n]  node -> row of the sections        ``expand=False``, types with columns
    ``num_sampled_nodes``  list of hops + 1 int                      always
    ``as_of``           dict history -> dict of the attributes       types with histories
                        above: the version that each node sees; its
                        ``time``: from when on it holds, FOREVER
                        where there is none yet (and no ``present``)

    edge store
    ``edge_index``      int64[2, m]  (src, dst) local ids            always
    ``e_id``            int64[m]  row of the edge's table            always
    ``edge_time``       int64[m]  microseconds                       edges whose table has a time
    sections, ``present``, ``row`` as above                          folded edge tables
    ``edge_attr``       float32[m, c + e]                            the same, ``expand=True``
    ``num_sampled_edges``  list of hops int                          always

    store of the seed type (the first ``batch_size`` nodes)
    ``input_id``        int64[s]  row of the seed table              always
    ``seed_time``       int64[s]  anchors; FOREVER if static         always
    ``batch_size``      int                                          always
    ``y``               float32[s] or int64[s]                       where labels are known

Every node type of the schema has a store; of the edge types, those that the fanout follows, and their ways
back where ``subgraph='bidirectional'`` or ``'induced'`` adds edges. ``num_sampled_nodes`` and
``num_sampled_edges`` are what ``torch_geometric.utils.trim_to_layer`` takes, added edges included. With
``expand=False`` the sections and ``present`` hold each distinct row once, in no particular order, and
``row`` says which row a node reads: an encoder then runs once per distinct row. Columns with codes stay
raw: statistics belong to the model. In a ``Data`` object sections of edges carry the prefix ``edge_``.

A timestamp column may hold an instant later than the anchor: the delivery of an order that is on its way.
With ``expand=True`` such a value is missing (0, not ``present``) for each node and edge by the anchor of
its own seed. Distinct rows (``expand=False``) are shared by seeds of many anchors and stay as they are
stored: their model must compare with ``seed_time``, as the built-in one does. It is the one thing that
stock loaders, of nodes and of links, cannot do, for PyG asks the feature store by id alone: give them
:func:`hide_future`. The versions that nodes see depend on anchors too: :func:`.as_of.add_versions` adds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData

from workbench.errors import LoaderError, expect, explain
from workbench.loading.batch import Batch, Rows, Versions
from workbench.pyg.sections import carve, edge_features, expand, node_features, without_future
from workbench.schema import EdgeType
from workbench.stores.features import GroupLayout
from workbench.types import AnyArray, TimeArray

Attributes = dict[str, Any]


BATCHES = "Batches come from wb.Loader(sampler, engine.features, seeds, batch_size); PyGLoader converts them"


def to_hetero(
    batch: Batch,
    *,
    expand: bool = True,
    index_dtype: torch.dtype = torch.int64,
    device: torch.device | str | None = None,
    pin: bool = False,
) -> HeteroData:
    """Give a batch to PyG as ``HeteroData``.

    Parameters
    ----------
    batch : Batch
    expand : bool
        True: one feature row per node, as any PyG model expects. False: distinct rows and ``row``.
    index_dtype : torch.int64 or torch.int32
        Of ``edge_index``; int32 halves it where the model's layers take it.
    device : torch.device or None
        Where the tensors go. Feature rows and ids travel narrow and are widened there.
    pin : bool
        Put CPU tensors into pinned memory, for a later ``data.to(device, non_blocking=True)``.

    Raises
    ------
    LoaderError
        If it is no batch.
    """
    expect(batch, Batch, LoaderError, "HeteroData of a batch", BATCHES)
    mover = _Mover.to(device, index_dtype, expand)
    data = HeteroData()
    for node_type in batch.subgraph.node_id:
        _fill(data[node_type], _node_attributes(batch, node_type, mover))
    for edge_type in batch.subgraph.row:
        _fill(data[tuple(edge_type)], _edge_attributes(batch, edge_type, mover))
    _fill(data[batch.seed_type], _seed_attributes(batch, mover))
    return _delivered(data, device, pin)


def to_data(
    batch: Batch,
    *,
    expand: bool = True,
    index_dtype: torch.dtype = torch.int64,
    device: torch.device | str | None = None,
    pin: bool = False,
) -> Data:
    """Give a batch of a homogeneous graph to PyG as ``Data``; parameters as for :func:`to_hetero`.

    A graph is homogeneous here if it has one node type and the fanout follows one edge type.

    Raises
    ------
    LoaderError
        If it is not.
    """
    expect(batch, Batch, LoaderError, "Data of a batch", BATCHES)
    node_type, edge_type = _only_types(batch)
    mover = _Mover.to(device, index_dtype, expand)
    edges = _edge_attributes(batch, edge_type, mover)
    plain = {"edge_index", "e_id", "edge_time", "edge_attr", "num_sampled_edges"}
    data = Data()
    _fill(data, _node_attributes(batch, node_type, mover))
    _fill(data, {name if name in plain else f"edge_{name}": value for name, value in edges.items()})
    _fill(data, _seed_attributes(batch, mover))
    return _delivered(data, device, pin)


def hide_future(data: HeteroData, groups: Mapping[str, GroupLayout]) -> HeteroData:
    """Make timestamps later than the anchor missing in what stock loaders yield; in place.

    Parameters
    ----------
    data : HeteroData  of a ``NodeLoader`` or ``LinkLoader`` over our sampler
        A node's anchor is that of its seed, or of its link (and of the link's negatives). Links that were
        given no times are static: nothing is hidden.
    groups : dict table -> GroupLayout  ``features.groups``

    Raises
    ------
    LoaderError
        If it is a homogeneous ``Data``, or holds neither seeds nor links.

    Examples
    --------
    >>> from functools import partial
    >>> NodeLoader(stores, node_sampler=sampler, input_nodes=("users", ids), input_time=anchors,
    ...            transform=partial(hide_future, groups=features.groups))  # doctest: +SKIP
    """
    anchors = anchors_in(data, "the future was to be hidden in a batch")
    if anchors is None:
        return data
    for node_type in data.node_types:
        store = data[node_type]
        if "timestamp" in store:
            seeds = store.batch if "batch" in store else torch.zeros_like(store.n_id)
            sections = {name: store[name] for name in ("timestamp", "present")}
            _fill(store, without_future(groups[node_type], sections, anchors[seeds]))
    return data


def anchors_in(data: HeteroData, asked: str) -> Tensor | None:
    """Anchors of what a stock loader yields.

    Returns
    -------
    int64[seeds or links], as ``batch`` numbers them; None where links were sampled without times

    Raises
    ------
    LoaderError
        If it is a homogeneous ``Data``, or holds neither seeds nor links.
    """
    stores = data.stores if isinstance(data, HeteroData) else []
    for store in stores:
        for name in ("seed_time", "edge_label_time"):
            if name in store:
                anchors: Tensor = store[name]
                return anchors
    if any(name in store for store in stores for name in ("edge_label_index", "src_index")):
        return None
    got = "no node type has a seed_time and there are no links" if stores else f"got a {type(data).__name__}"
    allowed = "HeteroData as a NodeLoader or LinkLoader over our sampler makes it"
    do = "Give the type with the seeds: input_nodes=(type, ids) or edge_label_index=(edge type, pairs)"
    raise LoaderError(explain(asked, got, allowed, do), -1)


@dataclass(frozen=True)
class _Mover:
    """Makes tensors of one form; ``device`` None makes them on the CPU."""

    device: torch.device | None
    index_dtype: torch.dtype
    expand: bool

    @classmethod
    def to(cls, device: torch.device | str | None, index_dtype: torch.dtype, expand: bool) -> _Mover:
        """Check what was asked for."""
        place = torch.device("cpu" if device is None else device)
        there = place.type in _CARVING
        if index_dtype not in _NUMPY:
            raise LoaderError(
                explain("edge indices were asked for", f"as {index_dtype}", "torch.int64 or torch.int32"), -1
            )
        return cls(place if there else None, index_dtype, expand)

    def tensor(self, array: AnyArray, dtype: torch.dtype | None = torch.int64) -> Tensor:
        """Widen where the tensor will be: on another device after the move, here in numpy."""
        if array.dtype == np.uint32:
            array = array.view(np.int32)  # uint32 ids stay below 2^31
        if self.device is None:
            wide = array if dtype is None else array.astype(_NUMPY[dtype], copy=False)
            return torch.from_numpy(_owned(wide))
        moved = torch.from_numpy(_owned(array)).to(self.device, non_blocking=True)
        return moved if dtype is None else moved.to(dtype)

    def rows(self, rows: Rows, anchors: TimeArray, edges: bool) -> Attributes:
        """Sections of feature rows, expanded as of their anchors or with their ``row``."""
        layout, data = rows.block.layout, self.tensor(rows.block.data, None)
        if not self.expand:
            return {**carve(layout, data), "row": self.tensor(rows.index)}
        expanded = expand(data, rows.index if self.device is None else self.tensor(rows.index))
        sections = edge_features(layout, expanded) if edges else node_features(layout, expanded)
        return without_future(layout, sections, self.tensor(anchors))


_CARVING = ("cuda", "meta")
"""Devices where bytes are reread as numbers; for others a batch is made here and moved as a whole."""

_NUMPY = {torch.int64: np.int64, torch.int32: np.int32}


def _owned(array: AnyArray) -> AnyArray:
    """Torch takes neither read-only memory nor arrays with gaps before it moves them."""
    return np.require(array, requirements=["C", "W"])


def _node_attributes(batch: Batch, node_type: str, mover: _Mover) -> Attributes:
    subgraph = batch.subgraph
    ids = subgraph.node_id[node_type]
    out: Attributes = {"num_nodes": len(ids), "n_id": mover.tensor(ids)}
    if node_type in batch.nodes:
        out |= mover.rows(batch.nodes[node_type], subgraph.node_anchors(node_type), edges=False)
    elif mover.expand:
        out["x"] = torch.ones(len(ids), 1, device=mover.device)
    if node_type in batch.node_time:
        out["time"] = mover.tensor(batch.node_time[node_type])
    if subgraph.request.plan.disjoint:
        out["batch"] = mover.tensor(subgraph.batch[node_type])
    out["num_sampled_nodes"] = subgraph.nodes_per_hop[node_type].tolist()
    versions = {name: each for name, each in batch.histories.items() if each.of == node_type}
    if versions:
        anchors = subgraph.node_anchors(node_type)
        out["as_of"] = {name: _version_attributes(each, anchors, mover) for name, each in versions.items()}
    return out


def _version_attributes(versions: Versions, anchors: TimeArray, mover: _Mover) -> Attributes:
    return {**mover.rows(versions.rows, anchors, edges=False), "time": mover.tensor(versions.time)}


def version_attributes(versions: Versions, anchors: TimeArray) -> Attributes:
    """What ``as_of`` holds of a history: attributes of the version that each node sees, on the CPU.

    Parameters
    ----------
    anchors : int64[n]  of the nodes
    """
    return _version_attributes(versions, anchors, _Mover.to(None, torch.int64, True))


def _edge_attributes(batch: Batch, edge_type: EdgeType, mover: _Mover) -> Attributes:
    subgraph = batch.subgraph
    ends = np.stack([subgraph.row[edge_type], subgraph.col[edge_type]])
    out: Attributes = {
        "edge_index": mover.tensor(ends, mover.index_dtype),
        "e_id": mover.tensor(subgraph.edge_id[edge_type]),
    }
    if edge_type in batch.edges:
        anchors = subgraph.node_anchors(edge_type.dst)[subgraph.col[edge_type]]
        out |= mover.rows(batch.edges[edge_type], anchors, edges=True)
    if edge_type in batch.edge_time:
        out["edge_time"] = mover.tensor(batch.edge_time[edge_type])
    out["num_sampled_edges"] = subgraph.edges_per_hop[edge_type].tolist()
    return out


def _seed_attributes(batch: Batch, mover: _Mover) -> Attributes:
    out: Attributes = {
        "input_id": mover.tensor(batch.input_ids),
        "seed_time": mover.tensor(batch.anchors),
        "batch_size": batch.num_seeds,
    }
    if batch.label is not None:
        out["y"] = mover.tensor(batch.label, None)
    return out


def _only_types(batch: Batch) -> tuple[str, EdgeType]:
    node_types, edge_types = list(batch.subgraph.node_id), list(batch.subgraph.row)
    if len(node_types) == 1 and len(edge_types) == 1:
        return node_types[0], edge_types[0]
    raise LoaderError(
        explain(
            "a batch was asked for as a homogeneous Data object",
            f"its graph has {len(node_types)} node types and its subgraph {len(edge_types)} edge types",
            "one of each",
            "Use to_hetero, or a directional fanout that follows one edge type of a graph with one node type",
        ),
        batch.index,
    )


def _delivered(data: Any, device: torch.device | str | None, pin: bool) -> Any:
    if device is not None and torch.device(device).type not in ("cpu", *_CARVING):
        data = data.to(device)
    return data.pin_memory() if pin else data


def _fill(store: Any, attributes: Attributes) -> None:
    for name, value in attributes.items():
        store[name] = value
