"""The quickstart in a real JupyterLab: edit a fanout, watch the picture follow, cancel, predict."""

import shutil
import time
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "00_quickstart.ipynb"
FLIGHTS = "flights-tailnum->planes"
PIXELS = "canvas => canvas.toDataURL()"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_quickstart_is_driven_by_hand(desk):
    train = opened(desk, "by_hand.ipynb")
    desk.run_above(train, 240)
    edits_the_fanout(desk)
    points_at_the_seed(desk)
    trains_and_cancels(desk, train)
    desk.screenshot("run-cancelled", desk.page.locator(".wb-run"))


def test_the_quickstart_runs_by_itself(desk):
    opened(desk, "by_itself.ipynb")
    desk.run_all(560)  # seconds; a few days take half a minute, the whole notebook some minutes
    desk.page.wait_for_selector('.wb-run[data-ready="true"]')
    assert desk.python("run.state") in ("finished", "stopped early")
    assert desk.page.locator(".wb-run").get_attribute("data-state") == desk.python("run.state")
    assert desk.page.locator(".wb-run").count() == 1
    assert desk.page.locator(".wb-error:visible").count() == 0
    assert 0 <= desk.python("run.metrics('test')['auroc']") <= 1
    assert (desk.lab.folder / "stores" / "late_tonight.parquet").stat().st_size > 0
    points_at_the_seed(desk)
    takes_pictures(desk)


def test_the_saved_notebook_shows_its_pictures_before_it_is_trusted(desk):
    opened(desk, "saved.ipynb")
    pictures = desk.page.locator(".jp-OutputArea img[src^='data:image/svg+xml']")
    pictures.first.wait_for()
    assert pictures.count() == 3
    assert "nodes and" in pictures.nth(1).get_attribute("alt")


def opened(desk, name):
    """Open a copy of the quickstart; the index of the cell that trains."""
    shutil.copy(NOTEBOOK, desk.lab.folder / name)
    desk.open(name)
    return next(i for i, source in enumerate(desk.cells()) if "engine.train" in source)


def edits_the_fanout(desk):
    page, canvas = desk.page, desk.page.locator(".wb-subgraph canvas")
    page.wait_for_selector('.wb-fanout[data-cost="ready"]')
    page.wait_for_selector('.wb-subgraph[data-ready="true"]')
    before, pixels = desk.python(f"picker.fanout.get(1, '{FLIGHTS}')"), canvas.evaluate(PIXELS)
    seq = int(page.locator(".wb-subgraph").get_attribute("data-seq"))
    cost = page.locator(".wb-cost").inner_text()

    page.get_by_label(f"neighbours at hop 1 along {FLIGHTS}").fill("3")
    page.wait_for_function("seq => Number(document.querySelector('.wb-subgraph').dataset.seq) > seq", arg=seq)
    page.wait_for_function(
        "cost => document.querySelector('.wb-fanout').dataset.cost === 'ready'"
        " && document.querySelector('.wb-cost').innerText !== cost",
        arg=cost,
    )

    assert before > 3
    assert desk.python(f"picker.fanout.get(1, '{FLIGHTS}')") == 3
    assert desk.python("picker.plan.fanout == picker.fanout and plan.fanout != picker.fanout")
    assert canvas.evaluate(PIXELS) != pixels
    nodes = desk.python("engine.sample(task.seeds('val')[:1], picker.fanout).num_nodes")
    assert page.locator(".wb-subgraph .wb-caption").inner_text().startswith(f"{nodes:,} nodes")
    # what is not a fanout is not sent, and does not stay in sight
    field = page.get_by_label(f"neighbours at hop 1 along {FLIGHTS}")
    field.fill("-7")
    assert field.get_attribute("aria-invalid") == "true"
    field.press("Tab")
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("3", "false")
    # 3 is too few to look at: the fanout of the plan is put back
    page.get_by_role("button", name="Reset").click()
    page.wait_for_selector('.wb-fanout[data-cost="ready"]')
    assert desk.python("picker.plan == plan")


def points_at_the_seed(desk):
    page, canvas = desk.page, desk.page.locator(".wb-subgraph canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".wb-subgraph[data-card]")
    card = page.locator(".wb-card").inner_text()
    assert desk.python("task.seeds('val')[:1].key[0].as_py()") in card
    assert "2013-09-15 14:00:00" in card


def trains_and_cancels(desk, train):
    """With epochs without end, so that there is something to cancel."""
    page, source = desk.page, desk.cells()[train]
    desk.set_source(train, source.replace("picker.plan", "picker.plan.replace(epochs=999, patience=999)"))
    desk.run_cell(train)
    page.wait_for_selector('.wb-run[data-state="running"]')
    page.wait_for_function(
        "() => Number(document.querySelector('.wb-run').dataset.epochs) >= 2", timeout=200_000
    )
    desk.set_source(train, source)
    assert desk.python("run.state") == "running"

    page.get_by_role("button", name="Cancel").click()
    clicked = time.monotonic()
    page.wait_for_selector('.wb-run[data-state="cancelled"]', timeout=60_000)
    assert time.monotonic() - clicked < 30
    assert desk.python("run.wait().state") == "cancelled"
    assert len(desk.python("[e.epoch for e in run.history]")) >= 2
    assert page.locator(".wb-run .wb-error:visible").count() == 0


def takes_pictures(desk):
    """``quickstart.png`` is the README's picture."""
    desk.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
    panel = desk.page.locator(".jp-NotebookPanel")
    for theme, name in (("Dark", "quickstart-dark"), ("Light", "quickstart")):
        desk.theme(theme)
        desk.page.locator(".wb-fanout").evaluate("node => node.scrollIntoView()")
        desk.screenshot(name, panel)
