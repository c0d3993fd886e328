"""HeteroGNN: message passing over a sampled neighbourhood of rows, one answer per seed.

    columns -> RowEncoder (once per distinct row) -> + MomentEncoder (per node) -> h0
    layer:  as the plan says; of GraphSAGE
            h'(v) = h(v) + act(norm(W_self h(v) + sum over edge types of W_e [mean | max | ... of h(u)]))
    seeds:  head(h0 + anchor's place in day, week and year | h after the last layer)

Only what can still reach a seed is computed: nodes are in order of hop, so layer l keeps a prefix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from workbench.errors import PlanError, explain
from workbench.models.attention import LAYERS
from workbench.models.dropout import KeyedDropout
from workbench.models.encoders import MomentEncoder, RowEncoder
from workbench.models.layers import Messages, fade_by_rank, trim_edges
from workbench.models.statistics import Statistics
from workbench.models.time_features import CYCLIC_WIDTH, cyclic
from workbench.plan.model_plan import ModelPlan
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import FORMS, StepPlan, both_ways


class HeteroGNN(nn.Module):
    """The built-in model; takes a ``HeteroData``, expanded or with distinct rows.

    Parameters
    ----------
    schema : Schema
    plan : ModelPlan
    statistics : Statistics  of every table that the plan reaches
    seed_type : str
    outputs : int or None  numbers per seed, of several classes or steps; None: one, without an axis for it
    past : int  numbers per seed that tell of its entity's past labels; 0: none are read

    Raises
    ------
    FanoutError
        If the plan's fanout names an edge type that the schema does not have.
    """

    def __init__(
        self,
        schema: Schema,
        plan: ModelPlan,
        statistics: Statistics,
        seed_type: str,
        outputs: int | None = None,
        past: int = 0,
    ) -> None:
        super().__init__()
        steps = plan.fanout.compile(schema, [seed_type])
        channels, dropout = plan.model.channels, plan.model.dropout
        self.fades = plan.model.layer == "sage" and "decay" in plan.model.aggregations
        self.seed_type, self.depth, self.outputs = seed_type, plan.model.layers, outputs
        node_types, edge_tables = reached(schema, steps, seed_type)
        self.node_types = node_types
        self.edge_tables = edge_tables
        self.rows = nn.ModuleDict()
        self.moments = nn.ModuleDict()
        self.histories = histories_read(schema, node_types, statistics)
        versions = [name for names in self.histories.values() for name in names]
        for table in sorted({*node_types, *edge_tables.values(), *versions}):
            columns = statistics.tables.get(table, ())
            name, timed = module_name(table), schema[table].time is not None
            self.rows[name] = RowEncoder(columns, channels, dropout)
            self.moments[name] = MomentEncoder(columns, timed, channels)
        self.calendar = nn.Linear(CYCLIC_WIDTH, channels)
        self.layers = nn.ModuleList()
        for index in range(self.depth):
            kept = followed(schema, steps, self.depth - index)
            self.layers.append(
                LAYERS[plan.model.layer](
                    kept, _updated(schema, steps, seed_type, self.depth - index - 1), plan.model
                )
            )
        self.edge_types = followed(schema, steps, self.depth)
        self.adds = steps.subgraph != FORMS[0]
        self.past = (
            nn.Sequential(nn.Linear(past, channels), nn.ReLU(), KeyedDropout(dropout)) if past else None
        )
        wide = (3 if past else 2) * channels
        self.head = nn.Sequential(
            nn.LayerNorm(wide),
            nn.Linear(wide, channels),
            nn.ReLU(),
            KeyedDropout(dropout),
            nn.Linear(channels, outputs or 1),
        )

    def forward(self, data: Any) -> Tensor:
        """float32[num_seeds] or float32[num_seeds, outputs]: logits, or standardised values."""
        said = torch.as_tensor(self.head(self.read(data)[1]))
        return said if self.outputs else said.squeeze(1)

    def embed(self, data: Any) -> Tensor:
        """float32[num_seeds, width]: what the head reads of the seeds; their own row comes first.

        ``width`` is ``2 * channels``, three times where the plan reads past labels.
        """
        return self.read(data)[1]

    def read(self, data: Any) -> tuple[dict[str, Tensor], Tensor]:
        """Input vectors of all nodes by type, and what :meth:`embed` gives."""
        # Each store is looked up once: in a small batch PyG's lookups cost as much as the layers.
        nodes = {name: data[name] for name in self.node_types}
        links = {name: data[name] for name in self.edge_types}
        seeds = nodes[self.seed_type]
        anchors, count = seeds.seed_time, int(seeds.batch_size)
        inputs = {name: self.encode_nodes(store, name, anchors) for name, store in nodes.items()}
        hidden = inputs
        # For the head alone: a seed that is another's neighbour looks like any neighbour, or what a seed
        # is told would depend on who else is in its joint batch.
        first = hidden[self.seed_type][:count] + self.calendar(cyclic(anchors))
        edges = self._edges(nodes, links, anchors)
        counts = {name: store.get("num_sampled_edges") for name, store in links.items()}
        for index, layer in enumerate(self.layers):
            hops = self.depth - index
            sizes = {name: kept_nodes(store, hops - 1) for name, store in nodes.items()}
            hidden = layer(hidden, trim_edges(counts, edges, hops, sizes if self.adds else None), sizes)
        known = [] if self.past is None else [self.past(past_labels_of(seeds))]
        return inputs, torch.cat([first, hidden[self.seed_type][:count], *known], dim=1)

    def encode_nodes(self, store: Any, table: str, anchors: Tensor) -> Tensor:
        """float32[nodes, channels]: the input vector of every node of a type."""
        nodes = int(store.num_nodes)
        seeds = store.batch.clamp(min=0) if "batch" in store else torch.zeros_like(store.n_id)
        moment = anchors[seeds] if len(anchors) else seeds
        encoded = self._encode(store, table, nodes, moment, store.get("time"))
        for name in self.histories[table]:
            version = store["as_of"][name]
            encoded = encoded + self._encode(version, name, nodes, moment, version["time"])
        return encoded

    def _encode(self, store: Any, table: str, length: int, anchor: Tensor, time: Tensor | None) -> Tensor:
        row = store.get("row")
        distinct = length if row is None else int(store["present"].shape[0])
        encoded = self.rows[module_name(table)](store, distinct)
        moments = cast(MomentEncoder, self.moments[module_name(table)])
        extra = moments(anchor, time, store, row, calendar=row is None)
        if row is not None:
            encoded = (encoded + moments.of_rows(time, row, distinct)).index_select(0, row)
            return torch.as_tensor(encoded if extra is None else encoded.add_(extra))
        return torch.as_tensor(encoded if extra is None else encoded + extra)

    def _edges(
        self, nodes: dict[str, Any], links: dict[EdgeType, Any], anchors: Tensor
    ) -> dict[EdgeType, Messages]:
        """Per edge type: edge_index, for edge tables a vector per edge, and what ``decay`` weighs by."""
        found: dict[EdgeType, Messages] = {}
        for edge_type, store in links.items():
            vectors = None
            if edge_type in self.edge_tables:
                target = nodes[edge_type.dst]
                seeds = (
                    target.batch.clamp(min=0)[store.edge_index[1]]
                    if "batch" in target
                    else store.edge_index[1] * 0
                )
                anchor = anchors[seeds] if len(anchors) else seeds
                edges = store.edge_index.shape[1]
                vectors = self._encode(
                    store, self.edge_tables[edge_type], edges, anchor, store.get("edge_time")
                )
            found[edge_type] = Messages(store.edge_index, vectors, self._fade(store, nodes[edge_type.src]))
        return found

    def _fade(self, links: Any, sources: Any) -> Tensor | None:
        """float32[edges] by how many newer rows there are; None where rows have no time, or none is asked."""
        if not self.fades:
            return None
        (source, target), time = links.edge_index, links.get("edge_time")
        if time is not None:
            return fade_by_rank(target, time)
        time = sources.get("time")
        return None if time is None else fade_by_rank(target, time[source])


def past_labels_of(seeds: Any) -> Tensor:
    """The past labels of a batch's seeds.

    Raises
    ------
    PlanError
        If the batch has none: loaders that no run made do not know of any.
    """
    if "past_labels" not in seeds:
        got, do = "the batch has none", "Train with engine.train, or take plan.replace(past_labels=0)"
        raise PlanError(explain("past labels of seeds were to be read", got, "batches of a run", do))
    return torch.as_tensor(seeds.past_labels)


def followed(schema: Schema, steps: StepPlan, hops: int) -> list[EdgeType]:
    """Edge types that subgraphs have within some hops of a seed, the steps' own first."""
    types = list(dict.fromkeys(step.edge_type for step in steps if step.hop <= hops))
    if steps.subgraph == FORMS[0]:
        return types
    return list(dict.fromkeys([*types, *(name for each in types for name in both_ways(schema, each))]))


