"""Explain predictions: integrated gradients over what the model read, and edges that are there or not.

    typical row alone -> its neighbours, cell by cell (presence) -> what they and it are like (contents)

Typical is the mean over the rows that a background of training seeds sees, in what the model reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from workbench.errors import TrainingError, did_you_mean, explain
from workbench.models.hetero_gnn import HeteroGNN
from workbench.query.seed_table import SeedTable
from workbench.schema import EdgeType
from workbench.stores.key_map import KeyMap
from workbench.stores.subgraph import SampledSubgraph
from workbench.temporal import BEGINNING, FOREVER
from workbench.training.explain_batch import cells_of, edges_per_cell, only
from workbench.training.explain_inputs import EncodedInputs, FloatInputs, Inputs, Slot
from workbench.training.explain_paths import integrated
from workbench.training.explanation import Explanation, joined
from workbench.training.loaders import frozen, predict_loader, unseen
from workbench.training.step import outputs
from workbench.training.target import WITH_CLASSES, Target
from workbench.types import AnyArray

if TYPE_CHECKING:
    from workbench.training.run import Run

MOST_SEEDS = 256
"""Seeds that are explained at once; of more, ``run.importance`` says what counts."""

BACKGROUND = 64
"""Training seeds whose rows say what is typical."""

CONTENTS = pa.schema(
    {
        "seed": pa.int32(),
        "hop": pa.int32(),
        "node_type": pa.string(),
        "node_id": pa.int64(),
        "key": pa.string(),
        "time": pa.timestamp("us"),
        "column": pa.string(),
        "contribution": pa.float64(),
    }
)
PRESENCE = pa.schema(
    {
        "seed": pa.int32(),
        "hop": pa.int32(),
        "edge_type": pa.string(),
        "edges": pa.int64(),
        "contribution": pa.float64(),
    }
)


def explain_run(
    run: Run, seeds: SeedTable, *, output: Any = None, background: SeedTable | None = None
) -> Explanation:
    """Explain a run's predictions for some seeds; behind ``run.explain``, which sees to weights and locks.

    Parameters
    ----------
    output : class, or ``'step_2'``
        Which of several outputs is explained; None: the likeliest class of each seed, the first step.
    background : SeedTable or None  whose rows are typical; None: :data:`BACKGROUND` of the training split

    Raises
    ------
    TrainingError
        If there are no seeds or too many, the task is a ranking, or there is no such output.
    """
    check_explained(run.target, "an explanation")
    if not 0 < len(seeds) <= MOST_SEEDS:
        do = "Take seeds[:32], or run.importance(seeds), which tells what counts for many"
        raise TrainingError(
            explain("an explanation was asked for", f"got {len(seeds):,} seeds", f"1 to {MOST_SEEDS}", do)
        )
    inputs = inputs_of(run)
    run.model.to(run.device).eval()
    data, subgraph, seeds = batch_of(run, seeds)
    slots, ends = inputs.read(data)
    typical = _typical(inputs, batch_of(run, background_of(run, background))[0], ends)
    with torch.no_grad():
        raw = outputs(_Said(inputs, ends), data, run.target)
    place, names = chosen_output(run.target, raw, output)
    starts = [mean.expand_as(end) for mean, end in zip(typical, ends, strict=True)]

    def said(batch: Any, tensors: Sequence[Tensor]) -> Tensor:
        return value_of(run.target, outputs(_Said(inputs, tensors), batch, run.target), place)

    owners = [_owner(data, slot, len(end)) for slot, end in zip(slots, ends, strict=True)]
    found = integrated(lambda tensors: said(data, tensors), starts, ends, owners)
    base, presence = _presence(data, lambda batch: said(batch, starts))
    return Explanation(
        seeds,
        names,
        "log-odds" if run.target.task_type in (*WITH_CLASSES, "binary") else "",
        value=_numbers(found.end),
        base=_numbers(base),
        gap=_numbers(found.gap),
        contents=_contents(run, data, subgraph, slots, found.parts),
        presence=presence,
        subgraph=subgraph,
    )


def check_explained(target: Target, asked: str) -> None:
    """Refuse rankings, of which no number is the prediction.

    Raises
    ------
    TrainingError
    """
    if target.task_type == "ranking":
        allowed = "binary, regression, multiclass, multilabel and forecast tasks"
        raise TrainingError(explain(f"{asked} was asked for", "the run ranks rows", allowed))


def inputs_of(run: Run) -> Inputs:
    """What the run's model reads and can be altered."""
    schema = run.parts.schema
    if isinstance(run.model, HeteroGNN):
        return EncodedInputs(run.model, run.statistics, schema)
    return FloatInputs(run.model, run.parts.features.groups, schema)


