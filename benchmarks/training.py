"""What a training step costs, where its time goes, and what encoding each distinct row once saves.

    python benchmarks/training.py [--quick] [--json FILE] [--device auto]

A generated shop, the suggested plan, once as suggested (joint) and once with a neighbourhood per seed.
Seconds are wall time of the training thread per step, the median over the steps of one epoch after a warm
one; ``cpu`` is the CPU time of the whole process, its loader threads included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from _report import BenchReport, arguments

from workbench.advise.suggest import suggest_plan
from workbench.events import Event, StageTimes, StepDone
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop, open_shop
from workbench.training.begin import start
from workbench.training.build import build_model, fit_for
from workbench.training.devices import pick_device
from workbench.training.loaders import train_loader


class Meter:
    """Collects the stages and the seeds of every epoch but the first."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = defaultdict(list)
        self.seeds = 0
        self.clock: list[tuple[float, float]] = []

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, StageTimes) and event.epoch > 1 and "validate" not in event.stages:
            for name, seconds in event.stages.items():
                self.stages[name].append(seconds)
        elif isinstance(event, StepDone) and event.epoch > 1:
            self.seeds += event.seeds
            self.clock.append((time.perf_counter(), time.process_time()))


def measure(report: BenchReport, shop: Shop, plan: ModelPlan, case: str, device: str) -> None:
    """Two epochs; figures are of the second."""
    meter = Meter()
    start(shop.parts, shop.task, plan.replace(epochs=2), callbacks=[meter], device=device).wait()
    wall, cpu = (end - begin for begin, end in zip(meter.clock[0], meter.clock[-1], strict=True))
    steps = len(meter.clock) - 1
    memory = torch.cuda.max_memory_allocated() / 2**20 if pick_device(device).type == "cuda" else None
    report.add(f"{case}: seeds", meter.seeds / wall, "seeds/s", steps=steps, device_mib=memory)
    report.add(f"{case}: step", wall / steps * 1e3, "ms", cpu_ms=cpu / steps * 1e3)
    for name, seconds in meter.stages.items():
        report.add(f"{case}: {name}", statistics.median(seconds) * 1e3, "ms/batch")


def encoding(report: BenchReport, shop: Shop, plan: ModelPlan) -> None:
    """Forward passes of one batch, with distinct rows and with one row per node."""
    seeds = shop.task.seeds("train")
    fitted = fit_for(shop.parts.graph, shop.parts.features, plan, seeds)
    model = build_model(shop.parts.schema, plan, fitted, seeds.node_type).eval()
    latest = seeds[-4 * plan.optimisation.batch_size :]
    once, each = (
        next(iter(train_loader(shop.parts, plan, latest, 0, expand=expand))) for expand in (False, True)
    )
    seconds: dict[str, list[float]] = {"once": [], "each": []}
    with torch.no_grad():
        for _ in range(12):  # A B A B: load from elsewhere falls on both
            for name, data in (("once", once), ("each", each)):
                began = time.thread_time()
                model(data)
                seconds[name].append(time.thread_time() - began)
    fast, slow = (statistics.median(seconds[name]) for name in ("once", "each"))
    nodes = sum(int(store.num_nodes) for store in once.node_stores)
    rows = sum(len(store["present"]) for store in once.node_stores if "present" in store)
    report.add("forward, each distinct row once", fast * 1e3, "cpu ms", nodes=nodes, rows=rows)
    report.add(
        "forward, one row per node",
        slow * 1e3,
        "cpu ms",
        reference="each distinct row once",
        ratio=slow / fast,
    )


def main() -> None:
    """Run and report."""
    parser = arguments(str(__doc__).split("\n")[0])
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    options: Any = parser.parse_args()
    report = BenchReport("training")
    with tempfile.TemporaryDirectory() as folder:
        shop = open_shop(Path(folder) / "shop", users=300 if options.quick else 4_000, periods=12)
        joint = suggest_plan(shop.task, shop.parts)
        joint = joint.replace(fanout=joint.fanout.with_choices(disjoint=False))
        alone = joint.replace(fanout=joint.fanout.with_choices(disjoint=True))
        torch.set_num_threads(1)
        measure(report, shop, joint, "joint", options.device)
        measure(report, shop, alone, "disjoint", options.device)
        encoding(report, shop, alone)
    report.finish(options.json)


if __name__ == "__main__":
    main()
