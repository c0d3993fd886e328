"""FanoutPicker and SubgraphView in one notebook of a real JupyterLab: edited, expanded, searched, saved."""

import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ORDERS = "orders-user_id->users"
TRIES = 80
"""Looks into the kernel, 0.1 s apart, of a wait: samples and costs take a while."""

PIXELS = "canvas => canvas.toDataURL()"

SHOP = r"""
import numpy as np
import workbench as wb
from widgets import BatchInspector, FanoutPicker, SubgraphView
from widgets._discs import placed
from workbench.testing.commerce import commerce

truth = commerce(60, periods=6, seed=0)
wb.ingest(truth.tables, wb.infer_schema(truth.tables), "shop")
engine = wb.open("shop")
task = engine.task(truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end)
plan = engine.suggest_plan(task).replace(batch_size=4)

def at(node):
    "Where a node is drawn, in pixels of the canvas."
    p = placed(view.flat)
    return [float((v[node] * 0.94 + 1) * 230) for v in (p.x, p.y)]

def leaf(kind):
    "The first dot of a type on the outermost ring."
    last = view.flat.hop == view.flat.hop.max()
    return int(np.flatnonzero(last & (view.flat.type == view.flat.node_types.index(kind)))[0])
"""

CELLS = {
    "fanout": "picker = FanoutPicker(engine, task, plan)\npicker",
    "subgraph": "few = wb.Fanout([4, 2])\n"
    "view = SubgraphView(engine.sample(task.seeds('val')[:1], few), engine)\nview",
    "batch": "inspector = BatchInspector(engine, task, plan)\nview.inspect_in(inspector)\ninspector",
}


def test_a_fanout_and_a_subgraph_are_driven_by_hand(desk):
    cells = [SHOP, *CELLS.values(), "SubgraphView(engine.sample(task.seeds('val')[:4], few), engine)"]
    desk.write("fanout.ipynb", cells)
    desk.run_all(300)
    desk.page.evaluate("() => { jupyterapp.shell.collapseLeft(); }")
    edits_cells(desk)
    chooses_and_takes_back(desk)
    fits_and_copies(desk)
    takes_pictures(desk, "fanout", desk.page.locator(".wb-fanout"))
    expands_and_hides(desk)
    walks_and_searches(desk)
    chooses_what_is_drawn(desk)
    takes_pictures(desk, "subgraph", desk.page.locator(".wb-subgraph").first)
    takes_pictures(desk, "subgraph-seeds", desk.page.locator(".wb-subgraph").nth(1))
    saves_and_sends(desk)
    assert desk.page.locator(".wb-error:visible").count() == 0


def edits_cells(desk):
    page, root = desk.page, desk.page.locator(".wb-fanout")
    page.wait_for_selector('.wb-fanout[data-cost="ready"]')
    cost = root.locator(".wb-cost").inner_text()
    root.get_by_label(f"neighbours at hop 1 along {ORDERS}").fill("3")
    new_cost(desk, cost)
    assert desk.python(f"picker.fanout.get(1, {ORDERS!r})") == 3
    edges = desk.python("picker.wait().cost.edges.text()")
    desk.until(f"{edges!r} == picker.cost.edges.text()", TRIES)
    assert f"{edges} edges" in root.locator(".wb-cost").inner_text()
    assert root.locator(".wb-cell-bar").first.evaluate("bar => bar.getBoundingClientRect().width") > 0
    # what can no longer be reached is greyed
    reached = desk.python("sum(cell is not None for row in picker.table.rows() for cell in row['cells'])")
    root.get_by_label(f"neighbours at hop 1 along {ORDERS}").fill("0")
    desk.until(f"picker.fanout.get(1, {ORDERS!r}) == 0", TRIES)
    fewer = "sum(cell is not None for row in picker.table.rows() for cell in row['cells'])"
    assert desk.python(fewer) < reached
    page.wait_for_function(
        "n => document.querySelectorAll('.wb-fanout td input:not(:disabled)').length === n",
        arg=desk.python(fewer),
    )


