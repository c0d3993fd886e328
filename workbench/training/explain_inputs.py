"""What a model reads of a batch, as tensors that can be altered: the inputs of an explanation.

    EncodedInputs   built-in model: every column as it is encoded, and how old each row is at its anchor
    FloatInputs     a user's module: the float attributes of its HeteroData (x, edge_attr, ...)

Both read expanded batches: a row per node, so that one neighbour's row can change without another's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from workbench.models.encoders import MomentEncoder, RowEncoder
from workbench.models.hetero_gnn import HeteroGNN, module_name
from workbench.models.statistics import ColumnStatistics, Statistics
from workbench.models.time_features import AGE_WIDTH, CYCLIC_WIDTH
from workbench.schema import EdgeType, Schema
from workbench.stores.features import GroupLayout
from workbench.training.past_labels import ATTRIBUTE

ANCHOR = "anchor_time"
"""What the anchor's own place in day, week and year is called: a column of the seeds' table."""

FLOATS = ("x", "numerical", "embedding", "edge_attr")
"""Attributes of a store that a user's module may read and that gradients reach."""

Columns = tuple[tuple[str, tuple[int, ...]], ...]
"""Per column ``'table.column'`` and its places in the last axis of a tensor."""


@dataclass(frozen=True)
class Slot:
    """Where a model reads a tensor, float[rows, width].

    Attributes
    ----------
    rows : str or EdgeType  whose nodes or edges its rows are: all of them, or the first (the seeds)
    columns : see :data:`Columns`
    """

    rows: str | EdgeType
    columns: Columns


class Inputs(Protocol):
    """What can be read of a batch, altered, and given to the model in place of what it would read."""

    def read(self, data: Any) -> tuple[list[Slot], list[Tensor]]:
        """The slots of a batch, and what is in them."""
        ...

    def outputs(self, data: Any, tensors: Sequence[Tensor]) -> Tensor:
        """What the model says with these tensors in the slots."""
        ...


class EncodedInputs:
    """Columns of the built-in model between their encoding and the first weights that mix them.

    Parameters
    ----------
    model : HeteroGNN
    statistics : Statistics  that it was built with
    schema : Schema
    """

    def __init__(self, model: HeteroGNN, statistics: Statistics, schema: Schema) -> None:
        self.model, self.statistics, self.schema = model, statistics, schema
        self._calls = list(self._in_order())

    def read(self, data: Any) -> tuple[list[Slot], list[Tensor]]:
        """The slots of a batch, and what is in them."""
        seen: list[Tensor] = []

        def tap(_module: nn.Module, given: tuple[Tensor]) -> None:
            seen.append(given[0].detach())

        with self._tapped(tap), torch.no_grad():
            self.model(data)
        assert len(seen) == len(self._calls), "encoders are called in the model's own order"
        return [slot for _, slot in self._calls], seen

    def outputs(self, data: Any, tensors: Sequence[Tensor]) -> Tensor:
        """What the model says with these tensors in the slots."""
        left = iter(tensors)
        with self._tapped(lambda _module, _given: (next(left),)):
            return torch.as_tensor(self.model(data))

    @contextmanager
    def _tapped(self, tap: Any) -> Iterator[None]:
        handles = [module.register_forward_pre_hook(tap) for module in {m: None for m, _ in self._calls}]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _in_order(self) -> Iterator[tuple[nn.Module, Slot]]:
        """The modules that take encoded columns, in the order in which a forward calls them."""
        model = self.model
        for table in model.node_types:
            for name in (table, *model.histories[table]):
                yield from self._of(name, table)
        anchor = Slot(model.seed_type, ((f"{model.seed_type}.{ANCHOR}", tuple(range(CYCLIC_WIDTH))),))
        yield model.calendar, anchor
        for edge_type in model.edge_types:
            if edge_type in model.edge_tables:
                yield from self._of(model.edge_tables[edge_type], edge_type)
        if model.past is not None:
            first = cast(nn.Linear, model.past[0])
            name = f"{model.seed_type}.{ATTRIBUTE}"
            yield first, Slot(model.seed_type, ((name, tuple(range(first.in_features))),))

    def _of(self, table: str, rows: str | EdgeType) -> Iterator[tuple[nn.Module, Slot]]:
        columns = self.statistics.tables.get(table, ())
        encoder = cast(RowEncoder, self.model.rows[module_name(table)])
        moment = cast(MomentEncoder, self.model.moments[module_name(table)])
        if encoder.project is not None:
            widths = {section: cast(int, part.width) for section, part in encoder.parts.items()}
            yield encoder.project, Slot(rows, encoded_places(table, columns, widths))
        if moment.project is not None:
            timed = self.schema[table].time if moment.timed else None
            yield moment.project, Slot(rows, moment_places(table, columns, timed))


