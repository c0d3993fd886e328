"""Workbench in a real JupyterLab: from tables to a file of predictions by clicking and typing alone."""

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPEN = r"""
import workbench as wb
from widgets import Workbench

truth = wb.commerce(120, periods=6, seed=0)
hostile = "<img src=x onerror='window.hacked=1'>"
users = truth.tables["users"].append_column(hostile, [[hostile] * truth.tables["users"].num_rows])
bench = Workbench({**truth.tables, "users": users})
bench
"""

QUERY = "PREDICT COUNT(orders.*, 0, 30, days) = 0\nFOR EACH users.user_id"


def test_from_tables_to_predictions_by_clicking(desk):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(OPEN)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, desk.lab.folder / "clicked.ipynb")
    desk.open("clicked.ipynb")
    desk.run_all(120)
    ingests(desk)
    asks(desk)
    trains(desk)
    predicts(desk)
    says_it_in_python(desk)
    takes_pictures(desk)
    assert desk.page.evaluate("() => window.hacked") is None


def step(desk, title):
    """The form of a step."""
    return desk.page.locator(f".wb-form[data-step='{title}']")


def done(desk, form, seconds=120):
    """Until nothing is under way in a form that a button was pressed in."""
    form.page.wait_for_timeout(200)
    form.and_(desk.page.locator("[data-busy='']")).wait_for(timeout=seconds * 1000)


def ingests(desk):
    form = step(desk, "1 Data")
    form.get_by_label("folder").fill("clicked-shop")
    form.get_by_label("folder").press("Enter")
    step(desk, "2 Query").wait_for(timeout=120_000)
    assert "Ingested" in form.locator("pre").inner_text()
    assert desk.python("bench.launch.engine.dataset.path.name") == "clicked-shop"
    form.get_by_role("button", name="Ingest").click()
    form.locator(".wb-error:visible", has_text="one already").wait_for()
    form.get_by_role("button", name="Open what is there").click()
    form.get_by_role("alert").wait_for(state="hidden")
    assert desk.page.locator(".wb-schema").get_by_text("120 rows").count() == 1


def asks(desk):
    page, form = desk.page, step(desk, "2 Query")
    area = form.get_by_label("query")
    assert area.input_value().startswith("PREDICT COUNT(")
    area.fill(QUERY.replace("orders", "ordrs"))
    form.get_by_role("button", name="Ask").click()
    form.locator(".wb-error:visible", has_text="Did you mean 'orders'?").wait_for()
    marked = "node => node.value.slice(node.selectionStart, node.selectionEnd)"
    assert area.evaluate(marked) == "ordrs"
    page.keyboard.type("orders")  # the marked word is typed over
    assert area.input_value() == QUERY
    form.get_by_role("button", name="Ask").click()
    step(desk, "3 Plan").wait_for(timeout=120_000)
    assert "Task (binary) for each users.user_id" in form.locator("pre").inner_text()
    assert desk.python("bench.launch.task.query") == QUERY


def trains(desk):
    page, form = desk.page, step(desk, "3 Plan")
    cell = page.locator(".wb-fanout td input:not([disabled])").first
    cell.fill("3")
    cell.press("Tab")
    form.locator("pre", has_text="hop 1  3 ").wait_for()
    form.get_by_label("epochs").fill("many")
    form.get_by_role("button", name="Train").click()
    form.locator(".wb-error:visible", has_text="Allowed: a number").wait_for()
    form.get_by_label("epochs").fill("999")
    form.get_by_role("button", name="Train").click()
    page.wait_for_selector('.wb-run[data-state="running"]', timeout=120_000)
    page.wait_for_function(
        "() => Number(document.querySelector('.wb-run').dataset.epochs) >= 1", timeout=60_000
    )
    form.get_by_role("button", name="Train").click()
    form.locator(".wb-error:visible", has_text="a training is under way").wait_for()
    page.locator(".wb-run").get_by_role("button", name="Cancel").click()
    page.wait_for_selector('.wb-run:is([data-state="cancelled"], [data-state="stopped early"])')
    assert page.locator(".wb-run").count() == 1
    assert desk.python("bench.launch.run.plan.fanout == bench.picker.fanout")


def predicts(desk):
    form = step(desk, "4 Predictions")
    form.get_by_role("button", name="Measure").click()
    form.locator("pre", has_text="test: auroc").wait_for()
    form.get_by_role("button", name="Predict", exact=True).click()
    form.locator("table").wait_for()
    total = desk.python("len(bench.launch.predictions)")
    form.get_by_text(f"rows 1 to 20 of {total:,}").wait_for()
    form.get_by_role("button", name="Next").click()
    form.get_by_text(f"rows 21 to 40 of {total:,}").wait_for()
    shown = form.locator("tbody tr").first.locator("td").first.inner_text()
    assert shown == str(desk.python("bench.launch.predictions.to_arrow()['entity'][20].as_py()"))

    keys = desk.python("bench.launch.task.seeds('test').key[:2].to_pylist()")
    form.get_by_label("for").select_option("an instant")
    form.get_by_label("at", exact=True).fill(desk.python("wb.iso(wb.instant(truth.end))[:10]"))
    form.get_by_label("keys").fill(", ".join(map(str, keys)))
    form.get_by_role("button", name="Predict", exact=True).click()
    form.get_by_text("rows 1 to 2 of 2").wait_for()
    form.get_by_label("file").fill("clicked.parquet")
    form.get_by_role("button", name="Write").click()
    form.locator("pre", has_text="Written to clicked.parquet").wait_for()
    assert (desk.lab.folder / "clicked.parquet").stat().st_size > 0


def says_it_in_python(desk):
    """The code runs, and its predictions are those that were clicked together."""
    code = step(desk, "The same in Python").locator("pre").inner_text()
    assert code.strip() == desk.python("bench.code").strip()
    assert "entities=[" in code
    assert desk.page.locator(".wb-form .wb-error:visible").count() == 0


def takes_pictures(desk):
    """The light one is the picture of docs/widgets."""
    desk.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
    desk.page.set_viewport_size({"width": 1000, "height": 3200})
    for theme in ("Dark", "Light"):
        desk.theme(theme)
        desk.screenshot(
            f"workbench-{theme.lower()}", desk.page.locator(".jp-OutputArea-output .widget-vbox").first
        )
