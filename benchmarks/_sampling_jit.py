"""What compiling costs: a process with an empty cache, then one that finds what the first has compiled.

As a script it samples, and prints CPU seconds: of the import, and from then on to the end of the batches.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def child(every: bool, cache: str) -> dict[str, float]:
    """CPU seconds of a fresh process: ``start`` (interpreter and import), ``first`` batch, ``every`` kind."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, str(Path(__file__).resolve()), *(["every"] if every else [])]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def cold_and_warm() -> tuple[dict[str, float], dict[str, float]]:
    """(a process that compiles every sampling kernel, a process that finds them compiled)."""
    with tempfile.TemporaryDirectory() as cache:
        cold = child(every=True, cache=cache)
        return cold, child(every=False, cache=cache)


def main() -> None:
    """Sample, and print what it took."""
    from _sampling_graphs import BOUGHT, BUYERS, WEIGHT, Case, shop

    from workbench.plan.fanout import Fanout
    from workbench.plan.metapath import Metapath, Metapaths
    from workbench.plan.sampling_plan import SamplingPlan

    graph, late = shop(50, 20, 2000), (1_000_000, 2_000_000)
    plans: list[SamplingPlan] = [Fanout([5, 5])]
    if "every" in sys.argv:
        plans += [
            Fanout([5, 5], mode="joint"),
            Fanout([5, 5], mode="tree", strategy="recent", window=1_500_000, strict=True),
            Fanout([5, 5], weight=WEIGHT),
            Fanout([0.2, 5], half_life=100_000, cutoff="path", max_nodes=20),
            Fanout([5, 5], replace=True),
            Metapaths([Metapath(BOUGHT, BUYERS, fanouts=5)]),
        ]
    took = {"start": time.process_time()}
    for number, plan in enumerate(plans):
        for request in Case("", graph, "users", plan, late).requests(1, 8, number):
            graph.sample(request)
        if number == 0:
            took["first"] = time.process_time() - took["start"]
    took["every"] = time.process_time() - took["start"]
    print(json.dumps(took))


if __name__ == "__main__":
    main()
