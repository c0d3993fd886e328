"""The smaller widgets in one notebook of a real JupyterLab: clicked, typed at, seen in both themes."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


SHOP = r"""
import workbench as wb
from workbench.testing.commerce import commerce
from widgets import BatchInspector, CutoffCheck, MetapathPicker, SchemaView, SubgraphView

truth = commerce(60, periods=6, seed=0)
wb.ingest(truth.tables, wb.infer_schema(truth.tables), "shop")
engine = wb.open("shop")
task = engine.task(truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end)
plan = engine.suggest_plan(task)
"""

HOSTILE = r"""
NAMES = ["<img src=x onerror='window.hacked=1'>", "</svg><script>window.hacked=1</script>"]
NAMES += ["\u202egnp", "x" * 10**6]
columns = tuple(wb.Column(f"{name}{i}", wb.Stype.TEXT) for i, name in enumerate(NAMES))
hostile = SchemaView(wb.Schema(tuple(wb.Table(name, columns) for name in NAMES)))
hostile
"""


CUTOFF = r"""
sample = engine.sample(task.seeds("val")[:40], plan.fanout)
check = CutoffCheck(sample, engine)
jumps = []
spot = SubgraphView(sample, engine)
check.on_jump(lambda subgraph, o: jumps.append(spot.point_at(o["source"], o["src"], o["seed"])))
check
"""

CELLS = {
    "schema": "view = SchemaView(engine)\nview",
    "metapaths": "picker = MetapathPicker(engine, task, plan)\npicker",
    "cutoff": CUTOFF,
    "batch": "inspector = BatchInspector(engine, task, plan.replace(batch_size=16))\ninspector",
}


def test_the_widgets_are_driven_by_hand(desk):
    cells = [SHOP, *CELLS.values(), HOSTILE, "spot"]
    desk.write("widgets.ipynb", cells)
    desk.run_all(300)
    points_at_tables(desk)
    builds_metapaths(desk)
    moves_the_cutoff(desk)
    steps_through_batches(desk)
    desk.take_pictures(CELLS)
    assert desk.page.evaluate("() => window.hacked") is None


def points_at_tables(desk):
    root = desk.page.locator(".wb-schema").first
    names = desk.python("list(engine.schema.node_types)")
    assert root.locator(".wb-type").count() == len(names)
    for name in names:
        root.locator(".wb-type", has=desk.page.get_by_text(name, exact=True)).first.hover()
        card = root.locator(".wb-card").inner_text()
        assert f"{name}: {desk.python(f'engine.graph.num_nodes({name!r})'):,} rows" in card
        assert all(way["name"] in card for way in desk.python(f"view.describe({name!r})['ways']"))
    hostile = desk.page.locator(".wb-schema").nth(1)
    hostile.locator(".wb-type").first.focus()
    assert "onerror" in hostile.locator(".wb-card").inner_text()


def builds_metapaths(desk):
    page, root = desk.page, desk.page.locator(".wb-metapaths")
    seed = desk.python("task.entity_table")
    first, *_ = desk.python(f"[[str(e), e.src] for e in engine.schema.edge_types if e.dst == {seed!r}]")
    root.locator(f".wb-type[aria-label^='{first[1]}:']").click()
    page.wait_for_selector(".wb-metapaths[data-paths='1']")
    assert desk.python("picker.metapaths.metapaths[0].path") == [first[0]]

    root.get_by_label(f"neighbours at hop 1 of metapath 1 along {first[0]}").fill("5")
    page.keyboard.press("Tab")
    desk.until("picker.metapaths.metapaths[0].fanouts == (5,)")
    root.get_by_label("metapath 1 is static").check()
    desk.until("picker.metapaths.metapaths[0].base.static")
    root.locator(".wb-next button").first.click()
    desk.until("len(picker.metapaths.metapaths[0]) == 2")
    bold = root.locator(".wb-link.wb-active")
    assert bold.count() >= 1
    root.get_by_role("button", name="Undo").click()
    desk.until("len(picker.metapaths.metapaths[0]) == 1")

    root.get_by_role("button", name="New metapath").click()
    box = root.locator(f".wb-type[aria-label^='{first[1]}:']")
    box.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".wb-metapaths[data-paths='2']")
    root.locator(".wb-next button").first.click()
    desk.until("[len(path) for path in picker.metapaths.metapaths] == [1, 2]")
    assert root.locator(".wb-error:visible").count() == 0
    assert desk.python("picker.plan.fanout == picker.metapaths")
    # what the engine refuses is shown, and the value stays
    root.get_by_label(f"neighbours at hop 1 of metapath 1 along {first[0]}").fill("0")
    page.keyboard.press("Tab")
    root.locator(".wb-error:visible", has_text="End the metapath before").wait_for()
    assert desk.python("picker.metapaths.metapaths[0].fanouts") == [5]


def moves_the_cutoff(desk):
    page, root = desk.page, desk.page.locator(".wb-cutoff")
    slider = root.get_by_label("cutoff, in steps from the anchor")
    assert root.get_attribute("data-violating") == "0"
    assert root.locator("rect.wb-drawn").count() > 0
    slider.focus()
    cells = len(desk.cells())
    page.keyboard.press("a")  # JupyterLab's own key for a new cell
    assert len(desk.cells()) == cells
    page.keyboard.press("Home")
    page.wait_for_function("() => Number(document.querySelector('.wb-cutoff').dataset.violating) > 0")
    desk.until("check.table.lag == -check.table.axis.low * check.table.axis.step")
    assert int(root.get_attribute("data-violating")) == desk.python("check.table.violating")
    assert root.locator("tbody tr").count() == desk.python("len(check.table.rows())")

    root.get_by_role("button", name="jump to offender 1", exact=True).click()
    desk.until("len(jumps) == 1")
    page.wait_for_selector(f".wb-subgraph[data-card='{desk.python('jumps[0]')}']")
    root.locator("dt", has_text="source row").first.wait_for()
    desk.screenshot("cutoff-offender", root)
    root.get_by_role("button", name="To the anchor").click()
    desk.until("check.table.lag == 0")
    root.get_by_role("button", name="Audit").click()
    root.get_by_text("0 violations").wait_for()
    # dragged to and fro, the last position stays
    slider.evaluate("""node => { for (let i = 0; i > -40; i--) {
        node.value = i % 2 ? i : node.min; node.dispatchEvent(new Event('input')); }
        node.value = -7; node.dispatchEvent(new Event('input')); }""")
    desk.until("check.table.lag == 7 * check.table.axis.step")


def steps_through_batches(desk):
    page, root = desk.page, desk.page.locator(".wb-batch")
    page.wait_for_selector(".wb-batch[data-index='0']")
    root.get_by_role("button", name="next batch").click()
    page.wait_for_selector(".wb-batch[data-index='1']")
    assert desk.python("inspector.index") == 1
    assert desk.python("inspector.summary()") in root.inner_text()
    root.get_by_label("batch", exact=True).focus()
    page.keyboard.press("End")
    desk.until("inspector.index == len(inspector) - 1")
    assert root.get_by_role("button", name="next batch").is_disabled()
    root.get_by_label("split").select_option("val")
    page.wait_for_selector(".wb-batch[data-split='val']")
    labels = desk.python("inspector.batch.label.tolist()")
    assert f"{labels.count(1):,} (" in root.locator(".wb-bars").first.inner_text()
    root.get_by_label("split").select_option("train")
    page.wait_for_selector(".wb-batch[data-split='train']")
    root.get_by_label("epoch").fill("2")
    page.keyboard.press("Tab")
    desk.until("inspector.epoch == 2")
