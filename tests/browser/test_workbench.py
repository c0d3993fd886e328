"""Workbench in a real JupyterLab: from tables to a file of predictions by clicking and typing alone."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPEN = r"""
import workbench as wb
from widgets import Workbench

truth = wb.commerce(120, periods=6, seed=0)
hostile = "<img src=x onerror='window.hacked=1'>"
users = truth.tables["users"].append_column(hostile, [[hostile] * truth.tables["users"].num_rows])
days = [f"{day % 28 + 1:02}.{day % 12 + 1:02}.2020" for day in range(users.num_rows)]
users = users.append_column("card since", [days])
bench = Workbench({**truth.tables, "users": users})
bench
"""

QUERY = "PREDICT COUNT(orders.*, 0, 30, days) = 0\nFOR EACH users.user_id"


def test_from_tables_to_predictions_by_clicking(desk):
    desk.write("clicked.ipynb", [OPEN])
    desk.run_all(120)
    edits(desk)
    ingests(desk)
    asks(desk)
    looks(desk)
    trains(desk)
    predicts(desk)
    explains(desk)
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


def edits(desk):
    """A schema is edited before the ingest; the drawing and the code follow, a refusal stays in the form."""
    desk.page.get_by_text("Edit the schema").first.click()
    form, said = step(desk, "Edit the schema"), step(desk, "Edit the schema").locator("pre")
    column, role, table = (form.locator("select").nth(i) for i in range(3))
    column.select_option("users.age")
    role.select_option("no link")
    form.get_by_role("button", name="Say so of the column").click()
    form.locator(".wb-error:visible", has_text="there is none").wait_for()
    role.select_option("left out")
    form.get_by_role("button", name="Say so of the column").click()
    said.filter(has_text="schema.set_stype('users', 'age', 'set_aside')").wait_for()
    table.select_option("reviews: edges from user_id to product_id")
    form.get_by_role("button", name="Say so of the table").click()
    said.filter(has_text="as_edge").wait_for()
    boxes = desk.page.locator(".wb-schema .wb-type")
    boxes.nth(3).wait_for(state="detached")  # the drawing follows
    assert desk.python("list(bench.launch.schema.node_types)") == ["users", "products", "orders"]
    form.get_by_role("button", name="Undo").click()
    said.filter(has_text="Taken back").wait_for()
    assert desk.python("len(bench.schema_view.schema.node_types)") == 4
    notes = step(desk, "1 Data").locator("pre")
    column.select_option("users.age")
    role.select_option("the key")
    form.get_by_role("button", name="Say so of the column").click()
    notes.filter(has_text="users.age: the primary key, but").wait_for()
    form.get_by_role("button", name="Undo").click()
    notes.filter(has_not_text="users.age: the primary key").wait_for()
    reads_dates(desk, form, notes)
    code = step(desk, "The same in Python").locator("pre")
    code.filter(has_text="schema = schema.set_stype('users', 'age', 'set_aside')").wait_for()
    assert column.input_value() == "users.age"


def reads_dates(desk, form, notes):
    """A column of texts is read as its note proposes, which the code says; and taken back."""
    code = step(desk, "The same in Python").locator("pre")
    notes.filter(has_text="users.card since: set aside: looks like dates").wait_for()
    offered = form.locator("select").nth(3)
    assert offered.input_value().startswith("users.card since: dates written as %d.%m.%Y")
    form.get_by_role("button", name="Read the column so").click()
    code.filter(has_text="tables = tables.derive('users', 'card since'").wait_for()
    assert desk.python("str(bench.schema_view.schema['users'].column('card since').stype)") == "timestamp"
    assert "users.card since: set aside" not in notes.inner_text()
    form.get_by_role("button", name="Undo").click()
    code.filter(has_not_text="derive").wait_for()
    notes.filter(has_text="users.card since: set aside").wait_for()


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


def looks(desk):
    """The subgraph of the plan, which follows the picker, then its cutoffs in its place."""
    page, form = desk.page, step(desk, "Look at what the plan draws")
    form.get_by_role("button", name="Subgraph").click()
    view = page.locator(".wb-subgraph[data-ready]")
    view.wait_for(timeout=60_000)
    seen = view.get_attribute("data-seq")
    cell = page.locator(".wb-fanout td input:not([disabled])").first
    cell.fill("2")
    cell.press("Tab")
    page.wait_for_function(
        "(seen) => document.querySelector('.wb-subgraph').dataset.seq !== seen", arg=seen, timeout=30_000
    )
    form.get_by_label("at most").fill("none")
    form.get_by_role("button", name="Cutoffs").click()
    form.locator(".wb-error:visible", has_text="Allowed: a number above 0").wait_for()
    form.get_by_label("at most").fill("3")
    form.get_by_role("button", name="Cutoffs").click()
    page.locator(".wb-cutoff[data-ready]").wait_for(timeout=60_000)
    assert view.count() == 0
    assert desk.python("bench.page.panels['look'].table.violating") == 0
    jumps(desk)
    form.get_by_role("button", name="Hide").click()
    page.locator(".wb-cutoff").wait_for(state="detached")
    assert view.count() == 0
    assert "CutoffCheck(sample, engine)" in desk.python("bench.code")


def jumps(desk):
    """A late edge of another cutoff is shown in the subgraph, which opens below with the cursor on it."""
    page, check = desk.page, desk.page.locator(".wb-cutoff")
    check.get_by_label("cutoff, in steps from the anchor").focus()
    page.keyboard.press("Home")
    check.get_by_role("button", name="jump to offender 1", exact=True).click()
    page.locator(".wb-subgraph[data-card]").wait_for(timeout=30_000)
    node = int(page.locator(".wb-subgraph").get_attribute("data-card"))
    view = "bench.page.panels['beside']"
    found = desk.python(f"[int({view}.flat.node_id[{node}]), int({view}.flat.seed[{node}])]")
    assert found == desk.python("[bench.page.panels['look']._card[name] for name in ('src', 'seed')]")
    boxes = [page.locator(name).bounding_box() for name in (".wb-cutoff", ".wb-subgraph")]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    desk.screenshot("workbench-jump", page.locator(".wb-subgraph"))


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


def explains(desk):
    """The two entities that were predicted last, one after the other."""
    page, form = desk.page, step(desk, "4 Predictions")
    keys = form.get_by_label("keys").input_value()
    form.get_by_role("button", name="Explain").click()
    view = page.locator(".wb-groups[data-ready]")
    view.wait_for(timeout=60_000)
    assert view.locator("select option").count() == 2
    assert f"entities=[{keys}])" in desk.python("bench.code")
    assert desk.python("len(bench.page.panels['predict'].what)") == 2


def says_it_in_python(desk):
    """The code runs, and its predictions are those that were clicked together."""
    code = step(desk, "The same in Python").locator("pre").inner_text()
    assert code.strip() == desk.python("bench.code").strip()
    assert "entities=[" in code
    assert desk.page.locator(".wb-form .wb-error:visible").count() == 0


def takes_pictures(desk):
    """The light one is the picture of docs/widgets."""
    desk.page.get_by_text("Edit the schema").first.click()
    step(desk, "4 Predictions").get_by_role("button", name="Hide").click()
    desk.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
    desk.page.set_viewport_size({"width": 1000, "height": 3600})
    for theme in ("Dark", "Light"):
        desk.theme(theme)
        desk.screenshot(
            f"workbench-{theme.lower()}", desk.page.locator(".jp-OutputArea-output .widget-vbox").first
        )
