"""Versions of nodes in batches of stock loaders, which ask for attributes by id and know no anchor."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch_geometric.data import HeteroData

from workbench.errors import LoaderError, expect, explain
from workbench.loading.join import histories_of, plan_versions, seen_versions
from workbench.pyg.convert import anchors_in, version_attributes
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.protocols import VersionedFeatures
from workbench.temporal import FOREVER, just_before
from workbench.types import TimeArray


def add_versions(data: HeteroData, sampler: NeighborSampler, features: VersionedFeatures) -> HeteroData:
    """Add ``as_of`` (``pyg/convert.py``) to node types that have histories; in place.

    Parameters
    ----------
    data : HeteroData  of a ``NodeLoader`` or ``LinkLoader`` over the sampler
    sampler : NeighborSampler  whose rules of time hold
    features : engine.features

    Raises
    ------
    LoaderError
        If the batch holds neither seeds nor links; or the plan sees by ``cutoff='path'``, since a stock
        batch does not say what each of its nodes sees.

    Examples
    --------
    >>> NodeLoader(stores, node_sampler=PyGSampler(sampler), input_nodes=("users", ids), input_time=anchors,
    ...            transform=partial(add_versions, sampler=sampler, features=features))  # doctest: +SKIP
    """
    asked = "versions were to be added to a batch"
    expect(sampler, NeighborSampler, LoaderError, asked, "Pass sampler=, the one that the loader samples by")
    expect(features, VersionedFeatures, LoaderError, asked, "Pass features=engine.features")
    if sampler.fanout.cutoff == "path":
        got, do = "its nodes see different instants (cutoff='path')", "Use PyGLoader"
        raise LoaderError(explain(asked, got, "a plan with cutoff='anchor'", do), -1)
    anchors = anchors_in(data, asked)
    schema, groups = sampler.graph.schema, features.groups
    for kind in data.node_types:
        names = histories_of(schema, [kind], groups)
        if names:
            ids = data[kind].n_id.numpy()
            own = _anchors_of(data[kind], None if anchors is None else anchors.numpy(), len(ids))
            sees = just_before(own) if sampler.fanout.strict else own
            data[kind]["as_of"] = {}
            for name in names:
                seen, read = plan_versions(features, name, kind, ids, sees)
                versions = seen_versions(sampler.graph, name, seen, features.multi_get([read])[0])
                data[kind]["as_of"][name] = version_attributes(versions, own)
    return data


def _anchors_of(store: Any, anchors: TimeArray | None, nodes: int) -> TimeArray:
    """int64[nodes]: anchor of each node; links without times, or no seeds at all, see everything."""
    if anchors is None or not len(anchors):
        return np.full(nodes, FOREVER)
    return anchors[store.batch.clamp(min=0).numpy()] if "batch" in store else np.full(nodes, anchors[0])
