"""What the demo predicts, and how its plan differs from the suggested one."""

from __future__ import annotations

from typing import Any

from workbench.engine import Engine
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.temporal import MICROSECONDS, iso

QUERY = (
    "PREDICT COUNT(flights.* WHERE flights.arr_delay > 30, 0, 6, hours) > 0 FOR EACH planes.tailnum "
    "ASSUMING COUNT(flights.*, 0, 6, hours) > 0"
)
"""Will a plane that lands in the next six hours be more than half an hour late?

A plane's own record says little about it; what its airline and its airports went through in the last
hours says more, and that is two to three hops away.
"""

VAL, TEST = 0.75, 0.833
"""Where validation and test begin, as shares of the recorded days: 1 October and 1 November."""

HOUR = 14
"""Anchors are every day at two in the afternoon: the morning is known, the evening is asked for."""


def boundaries(engine: Engine) -> dict[str, Any]:
    """Options of the task: val and test days for however much of the year there is."""
    times = engine.graph.times("flights")
    assert times is not None
    day = MICROSECONDS["days"]
    first, last = int(times[0]) // day, int(times[engine.dataset.manifest.dated_rows["flights"] - 1]) // day
    val, test = (
        iso((first + round(share * (last - first))) * day + HOUR * MICROSECONDS["hours"])
        for share in (VAL, TEST)
    )
    return {"val": val, "test": test, "every": "1 days"}


def tuned(plan: ModelPlan) -> ModelPlan:
    """The suggested plan with the demo's changes: a leaner second hop, a fuller third, half the width."""
    fanout = Fanout(
        [
            {"flights-tailnum->planes": 8},
            {
                "airlines-rev_carrier->flights": 1,
                "airports-rev_origin->flights": 1,
                "airports-rev_dest->flights": 1,
            },
            {
                "flights-carrier->airlines": 32,
                "flights-origin->airports": 32,
                "flights-dest->airports": 16,
                "weather-origin->airports": 2,
            },
        ],
        strategy="recent",
        disjoint=plan.fanout.disjoint,
    )
    kept = tuple(reason for reason in plan.reasons if reason[0] in ("recent", "joint"))
    changed = (
        ("fanout", "eight flights place a plane; what counts is the last hours of its airline and airports"),
        ("32 channels", "as good here as 64, in half the time"),
    )
    return plan.replace(fanout=fanout, channels=32, epochs=8, reasons=(*kept, *changed))
