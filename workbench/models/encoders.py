"""Column encoders: stored codes in, vectors out, one encoder per table.

What depends on a row alone is computed once per distinct row (``rows``); what depends on the anchor as
well, how old the row is, once per node (``moments``):

    numerical | categorical | embedding | present  -> RowEncoder  [rows, channels]
    node_time, timestamp columns, anchor           -> MomentEncoder [nodes, channels]

A timestamp column may hold an instant after the anchor, such as the delivery of an order that is on its
way. To that anchor it is missing, so timestamps are read per node only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from workbench.models.dropout import KeyedDropout
from workbench.models.statistics import (
    MISSING,
    RESERVED,
    UNSEEN,
    ColumnStatistics,
    fill_of,
    slots_of,
)
from workbench.models.time_features import AGE_WIDTH, CYCLIC_WIDTH, age, cyclic
from workbench.temporal import FOREVER

CLIP = 5.0
"""Standardised numbers are cut off here: one absurd value must not move a prediction far."""


class NumberEncoder(nn.Module):
    """float32[rows, columns] -> float32[rows, 3 * columns]: score by the column's method, rank, missing."""

    start: Tensor
    position: Tensor
    mean: Tensor
    scale: Tensor
    knots: Tensor
    fill: Tensor
    log: Tensor

    def __init__(self, columns: Sequence[ColumnStatistics]) -> None:
        super().__init__()
        self.width = 3 * len(columns)
        self.shapes = any(c.method == "log" for c in columns)
        self.register_buffer("start", torch.tensor([c.column.start for c in columns], dtype=torch.long))
        self.register_buffer("position", torch.tensor([c.position for c in columns], dtype=torch.long))
        self.register_buffer("mean", torch.tensor([c.mean for c in columns]))
        self.register_buffer("scale", torch.tensor([c.scale for c in columns]))
        self.register_buffer("knots", torch.tensor([c.knots for c in columns]))
        # Not among the weights: they follow from the statistics, and older runs have none of their own.
        self.register_buffer("fill", torch.tensor([fill_of(c) for c in columns]), persistent=False)
        self.register_buffer("log", torch.tensor([c.method == "log" for c in columns]), persistent=False)

    def forward(self, store: Mapping[str, Tensor]) -> Tensor:
        """Encode the numbers of a store."""
        here = store["present"][:, self.position]
        values = store["numerical"][:, self.start]
        finite = here & values.isfinite()
        values = torch.where(finite, values, self.fill)
        shown = torch.where(self.log, values.sign() * values.abs().log1p(), values) if self.shapes else values
        z = ((shown - self.mean) / self.scale).clamp(-CLIP, CLIP)
        return torch.cat([z, self._rank(values) * finite, (~finite).float()], dim=1)

    def _rank(self, values: Tensor) -> Tensor:
        """The fitted distribution function, piecewise linear between the knots, in [-1, 1]."""
        last = self.knots.shape[1] - 1
        columns = values.t().contiguous()
        below = torch.searchsorted(self.knots, columns, right=True).clamp(1, last)
        left, right = self.knots.gather(1, below - 1), self.knots.gather(1, below)
        share = ((columns - left) / (right - left).clamp(min=1e-30)).clamp(0.0, 1.0)
        return ((below - 1 + share) * (2.0 / last) - 1.0).t()


class CategoryEncoder(nn.Module):
    """int[rows, codes] -> float32[rows, columns * width]: a vector per column, of a set the mean of its own.

    Missing, unseen and rare categories have a vector each; an empty set has zeros.
    """

    def __init__(self, columns: Sequence[ColumnStatistics], width: int) -> None:
        super().__init__()
        self.width = width * len(columns)
        self.columns = [(c.column.start, c.column.width, c.position, c.seen) for c in columns]
        sizes = [slots_of(c) for c in columns]
        self.table = nn.Embedding(sum(sizes), width)
        nn.init.normal_(self.table.weight, std=0.1)
        for i, column in enumerate(columns):
            self.register_buffer(f"codes_{i}", torch.tensor(column.codes, dtype=torch.long))
        self.offsets = [sum(sizes[:i]) for i in range(len(sizes))]

    def slots(self, codes: Tensor) -> Tensor:
        """int64[rows, codes]: row of the embedding table per code, column by column."""
        parts = []
        for i, (start, width, _, seen) in enumerate(self.columns):
            known, code = getattr(self, f"codes_{i}"), codes[:, start : start + width].contiguous()
            slot = torch.where(code <= seen, len(known) + RESERVED, UNSEEN)
            if len(known):
                place = torch.searchsorted(known, code).clamp(max=len(known) - 1)
                slot = torch.where(known[place] == code, place + RESERVED, slot)
            parts.append(torch.where(code == 0, MISSING, slot) + self.offsets[i])
        return torch.cat(parts, dim=1)

    def forward(self, store: Mapping[str, Tensor]) -> Tensor:
        """Encode the categories of a store."""
        codes = store["categorical"].long()
        vectors = torch.as_tensor(self.table(self.slots(codes)))
        if vectors.shape[1] == len(self.columns):
            return vectors.flatten(1)
        parts, at = [], 0
        for start, width, position, _ in self.columns:
            own, here = vectors[:, at : at + width], codes[:, start : start + width] > 0
            at += width
            if width > 1:  # one vector stands for a missing set, none for an empty one
                here[:, 0] |= ~store["present"][:, position]
                own = (own * here[:, :, None]).sum(1, keepdim=True) / here.sum(1).clamp(min=1)[:, None, None]
            parts.append(own[:, 0])
        return torch.cat(parts, dim=1)


