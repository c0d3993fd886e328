"""What a plan of steps may say: every combination that no store could run is refused here, in words."""

from __future__ import annotations

from operator import index
from typing import SupportsIndex

from workbench.errors import FanoutError, SchemaError, did_you_mean, explain
from workbench.schema import EdgeType, Schema, Stype, Table
from workbench.stores.steps import ALL, FORMS, LARGEST, MOST_PATHS, Step, StepPlan, Strategy

CUTOFFS: tuple[str, ...] = ("anchor", "path")
"""What a node may see: what its seed's anchor allows, or what had happened when it was reached."""

NUMBERS = (
    *("int", "uint", "float", "double", "halffloat", "decimal", "bool"),
    *("bigint", "ubigint", "smallint", "usmallint", "tinyint", "utinyint", "hugeint", "uhugeint"),
)
"""How numeric types begin, in Arrow's spelling and in DuckDB's, which inferred schemas hold."""


def check_steps(schema: Schema, plan: StepPlan) -> None:
    """Refuse a plan that no store over this schema could run.

    Raises
    ------
    FanoutError
    """
    _check_rules(plan)
    before = 1
    for step in plan:
        check_one(schema, step)
        if not before <= step.hop <= plan.hops:
            raise FanoutError(
                explain(
                    f"a step at hop {step.hop} was asked for",
                    f"it follows hop {before} in a plan of {plan.hops} hops",
                    "steps in the order of their hops, 1 .. hops",
                )
            )
        before = step.hop
    _check_paths(plan)


def check_one(schema: Schema, step: Step) -> None:
    """Refuse a step whose edge type is unknown or whose options contradict each other.

    Raises
    ------
    FanoutError
    """
    try:
        edge_type = schema.edge_type(step.edge_type)
    except SchemaError as error:
        raise FanoutError(f"hop {step.hop} names edge type {str(step.edge_type)!r}. {error}") from None
    if step.fanout < ALL or step.fanout == 0 or step.fanout > LARGEST:
        _refuse(
            step,
            f"got fanout {step.fanout}",
            "1 .. 2^31 - 1, or -1 for every visible neighbour; leave a step out to draw none",
        )
    if step.fraction is not None and not 0 < step.fraction < 1:
        _refuse(step, f"got fraction {step.fraction!r}", "a share between 0 and 1; fanout -1 takes all")
    if step.window is not None and step.window <= 0:
        _refuse(step, f"got window {step.window} us", "a positive length")
    _check_replacement(step)
    _check_strategy(schema[schema.edge_spec(edge_type).table], step)


def _check_replacement(step: Step) -> None:
    if not step.replace:
        return
    if step.fraction is not None or step.fanout == ALL:
        what = "every neighbour" if step.fraction is None else f"a fraction of {step.fraction:g}"
        _refuse(step, f"{what} was to be drawn with replacement", "a number of draws, or replace=False")
    if step.strategy == Strategy.RECENT:
        _refuse(
            step, "the most recent were to be drawn with replacement", "replace=False, or another strategy"
        )


def _check_strategy(table: Table, step: Step) -> None:
    """The column of WEIGHTED and the half-life of DECAY are there, and nowhere else."""
    if step.strategy not in tuple(Strategy):
        _refuse(step, f"got strategy {step.strategy!r}", ", ".join(str(s.name) for s in Strategy))
    if (step.weight is None) != (step.strategy != Strategy.WEIGHTED):
        got = f"strategy {Strategy(step.strategy).name} with weight {step.weight!r}"
        _refuse(step, got, "a weight column for WEIGHTED, and for no other strategy")
    if (step.half_life is None) != (step.strategy != Strategy.DECAY):
        got = f"strategy {Strategy(step.strategy).name} with half_life {step.half_life!r}"
        _refuse(step, got, "a half-life for DECAY, and for no other strategy")
    if step.weight is not None:
        _check_weight(table, step)
    if step.half_life is not None:
        _check_decay(table, step)


def _check_weight(table: Table, step: Step) -> None:
    try:
        column = table.column(str(step.weight))
    except SchemaError as error:
        do = "Where only some edge types have it, weigh those: {edge_type: Draw(8, weight=...)}"
        raise FanoutError(f"hop {step.hop}, {step.edge_type} is weighted. {error} {do}") from None
    number = column.stype is Stype.NUMERICAL or column.dtype.lower().startswith(NUMBERS)
    if not number or column.stype is Stype.ID:
        numbers = [c.name for c in table.columns if c.stype is Stype.NUMERICAL]
        _refuse(
            step,
            f"weight column {table.name}.{column.name} is {column.stype} ({column.dtype or 'no type known'})",
            f"a column of numbers: {', '.join(numbers) or f'{table.name} has none'}",
        )


