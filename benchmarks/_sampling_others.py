"""The samplers of pyg-lib and torch-sparse, where they are installed, on the arrays of a case.

Both are called as PyG calls them, through its ``NeighborSampler``; ids are widened to int64, as they need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from _sampling_graphs import Case

from workbench.plan.fanout import Fanout
from workbench.stores.request import SampleRequest

LIBRARIES = {"pyg_lib": "WITH_PYG_LIB", "torch_sparse": "WITH_TORCH_SPARSE"}
"""Name -> the flag by which PyG knows it."""


def others(case: Case) -> dict[str, Callable[[SampleRequest], int]]:
    """Samplers by name: a request goes in, the number of its edges comes out."""
    installed = [name for name in LIBRARIES if find_spec(name) is not None]
    if not case.others or not installed or not isinstance(case.plan, Fanout):
        return {}
    if case.anchors is not None:
        installed = [name for name in installed if name == "pyg_lib"]  # torch-sparse knows no edge times
    sampler = _sampler(case) if installed else None
    return {name: partial(_sample, sampler, name, case.seed_type) for name in installed}


def _sampler(case: Case) -> Any:
    """PyG's sampler over every edge type that has edges, sorted as ours are, so nothing is permuted."""
    import torch
    from torch_geometric.data import HeteroData
    from torch_geometric.sampler import NeighborSampler

    torch.set_num_threads(1)
    data, numbers = HeteroData(), {}
    for name in case.graph.schema.node_types:
        data[name].num_nodes = case.graph.num_nodes(name)
    plan = case.plan.compile(case.graph.schema, [case.seed_type])
    for edge_type, arrays in case.graph.arrays.edges.items():
        assert arrays.indptr is not None
        dst = np.repeat(np.arange(len(arrays.indptr) - 1), np.diff(arrays.indptr))
        ends = np.stack([np.ascontiguousarray(arrays.nbr).astype(np.int64), dst])
        data[tuple(edge_type)].edge_index = torch.from_numpy(ends)
        times = case.graph.times(case.graph.schema.edge_spec(edge_type).table)
        if times is not None and arrays.eid is not None:
            data[tuple(edge_type)].time = torch.from_numpy(times[arrays.eid.astype(np.int64)])
        steps = {step.hop: step.fanout for step in plan if step.edge_type == edge_type}
        numbers[tuple(edge_type)] = [steps.get(hop, 0) for hop in range(1, plan.hops + 1)]
    strategy = {"uniform": "uniform", "recent": "last"}[case.plan.strategy]  # type: ignore[attr-defined]
    return NeighborSampler(
        data, numbers, disjoint=plan.disjoint, temporal_strategy=strategy, is_sorted=True,
        time_attr="time" if case.anchors is not None else None,
    )  # fmt: skip


@contextmanager
def _only(library: str) -> Iterator[None]:
    """Have PyG believe that one library is installed."""
    from torch_geometric import typing

    before = {flag: getattr(typing, flag) for flag in LIBRARIES.values()}
    for name, flag in LIBRARIES.items():
        setattr(typing, flag, name == library)
    try:
        yield
    finally:
        for flag, value in before.items():
            setattr(typing, flag, value)


def _sample(sampler: Any, library: str, seed_type: str, request: SampleRequest) -> int:
    import torch
    from torch_geometric.sampler import NodeSamplerInput

    seeds = request.seed_sets[0]
    time = torch.from_numpy(seeds.anchors) if sampler.edge_time is not None else None
    with _only(library):
        out = sampler.sample_from_nodes(NodeSamplerInput(None, torch.from_numpy(seeds.ids), time, seed_type))
    return sum(len(edges) for edges in out.row.values() if edges is not None)
