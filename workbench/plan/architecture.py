"""ModelSettings: the shape of the built-in model."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.plan.checks import between, refuse, whole

AGGREGATIONS: tuple[str, ...] = ("mean", "max", "min", "sum", "count")
"""What a layer may compute from the neighbours of a node; ``count`` is ``log(1 + neighbours)``."""


@dataclass(frozen=True)
class ModelSettings:
    """Shape of the built-in heterogeneous GraphSAGE.

    Attributes
    ----------
    channels : int  width of every hidden vector
    layers : int  message passing layers; more than the fanout has hops is a waste
    aggregations : tuple of str  see :data:`AGGREGATIONS`; computed side by side, per edge type
    dropout : float  in [0, 1)
    """

    channels: int = 64
    layers: int = 2
    aggregations: tuple[str, ...] = ("mean", "max", "count")
    dropout: float = 0.1

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

    def describe(self) -> str:
        """The choices in one line."""
        return (
            f"{self.layers} layers, {self.channels} channels, "
            f"{' + '.join(self.aggregations)}, dropout {self.dropout:g}"
        )
