"""Array aliases: the dtype is in the name, the shape in each docstring that uses one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Int32Array: TypeAlias = NDArray[np.int32]
Int64Array: TypeAlias = NDArray[np.int64]
UInt64Array: TypeAlias = NDArray[np.uint64]
Float32Array: TypeAlias = NDArray[np.float32]
Float64Array: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
ByteArray: TypeAlias = NDArray[np.uint8]

TimeArray: TypeAlias = NDArray[np.int64]
"""Instants as int64 microseconds since 1970-01-01 UTC (see ``temporal.py``)."""

AnyArray: TypeAlias = NDArray[Any]
