"""SubgraphView in a browser at its limits: ten thousand nodes, hostile names, keyboard, themes."""

import time

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = r"""
from dataclasses import replace
import numpy as np
from widgets import SubgraphView
from workbench.plan.fanout import Fanout
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.stores.request import SampleRequest, SeedSet

NAME = "<img src=x onerror='window.hacked=1'>"

class Engine:
    def __init__(self):
        key = Column("owner", Stype.ID)
        columns, links = (key, Column("at", Stype.TIMESTAMP)), (ForeignKey("owner", "owners"),)
        facts = Table(NAME, columns, time="at", foreign_keys=links)
        schema = Schema((Table("owners", (Column("id", Stype.ID),), "id"), facts))
        keys = {(NAME, "owner"): np.arange(20_000) % 2}
        rows = {"owners": 2, NAME: 20_000}
        self.graph = RamGraph(GraphArrays.from_columns(schema, rows, {NAME: np.arange(20_000)}, keys))
    def sample(self, fanout, anchor=30_000):
        plan = Fanout([fanout]).compile(self.graph.schema, ["owners"])
        return self.graph.sample(SampleRequest((SeedSet.of("owners", np.array([0]), anchor),), plan))
    def row(self, table, row_id):
        return {table: "<script>window.hacked=1</script>", "at": row_id}

engine = Engine()
view = SubgraphView(engine.sample(10), engine)
view
"""

PICKER = r"""
from types import SimpleNamespace
import pyarrow as pa
import workbench as wb
from widgets import FanoutPicker

engine.schema, engine.features, engine._span = engine.graph.schema, SimpleNamespace(groups={}), None
engine.profile = lambda *seeds, **options: wb.Engine.profile(engine, *seeds, **options)
seeds = wb.SeedTable("owners", np.arange(2), pa.array([0, 1]), np.full(2, 30_000), split="val")
task = SimpleNamespace(entity_table="owners", seeds=lambda split: seeds)
picker = FanoutPicker(engine, task, wb.ModelPlan(fanout=Fanout([4, 4])))
picker
"""

TOO_LATE = """(good := view.subgraph.request) and view.show(replace(view.subgraph, request=replace(
    good, seed_sets=(replace(good.seed_sets[0], anchors=np.array([15_000])),))))"""


def test_ten_thousand_nodes_hostile_names_keys_and_themes(desk):
    page = desk.page
    desk.write("view.ipynb", [MANY, PICKER])
    desk.run_all()
    root, canvas = page.locator(".wb-subgraph"), page.locator(".wb-subgraph canvas")
    page.wait_for_selector('.wb-subgraph[data-ready="true"]')
    nodes, shown = wait_for_change(
        desk, "view.show(engine.sample(10_000)) or [view.subgraph.num_nodes, len(view.flat)]"
    )
    assert nodes == 10_001
    assert 2500 < shown <= 5000
    assert page.locator(".wb-legend").get_by_text("alike; a click shows them").count() == 1

    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('.wb-subgraph[data-card="0"]')
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.wb-subgraph').dataset.card !== '0'")
    page.keyboard.press("Enter")  # opens the dots' nodes
    page.locator(".wb-card", has_text="<script>window.hacked=1</script>").wait_for()
    page.keyboard.press("ArrowUp")
    page.wait_for_selector('.wb-subgraph[data-card="0"]')
    assert page.evaluate("() => window.hacked") is None

    background = {}
    for theme in ("Light", "Dark"):
        desk.theme(theme)
        background[theme] = root.evaluate("node => getComputedStyle(node).backgroundColor")
        desk.screenshot(f"subgraph-10000-{theme.lower()}", root)
    assert background["Light"] != background["Dark"]

    wait_for_change(desk, "view.show(engine.sample(10))")
    seen = canvas.evaluate("canvas => canvas.toDataURL()")
    page.get_by_label("colour by").select_option("time")
    assert canvas.evaluate("canvas => canvas.toDataURL()") != seen

    assert alarm_pixels(page) == 0
    wait_for_change(desk, TOO_LATE)
    assert alarm_pixels(page) > 50
    assert page.locator(".wb-legend").get_by_text("later than the anchor").count() == 1
    desk.screenshot("subgraph-late", root)
    nobody_listens(desk, canvas)
    table = page.locator('.wb-fanout[data-cost="ready"] table')
    assert "<img src=x onerror='window.hacked=1'>-owner->owners" in table.inner_text()
    assert page.evaluate("() => window.hacked") is None


def nobody_listens(desk, canvas):
    """As in a notebook that was opened again: what is asked for in vain is said to be in vain."""
    silence = desk.page.locator(".wb-subgraph .wb-silence")
    assert not silence.is_visible()
    desk.python("view.on_msg(view._receive, remove=True)")
    canvas.focus()
    desk.page.keyboard.press("ArrowRight")
    silence.wait_for(state="visible")
    assert "No answer from the kernel" in silence.inner_text()
    desk.python("view.on_msg(view._receive)")
    desk.page.keyboard.press("ArrowRight")
    silence.wait_for(state="hidden")


def test_a_request_that_would_leave_the_machine_is_caught(desk):
    desk.page.evaluate("() => fetch('https://example.org/').catch(() => null)")
    assert desk.left == ["https://example.org/"]
    desk.left.clear()


def wait_for_change(desk, expression):
    """Evaluate an expression that replaces the picture; its value, once the picture is painted."""
    seq = int(desk.page.locator(".wb-subgraph").get_attribute("data-seq"))
    start = time.monotonic()
    value = desk.python(expression)
    desk.page.wait_for_function(
        "seq => Number(document.querySelector('.wb-subgraph').dataset.seq) > seq", arg=seq
    )
    print(f"{expression[:40]}: {time.monotonic() - start:.2f} s to paint")
    return value


def alarm_pixels(page):
    """Pixels of the vermilion that means "later than the anchor"."""
    return page.locator(".wb-subgraph canvas").evaluate(
        """canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let i = 0; i < data.length; i += 4)
                if (data[i] === 0xd5 && data[i + 1] === 0x5e && data[i + 2] === 0) count++;
            return count;
        }"""
    )