def chooses_and_takes_back(desk):
    root = desk.page.locator(".wb-fanout")
    root.get_by_role("button", name="Undo").click()
    desk.until(f"picker.fanout.get(1, {ORDERS!r}) != 0", TRIES)
    root.get_by_role("button", name="Redo").click()
    desk.until(f"picker.fanout.get(1, {ORDERS!r}) == 0", TRIES)
    root.get_by_label("preset").select_option("GraphSAGE: 25, 10")
    desk.until("picker.fanout == wb.Fanout([25, 10], strategy=plan.fanout.strategy)", TRIES)
    root.get_by_role("button", name="Add hop").click()
    desk.until("picker.fanout.hops_deep == 3", TRIES)
    assert root.locator("thead th").count() == 4
    root.get_by_role("button", name="Remove hop").click()
    desk.until("picker.fanout.hops_deep == 2", TRIES)
    root.get_by_label("which neighbours are drawn").select_option("recent")
    desk.until("picker.fanout.strategy == 'recent'", TRIES)


def fits_and_copies(desk):
    root = desk.page.locator(".wb-fanout")
    root.get_by_label("budget of a batch").fill("40")
    root.get_by_label("unit of the budget").select_option("nodes")
    root.get_by_role("button", name="Fit").click()
    desk.until("picker.fanout.get(1, 'orders-user_id->users') < 25", TRIES)
    desk.until("picker.cost is not None and picker.cost.nodes.high <= 40", TRIES)
    root.locator("summary").click()
    root.get_by_label("form to copy").select_option("PyG")
    text = root.get_by_label("the fanout as Python")
    desk.page.wait_for_function("area => area.value.startsWith('[')", arg=text.element_handle())
    assert text.input_value() == desk.python("repr(picker.fanout.to_pyg(engine.schema))")
    root.get_by_role("button", name="Copy").click()
    assert desk.page.evaluate("() => getSelection().toString()") == text.input_value()
    root.get_by_role("button", name="Reset").click()
    desk.until("picker.plan == plan", TRIES)
    root.locator("summary").click()
    desk.page.wait_for_selector('.wb-fanout[data-cost="ready"]')


def expands_and_hides(desk):
    page, canvas = desk.page, first_canvas(desk)
    point(desk, 0)
    page.wait_for_selector('.wb-subgraph[data-card="0"]')
    assert desk.python("view.describe(0)['row']['user_id']") in page.locator(".wb-card").first.inner_text()
    nodes, pixels, leaf = (
        desk.python("len(view.flat)"),
        canvas.evaluate(PIXELS),
        desk.python("leaf('products')"),
    )
    start = time.monotonic()
    point(desk, leaf, click=True)
    desk.until(f"len(view.flat) > {nodes}", TRIES)
    print(f"one more hop: {time.monotonic() - start:.2f} s from the click to Python's answer")
    assert canvas.evaluate(PIXELS) != pixels
    grown = desk.python("len(view.flat)")
    assert f"{grown} nodes" in page.locator(".wb-subgraph .wb-caption").first.inner_text()
    assert desk.python(f"int((view.flat.parent == view._payload['meta']['cursor']).sum()) == {grown - nodes}")
    point(desk, desk.python("int(np.flatnonzero(view.flat.hop == 1)[0])"), click=True, shift=True)
    desk.until(f"len(view.flat) < {grown}", TRIES)
    assert "hidden" in page.locator(".wb-subgraph .wb-caption").first.inner_text()
    page.locator(".wb-subgraph").first.get_by_role("button", name="Undo").click()
    desk.until(f"len(view.flat) == {grown}", TRIES)


