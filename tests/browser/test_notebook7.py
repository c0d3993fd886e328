"""Widgets in plain Notebook 7: run, shown, edited."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = (
    """
import workbench as wb
from widgets import FanoutPicker, SchemaView, SubgraphView

truth = wb.commerce(40, periods=6, seed=0)
wb.ingest(truth.tables, wb.infer_schema(truth.tables), "shop")
engine = wb.open("shop")
task = engine.task(truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end)
plan = wb.ModelPlan(wb.Fanout([4, 2]))
SchemaView(engine)""",
    "picker = FanoutPicker(engine, task, plan)\npicker",
    "view = SubgraphView(engine.sample(task.seeds('val')[:1], picker.fanout), engine).follow(picker)\nview",
)


def test_plain_notebook_7_runs_shows_and_edits_widgets(notebook7):
    desk, page = notebook7, notebook7.page
    page.evaluate(
        "cells => desk.model.sharedModel.insertCells(0, cells.map(source => ({cell_type: 'code', source})))",
        list(CELLS),
    )
    desk.run_all(200)
    page.locator(".wb-schema .wb-type").first.hover()
    assert "rows" in page.locator(".wb-schema .wb-card").inner_text()
    # a cell that runs again leaves no view behind that still follows
    desk.run_cell(2)
    page.wait_for_function("() => desk.content.widgets[2].model.executionCount > 3")
    desk.until("len(picker._listeners) == 1")
    page.locator(".wb-subgraph[data-ready]").wait_for()
    cell = page.get_by_label("neighbours at hop 1 along orders-user_id->users")
    cell.fill("1")
    desk.until("picker.fanout.get(1, 'orders-user_id->users') == 1")
    desk.until("view.worker.wait() and view.subgraph.request.plan.steps[0].fanout == 1")
    page.locator(f".wb-subgraph[data-seq='{desk.python('view._seq')}']").wait_for()
    page.locator(".wb-subgraph canvas").focus()
    cells = len(desk.cells())
    page.keyboard.press("a")  # Notebook's own key for a new cell
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".wb-subgraph[data-card='0']")
    assert len(desk.cells()) == cells
    assert page.locator(".wb-error:visible").count() == 0
