"""ModelSettings: the shape of the built-in model."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.plan.checks import LATER, between, one_of, refuse, whole

AGGREGATIONS: tuple[str, ...] = ("mean", "max", "min", "sum", "count", "decay")
"""What a layer may compute from the neighbours of a node; ``count`` is ``log(1 + neighbours)``, ``decay`` a
mean in which older rows count less: half for every four that are newer."""


LAYERS: tuple[str, ...] = ("sage", "gat", "transformer")
"""GraphSAGE with several aggregations, graph attention, or a relational graph transformer."""

RANKED_BY: tuple[str, ...] = ("ids", "features", "both")
"""What stands for the rows of a ranking: what is learned of each by itself, their columns, or both."""


@dataclass(frozen=True)
class ModelSettings:
    """Shape of the built-in heterogeneous model.

    Attributes
    ----------
    channels : int  width of every hidden vector
    layers : int  message passing layers; more than the fanout has hops is a waste
    aggregations : tuple of str
        Of GraphSAGE, see :data:`AGGREGATIONS`; computed side by side, per edge type.
    dropout : float  in [0, 1)
    layer : str  see :data:`LAYERS`
    ranked_by : str  of ranking tasks, see :data:`RANKED_BY`; ``ids`` rank no rows that come after training
    heads : int  of layers with attention; divides the channels
    past_labels : int
        How many of an entity's last labels the model is told, beside means of all that are known by the
        anchor; 0: it is told of none. See :mod:`workbench.training.past_labels`.
    """

    channels: int = 64
    layers: int = 2
    aggregations: tuple[str, ...] = ("mean", "max", "count")
    dropout: float = 0.1
    layer: str = field(default="sage", metadata=LATER)
    ranked_by: str = field(default="ids", metadata=LATER)
    heads: int = field(default=4, metadata=LATER)
    past_labels: int = field(default=0, metadata=LATER)

    def check(self) -> None:
        """Refuse nonsense.

        Raises
        ------
        PlanError
            Naming the choice, what it was and what is allowed.
        """
        whole("channels", self.channels, 1, 65536)
        whole("layers", self.layers, 1, 64)
        names = self.aggregations
        if isinstance(names, str) or not names or set(names) - set(AGGREGATIONS):
            refuse("aggregations", names, f"a list of one or more of {', '.join(AGGREGATIONS)}")
        between("dropout", self.dropout, 0.0, 0.999)
        one_of("layer", self.layer, LAYERS)
        one_of("ranked_by", self.ranked_by, RANKED_BY)
        whole("heads", self.heads, 1, 1024)
        whole("past_labels", self.past_labels, 0, 1024)
        if self.layer != "sage" and self.channels % self.heads:
            refuse("heads", self.heads, f"a number that divides the {self.channels} channels")

    def describe(self) -> str:
        """The choices in one line."""
        how = " + ".join(self.aggregations) if self.layer == "sage" else f"{self.layer} of {self.heads} heads"
        past = f", past labels (last {self.past_labels})" if self.past_labels else ""
        return f"{self.layers} layers, {self.channels} channels, {how}, dropout {self.dropout:g}{past}"
