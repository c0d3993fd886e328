"""Curve: a long series of points in bounded memory. Plain values, no widget."""

from __future__ import annotations


class Curve:
    """Points of a long series in bounded memory: when full, neighbours are averaged in pairs.

    Parameters
    ----------
    capacity : int  most points kept; an even number
    """

    def __init__(self, capacity: int = 400) -> None:
        self.capacity, self.stride = capacity, 1
        self.x: list[float] = []
        self.y: list[float] = []
        self._pending: list[tuple[float, float]] = []

    def add(self, x: float, y: float) -> None:
        """Take one more point."""
        self._pending.append((x, y))
        if len(self._pending) < self.stride:
            return
        self.x.append(sum(p[0] for p in self._pending) / self.stride)
        self.y.append(sum(p[1] for p in self._pending) / self.stride)
        self._pending.clear()
        if len(self.x) == self.capacity:
            self.x, self.y = _halved(self.x), _halved(self.y)
            self.stride *= 2


def _halved(values: list[float]) -> list[float]:
    return [(a + b) / 2 for a, b in zip(values[::2], values[1::2], strict=True)]
