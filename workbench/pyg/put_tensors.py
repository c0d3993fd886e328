"""Tensors that were put into a PyG feature store: whole ones, or some rows over what is stored.

They live in memory, with the store object; what is on disk is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.errors import StoreError, explain
from workbench.types import Int64Array


@dataclass(frozen=True)
class PutTensor:
    """One attribute.

    Attributes
    ----------
    values : Tensor[n, ...]  all rows, or those of ``ids``
    ids : int64[n] ascending, or None  None: all rows
    """

    values: Tensor
    ids: Int64Array | None = None

    @classmethod
    def whole(cls, asked: str, given: Any, count: int) -> PutTensor:
        """All rows of an attribute; a copy.

        Raises
        ------
        StoreError
            If it is no tensor or array of ``count`` rows.
        """
        values = as_tensor(asked, given)
        if values.dim() == 0 or len(values) != count:
            got = f"got a tensor of shape {tuple(values.shape)}"
            raise StoreError(explain(asked, got, f"{count:,} rows; or pass the index that they belong to"))
        return cls(values.clone())

    def with_rows(self, ids: Int64Array, values: Tensor) -> PutTensor:
        """The same with some rows replaced; of an id that comes twice, the last row counts.

        Parameters
        ----------
        ids : int64[k]
        values : Tensor[k, ...]  of the same dtype and trailing shape
        """
        if self.ids is None:
            fresh = self.values.clone()
            last = _last_of_each(ids)
            fresh[torch.from_numpy(ids[last])] = values[torch.from_numpy(last)]
            return PutTensor(fresh)
        every = np.concatenate([self.ids, ids])
        last = _last_of_each(every)
        return PutTensor(torch.cat([self.values, values])[torch.from_numpy(last)], every[last])

    def over(self, ids: Int64Array, stored: Tensor) -> Tensor:
        """Rows that were read from below, those that were put in their place.

        Parameters
        ----------
        ids : int64[k]
        stored : Tensor[k, ...]  what lies below at these ids
        """
        assert self.ids is not None, "nothing lies below a whole tensor"
        place = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        hit = np.flatnonzero(self.ids[place] == ids) if len(self.ids) else np.empty(0, np.int64)
        if not len(hit):
            return stored
        patched = stored.clone()
        patched[torch.from_numpy(hit)] = self.values[torch.from_numpy(place[hit])]
        return patched


def as_tensor(asked: str, given: Any) -> Tensor:
    """A tensor or array as a tensor on the CPU.

    Raises
    ------
    StoreError
        If it is neither, or of a type that torch does not know.
    """
    if not isinstance(given, (Tensor, np.ndarray)):
        got = f"got a {type(given).__name__}"
        raise StoreError(explain(asked, got, "a torch.Tensor or a numpy array"))
    try:
        return torch.as_tensor(given).detach().cpu()
    except TypeError as error:
        raise StoreError(explain(asked, f"got an array of {given.dtype}", "numbers or booleans")) from error


def fitted(asked: str, given: Any, like: Tensor, rows: int) -> Tensor:
    """Rows for a partial put, spread and cast to what they replace, as ``x[index] = given`` would.

    Parameters
    ----------
    like : Tensor[0, ...]  dtype and trailing shape of the attribute
    rows : int

    Raises
    ------
    StoreError
        If the shapes do not go together.
    """
    values, shape = as_tensor(asked, given), (rows, *like.shape[1:])
    try:
        return values.to(like.dtype).broadcast_to(shape)
    except RuntimeError as error:
        got = f"got a tensor of shape {tuple(values.shape)}"
        raise StoreError(explain(asked, got, f"{shape}, or what spreads to it")) from error


def _last_of_each(ids: Int64Array) -> Int64Array:
    """Positions of the last occurrence of each id, in ascending order of ids."""
    _, back = np.unique(ids[::-1], return_index=True)
    return np.asarray(len(ids) - 1 - back, np.int64)
