"""What a training step costs, where its time goes, and what encoding each distinct row once saves.

    python benchmarks/training.py [--quick] [--json FILE] [--device auto]

A generated shop, the suggested plan, once as suggested (joint) and once with a neighbourhood per seed; and
rel-f1, where it is at hand, for the time in the encoders alone, of batches as suggested and of 512 seeds.
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
from _races import open_races
from _report import BenchReport, arguments

from workbench.advise.suggest import suggest_plan
from workbench.events import Event, StageTimes, StepDone
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.testing.shop import Shop, open_shop
from workbench.training.begin import start
from workbench.training.build import build_model, fit_for
from workbench.training.devices import pick_device
from workbench.training.loaders import train_loader
from workbench.training.parts import Parts


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


def encoders(report: BenchReport, name: str, parts: Parts, seeds: SeedTable, plan: ModelPlan) -> None:
    """Column encoders of one batch, forward and backward; and with all that depends on a node's anchor too.

    Raises
    ------
    AssertionError
        If both ways do not give the same vectors.
    """
    fitted = fit_for(parts.graph, parts.features, plan, seeds)
    model = build_model(parts.schema, plan, fitted, seeds.node_type).eval()
    latest = seeds[-2 * plan.optimisation.batch_size :]
    once, each = (next(iter(train_loader(parts, plan, latest, 0, expand=expand))) for expand in (False, True))

    def columns(data: Any) -> dict[str, torch.Tensor]:
        """As ``HeteroGNN`` does, per row that the batch holds."""
        held = {kind: data[kind].get("present") for kind in model.node_types}
        return {
            kind: model.get_submodule(f"rows.t_{kind}")(data[kind], len(present))
            for kind, present in held.items()
            if present is not None
        }

    def nodes(data: Any) -> dict[str, torch.Tensor]:
        anchors = data[seeds.node_type].seed_time
        return {kind: model.encode_nodes(data[kind], kind, anchors) for kind in model.node_types}

    with torch.no_grad():
        vectors = [nodes(data) for data in (once, each)]
    assert all(torch.allclose(vectors[0][kind], vectors[1][kind], atol=1e-5) for kind in vectors[0])
    counts = {
        "nodes": sum(int(store.num_nodes) for store in once.node_stores),
        "rows": sum(len(store["present"]) for store in once.node_stores if "present" in store),
    }
    for what, encode in (("column encoders", columns), ("encoders, ages too", nodes)):
        seconds: dict[str, list[float]] = {"once": [], "each": []}
        for _ in range(15):  # A B A B: load from elsewhere falls on both
            for way, data in (("once", once), ("each", each)):
                began = time.process_time()
                torch.cat(list(encode(data).values())).square().mean().backward()  # type: ignore[no-untyped-call]
                seconds[way].append(time.process_time() - began)
        fast, slow = (statistics.median(seconds[way]) for way in ("once", "each"))
        case = f"{name}, {plan.optimisation.batch_size} seeds: {what}, each distinct row once"
        report.add(case, fast * 1e3, "cpu ms", reference="one row per node", ratio=slow / fast, **counts)


def races(report: BenchReport, folder: Path, quick: bool) -> None:
    """Encoders over rel-f1, under the suggested plan and over two hops of 16 and 8."""
    opened = open_races(folder)
    if opened is None:
        return
    engine, task = opened
    plan, seeds = engine.suggest_plan(task), task.seeds("train")
    fanout = Fanout([16, 8], strategy="recent", disjoint=True)
    for title, each in (("suggested", plan), ("[16, 8]", plan.replace(fanout=fanout, layers=2))):
        for size in [plan.optimisation.batch_size, *([] if quick else [512])]:
            encoders(report, f"rel-f1, {title}", engine.parts, seeds, each.replace(batch_size=size))


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
        races(report, Path(folder) / "f1", options.quick)
    report.finish(options.json)


if __name__ == "__main__":
    main()