def encoded_places(table: str, columns: Sequence[ColumnStatistics], widths: Mapping[str, int]) -> Columns:
    """Where a ``RowEncoder`` puts each column; ``widths`` of its sections, in their order."""
    found, start = [], 0
    for section, width in widths.items():
        own = [column for column in columns if column.column.section == section]
        at = start
        for i, column in enumerate(own):
            if section == "numerical":  # all scores, then all ranks, then all flags
                places = tuple(range(start + i, start + width, len(own)))
            else:
                size = column.column.width if section == "embedding" else width // len(own)
                places, at = tuple(range(at, at + size)), at + size
            found.append((f"{table}.{column.column.name}", places))
        start += width
    return tuple(found)


def moment_places(table: str, columns: Sequence[ColumnStatistics], timed: str | None) -> Columns:
    """Where a ``MomentEncoder`` puts the row's own time and each timestamp column."""
    sizes = [] if timed is None else [(timed, AGE_WIDTH + CYCLIC_WIDTH)]
    dates = [column.column.name for column in columns if column.column.section == "timestamp"]
    found, at = [], 0
    for name, size in [*sizes, *((name, AGE_WIDTH + CYCLIC_WIDTH + 1) for name in dates)]:
        found.append((f"{table}.{name}", tuple(range(at, at + size))))
        at += size
    return tuple(found)


class FloatInputs:
    """Float attributes of the batches that a user's module takes; it reads some of them, or none.

    Parameters
    ----------
    model : nn.Module
    groups : dict table -> GroupLayout  ``features.groups``
    schema : Schema
    """

    def __init__(self, model: nn.Module, groups: Mapping[str, GroupLayout], schema: Schema) -> None:
        self.model, self.groups, self.schema = model, groups, schema

    def read(self, data: Any) -> tuple[list[Slot], list[Tensor]]:
        """The slots of a batch, and what is in them."""
        found = list(self._found(data))
        return [Slot(rows, float_places(layout, name)) for rows, _, layout, name in found], [
            holder[name].detach() for _, holder, _, name in found
        ]

    def outputs(self, data: Any, tensors: Sequence[Tensor]) -> Tensor:
        """What the module says with these tensors in the slots; the batch itself stays as it is."""
        altered = copy.copy(data)
        for store in altered.stores:
            if "as_of" in store:
                store["as_of"] = {name: dict(version) for name, version in store["as_of"].items()}
        for (_, holder, _, name), tensor in zip(list(self._found(altered)), tensors, strict=True):
            holder[name] = tensor
        return torch.as_tensor(self.model(altered))

    def _found(self, data: Any) -> Iterator[tuple[str | EdgeType, Any, GroupLayout, str]]:
        """Whose rows, where they are held, their layout, and the attribute."""
        held: list[tuple[str | EdgeType, str, Any]] = [(kind, kind, data[kind]) for kind in data.node_types]
        for kind in data.node_types:
            held += [(kind, name, version) for name, version in data[kind].get("as_of", {}).items()]
        for edge_type in map(EdgeType._make, data.edge_types):
            held.append((edge_type, self.schema.edge_spec(edge_type).table, data[edge_type]))
        for rows, table, holder in held:
            layout = self.groups.get(table)
            if layout is not None:
                names = [name for name in FLOATS if name in holder and float_places(layout, name)]
                yield from ((rows, holder, layout, name) for name in names)


def float_places(layout: GroupLayout, attribute: str) -> Columns:
    """Where a float attribute holds each column of a group; empty where it holds none of them."""
    sections = ("numerical", "embedding") if attribute in ("x", "edge_attr") else (attribute,)
    found, before = [], 0
    for section in sections:
        for column in layout.columns:
            if column.section == section:
                first = before + column.start
                found.append((f"{layout.group}.{column.name}", tuple(range(first, first + column.width))))
        before += layout.width(section)
    return tuple(found)
