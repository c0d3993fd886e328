"""The widest fanout, in the proportions of a given one, whose batches stay within a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from numbers import Real

from workbench.errors import FanoutError, explain
from workbench.plan.cells import Cell, as_draw
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.sampling_plan import SamplingPlan
from workbench.sampling.profile_batches import Profile
from workbench.stores.steps import ALL

WIDEST = 4096.0
"""A fanout is scaled by no more: what has not reached its budget by then is bounded by the graph."""

SMALLEST = 1e-6
"""A share is scaled down no further: one neighbour is the least that any share takes."""

CLOSE = 1.02
"""The search ends where the next candidate is this much wider, or has the same numbers."""


@dataclass(frozen=True)
class Fit:
    """A fanout that fits.

    Attributes
    ----------
    fanout : Fanout or Metapaths
    scale : float  of the given one
    profile : Profile  of what was found
    saturated : bool  True if nothing in the graph is left that a wider one could draw
    """

    fanout: SamplingPlan
    scale: float
    profile: Profile
    saturated: bool

    def __str__(self) -> str:
        why = "; wider changes nothing" if self.saturated else ""
        choices, *hops = self.fanout.lines()
        fanout = "\n".join([f"{choices} (x {self.scale:.3g}{why})", *(f"  {hop}" for hop in hops)])
        return f"{fanout}\n{self.profile}"

    __repr__ = __str__


def fit_fanout(
    measure: Callable[[SamplingPlan], Profile],
    fanout: SamplingPlan,
    *,
    bytes: float | None = None,
    nodes: float | None = None,
    ms: float | None = None,
) -> Fit:
    """Scale all numbers and shares of a fanout together until a batch just fits.

    What is -1 or 0 stays. A profile fits if the *upper* end of its interval does, for each budget given.

    Parameters
    ----------
    measure : profile of a fanout; the same seeds and key each time, so that candidates can be compared
    bytes, nodes, ms : budget of a batch: ``Profile.bytes``, ``nodes``, ``milliseconds``; at least one

    Raises
    ------
    FanoutError
        If there is no budget, only one batch of several was measured, or not even the narrowest fits.
    """
    budget = {"bytes": bytes, "nodes": nodes, "milliseconds": ms}
    given = {name: _number(value) for name, value in budget.items() if value is not None}
    if not given or not all(value > 0 for value in given.values()):
        got = f"got bytes={bytes!r}, nodes={nodes!r}, ms={ms!r}"
        raise FanoutError(explain("a fanout that fits was asked for", got, "one budget or more, above 0"))
    low, found = 1.0, measure(fanout)
    if found.nodes.high == inf:
        got = f"one batch of {found.batches:,} was measured, which says nothing of the others"
        raise FanoutError(explain("a fanout that fits was asked for", got, "two or more", "Say batches=4"))
    if not _fits(found, given):
        low, found = _narrower(measure, fanout, given, found)
    high, wide = _too_wide(measure, fanout, given, low, found)
    if high is None:
        return Fit(scaled(fanout, wide[0]), wide[0], wide[1], True)
    low, found = wide
    while high / low > CLOSE and scaled(fanout, low) != scaled(fanout, high):
        middle = (low * high) ** 0.5
        profile = found if scaled(fanout, middle) == scaled(fanout, low) else measure(scaled(fanout, middle))
        if _fits(profile, given):
            low, found = middle, profile
        else:
            high = middle
    return Fit(scaled(fanout, low), low, found, False)


def _number(value: object) -> float:
    """A budget as a float; NaN, which nothing is larger than, where it is no number."""
    return float(value) if isinstance(value, Real) and not isinstance(value, bool) else nan


def _fits(profile: Profile, budget: dict[str, float]) -> bool:
    return all(getattr(profile, name).high <= most for name, most in budget.items())


def _narrower(
    measure: Callable[[SamplingPlan], Profile],
    fanout: SamplingPlan,
    budget: dict[str, float],
    profile: Profile,
) -> tuple[float, Profile]:
    """The first half, quarter, ... that fits."""
    scale = 1.0
    while scaled(fanout, scale / 2) != scaled(fanout, scale):
        scale /= 2
        profile = measure(scaled(fanout, scale))
        if _fits(profile, budget):
            return scale, profile
    name = next(name for name, most in budget.items() if getattr(profile, name).high > most)
    raise FanoutError(
        explain(
            f"a fanout whose batches fit into {budget[name]:,.6g} {name} was asked for",
            f"{scaled(fanout, scale)!r} needs {getattr(profile, name)}",
            "a budget above that",
            "Take fewer hops, smaller batches, or a larger budget",
        )
    )


def _too_wide(
    measure: Callable[[SamplingPlan], Profile],
    fanout: SamplingPlan,
    budget: dict[str, float],
    scale: float,
    profile: Profile,
) -> tuple[float | None, tuple[float, Profile]]:
    """The first doubling that does not fit (None: there is none), and the last that does."""
    while scale < WIDEST:
        wider = measure(scaled(fanout, 2 * scale))
        if not _fits(wider, budget):
            return 2 * scale, (scale, profile)
        if wider.edges == profile.edges:
            return None, (scale, profile)
        scale, profile = 2 * scale, wider
    return None, (scale, profile)


def scaled(plan: SamplingPlan, factor: float) -> SamplingPlan:
    """The same plan with every number of neighbours (at least 1) and every share (below 1) times a factor."""
    if isinstance(plan, Fanout):
        hops = [{name or "default": _cell(cell, factor) for name, cell in hop} for hop in plan.hops]
        return plan.with_choices(hops=hops)
    assert isinstance(plan, Metapaths)
    paths = [
        Metapath(*path.path, fanouts=[_cell(c, factor) for c in path.fanouts], **path.base.options())
        for path in plan.metapaths
    ]
    return plan.with_choices(metapaths=paths)


def _cell(cell: Cell, factor: float) -> Cell:
    draw = as_draw(cell)
    options = draw.options()
    if draw.cap is not None:
        options["cap"] = _count(draw.cap, factor)
    share = min(max(float(draw.take) * factor, SMALLEST), 0.999)
    take = share if draw.take_is_share else _count(int(draw.take), factor)
    found = Draw(take, **options)
    return take if found.is_plain else found


def _count(number: int, factor: float) -> int:
    return number if number in (0, ALL) else min(max(round(number * factor), 1), (1 << 31) - 1)
