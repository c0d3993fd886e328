"""The store's door: requests are checked here once, so that kernels never see an unchecked id."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Protocol

import numpy as np

from workbench.errors import AnchorError, FanoutError, IdError, StoreError, did_you_mean, expect, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.request import HopRequest, SampleRequest
from workbench.stores.step_rules import check_one, check_steps
from workbench.stores.steps import Step, StepPlan
from workbench.types import AnyArray

_REQUEST = "Take NeighborSampler(graph, fanout).sample(seeds), or its request(seeds)"


class Countable(Protocol):
    """What the checks need to know of a store."""

    @property
    def schema(self) -> Schema:
        """Node and edge types."""
        ...

    @property
    def snapshot(self) -> int:
        """Number of the committed state."""
        ...

    def num_nodes(self, node_type: str) -> int:
        """Nodes of a type."""
        ...


def check_request(
    store: Countable, request: SampleRequest, snapshot: int | None, known: Container[StepPlan] = ()
) -> None:
    """Refuse a request that the store cannot answer exactly; plans that are known are not checked again.

    Raises
    ------
    IdError, AnchorError, FanoutError, StoreError
    """
    expect(request, SampleRequest, IdError, "a sample of a graph", _REQUEST)
    check_snapshot(store, snapshot)
    names = {seeds.node_type for seeds in request.seed_sets}
    if len(names) != len(request.seed_sets):
        raise IdError(
            explain(
                "seeds were asked for", f"several sets of {sorted(names)}", "one set of seeds per node type"
            )
        )
    for seeds in request.seed_sets:
        what = f"seeds of type {seeds.node_type!r}"
        check_numbering(store, what, seeds.numbering)
        check_ids(store, what, seeds.node_type, seeds.ids)
        _check_parallel(what, "anchors", seeds.anchors, seeds.ids.shape)
        _check_parallel(what, "input_ids", seeds.input_ids, seeds.ids.shape)
    if not 0 <= request.key < 1 << 64:
        raise FanoutError(explain("a sampling key was asked for", f"got {request.key}", "0 .. 2^64 - 1"))
    if request.plan not in known:
        check_plan(store, request.plan)
    request.check_anchors()
    if request.hidden:
        _check_hidden(store, request)


def _check_hidden(store: Countable, request: SampleRequest) -> None:
    met: set[EdgeType] = set()
    for hidden in request.hidden:
        hidden.check(len(request), store.schema)
        asked = f"edges of {str(hidden.edge_type)!r} were to be hidden from their own links"
        if hidden.edge_type in met:
            raise IdError(explain(asked, "they, or their reverse, are listed twice", "one list of each"))
        met.update(hidden.edge_types(store.schema))
        if not getattr(store, "hides_edges", False):
            do = "Give anchors earlier than the links, so that there is nothing to hide"
            raise StoreError(explain(asked, f"a {type(store).__name__} cannot hide edges", do=do))


def check_hop(store: Countable, request: HopRequest, snapshot: int | None) -> None:
    """Refuse a hop that the store cannot answer exactly.

    Raises
    ------
    IdError, AnchorError, FanoutError, StoreError
    """
    check_snapshot(store, snapshot)
    check_step(store, request.step)
    dst = request.step.edge_type.dst
    check_ids(store, f"nodes of type {dst!r}", dst, request.nodes)
    _check_parallel("a hop", "anchors", request.anchors, request.nodes.shape)
    if request.keys.dtype != np.uint64 or request.keys.shape != request.nodes.shape:
        raise IdError(
            explain("draw keys of a hop", f"got {request.keys.dtype}{request.keys.shape}", "one uint64 each")
        )


def check_snapshot(store: Countable, snapshot: int | None) -> None:
    """Refuse another snapshot than the one that the store reads.

    Raises
    ------
    StoreError
    """
    if snapshot is not None and snapshot != store.snapshot:
        raise StoreError(
            explain(
                f"snapshot {snapshot} was asked for",
                f"this store reads snapshot {store.snapshot}",
                do="Open the dataset again",
            )
        )


def check_numbering(store: Any, what: str, numbering: str) -> None:
    """Refuse ids of another numbering: they are those of other rows.

    Raises
    ------
    IdError
    """
    own = getattr(store, "numbering", "")
    if numbering and own and numbering != own:
        got = "their ids are of other tables, or from before rows that came late got their places"
        raise IdError(
            explain(f"{what} were given", got, do="Make them anew: engine.seeds(...), task.seeds(...)")
        )


def check_ids(store: Countable, what: str, node_type: str, ids: AnyArray) -> None:
    """Refuse ids of a wrong dtype, shape or range.

    Raises
    ------
    IdError
    """
    names = store.schema.node_types
    if node_type not in names:
        raise IdError(
            explain(
                f"{what} were asked for",
                "the schema has no such node type",
                ", ".join(names),
                did_you_mean(node_type, names),
            )
        )
    if not isinstance(ids, np.ndarray) or ids.dtype != np.int64 or ids.ndim != 1:
        raise IdError(
            explain(
                f"{what} were asked for",
                f"got {_form(ids)}",
                "int64 ids of one dimension",
                "Build them with SeedSet.of",
            )
        )
    count = store.num_nodes(node_type)
    # as unsigned numbers, negative ids are the largest of all: one look finds both ends
    if len(ids) and int(ids.view(np.uint64).max()) >= count:
        outside = (ids < 0) | (ids >= count)
        place = int(np.argmax(outside))
        allowed = f"0 .. {count - 1}" if count else "none: the type has no nodes"
        raise IdError(
            explain(
                f"{what} were asked for",
                f"id {ids[place]} at position {place} is out of range "
                f"({int(outside.sum())} of {len(ids)} are)",
                allowed,
                "Keys become node ids through engine.node_ids(type, keys)",
            )
        )


def check_plan(store: Countable, plan: StepPlan) -> None:
    """Refuse steps that name unknown edge types, impossible draws or hops out of order.

    Raises
    ------
    FanoutError
    """
    check_steps(store.schema, plan)


def check_step(store: Countable, step: Step) -> None:
    """Refuse a step that names an unknown edge type or an impossible draw.

    Raises
    ------
    FanoutError
    """
    check_one(store.schema, step)


def _check_parallel(what: str, name: str, array: AnyArray, shape: tuple[int, ...]) -> None:
    if isinstance(array, np.ndarray) and array.dtype == np.int64 and array.shape == shape:
        return
    error = AnchorError if name == "anchors" else IdError
    raise error(
        explain(
            f"{name} of {what}",
            f"got {_form(array)}",
            f"int64 of shape {shape}",
            "Build seeds with SeedSet.of",
        )
    )


def _form(array: object) -> str:
    if isinstance(array, np.ndarray):
        return f"dtype {array.dtype}, shape {array.shape}"
    return f"a {type(array).__name__}"