def walks_and_searches(desk):
    page, root = desk.page, desk.page.locator(".wb-subgraph").first
    first_canvas(desk).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('.wb-subgraph[data-card="0"]')
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => Number(document.querySelector('.wb-subgraph').dataset.card) > 0")
    before = desk.python("len(view.flat)")
    page.keyboard.press("Delete")
    desk.until(f"len(view.flat) < {before}", TRIES)
    root.get_by_role("button", name="Undo").click()
    desk.until(f"len(view.flat) == {before}", TRIES)
    kind, number = desk.python("[view.flat.node_types[view.flat.type[-1]], int(view.flat.node_id[-1])]")
    root.get_by_label("search an id or key").fill(f"{kind} {number}")
    page.keyboard.press("Enter")
    cursor = "view._payload['meta']['cursor']"
    desk.until(f"{cursor} >= 0 and view.describe({cursor})['node'] == '{kind} {number}'", TRIES)
    page.wait_for_function(
        "text => document.querySelector('.wb-subgraph .wb-card').innerText.startsWith(text)",
        arg=f"{kind} {number}",
    )
    root.get_by_label("search an id or key").fill("nobody")
    page.keyboard.press("Enter")
    root.locator(".wb-error:visible", has_text="the picture has none").wait_for()
    root.get_by_label("search an id or key").fill("users 0")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.querySelector('.wb-subgraph .wb-error:not([hidden])')")


def chooses_what_is_drawn(desk):
    page, root, canvas = desk.page, desk.page.locator(".wb-subgraph").first, first_canvas(desk)
    seen = [canvas.evaluate(PIXELS)]
    for name in ("time", "hop", "type"):
        root.get_by_label("colour by").select_option(name)
        seen.append(canvas.evaluate(PIXELS))
    assert len(set(seen)) == 3
    root.get_by_label("cross edges").uncheck()
    assert canvas.evaluate(PIXELS) not in seen
    root.get_by_label("cross edges").check()
    oldest = root.get_by_label("oldest time shown")
    oldest.focus()
    page.keyboard.press("End")
    desk.until("view.span[0] == view.span[1] == view.flat.time.max()", TRIES)
    assert canvas.evaluate(PIXELS) not in seen
    assert desk.python("wb.iso(view.span[0])") in root.inner_text()
    page.keyboard.press("Home")
    desk.until("view.span[0] < view.span[1]", TRIES)
    root.get_by_role("button", name="zoom in").click()
    assert canvas.evaluate(PIXELS) not in seen
    root.get_by_role("button", name="fit to view").click()
    assert canvas.evaluate(PIXELS) in seen


def saves_and_sends(desk):
    page, root = desk.page, desk.page.locator(".wb-subgraph").first
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg ")):
        with page.expect_download() as saved:
            root.get_by_role("button", name=name, exact=True).click()
        assert saved.value.suggested_filename == f"subgraph.{name.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(start)
    root.get_by_role("button", name="Send to BatchInspector").click()
    page.wait_for_selector(".wb-batch[data-split='val']")
    seeds = "inspector.batch.subgraph.request.seed_sets[0]"
    assert desk.python(f"int(task.seeds('val').node_id[0]) in {seeds}.ids.tolist()")


def takes_pictures(desk, name, root):
    """Light ones are the pictures of docs/widgets."""
    seen = {}
    for theme in ("Dark", "Light"):
        desk.theme(theme)
        root.scroll_into_view_if_needed()
        path = desk.screenshot(f"{name}-{theme.lower()}", root)
        assert path.stat().st_size < 150_000
        seen[theme] = root.evaluate("node => getComputedStyle(node).backgroundColor")
    assert seen["Dark"] != seen["Light"]


def first_canvas(desk):
    return desk.page.locator(".wb-subgraph canvas").first


def point(desk, node, click=False, shift=False):
    """Move the pointer onto a node, or click there."""
    canvas = first_canvas(desk)
    canvas.scroll_into_view_if_needed()
    (x, y), box = desk.python(f"at({node})"), canvas.bounding_box()
    desk.page.mouse.move(box["x"] + x + 40, box["y"] + y)
    desk.page.mouse.move(box["x"] + x, box["y"] + y)
    if click:
        canvas.click(position={"x": x, "y": y}, modifiers=["Shift"] if shift else [])


def new_cost(desk, old):
    """Until another cost than this is shown."""
    desk.page.wait_for_function(
        "old => document.querySelector('.wb-fanout').dataset.cost === 'ready'"
        " && document.querySelector('.wb-cost').innerText !== old",
        arg=old,
    )
