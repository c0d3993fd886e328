"""RowTower: how well the rows of a table suit what seeds want, by what is known of the rows at an anchor.

    score(wanted, row, anchor) = <wanted, vector> + bias       from the row's columns and its version of then
                               + <project(wanted), moment>     how old it is, and when it was referred to

Nothing here belongs to a single row, so rows that came after the training are ranked like any other. Columns
are encoded once per step, however many anchors it has; what depends on the anchor alone is computed once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from workbench.models.dropout import KeyedDropout
from workbench.models.encoders import MomentEncoder, RowEncoder
from workbench.models.statistics import Statistics
from workbench.plan.architecture import ModelSettings
from workbench.schema import Schema

KEPT = 64
"""Blocks of rows that are kept as of an instant: a training has few instants, and meets them every step."""


@dataclass(frozen=True)
class SeenRows:
    """Some rows as of an instant.

    Attributes
    ----------
    time : int64[n] or None  when each row came; None for a table without a time
    recency : float32[n, width]  when other rows lately referred to it
    versions : dict history -> attributes, as ``as_of`` of a batch holds them
    """

    time: Tensor | None
    recency: Tensor
    versions: Mapping[str, Any] = field(default_factory=dict)


class Shelf(Protocol):
    """Gives the rows that are ranked."""

    @property
    def width(self) -> int:
        """Numbers per row of ``SeenRows.recency``."""
        ...

    def rows(self, start: int, stop: int) -> dict[str, Tensor]:
        """Sections of the stored columns, and ``present``, row by row; empty for a table without columns."""
        ...

    def at(self, anchor: int, start: int, stop: int) -> SeenRows:
        """What depends on the instant."""
        ...


@dataclass(frozen=True)
class _Moment:
    """float32[rows, width] of a block of rows at an instant, and their versions then."""

    numbers: Tensor
    versions: Mapping[str, Any]


class RowTower(nn.Module):
    """Scores of the rows of one table by their features.

    Parameters
    ----------
    schema : Schema
    table : str
    statistics : Statistics  of the table and its histories
    settings : ModelSettings
    shelf : Shelf  read from, never saved
    """

    def __init__(
        self, schema: Schema, table: str, statistics: Statistics, settings: ModelSettings, shelf: Shelf
    ) -> None:
        super().__init__()
        channels, dropout, self.shelf = settings.channels, settings.dropout, shelf
        self.histories = [name for name in schema.histories_of(table) if statistics.tables.get(name)]
        of = {name: tuple(statistics.tables.get(name, ())) for name in (table, *self.histories)}
        self.columns = nn.ModuleList(RowEncoder(each, channels, dropout) for each in of.values())
        own, *of_versions = (
            MomentEncoder(each, schema[name].time is not None, channels) for name, each in of.items()
        )
        own.project = None  # its numbers are compared with what is wanted, not made a vector first
        self.moment, self.moments = own, nn.ModuleList(of_versions)
        self.project = nn.Linear(channels, shelf.width + own.width)
        self.out = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, channels),
            nn.ReLU(),
            KeyedDropout(dropout),
            nn.Linear(channels, channels + 1),
        )
        self._kept: OrderedDict[tuple[int, int, int], _Moment] = OrderedDict()

    def forward(self, wanted: Tensor, anchors: Tensor, start: int, stop: int) -> Tensor:
        """float32[lanes, stop - start]: how well each row suits each lane at the lane's anchor.

        Parameters
        ----------
        wanted : float32[lanes, channels]
        anchors : int64[lanes]
        """
        store = {name: part.to(wanted.device) for name, part in self.shelf.rows(start, stop).items()}
        encoded = self.columns[0](store, stop - start)
        told = None if self.histories else self.out(encoded)
        asked = self.project(wanted)
        instants, place = anchors.unique(return_inverse=True)
        scores = wanted.new_zeros(len(wanted), stop - start)
        for i, anchor in enumerate(instants.tolist()):
            lanes = torch.nonzero(place == i).squeeze(1)
            moment = self._moment(store, anchor, start, stop)
            rows = self.out(encoded + self._versions(moment, anchor)) if told is None else told
            own = wanted[lanes] @ rows[:, :-1].t() + rows[:, -1] + asked[lanes] @ moment.numbers.t()
            scores = scores.index_add(0, lanes, own.to(scores.dtype))
        return scores

    def _moment(self, store: Mapping[str, Tensor], anchor: int, start: int, stop: int) -> _Moment:
        key = (anchor, start, stop)
        if key not in self._kept:
            seen, device = self.shelf.at(anchor, start, stop), self.project.weight.device
            time = None if seen.time is None else seen.time.to(device)
            anchors = torch.full((stop - start,), anchor, device=device)
            numbers = self.moment.numbers(anchors, time, store, None)
            self._kept[key] = _Moment(torch.cat([seen.recency.to(device), numbers], 1), seen.versions)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _versions(self, moment: _Moment, anchor: int) -> Tensor:
        """float32[rows, channels]: the version of each history that each row has at the instant."""
        parts = []
        for name, columns, moments in zip(self.histories, self.columns[1:], self.moments, strict=True):
            version = {
                key: part.to(self.project.weight.device) for key, part in moment.versions[name].items()
            }
            row = version["row"]
            anchors = torch.full_like(row, anchor)
            parts.append(columns(version, len(version["present"])).index_select(0, row))
            parts.append(moments(anchors, version["time"], version, row))
        return torch.stack([part for part in parts if part is not None]).sum(0)