def batch_of(run: Run, seeds: SeedTable) -> tuple[Any, SampledSubgraph, SeedTable]:
    """One expanded, disjoint batch of all seeds as predictions sample them, and the seeds in its order."""
    plan = run.plan.replace(batch_size=len(seeds))
    loader = predict_loader(run.parts, plan, seeds, run.key, expand=True, past=run.past)
    batch = loader.loader.batch(0)
    return loader.convert(batch).to(run.device), batch.subgraph, seeds[batch.input_ids]


def background_of(run: Run, given: SeedTable | None) -> SeedTable:
    """Seeds whose rows are typical, spread over the training split.

    Raises
    ------
    TrainingError
        If the run was loaded without its task and none are given.
    """
    if given is None and run.task is None:
        do = "Pass background=, a seed table of some typical entities"
        raise TrainingError(explain("typical rows were asked for", "the run knows no training seeds", do=do))
    seeds = frozen(run.plan, run.task.seeds("train") if given is None else given)
    seeds = seeds[~unseen(run.parts.graph, seeds)]
    return seeds[np.unique(np.linspace(0, len(seeds) - 1, min(BACKGROUND, len(seeds))).astype(np.int64))]


def chosen_output(target: Target, raw: Tensor, asked: Any) -> tuple[Tensor | None, tuple[str, ...]]:
    """int64[seeds], the place of the output that is explained of each seed, and its name.

    Raises
    ------
    TrainingError
        If there is no such output.
    """
    raw, count, names = _middle(target, raw), len(raw), [""]
    if target.task_type in WITH_CLASSES:
        names = [str(name) for name in target.classes or range(raw.shape[1])]
    elif target.task_type == "forecast":
        names = [f"step_{step + 1}" for step in range(raw.shape[1])]
    if asked is not None and str(asked) not in names:
        allowed = ", ".join(names) if len(names) > 1 else "None: there is one output"
        do = did_you_mean(str(asked), names)
        raise TrainingError(
            explain(f"an explanation of output {asked!r} was asked for", "there is none", allowed, do)
        )
    if raw.dim() == 1:
        return None, ("",) * count
    if asked is None and target.task_type in WITH_CLASSES:
        place = raw.argmax(dim=1)
    else:
        place = torch.full((count,), 0 if asked is None else names.index(str(asked)), device=raw.device)
    return place, tuple(names[i] for i in place.tolist())


def value_of(target: Target, raw: Tensor, place: Tensor | None) -> Tensor:
    """float64[seeds]: log-odds of a class, or a number in the units of the label."""
    raw = _middle(target, raw.double())
    picked = raw if place is None else raw.gather(1, place[:, None]).squeeze(1)
    if target.task_type == "multiclass" and place is not None:
        others = raw.scatter(1, place[:, None], float("-inf"))
        return picked - others.logsumexp(dim=1)
    if target.task_type in ("binary", "multilabel"):
        return picked
    return picked * target.scale + target.mean


def _middle(target: Target, raw: Tensor) -> Tensor:
    """Of several quantiles the one that metrics compare with labels, after they are put in order."""
    if len(target.quantiles) < 2:
        return raw
    middle = int(np.argmin(np.abs(np.asarray(target.quantiles) - 0.5)))
    told = raw.reshape(len(raw), -1, len(target.quantiles)).sort(dim=2).values[:, :, middle]
    return told if target.task_type == "forecast" else told.squeeze(1)


