"""PyGLoader: the Loader, yielding PyG objects on the device that the model is on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch_geometric.data import Data, HeteroData

from workbench.errors import LoaderError, did_you_mean, explain
from workbench.loading.batch import Batch
from workbench.loading.iterator import BatchIterator
from workbench.loading.loader import Loader
from workbench.pyg.convert import to_data, to_hetero
from workbench.pyg.pinned import PinnedPool
from workbench.query.seed_table import SeedTable
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.protocols import FeatureStore

_OPTIONS = tuple(inspect.signature(Loader).parameters)[4:]
"""What the Loader takes by name: threads do the work of PyG's ``num_workers``."""


class PyGLoader:
    """Iterates over one epoch as ``HeteroData``, converted in the loader's threads.

    It yields what PyG's own ``NodeLoader`` yields over :mod:`workbench.pyg.stores` with the transform
    :func:`~workbench.pyg.convert.hide_future`, and on top of it ``y``, ``edge_time`` and the columns of
    folded edge tables (names: :mod:`workbench.pyg.convert`).

    Parameters
    ----------
    sampler, features, seeds, batch_size, **options
        As for :class:`~workbench.loading.loader.Loader`.
    expand, index_dtype
        As for :func:`~workbench.pyg.convert.to_hetero`.
    homogeneous : bool
        Yield ``Data`` (one node type, one followed edge type).
    device : torch.device, str or None
        Move batches there; for CUDA through pinned buffers, without waiting.
    transform : callable or None
        Applied to each object, in the loader's thread.

    Raises
    ------
    LoaderError
        If there is no such option, or as of ``Loader``.

    Examples
    --------
    >>> for data in PyGLoader(sampler, features, seeds, 512, shuffle=True, device="cuda"):
    ...     model(data.x_dict, data.edge_index_dict)                       # doctest: +SKIP
    """

    def __init__(
        self,
        sampler: NeighborSampler,
        features: FeatureStore,
        seeds: SeedTable,
        batch_size: int,
        *,
        expand: bool = True,
        index_dtype: torch.dtype = torch.int64,
        homogeneous: bool = False,
        device: torch.device | str | None = None,
        transform: Callable[[Any], Any] | None = None,
        **options: Any,
    ) -> None:
        for name in options:
            if name not in _OPTIONS:
                got, do = "there is no such option", did_you_mean(name, _OPTIONS)
                raise LoaderError(explain(f"{name}= of a loader was given", got, ", ".join(_OPTIONS), do))
        self.device = None if device is None else torch.device(device)
        if self.device is not None and self.device.type == "cuda":
            options.setdefault("pool", PinnedPool())
        self.loader = Loader(sampler, features, seeds, batch_size, **options)
        self._form: dict[str, Any] = {"expand": expand, "index_dtype": index_dtype}
        self._convert = to_data if homogeneous else to_hetero
        self._transform = transform

    def __len__(self) -> int:
        """Batches that iterating yields."""
        return len(self.loader)

    def __iter__(self) -> BatchIterator[HeteroData | Data]:
        return self.loader.iterate(self.convert)

    def __repr__(self) -> str:
        return f"PyG{self.loader!r}"

    def with_epoch(self, epoch: int) -> PyGLoader:
        """The same loader for another epoch, from its first batch."""
        return self._over(self.loader.with_epoch(epoch))

    def from_batch(self, start: int) -> PyGLoader:
        """The same epoch from a batch on, without making those before."""
        return self._over(self.loader.from_batch(start))

    def _over(self, loader: Loader) -> PyGLoader:
        copy = object.__new__(PyGLoader)
        copy.__dict__.update(self.__dict__, loader=loader)
        return copy

    def batch(self, index: int) -> HeteroData | Data:
        """One batch, made here and now."""
        return self.convert(self.loader.batch(index))

    def convert(self, batch: Batch) -> HeteroData | Data:
        """What this loader makes of a numpy batch."""
        data = self._convert(batch, device=self.device, **self._form)
        return data if self._transform is None else self._transform(data)
