"""SamplingPlan: what fanouts and metapaths share, the choices that hold for a whole subgraph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from workbench.errors import FanoutError, SchemaError, did_you_mean, explain
from workbench.schema import EdgeType, Schema
from workbench.stores.step_rules import CUTOFFS, check_budget, check_cutoff, check_form, check_steps
from workbench.stores.steps import FORMS, Step, StepPlan

MODES: tuple[str, ...] = ("disjoint", "joint", "tree")


@dataclass(frozen=True, init=False, repr=False)
class SamplingPlan(ABC):
    """A value that compiles to the steps that a store runs.

    Attributes
    ----------
    mode : 'disjoint', 'joint' or 'tree'
        One subgraph per seed; one for all seeds of an anchor; or one per seed in which every draw is a
        node of its own.
    strict : bool
        The anchor's own instant is not visible.
    cutoff : 'anchor' or 'path'
        What a node may see: what its seed's anchor allows, or (``path``) what had happened by the time
        of the edges that led to it.
    max_nodes : int or None  nodes at most, seeds included: per seed, or per batch in joint mode
    subgraph : 'directional', 'bidirectional' or 'induced'
        The edges that were drawn; those and their ways back; or all edges between nodes of the subgraph
        that are visible to the node they lead to. PyG's ``SubgraphType`` is read too.
    """

    mode: str
    strict: bool
    cutoff: str
    max_nodes: int | None
    subgraph: str

    def _set_rules(
        self,
        mode: str | None,
        disjoint: bool | None,
        strict: bool,
        cutoff: str,
        max_nodes: int | None,
        subgraph: Any,
    ) -> None:
        """Check and set the fields; ``disjoint`` is the older word for ``mode``."""
        if not isinstance(strict, bool):
            raise FanoutError(explain("strict was asked for", f"got {strict!r}", "True or False"))
        check_cutoff(cutoff)
        budget = check_budget(max_nodes)
        form, kind = getattr(subgraph, "value", subgraph), _mode(mode, disjoint)
        check_form(form, tree=kind == "tree")
        values = {"mode": kind, "strict": strict, "cutoff": cutoff, "max_nodes": budget, "subgraph": form}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def disjoint(self) -> bool:
        """True if every seed gets a subgraph of its own."""
        return self.mode != "joint"

    @property
    @abstractmethod
    def hops_deep(self) -> int:
        """Number of hops."""

    @abstractmethod
    def compile(self, schema: Schema, seed_types: Sequence[str]) -> StepPlan:
        """The steps that a store runs."""

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Refuse names that the schema does not have."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values that the class takes as keywords."""

    @abstractmethod
    def lines(self) -> list[str]:
        """A readable line for the choices, and one per hop or path."""

    def with_choices(self, **changes: Any) -> Self:
        """A copy with some keywords of the class changed.

        A weight or half-life goes with the strategy that it belongs to.

        Raises
        ------
        FanoutError
            If a name is no choice of the class, or the values contradict each other.
        """
        data = self.to_dict()
        known = [field.name for field in fields(self)] + ["disjoint"]
        for name in changes:
            if name not in known:
                asked = f"choice {name!r} of a {type(self).__name__}"
                near = did_you_mean(name, known)
                raise FanoutError(explain(asked, "there is no such choice", ", ".join(known), near))
        if changes.get("strategy", data.get("strategy")) != data.get("strategy"):
            data = {name: value for name, value in data.items() if name not in ("weight", "half_life")}
        if "mode" in changes:
            del data["disjoint"]
        if "disjoint" in changes and not changes["disjoint"]:
            data.pop("mode", None)
        return type(self)(**{**data, **changes})

    def rules(self) -> dict[str, Any]:
        """The choices of this class as JSON; those at their default are left out, but for the mode."""
        found: dict[str, Any] = {"disjoint": self.disjoint}
        found |= {"mode": self.mode} if self.mode == "tree" else {}
        found |= {"strict": True} if self.strict else {}
        found |= {"cutoff": self.cutoff} if self.cutoff != CUTOFFS[0] else {}
        found |= {"max_nodes": self.max_nodes} if self.max_nodes is not None else {}
        return found | ({"subgraph": self.subgraph} if self.subgraph != FORMS[0] else {})

    def rule_texts(self) -> list[str]:
        """The choices of this class as keywords in Python; defaults are left out."""
        found = {"mode": self.mode, **self.rules()}
        del found["disjoint"]
        if self.mode == MODES[0]:
            del found["mode"]
        return [f"{name}={value!r}" for name, value in found.items()]

    def rule_words(self) -> list[str]:
        """The choices of this class in words, for people."""
        words = [self.mode]
        words += ["strictly before the anchor"] if self.strict else []
        words += ["cutoffs along the path"] if self.cutoff == "path" else []
        words += [f"at most {self.max_nodes:,} nodes"] if self.max_nodes is not None else []
        return words + ([self.subgraph] if self.subgraph != FORMS[0] else [])

    def step_plan(self, schema: Schema, steps: Sequence[Step]) -> StepPlan:
        """Steps under the choices of this class, checked.

        Raises
        ------
        FanoutError
            If no store over the schema could run them.
        """
        plan = StepPlan(
            tuple(steps),
            self.hops_deep,
            self.disjoint,
            self.mode == "tree",
            self.strict,
            self.cutoff,
            self.max_nodes,
            self.subgraph,
        )
        check_steps(schema, plan)
        return plan


def expect_plan(value: object, asked: str, do: str) -> None:
    """Refuse what is neither a fanout nor metapaths.

    Raises
    ------
    FanoutError
    """
    if not isinstance(value, SamplingPlan):
        got = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
        raise FanoutError(explain(f"{asked} was asked for", f"got {got}", "a Fanout or Metapaths", do))


def edge_name(edge_type: object, where: str, do: str = "") -> str:
    """An edge type as ``src-rel->dst``; texts stay as they are.

    Raises
    ------
    FanoutError
        If it is neither a text nor a triplet of texts; says where.
    """
    if isinstance(edge_type, tuple) and [type(part) for part in edge_type] == [str] * 3:
        return str(EdgeType(*edge_type))
    if isinstance(edge_type, str) and edge_type:
        return edge_type
    allowed = "an edge type: 'src-rel->dst' or a triplet (src, rel, dst)"
    raise FanoutError(explain(where, f"got {edge_type!r}", allowed, do))


def known_edge_type(schema: Schema, name: str, where: str) -> EdgeType:
    """The edge type of that name.

    Raises
    ------
    FanoutError
        Naming the place, the known ones and the nearest.
    """
    try:
        return schema.edge_type(name)
    except SchemaError as error:
        keys = [end for end in name.split("->") if "." in end]
        hint = " Kumo's connections run the other way: read them with Fanout.from_kumo." if keys[1:] else ""
        raise FanoutError(f"{where} names {name!r}. {error}{hint}") from None


def _mode(mode: str | None, disjoint: bool | None) -> str:
    if disjoint is not None and not isinstance(disjoint, bool):
        raise FanoutError(explain("disjoint was asked for", f"got {disjoint!r}", "True or False"))
    if mode is None:
        return "joint" if disjoint is False else "disjoint"
    if mode not in MODES:
        near = did_you_mean(str(mode), MODES)
        raise FanoutError(explain("a sampling mode was asked for", f"got {mode!r}", ", ".join(MODES), near))
    if disjoint is not None and disjoint != (mode != "joint"):
        got = f"got mode={mode!r} with disjoint={disjoint!r}"
        raise FanoutError(
            explain("a sampling mode was asked for", got, "one of the two", "Leave disjoint out")
        )
    return mode