class _Said(torch.nn.Module):
    """The model with tensors in its slots, in the form that ``outputs`` takes."""

    def __init__(self, inputs: Inputs, tensors: Sequence[Tensor]) -> None:
        super().__init__()
        self._inputs, self._tensors = inputs, tensors

    def forward(self, data: Any) -> Tensor:
        return self._inputs.outputs(data, self._tensors)


def _typical(inputs: Inputs, background: Any, ends: list[Tensor]) -> list[Tensor]:
    """float[1, width] per slot: the mean over rows of the background, or of the batch where it has none."""
    found = []
    for there, end in zip(inputs.read(background)[1], ends, strict=True):
        rows = there if len(there) else end
        found.append(rows.mean(dim=0, keepdim=True) if len(rows) else rows.new_zeros(1, rows.shape[1]))
    return found


def _owner(data: Any, slot: Slot, rows: int) -> Tensor:
    """int64[rows]: the seed that each row of a slot belongs to."""
    if isinstance(slot.rows, EdgeType):
        target = data[slot.rows]
        return torch.as_tensor(data[slot.rows.dst].batch[target.edge_index[1]])
    return torch.as_tensor(data[slot.rows].batch[:rows])


def _presence(data: Any, said: Callable[[Any], Tensor]) -> tuple[Tensor, pa.Table]:
    """What typical neighbours do by being there, cell by cell from the nearest on; and none at all."""
    cells = cells_of(data)
    with torch.no_grad():
        told = [said(only(data, cells[:count])) for count in range(len(cells) + 1)]
    rows = []
    for cell, before, after in zip(cells, told, told[1:], strict=False):
        edges = edges_per_cell(data, cell).cpu().numpy()
        there = np.flatnonzero(edges)
        columns = [there, np.full(len(there), cell[0]), [str(cell[1])] * len(there), edges[there]]
        rows.append(_table([*columns, _numbers(after - before)[there]], PRESENCE))
    return told[0], joined(rows, PRESENCE)


def _contents(
    run: Run, data: Any, subgraph: SampledSubgraph, slots: list[Slot], parts: list[Tensor]
) -> pa.Table:
    """Contributions by node and column; the row of a folded table counts to the neighbour it leads to."""
    sums: dict[tuple[str, str], AnyArray] = {}
    for slot, part in zip(slots, parts, strict=True):
        edges = slot.rows if isinstance(slot.rows, EdgeType) else None
        kind = str(slot.rows) if edges is None else edges.src
        nodes = np.arange(len(part)) if edges is None else data[edges].edge_index[0].cpu().numpy()
        for column, places in slot.columns:
            total = sums.setdefault((kind, column), np.zeros(len(subgraph.node_id[kind])))
            np.add.at(total, nodes, _numbers(part[:, list(places)].sum(dim=1)))
    described = {kind: _described(run, subgraph, kind) for kind in {kind for kind, _ in sums}}
    rows = [
        _table([*described[kind], [column] * len(total), total], CONTENTS)
        for (kind, column), total in sums.items()
    ]
    return joined(rows, CONTENTS)


def _described(run: Run, subgraph: SampledSubgraph, kind: str) -> list[Any]:
    """Seed, hop, type, id, key and time of every node of a type."""
    ids = subgraph.node_id[kind].astype(np.int64)
    keys = KeyMap.open(run.parts.dataset, kind).keys_of(ids).cast(pa.string())
    clock = run.parts.graph.times(kind)
    times = np.full(len(ids), FOREVER) if clock is None else clock[ids]
    stamps = pa.array(times, mask=(times == FOREVER) | (times == BEGINNING)).cast(pa.timestamp("us"))
    return [subgraph.batch[kind], subgraph.node_hops(kind), [kind] * len(ids), ids, keys, stamps]


def _table(columns: list[Any], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def _numbers(values: Tensor) -> AnyArray:
    found: AnyArray = values.detach().double().cpu().numpy()
    return found
