"""Widgets in a real JupyterLab in headless Chromium, timed by the page's own clock; see ``widgets.py``."""

from __future__ import annotations

import importlib.util
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from _report import BenchReport
from _widgets_shop import FANOUTS

ROOT = Path(__file__).resolve().parents[1]

REPEATS = 7

LIMITS = {"first-paint": 1500, "edit-to-paint": 250, "one-more-hop": 100, "fanout-edit-to-cost": 200}
"""Milliseconds at the largest size."""

SETUP = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "benchmarks")!r}]
from _widgets_shop import large_shop, picture_plan, picture_shop
from widgets import FanoutPicker, SubgraphView
engine, task = picture_shop({{rows}})
"""

PICKER = "picker = FanoutPicker(engine, task, picture_plan({nodes})).wait()\npicker"
VIEW = """sample = engine.sample(task.seeds("val")[:1], picker.fanout)
view = SubgraphView(sample, engine).follow(picker)
view"""
LARGE = "large = FanoutPicker(*large_shop({edges})).wait()\nlarge"

SINCE = """([ask, done]) => new Promise((resolve) => {
    const isDone = eval(done), begin = performance.now();
    const end = () => setTimeout(() => resolve(performance.now() - begin));
    const look = () => requestAnimationFrame(() => isDone() ? end() : look());
    eval(ask)();
    look();
})"""
"""Milliseconds from asking until the frame after the one that found it done."""


def cell(source: str) -> dict[str, Any]:
    """A code cell of a notebook file."""
    empty: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return {**empty, "source": source, "id": f"cell-{abs(hash(source))}"[:60]}


@contextmanager
def jupyter(cells: list[str]) -> Iterator[Any]:
    """A desk of the browser tests with a notebook of these cells open; its first cell has run."""
    spec = importlib.util.spec_from_file_location("desk", ROOT / "tests" / "browser" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    tests: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    from playwright.sync_api import sync_playwright

    chromium = tests.find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on PATH: get it with `apt-get install chromium`")
    notebook: dict[str, Any] = {
        "cells": [cell(source) for source in cells],
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    notebook["metadata"] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
    }
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home) / "work"
        folder.mkdir()
        (folder / "bench.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        lab = tests.Lab(folder)
        browser = playwright.chromium.launch(executable_path=chromium, args=tests.FLAGS)
        try:
            lab.wait()
            desk = tests.Desk(browser.new_page(viewport={"width": 1120, "height": 1750}), lab)
            desk.open("bench.ipynb")
            yield desk
        finally:
            browser.close()
            lab.stop()


def run_cell(desk: Any, index: int) -> float:
    """Milliseconds until the widget that a cell shows is painted."""
    node = f"desk.content.widgets[{index}].node.querySelector('.wb')"
    ask = f"() => {{ window.old = {node}; desk.content.activeCellIndex = {index};"
    ask += " jupyterapp.commands.execute('notebook:run-cell'); }"
    done = f"() => {node} && {node} !== window.old && {node}.dataset.ready"
    return since(desk, ask, done)


def edit(desk: Any, picker: str, shown: str, value: int) -> float:
    """Milliseconds from a new number in a picker's first cell until ``shown`` has followed."""
    write = "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, {value});"
    ask = f"() => {{ const input = document.querySelector('{picker} td input:not(:disabled)');"
    ask += f"window.seq = Number(document.querySelector('{shown}').dataset.seq);" + write.format(value=value)
    ask += " input.dispatchEvent(new Event('input')); }"
    now = f"document.querySelector('{shown}').dataset"
    done = f"() => Number({now}.seq) > window.seq && (!{now}.cost || {now}.cost === 'ready')"
    return since(desk, ask, done)


def edit_in_turn(desk: Any, shown: str, values: list[int], turn: int) -> float:
    """An edit of the picker, each to another value than the one before."""
    return edit(desk, ".wb-fanout", shown, values[turn % 2])


