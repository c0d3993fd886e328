"""Where feature rows are and how they are read: a report that prints."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.stores.codecs import packing
from workbench.stores.row_cache import CacheStats
from workbench.stores.stored_group import StoredGroup


@dataclass(frozen=True)
class GroupReport:
    """One feature group.

    Attributes
    ----------
    group : str
    rows, stride : int  rows, and bytes of each on disk
    way : str  ``memory``, or how rows are read that are not there
    cache : CacheStats or None  the row cache; None where there is none
    """

    group: str
    rows: int
    stride: int
    way: str
    cache: CacheStats | None

    @property
    def bytes(self) -> int:
        """Bytes of the group on disk."""
        return self.rows * self.stride


@dataclass(frozen=True)
class FeatureReport:
    """Every feature group of a store. Prints as a table.

    Attributes
    ----------
    groups : tuple of GroupReport  in the manifest's order
    """

    groups: tuple[GroupReport, ...]

    def __getitem__(self, group: str) -> GroupReport:
        """The report of a group.

        Raises
        ------
        KeyError
            If there is no such group.
        """
        return {report.group: report for report in self.groups}[group]

    def __str__(self) -> str:
        lines = [f"{'group':<24}{'rows':>14}{'B/row':>8}{'MB':>10}  read from"]
        for one in self.groups:
            size = f"{one.rows:>14,}{one.stride:>8}{one.bytes / 1e6:>10,.1f}"
            lines.append(f"{one.group:<24}{size}  {one.way}{_cached(one.cache)}")
        return "\n".join(lines)

    __repr__ = __str__


def group_report(group: StoredGroup) -> GroupReport:
    """The report of one group, as it is now."""
    layout, cold = group.layout, group.cold
    way = "memory" if cold is None else cold.way
    return GroupReport(layout.group, layout.rows, packing(layout).stride, way, cold.cache if cold else None)


def _cached(cache: CacheStats | None) -> str:
    return f"; row cache of {cache.places:,}, {cache.hit_rate:.1%} hits" if cache else ""