class VectorEncoder(nn.Module):
    """float32[rows, width] -> the stored vectors (text, embeddings) at unit scale."""

    def __init__(self, columns: Sequence[ColumnStatistics]) -> None:
        super().__init__()
        self.columns = [(c.column.start, c.column.width, c.scale) for c in columns]
        self.width = sum(c.column.width for c in columns)

    def forward(self, store: Mapping[str, Tensor]) -> Tensor:
        """Scale and clip the vectors of a store; a missing one is all zeros already."""
        parts = [store["embedding"][:, a : a + w] / scale for a, w, scale in self.columns]
        return torch.cat(parts, dim=1).clamp(-CLIP, CLIP)


class RowEncoder(nn.Module):
    """One vector per distinct row of a table; a learned constant where the table has no such columns.

    Parameters
    ----------
    columns : sequence of ColumnStatistics  those of timestamps are left to :class:`MomentEncoder`
    channels : int
    """

    def __init__(self, columns: Sequence[ColumnStatistics], channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        by_section: dict[str, list[ColumnStatistics]] = {}
        for column in columns:
            if column.column.section != "timestamp":
                by_section.setdefault(column.column.section, []).append(column)
        encoders = {section: _encoder(section, members, channels) for section, members in by_section.items()}
        width = sum(encoder.width for encoder in encoders.values())
        self.parts = nn.ModuleDict(encoders)
        self.constant = nn.Parameter(torch.zeros(channels))
        self.project = (
            nn.Sequential(
                nn.Linear(width, channels), nn.ReLU(), KeyedDropout(dropout), nn.Linear(channels, channels)
            )
            if width
            else None
        )

    def forward(self, store: Mapping[str, Tensor], rows: int) -> Tensor:
        """float32[rows, channels]."""
        if self.project is None:
            return self.constant.expand(rows, -1)
        parts = torch.cat([part(store) for part in self.parts.values()], dim=1)
        return torch.as_tensor(self.project(parts)) + self.constant


def _encoder(
    section: str, columns: list[ColumnStatistics], channels: int
) -> NumberEncoder | CategoryEncoder | VectorEncoder:
    if section == "numerical":
        return NumberEncoder(columns)
    if section == "categorical":
        return CategoryEncoder(columns, max(4, min(16, channels // 4)))
    return VectorEncoder(columns)


class MomentEncoder(nn.Module):
    """One vector per node from its anchor: age and calendar of its row and of its timestamp columns.

    A timestamp later than the anchor is missing: with a flag, and without a trace of its value.

    Parameters
    ----------
    columns : sequence of ColumnStatistics  the timestamp columns among them are used
    timed : bool  whether the table has a time column
    channels : int
    """

    def __init__(self, columns: Sequence[ColumnStatistics], timed: bool, channels: int) -> None:
        super().__init__()
        self.timed = timed
        dates = [c for c in columns if c.column.section == "timestamp"]
        self.dates = [(c.column.start, c.position) for c in dates]
        self.width = timed * (AGE_WIDTH + CYCLIC_WIDTH) + len(dates) * (AGE_WIDTH + CYCLIC_WIDTH + 1)
        self.project = nn.Linear(self.width, channels) if self.width else None

    def of_rows(self, time: Tensor | None, row: Tensor, rows: int) -> Tensor | float:
        """float32[rows, channels], the part of :meth:`forward` that depends on a row alone: its calendar.

        Parameters
        ----------
        time : int64[nodes]  of the row that each node reads
        row : int64[nodes]
        rows : int  distinct ones
        """
        if self.project is None or not self.timed or time is None:
            return 0.0
        moment = torch.full((rows,), FOREVER, dtype=time.dtype, device=time.device).index_copy(0, row, time)
        return torch.as_tensor(cyclic(moment) @ self.project.weight[:, AGE_WIDTH:_TIMED].t())

    def forward(
        self,
        anchor: Tensor,
        time: Tensor | None,
        store: Mapping[str, Tensor],
        row: Tensor | None,
        calendar: bool = True,
    ) -> Tensor | None:
        """float32[nodes, channels], or None where nothing depends on the anchor.

        ``calendar`` False leaves out what :meth:`of_rows` gives.
        """
        if self.project is None:
            return None
        numbers = self.numbers(anchor, time, store, row, calendar)
        if calendar or not self.timed:
            return torch.as_tensor(self.project(numbers))
        weight = self.project.weight
        weight = torch.cat([weight[:, :AGE_WIDTH], weight[:, _TIMED:]], dim=1)
        return nn.functional.linear(numbers, weight, self.project.bias)

    def numbers(
        self,
        anchor: Tensor,
        time: Tensor | None,
        store: Mapping[str, Tensor],
        row: Tensor | None,
        calendar: bool = True,
    ) -> Tensor:
        """float32[nodes, width]: what is projected; it holds no weights, so it can be computed once."""
        parts = [anchor.new_zeros((len(anchor), 0), dtype=torch.float32)]
        if self.timed:
            moment = torch.full_like(anchor, FOREVER) if time is None else time
            parts += [age(anchor, moment), *([cyclic(moment)] if calendar else [])]
        for start, position in self.dates:
            stamp, here = store["timestamp"][:, start], store["present"][:, position]
            if row is not None:
                stamp, here = stamp[row], here[row]
            here = here & (stamp <= anchor)
            known = torch.where(here, stamp, FOREVER)
            parts += [age(anchor, known), cyclic(known), (~here[:, None]).float()]
        return torch.cat(parts, dim=1)


_TIMED = AGE_WIDTH + CYCLIC_WIDTH
"""Numbers that a row's own time becomes: its age, then its place in the calendar."""
