"""A training in a real JupyterLab: watched, cancelled within a second in each way, resumed."""

import time

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOP = r"""
import workbench as wb
from widgets import CutoffCheck, RunMonitor

truth = wb.commerce(150, periods=6, seed=0)
wb.ingest(truth.tables, wb.infer_schema(truth.tables), "monitored")
engine = wb.open("monitored")
task = engine.task(truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end)
plan = engine.suggest_plan(task).replace(epochs=9999, patience=9999, batch_size=32)
"""

TRAIN = "run = engine.train(task, plan, callbacks=[RunMonitor()])"
CHECK = "check = CutoffCheck(engine.sample(task.seeds('val')[:40], plan.fanout), engine)\ncheck"
WAIT = "run.wait()"

DRAG_SECONDS = 10.0


def test_a_training_is_watched_cancelled_and_resumed(desk):
    desk.write("monitor.ipynb", [SHOP, TRAIN, CHECK, WAIT])
    desk.run_above(3, 200)
    watches(desk)
    drags_a_slider_meanwhile(desk)
    takes_pictures(desk)
    subshells(desk, "perCommTarget")
    cancels(desk, "with a subshell")
    resumes(desk)
    desk.run_cell(3)  # a cell that waits for the run
    cancels(desk, "with a subshell, beside a busy cell")
    resumes(desk)
    interrupts_the_kernel(desk)
    subshells(desk, "disabled")
    resumes(desk)
    cancels(desk, "without subshells")
    assert desk.page.locator(".wb-run .wb-error:visible").count() == 0


def watches(desk):
    page, root = desk.page, desk.page.locator(".wb-run")
    page.wait_for_function(
        "() => Number(document.querySelector('.wb-run').dataset.epochs) >= 2", timeout=60_000
    )
    for text in ("seeds/s", "at most", "best auroc"):
        root.locator(".wb-caption", has_text=text).first.wait_for()
    root.locator(".wb-caption", has_text="cores").first.wait_for()
    root.locator(".wb-advice", has_text="% of the time").wait_for()
    for title, stage in (("training", "backward"), ("loader", "sample")):
        assert stage in root.locator(f".wb-stages[aria-label^='{title}']").get_attribute("aria-label")
    assert root.get_by_role("button", name="Resume").is_hidden()


def drags_a_slider_meanwhile(desk):
    """By the mouse, to and fro, for ten seconds of training: where it is let go, there the value is."""
    page, slider = desk.page, desk.page.get_by_label("cutoff, in steps from the anchor")
    slider.scroll_into_view_if_needed()
    before, began = desk.python("run.history[-1].epoch"), time.monotonic()
    y, left, wide = holds(page, slider)
    moves = 0
    while time.monotonic() - began < DRAG_SECONDS:
        moves += 1
        page.mouse.move(left + wide * (moves * 37 % 100) / 100, y)
    page.mouse.move(left + wide / 4, y)
    page.mouse.up()
    shown = int(slider.input_value())
    lag = "check.worker.wait() and -check.table.lag // check.table.axis.step"
    for _ in range(50):
        if desk.python(lag) == shown:
            break
        page.wait_for_timeout(100)
    assert desk.python(lag) == shown != 0
    assert moves > 100
    assert desk.python("run.state") == "running"
    assert desk.python("run.history[-1].epoch") > before


def holds(page, slider):
    """Press the mouse on a slider: its height in the page, its left end and its length.

    The monitor above it may grow by a line at that moment: then the press went past it.
    """
    for _ in range(20):
        box = slider.bounding_box()
        y, left, wide = box["y"] + box["height"] / 2, box["x"] + 10, box["width"] - 20
        page.mouse.move(left + wide / 2, y)
        page.mouse.down()
        if slider.evaluate("node => node === document.activeElement"):
            return y, left, wide
        page.mouse.up()
    raise AssertionError("the slider was never hit")


def cancels(desk, how):
    """The run says so within a second of the click, by its own clock and in sight."""
    page = desk.page
    steps = int(page.locator(".wb-run").get_attribute("data-steps"))
    page.wait_for_function("n => Number(document.querySelector('.wb-run').dataset.steps) > n", arg=steps)
    took = page.evaluate(
        """() => new Promise(done => {
            const [root, began] = [document.querySelector('.wb-run'), performance.now()];
            const look = () => root.dataset.state === 'cancelled' && done((performance.now() - began) / 1000);
            new MutationObserver(look).observe(root, {attributes: true});
            root.querySelector('.wb-cancel').click();
        })"""
    )
    assert took < 1.0, how
    assert desk.python("run.state") == "cancelled"
    assert page.get_by_role("button", name="Resume").is_visible()


def resumes(desk):
    page, root = desk.page, desk.page.locator(".wb-run")
    epochs, best = desk.python("len(run.history)"), desk.python("[e.value for e in run.history]")
    root.get_by_role("button", name="Resume").click()
    page.wait_for_selector('.wb-run[data-state="running"]')
    page.wait_for_function(
        "n => Number(document.querySelector('.wb-run').dataset.epochs) > n", arg=epochs, timeout=60_000
    )
    assert page.locator(".wb-run").count() == 1
    assert desk.python("[e.value for e in run.history]")[:epochs] == best


def interrupts_the_kernel(desk):
    """While a cell waits for the run, the kernel's interrupt is a cancel."""
    page = desk.page
    desk.run_cell(3)
    page.wait_for_function("() => desk.sessionContext.session.kernel.status === 'busy'")
    took = page.evaluate(
        """() => new Promise(done => {
            const [root, began] = [document.querySelector('.wb-run'), performance.now()];
            const look = () => root.dataset.state === 'cancelled' && done((performance.now() - began) / 1000);
            new MutationObserver(look).observe(root, {attributes: true});
            desk.sessionContext.session.kernel.interrupt();
        })"""
    )
    assert took < 1.0
    desk.wait_run(30)
    assert "cancelled" in page.locator(".jp-Cell").nth(3).inner_text()


def subshells(desk, mode):
    """How messages of widgets travel: ``disabled`` is the main shell, as of kernels without subshells."""
    desk.page.evaluate("mode => desk.sessionContext.session.kernel.commsOverSubshells = mode", mode)
    apart = "subshell => subshell ? comms().every(c => c.subshellId) : comms().every(c => !c.subshellId)"
    comms = "const comms = () => [...desk.sessionContext.session.kernel._comms.values()];"
    desk.page.wait_for_function(
        f"subshell => {{ {comms} return ({apart})(subshell); }}", arg=mode != "disabled"
    )


def takes_pictures(desk):
    """The light one is the picture of docs/widgets."""
    desk.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
    root = desk.page.locator(".wb-run")
    for theme in ("Dark", "Light"):
        desk.theme(theme)
        root.scroll_into_view_if_needed()
        assert desk.screenshot(f"run-{theme.lower()}", root).stat().st_size < 100_000
