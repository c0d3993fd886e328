"""PyG's FeatureStore and GraphStore over ours: what stock loaders read.

    loader = NodeLoader((PyGFeatureStore(graph, features), PyGGraphStore(graph)),
                        node_sampler=PyGSampler(sampler), input_nodes=("users", ids), input_time=anchors)

The names served are those of :mod:`workbench.pyg.convert`. Stock loaders ask for node attributes only;
columns of folded edge tables are answered to a direct ``get_tensor(edge_type, "edge_attr", index)``.
What is put into or removed from a store is so in memory, for that object alone; the dataset is not
touched. Both stores go to worker processes by fork or by pickle, as the stores below do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import EdgeAttr, FeatureStore, GraphStore, TensorAttr
from torch_geometric.data.graph_store import EdgeLayout

from workbench.errors import (
    AttributeAbsent,
    IdError,
    SchemaError,
    StoreError,
    did_you_mean,
    expect,
    explain,
)
from workbench.kernels.check import first_bad_id
from workbench.kernels.distinct import distinct
from workbench.pyg.edge_index import pairs_of
from workbench.pyg.put_tensors import PutTensor, fitted
from workbench.pyg.sections import attribute_widths, edge_features, expand, node_features
from workbench.schema import EdgeType
from workbench.stores import protocols
from workbench.stores.edge_edits import with_edges, without_edges
from workbench.stores.features import FeatureBlock
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import HopRequest
from workbench.stores.steps import ALL, Step
from workbench.temporal import FOREVER
from workbench.types import AnyArray, Int32Array, Int64Array

_Owner = str | tuple[str, str, str]
"""A node type or an edge type."""


class PyGFeatureStore(FeatureStore):  # type: ignore[misc]
    """Features and times of nodes, by (node type, attribute, index).

    An index is None (every row), a slice, a mask, integers or one integer. Where the graph has one node
    type, its name may be None, as in ``Data``. ``put_tensor`` takes a whole attribute, new or not, or rows
    of one that is there; ``update_tensor`` the same of one that is there; ``remove_tensor`` takes an
    attribute away, whatever its index. All of this is kept by this object, in memory.

    Parameters
    ----------
    graph : workbench GraphStore  for node counts and times
    features : workbench FeatureStore

    Raises
    ------
    StoreError
        If they are no stores.
    """

    def __init__(self, graph: protocols.GraphStore, features: protocols.FeatureStore) -> None:
        super().__init__()
        _expect_graph(graph)
        expect(
            features, protocols.FeatureStore, StoreError, "PyG over a feature store", "Take engine.features"
        )
        self.graph, self.features = graph, features
        self._put: dict[tuple[_Owner, str], PutTensor] = {}
        self._removed: set[tuple[_Owner, str]] = set()

    def get_all_tensor_attrs(self) -> list[TensorAttr]:
        """Every attribute of every node type; fresh objects, for loaders write their index into them."""
        return [
            TensorAttr(node_type, name)
            for node_type in self.graph.schema.node_types
            for name in self._names(TensorAttr(node_type))
        ]

    def _names(self, attr: TensorAttr) -> list[str]:
        """Attributes of a node or edge type that are served now."""
        owner = self._owner(attr)
        put = [name for key, name in self._put if key == owner]
        names = dict.fromkeys([*self._widths(owner), *put])
        return [name for name in names if (owner, name) not in self._removed]

    def _widths(self, owner: _Owner) -> dict[str, int | None]:
        """Stored attribute of a node or edge type -> columns; None for a vector."""
        group = self._group(owner)
        layout = self.features.groups.get(group)
        widths: dict[str, int | None] = {"x": 1} if layout is None else dict(attribute_widths(layout))
        if isinstance(owner, tuple):
            width = widths.pop("x")  # of nodes without numbers it is a column of ones, of edges there is none
            widths |= {"edge_attr": width} if {"numerical", "embedding"} & set(widths) else {}
        return widths | ({} if self.graph.times(group) is None else {"time": None})

    def _get_tensor_size(self, attr: TensorAttr) -> tuple[int, ...] | None:
        if attr.attr_name not in self._names(attr):
            return None
        rows = self._count(attr) if attr.index is None else len(self._ids(attr))
        shape = tuple(self._nothing(attr).shape[1:])
        return shape if _is_one(attr.index) else (rows, *shape)

    def _nothing(self, attr: TensorAttr) -> Tensor:
        """Tensor[0, ...]: dtype and trailing shape of an attribute."""
        return self._multi_get_tensor([TensorAttr(attr.group_name, attr.attr_name, slice(0, 0))])[0]

    def _get_tensor(self, attr: TensorAttr) -> Tensor:
        return self._multi_get_tensor([attr])[0]

    def _multi_get_tensor(self, attrs: Sequence[TensorAttr]) -> list[Tensor]:
        """What was put, over what is stored."""
        put = [self._put.get((self._owner(attr), self._known(attr))) for attr in attrs]
        below = [each is None or each.ids is not None for each in put]
        stored = iter(self._stored([attr for attr, needed in zip(attrs, below, strict=True) if needed]))
        out = []
        for attr, own, needed in zip(attrs, put, below, strict=True):
            value = next(stored) if needed else None
            if own is not None:
                ids = self._ids(attr)
                value = own.values[torch.from_numpy(ids)] if value is None else own.over(ids, value)
            assert value is not None
            out.append(value[0] if _is_one(attr.index) else value)
        return out

    def _stored(self, attrs: Sequence[TensorAttr]) -> list[Tensor]:
        """Read each distinct row once, all groups in one call of our store."""
        owners = [self._owner(attr) for attr in attrs]
        places = [
            (self._group(owner), isinstance(owner, tuple), id(attr.index))
            for owner, attr in zip(owners, attrs, strict=True)
        ]
        wanted = {place: self._ids(attr) for place, attr in zip(places, attrs, strict=True)}
        unique = {place: distinct(ids) for place, ids in wanted.items() if place[0] in self.features.groups}
        reads = [protocols.Read(place[0], rows) for place, (rows, _) in unique.items()]
        blocks = dict(zip(unique, self.features.multi_get(reads), strict=True))
        served: dict[tuple[str, bool, int], dict[str, Tensor]] = {}
        out = []
        for place, attr in zip(places, attrs, strict=True):
            if attr.attr_name == "time":
                value = torch.from_numpy(self._times(place[0])[wanted[place]])
            elif place in blocks:
                if place not in served:
                    served[place] = self._features(attr, blocks[place], unique[place][1])
                value = served[place][attr.attr_name].contiguous()
            else:
                value = torch.ones(len(wanted[place]), 1)
            out.append(value)
        return out

    def _features(self, attr: TensorAttr, block: FeatureBlock, index: Int32Array) -> dict[str, Tensor]:
        carve = edge_features if isinstance(attr.group_name, tuple) else node_features
        return carve(block.layout, expand(torch.from_numpy(block.data), index))

    def _times(self, group: str) -> Int64Array:
        times = self.graph.times(group)
        assert times is not None, "only timed tables have the attribute"
        return times

    def _group(self, owner: _Owner) -> str:
        """The feature group of a node type, or of the table whose rows are the edges."""
        if isinstance(owner, tuple):
            return self.graph.schema.edge_spec(EdgeType(*owner)).table
        return self.graph.schema[owner].name

    def _owner(self, attr: TensorAttr) -> _Owner:
        """The node or edge type of an attribute; None names the only node type.

        Raises
        ------
        SchemaError
            If there are several.
        """
        if isinstance(attr.group_name, tuple):
            return tuple(self.graph.schema.edge_type(attr.group_name))  # type: ignore[return-value]
        types = self.graph.schema.node_types
        if attr.group_name is None and len(types) == 1:
            return types[0]
        if not isinstance(attr.group_name, str):
            asked, got = "an attribute was asked for", f"its group is {attr.group_name!r}"
            raise SchemaError(explain(asked, got, ", ".join(types)))
        return attr.group_name

    def _known(self, attr: TensorAttr) -> str:
        names = self._names(attr)
        if attr.attr_name in names:
            return str(attr.attr_name)
        raise AttributeAbsent(
            explain(
                f"attribute {attr.attr_name!r} of {attr.group_name!r} was asked for",
                "it is not served",
                ", ".join(names),
                did_you_mean(str(attr.attr_name), names),
            )
        )

    def _count(self, attr: TensorAttr) -> int:
        """Rows of the table that an index counts."""
        owner = self._owner(attr)
        group = self._group(owner)
        if group in self.graph.schema.node_types:
            return self.graph.num_nodes(group)
        layout, times = self.features.groups.get(group), self.graph.times(group)
        if layout is not None or times is not None:
            return layout.rows if layout is not None else len(times)  # type: ignore[arg-type]
        return self.graph.num_edges(EdgeType(*owner))

    def _ids(self, attr: TensorAttr) -> Int64Array:
        count = self._count(attr)
        asked = f"rows of attribute {attr.attr_name!r} of {attr.group_name!r} were asked for"
        return _as_ids(asked, attr.index, count)

    def update_tensor(self, tensor: Any, *args: Any, **kwargs: Any) -> bool:
        """Put a tensor, or rows of one, where an attribute is.

        Raises
        ------
        AttributeAbsent
            If there is none.
        """
        attr = TensorAttr.cast(*args, **kwargs)
        self._known(attr)
        return bool(self.put_tensor(tensor, attr))

    def _put_tensor(self, tensor: Any, attr: TensorAttr) -> bool:
        asked = f"attribute {attr.attr_name!r} of {attr.group_name!r} was put"
        if not isinstance(attr.attr_name, str):
            raise SchemaError(explain(asked, f"its name is {attr.attr_name!r}", "a text"))
        key = self._owner(attr), attr.attr_name
        if attr.index is None or (isinstance(attr.index, slice) and attr.index == slice(None)):
            self._put[key] = PutTensor.whole(asked, tensor, self._count(attr))
            self._removed.discard(key)
            return True
        like, ids = self._nothing(attr), self._ids(attr)
        own = self._put.get(key) or PutTensor(like, ids[:0])
        self._put[key] = own.with_rows(ids, fitted(asked, tensor, like, len(ids)))
        return True

    def _remove_tensor(self, attr: TensorAttr) -> bool:
        if attr.attr_name not in self._names(attr):
            return False
        key = self._owner(attr), str(attr.attr_name)
        self._put.pop(key, None)
        self._removed.add(key)
        return True

    def __repr__(self) -> str:
        return f"PyGFeatureStore({', '.join(self.features.groups)})"


class PyGGraphStore(GraphStore):  # type: ignore[misc]
    """Whole edge indices, in CSC or COO, read through the batched verb of any graph store.

    What is served is the graph as it stands at the end of time: nodes without a time in a timed
    table, which no anchor ever sees, have no edges here.

    ``put_edge_index`` and ``remove_edge_index`` exchange :attr:`graph`, where it is in memory, for another
    that shares the rest; a sampler made before still reads the old one. An edge type comes and goes with
    its way back (``rev_...``).
    """

    def __init__(self, graph: protocols.GraphStore) -> None:
        super().__init__()
        _expect_graph(graph)
        self.graph = graph

    def get_all_edge_attrs(self) -> list[EdgeAttr]:
        """Every edge type, with its size; fresh objects."""
        return [
            EdgeAttr(tuple(edge_type), EdgeLayout.CSC, is_sorted=True, size=self._size(edge_type))
            for edge_type in self.graph.schema.edge_types
        ]

    def _size(self, edge_type: EdgeType) -> tuple[int, int]:
        return self.graph.num_nodes(edge_type.src), self.graph.num_nodes(edge_type.dst)

    def _get_edge_index(self, edge_attr: EdgeAttr) -> tuple[Tensor, Tensor] | None:
        if edge_attr.layout == EdgeLayout.CSR:
            return None  # PyG converts from CSC
        edge_type = self.graph.schema.edge_type(tuple(edge_attr.edge_type))
        nodes = np.arange(self.graph.num_nodes(edge_type.dst))
        step = Step(1, edge_type, ALL, temporal=False)
        anchors, keys = np.full(len(nodes), FOREVER), np.zeros(len(nodes), np.uint64)
        hop = self.graph.sample_hop(HopRequest(step, nodes, anchors, keys))
        row = torch.from_numpy(hop.neighbors.astype(np.int64))
        if edge_attr.layout == EdgeLayout.CSC:
            return row, torch.from_numpy(hop.offsets)
        return row, torch.from_numpy(np.repeat(nodes, np.diff(hop.offsets)))

    def _put_edge_index(self, edge_index: tuple[Any, Any], edge_attr: EdgeAttr) -> bool:
        src, _, dst = name = _triplet(edge_attr)
        graph = self._in_memory(f"edges of type {name!r} were put")
        sizes = {kind: graph.num_nodes(kind) for kind in (src, dst)}
        size = (sizes[src], sizes[dst])
        if edge_attr.size is not None and tuple(edge_attr.size) != size:
            got = f"got a size of {tuple(edge_attr.size)}"
            raise IdError(explain(f"edges of type {name!r} were put", got, f"{size}: the nodes of both ends"))
        self.graph = with_edges(graph, name, *pairs_of(edge_index, edge_attr.layout, size, name))
        return True

    def _remove_edge_index(self, edge_attr: EdgeAttr) -> bool:
        name = _triplet(edge_attr)
        self.graph = without_edges(self._in_memory(f"edges of type {name!r} were removed"), name)
        return True

    def _in_memory(self, asked: str) -> RamGraph:
        if not isinstance(self.graph, RamGraph):
            got = f"the graph is a {type(self.graph).__name__}, which is read-only"
            raise StoreError(explain(asked, got, "a graph in memory: engine.graph"))
        return self.graph

    def __repr__(self) -> str:
        return f"PyGGraphStore({', '.join(str(name) for name in self.graph.schema.edge_types)})"


def _triplet(edge_attr: EdgeAttr) -> tuple[str, str, str]:
    """The edge type of an attribute.

    Raises
    ------
    SchemaError
        If it has none, as in a homogeneous graph.
    """
    name = edge_attr.edge_type
    if not isinstance(name, tuple) or len(name) != 3:
        allowed = "(src node type, relation, dst node type)"
        raise SchemaError(explain("an edge type was put or removed", f"its name is {name!r}", allowed))
    return name


def _expect_graph(graph: object) -> None:
    """Refuse what is no graph store.

    Raises
    ------
    StoreError
    """
    expect(graph, protocols.GraphStore, StoreError, "PyG over a graph store", "Take engine.graph")


def _is_one(index: Any) -> bool:
    """Whether an index names one row, so that what is read has one dimension less."""
    return isinstance(index, (int, np.integer)) or (isinstance(index, Tensor) and index.dim() == 0)


def _as_ids(asked: str, index: Any, count: int) -> Int64Array:
    """Any index that PyG allows, as int64 ids, each of them a row."""
    if index is None:
        return np.arange(count)
    if isinstance(index, slice):
        return np.arange(count)[index]
    array: AnyArray = np.atleast_1d(index.cpu().numpy() if isinstance(index, Tensor) else np.asarray(index))
    if array.dtype == np.bool_ and array.shape == (count,):
        return np.flatnonzero(array)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        got = f"got an index of {array.dtype} in shape {array.shape}"
        raise IdError(explain(asked, got, f"integers, or a mask of {count:,}"))
    place = first_bad_id(array.astype(np.int64), count, -(2**63))
    if place >= 0:
        raise IdError(explain(asked, f"got row {array[place]}", f"0 .. {count - 1}"))
    return array.astype(np.int64)
