"""Splits of a static task: each entity's is drawn by its own number, so that later rows move nobody."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from workbench.errors import TaskError, explain
from workbench.kernels.rng import derive_key, node_keys
from workbench.query.moments import moment
from workbench.query.split_options import SplitOptions, is_share
from workbench.types import Float64Array, Int64Array


@dataclass(frozen=True)
class RandomSplit:
    """Shares of the entities that have a value.

    Attributes
    ----------
    val, test : float  in (0, 1), together below 1; the others train
    key : int  another key is another draw
    until : int or None  features are frozen there
    """

    val: float = 0.1
    test: float = 0.1
    key: int = 0
    until: int | None = None

    @classmethod
    def place(cls, options: SplitOptions) -> RandomSplit:
        """Fill in what the user left open.

        Raises
        ------
        TaskError
            If an option is set that only means something where there are anchors, or none is a share.
        """
        for each in fields(SplitOptions):
            if each.name not in ("val", "test", "key", "until") and getattr(options, each.name) is not None:
                got = f"{each.name}= was set, and a query without a later target has no anchors"
                raise TaskError(
                    explain("splits of a static task were asked for", got, "val, test, key, until")
                )
        until = None if options.until is None else moment("until", options.until)
        return cls(_share("val", options), _share("test", options), options.key or 0, until)

    def __post_init__(self) -> None:
        if min(self.val, self.test) <= 0 or self.val + self.test >= 1:
            raise TaskError(
                explain(
                    "random splits were asked for",
                    f"got val={self.val:g}, test={self.test:g}",
                    "shares above 0 that leave some to train, such as val=0.1, test=0.1",
                )
            )

    def of(self, node_id: Int64Array) -> Int64Array:
        """int64[n]: 0 for train, 1 for val, 2 for test, a pure function of the key and each id.

        Parameters
        ----------
        node_id : int64[n]
        """
        draws = _uniform(node_id, self.key)
        return np.asarray((draws < self.val + self.test).astype(np.int64) + (draws < self.test))


def _share(name: str, options: SplitOptions) -> float:
    value: Any = getattr(options, name)
    if value is None:
        return 0.1
    if is_share(value):
        return float(value)
    allowed = "a share between 0 and 1: splits of a static task are random"
    raise TaskError(explain(f"{name}= was set", f"got {value!r}", allowed))


def _uniform(node_id: Int64Array, key: int) -> Float64Array:
    """float64[n] in [0, 1), drawn as samples are: by a counter, not from a stream."""
    root = np.full(len(node_id), derive_key(key, "split"), np.uint64)
    return np.asarray((node_keys(root, np.uint64(0), node_id) >> np.uint64(11)) * 2.0**-53)