def reached(schema: Schema, steps: StepPlan, seed_type: str) -> tuple[list[str], dict[EdgeType, str]]:
    """Node types and edge tables that a plan can touch, in a stable order."""
    types = {seed_type}
    tables = {}
    for edge_type in followed(schema, steps, steps.hops):
        types |= {edge_type.src, edge_type.dst}
        spec = schema.edge_spec(edge_type)
        if spec.layout == "edges":
            tables[spec.edge_type] = spec.table
    return sorted(types), tables


def histories_read(
    schema: Schema, node_types: Iterable[str], statistics: Statistics
) -> dict[str, tuple[str, ...]]:
    """Per node type its histories of which a model reads a column."""
    return {
        kind: tuple(name for name in schema.histories_of(kind) if statistics.tables.get(name))
        for kind in node_types
    }


def _updated(schema: Schema, steps: StepPlan, seed_type: str, hops: int) -> list[str]:
    """Node types that have nodes within some hops of a seed."""
    found = {seed_type} | {step.edge_type.src for step in steps if step.hop <= hops}
    return [name for name in schema.node_types if name in found]


def kept_nodes(store: Any, hops: int) -> int:
    """Nodes of a type that lie within some hops of their seed: a prefix of the type's nodes."""
    counts = store.get("num_sampled_nodes")
    if counts is None:
        return int(store.num_nodes)
    return sum(int(count) for count in counts[: hops + 1])


def module_name(name: str) -> str:
    """A module name: torch allows no dots, and names of its own methods collide."""
    return "t_" + name.replace("%", "%25").replace(".", "%2E")


def tables_read(schema: Schema, plan: ModelPlan, seed_type: str) -> list[str]:
    """Tables whose statistics the built-in model needs under a plan."""
    node_types, edge_tables = reached(schema, plan.fanout.compile(schema, [seed_type]), seed_type)
    histories = [name for kind in node_types for name in schema.histories_of(kind)]
    return sorted({*node_types, *edge_tables.values(), *histories})
