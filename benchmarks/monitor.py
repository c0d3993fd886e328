"""What watching a training costs it: processor time of its thread a step, with RunMonitor and without.

    python benchmarks/monitor.py [--quick] [--json FILE]

A generated shop and its suggested plan, trained in a Jupyter kernel that sends each update of the widget, in
turns with and without the monitor (A B A B: load from elsewhere falls on both). Figures are means over all
steps after the first epoch, the median of the turns; the ratio is with the monitor to without.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from _report import BenchReport, arguments
from jupyter_client.manager import start_new_kernel

import workbench as wb
from widgets import RunMonitor
from workbench.events import Callback, Event, StepDone
from workbench.testing.shop import open_shop

WAYS = ("watched", "alone")
CLOCKS = ("training thread, CPU", "process, CPU", "wall")


class StepClocks:
    """A callback that reads the clocks at every step after the first epoch; it stands last of them."""

    def __init__(self) -> None:
        self.read: list[tuple[float, float, float]] = []

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, StepDone) and event.epoch > 1:
            self.read.append((time.thread_time(), time.process_time(), time.perf_counter()))

    def means(self) -> list[float]:
        """Seconds a step by each clock."""
        return [
            (last - first) / (len(self.read) - 1)
            for first, last in zip(self.read[0], self.read[-1], strict=True)
        ]


def trained(engine: wb.Engine, task: wb.Task, plan: wb.ModelPlan, watched: bool) -> list[float]:
    """Seconds a step by each clock, of one training."""
    clocks = StepClocks()
    callbacks: list[Callback] = [RunMonitor()] if watched else []
    engine.train(task, plan, callbacks=[*callbacks, clocks], device="cpu").wait()
    return clocks.means()


def compare(folder: str, users: int, epochs: int, turns: int) -> dict[str, list[list[float]]]:
    """Runs in the kernel: the clocks of each turn, watched and alone."""
    shop = open_shop(Path(folder) / "shop", users=users, periods=10)
    engine = wb.Engine(shop.parts.dataset, shop.parts.graph, shop.parts.features)
    plan = engine.suggest_plan(shop.task).replace(epochs=epochs, patience=epochs)
    trained(engine, shop.task, plan.replace(epochs=2), watched=True)  # compiles
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for _ in range(turns):
        for way in WAYS:
            found[way].append(trained(engine, shop.task, plan, watched=way == "watched"))
    return found


def in_kernel(call: str, seconds: float) -> tuple[Any, int]:
    """The JSON value of an expression over this module in a fresh kernel, and how many updates it sent.

    Raises
    ------
    RuntimeError
        If it fails there.
    """
    here = str(Path(__file__).parent)
    manager, client = start_new_kernel(kernel_name="python3", cwd=here)
    told: list[dict[str, Any]] = []
    code = (
        f"import sys; sys.path.insert(0, {here!r}); import json, monitor; print(json.dumps(monitor.{call}))"
    )
    try:
        reply = client.execute_interactive(code, timeout=seconds, output_hook=told.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{call} failed in the kernel: {reply['content']['evalue']}")
    texts = [
        m["content"]["text"] for m in told if m["msg_type"] == "stream" and m["content"]["name"] == "stdout"
    ]
    return json.loads("".join(texts).splitlines()[-1]), sum(m["msg_type"] == "comm_msg" for m in told)


def main() -> None:
    """Run and report."""
    options: Any = arguments(str(__doc__).split("\n")[0]).parse_args()
    users, epochs, turns = (60, 3, 1) if options.quick else (600, 4, 3)
    with tempfile.TemporaryDirectory() as folder:
        call = f"compare({folder!r}, {users}, {epochs}, {turns})"
        found, updates = in_kernel(call, 1_500)
    report = BenchReport("monitor")
    for place, clock in enumerate(CLOCKS):
        watched, alone = (statistics.median(turn[place] for turn in found[way]) for way in WAYS)
        more = {"less_is_better": True, "turns": turns, "updates": updates, "without_ms": alone * 1e3}
        case = f"watched step, {clock}"
        report.add(case, watched * 1e3, "ms", reference="without a monitor", ratio=watched / alone, **more)
    report.finish(options.json)


if __name__ == "__main__":
    main()