def one_more_hop(desk: Any) -> float:
    """Milliseconds from Enter on a node of the outermost ring, another one each time."""
    press = "canvas.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}));"
    desk.page.evaluate("() => { const canvas = document.querySelector('.wb-subgraph canvas');"
                       + press % "ArrowRight" + 2 * (press % "ArrowLeft") + "}")  # fmt: skip
    ask = "() => { const canvas = document.querySelector('.wb-subgraph canvas');"
    ask += "window.seq = Number(document.querySelector('.wb-subgraph').dataset.seq);" + press % "Enter" + "}"
    return since(desk, ask, "() => Number(document.querySelector('.wb-subgraph').dataset.seq) > window.seq")


def since(desk: Any, ask: str, done: str) -> float:
    """Milliseconds, as the page measures them; what is running meanwhile is waited for."""
    found = float(desk.page.evaluate(SINCE, [ask, done]))
    desk.page.wait_for_function("() => desk.sessionContext.session.kernel.status === 'idle'")
    return found


def add(report: BenchReport, case: str, measured: Callable[[int], float], repeats: int, **more: Any) -> None:
    """The median of several, compared with its limit; the first, with everything cold, does not count."""
    measured(0)
    values = [measured(number) for number in range(1, repeats + 1)]
    value = statistics.median(values)
    limit = next((most for name, most in LIMITS.items() if name in case), None)
    reference, ratio = (f"{limit:,} ms", limit / value) if limit else (None, None)
    report.add(case, value, "ms", reference=reference, ratio=ratio, fastest=min(values), **more)


def measure_views(desk: Any, report: BenchReport, repeats: int) -> None:
    """Pictures of every size: cells 1 (picker) and 2 (view)."""
    for nodes, (first, _) in FANOUTS.items():
        desk.set_source(1, PICKER.format(nodes=nodes))
        run_cell(desk, 1)
        add(report, f"subgraph-first-paint-{nodes}", lambda _: run_cell(desk, 2), repeats)
        report.rows[-1]["nodes"] = desk.python("view.subgraph.num_nodes")
        run_cell(desk, 1)  # a picker that only one picture follows
        run_cell(desk, 2)
        value = [first - 1, first]
        follow = partial(edit_in_turn, desk, ".wb-subgraph", value)
        add(report, f"subgraph-edit-to-paint-{nodes}", follow, repeats)
        add(report, f"subgraph-one-more-hop-{nodes}", lambda _: one_more_hop(desk), repeats)


def weigh(desk: Any, report: BenchReport) -> None:
    """Scripts, and the saved notebook."""
    scripts = sum(path.stat().st_size for path in (ROOT / "widgets" / "static").glob("*.js")) / 1e3
    report.add("js-kilobytes", scripts, "kB", reference="60 kB", ratio=60 / scripts)
    desk.page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save'); }")
    saved = (desk.lab.folder / "bench.ipynb").stat().st_size / 1e3
    report.add("notebook-kilobytes", saved, "kB", reference="1,000 kB", ratio=1000 / saved)


def measure(report: BenchReport, edges: int, quick: bool) -> None:
    """All cases."""
    rows, repeats = (800_000, 2) if quick else (8_000_000, REPEATS)
    cells = [SETUP.format(rows=rows), PICKER.format(nodes=200), VIEW, LARGE.format(edges=edges)]
    with jupyter(cells) as desk:
        desk.page.set_default_timeout(600_000)
        desk.run_above(1, 600)
        measure_views(desk, report, repeats)
        weigh(desk, report)
        for cell in (1, 2):  # a picture that follows would take its share of the time
            desk.set_source(cell, "")
            desk.run_cell(cell)
        desk.run_cell(3)
        desk.page.wait_for_selector('.wb-fanout[data-cost="ready"]')
        cost = partial(edit_in_turn, desk, ".wb-fanout", [12, 13])
        add(report, "fanout-edit-to-cost", cost, repeats, edges=edges)