def _check_decay(table: Table, step: Step) -> None:
    if not step.temporal or table.time is None:
        why = "its edge times are waived" if table.time is not None else f"table {table.name!r} has no time"
        _refuse(
            step,
            f"edges were to be weighted by their age, but {why}",
            "a temporal step over a table with a time column, or another strategy",
        )
    if step.half_life is not None and step.half_life <= 0:
        _refuse(step, f"got half_life {step.half_life} us", "a positive length")


def _check_rules(plan: StepPlan) -> None:
    """Choices that hold for the whole plan."""
    if plan.tree and not plan.disjoint:
        raise FanoutError(
            explain(
                "a tree (every draw a node of its own) was asked for",
                "disjoint is False",
                "trees of disjoint plans: a tree shares nothing, and a joint plan shares nodes",
            )
        )
    check_cutoff(plan.cutoff)
    check_budget(plan.max_nodes)
    check_form(plan.subgraph, plan.tree)


def check_cutoff(cutoff: object) -> None:
    """Refuse a cutoff that there is not.

    Raises
    ------
    FanoutError
    """
    if cutoff not in CUTOFFS:
        known, near = " or ".join(map(repr, CUTOFFS)), did_you_mean(str(cutoff), CUTOFFS)
        raise FanoutError(explain("a cutoff was asked for", f"got {cutoff!r}", known, near))


def check_budget(max_nodes: object) -> int | None:
    """A budget of nodes as an int, of whatever library; None is none.

    Raises
    ------
    FanoutError
        If it is no whole number from 1 on, or too large.
    """
    if max_nodes is None:
        return None
    budget = index(max_nodes) if isinstance(max_nodes, SupportsIndex) else 0
    if isinstance(max_nodes, bool) or not 1 <= budget <= LARGEST:
        asked = "a budget of nodes (max_nodes) was asked for"
        raise FanoutError(explain(asked, f"got {max_nodes!r}", "1 .. 2^31 - 1, or None"))
    return budget


def check_form(subgraph: object, tree: bool) -> None:
    """Refuse a form of subgraph that there is not, or not of a tree.

    Raises
    ------
    FanoutError
    """
    if subgraph not in FORMS:
        known, near = ", ".join(map(repr, FORMS)), did_you_mean(str(subgraph), FORMS)
        raise FanoutError(explain("a form of subgraph was asked for", f"got {subgraph!r}", known, near))
    if tree and subgraph == FORMS[2]:
        raise FanoutError(
            explain(
                "an induced subgraph (all edges among its nodes) was asked for",
                "the plan is a tree",
                "disjoint and joint plans: a tree holds a node once per draw, so its edges are those drawn",
                "Use another mode, or subgraph='bidirectional'",
            )
        )


def _check_paths(plan: StepPlan) -> None:
    """Parents and masks of a metapath plan; a fanout plan has neither."""
    if plan.by_path and len(plan) > MOST_PATHS:
        raise FanoutError(
            explain(
                "a plan of metapaths was asked for",
                f"it has {len(plan)} steps",
                f"at most {MOST_PATHS}",
                "Take fewer metapaths, or begin them alike: equal beginnings share their steps",
            )
        )
    for number, step in enumerate(plan):
        if not plan.by_path:
            if step.parent is not None:
                _refuse(
                    step, f"step {number} has parent {step.parent} but no path", "parents in metapath plans"
                )
            continue
        if not 0 < step.paths < 1 << MOST_PATHS:
            got = f"step {number} has path mask {step.paths:#x} in a plan of metapaths"
            _refuse(step, got, f"one bit or more of {MOST_PATHS} in every step")
        _check_parent(plan, number, step)


def _check_parent(plan: StepPlan, number: int, step: Step) -> None:
    if step.hop == 1:
        if step.parent is not None:
            _refuse(step, f"step {number} has parent {step.parent}", "no parent: it expands the seeds")
        return
    if step.parent is None or not 0 <= step.parent < number or plan.steps[step.parent].hop != step.hop - 1:
        _refuse(step, f"step {number} has parent {step.parent}", "an earlier step of the hop before")
    parent = plan.steps[step.parent or 0]
    if parent.edge_type.src != step.edge_type.dst:
        got = f"its parent step {step.parent} draws {parent.edge_type.src!r} along {_text(parent.edge_type)}"
        _refuse(step, got, f"a parent that draws {step.edge_type.dst!r}")
    if step.paths & ~parent.paths:
        got = f"step {number} serves paths {step.paths:#x}, its parent only {parent.paths:#x}"
        _refuse(step, got, "paths that the parent serves too")


def _text(edge_type: EdgeType) -> str:
    return repr(str(edge_type))


def _refuse(step: Step, got: str, allowed: str) -> None:
    raise FanoutError(explain(f"hop {step.hop}, {step.edge_type}", got, allowed))
