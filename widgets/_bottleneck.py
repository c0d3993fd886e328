"""Where the time of a run goes, and what to change, in one sentence. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Mapping

LOADING = ("sample", "fetch", "assemble", "convert")
"""Stages of the loader's threads, which run beside the training."""

TRAINING = ("wait", "transfer", "forward", "backward", "optimise", "validate")
"""Stages of the training thread, one after the other."""

LITTLE = 0.5
"""Seconds of training below which nothing is said: a first batch tells of compiling."""

FASTER = {
    "sample": "Narrow the fanout (FanoutPicker shows its cost), or let seeds of an anchor share "
    "neighbours: mode='joint'",
    "fetch": "Give features more memory, wb.open(path, feature_budget=...), lay rows out for the plan, "
    "engine.reorder(plan, seeds), or leave columns out: plan.exclude",
    "assemble": "Narrow the fanout or take a smaller batch_size: joining grows with its nodes",
    "convert": "Narrow the fanout or take a smaller batch_size: converting grows with its edges",
}
"""Stage of the loader -> what makes it cheaper."""


def bottleneck(times: Mapping[str, float], device: str = "cpu") -> str:
    """What training spends the most of its time on, and what to change; empty if too little is known.

    Parameters
    ----------
    times : stage -> seconds, of both threads
    device : type of the device that computes
    """
    spent = {stage: times.get(stage, 0.0) for stage in TRAINING}
    total = sum(spent.values())
    if total < LITTLE:
        return ""
    compute = spent["forward"] + spent["backward"] + spent["optimise"]
    held = {"wait": spent["wait"], "transfer": spent["transfer"], "validate": spent["validate"]}
    worst = max({**held, "compute": compute}.items(), key=lambda item: item[1])
    percent = f"{100 * worst[1] / total:.0f} %"
    if worst[0] == "wait":
        slowest = max(LOADING, key=lambda stage: times.get(stage, 0.0))
        return (
            f"Training waits for batches {percent} of the time, most of all for {slowest}. {FASTER[slowest]}."
        )
    if worst[0] == "validate":
        do = "Validate on fewer seeds: eval_windows= of the task"
        return f"Validation takes {percent} of the time. {do}."
    if worst[0] == "transfer":
        do = "Narrow the fanout, or leave columns out: plan.exclude"
        return f"Moving batches to the device takes {percent} of the time. {do}."
    do = "Take fewer channels or layers, or a narrower fanout"
    do += "" if device == "cuda" else "; a GPU computes faster: device='cuda'"
    return f"The model itself takes {percent} of the time (forward, backward, optimise). {do}."
