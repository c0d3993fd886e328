"""ExplainView, ParetoChart, RunCompare, LocalityView in one JupyterLab: clicked, typed at, in both themes."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


SHOP = r"""
import workbench as wb
from widgets import ExplainView, LocalityView, ParetoChart, RunCompare, SubgraphView

truth = wb.commerce(60, periods=6, seed=0)
wb.ingest(truth.tables, wb.infer_schema(truth.tables), "insight")
engine = wb.open("insight", feature_budget=16_000, row_cache=8_000)
task = engine.task(truth.query, val=truth.val, test=truth.test, begin=truth.start, observed_until=truth.end)
plan = wb.ModelPlan(wb.Fanout([8, 4], strategy="recent")).replace(channels=16, epochs=4, batch_size=16)
run = engine.train(task, plan, callbacks=[]).wait()
other = engine.train(task, plan.replace(channels=8, learning_rate=0.02), callbacks=[]).wait()
"""

HOSTILE = r"""
from dataclasses import replace
import pyarrow as pa

NAMES = ["<img src=x onerror='window.hacked=1'>", "</svg><script>window.hacked=1</script>"]
NAMES += ["\u202egnp", "x" * 10**6]
hostile = replace(explanation[0], contents=explanation[0].contents.set_column(
    6, "column", pa.array([NAMES[i % 4] for i in range(len(explanation[0].contents))])))
hostile = ExplainView(replace(hostile, seeds=replace(hostile.seeds, key=pa.array(NAMES[:1]))))
hostile
"""

EXPLAIN = r"""
seeds = task.seeds("test")[:200:25]
explanation = run.explain(seeds)
why, sent = ExplainView(explanation), []
spot = SubgraphView(explanation.subgraph, engine)
why.on_neighbour(lambda n: sent.append(spot.point_at(n["node_type"], n["node_id"], n["seed"])))
why
"""

CELLS = {
    "explain": EXPLAIN,
    "pareto": "chart = ParetoChart(engine, task, plan)\nchart.wait()",
    "compare": "compare = RunCompare([run, other])\ncompare",
    "locality": "locality = LocalityView(engine, task, plan)\nlocality.wait()",
}


def test_the_widgets_are_driven_by_hand(desk):
    cells = [SHOP, *CELLS.values(), HOSTILE, "spot"]
    desk.write("insight.ipynb", cells)
    desk.run_all(300)
    explains(desk)
    adopts(desk)
    compares(desk)
    reads_rows(desk)
    desk.take_pictures(CELLS)
    assert desk.page.evaluate("() => window.hacked") is None


def explains(desk):
    page, root = desk.page, desk.page.locator(".wb-explain").first
    first = desk.python("explanation[0].columns['column'][0].as_py()")
    assert first in root.locator(".wb-rows").nth(1).inner_text()
    root.get_by_label("seed").select_option(index=3)
    desk.until("why.seed == 3")
    assert desk.python("str(explanation.seeds.key[3])") in root.locator(".wb-title").inner_text()
    neighbours = root.get_by_role("button")
    assert neighbours.count() == desk.python("min(20, len(explanation[3].neighbours))")
    neighbours.nth(1).click()
    desk.until("len(sent) == 1")
    assert desk.python("explanation[3].neighbours.to_pylist()[1]['key'] == why.picked['key']")
    page.wait_for_selector(f".wb-subgraph[data-card='{desk.python('sent[0]')}']")
    # by keyboard: the focus stays where it was while the bars are drawn anew
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    desk.until("len(sent) == 2")
    pressed = root.locator("button[aria-pressed='true']")
    pressed.and_(page.locator(":focus")).wait_for()
    assert desk.python("explanation[3].neighbours.to_pylist()[2] == why.picked")
    hostile = page.locator(".wb-explain").nth(1)
    assert "onerror" in hostile.locator(".wb-title").inner_text()


def adopts(desk):
    page, root = desk.page, desk.page.locator(".wb-pareto")
    count = desk.python("len(chart.candidates)")
    root.get_by_text(f"{count} of {count} measured").wait_for()
    points = root.locator("circle")
    assert points.count() == count
    points.last.click()
    desk.until("chart.fanout == chart.candidates[-1].fanout")
    root.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    desk.until("chart.plan.fanout == chart.candidates[0].fanout")
    assert root.locator("button[aria-pressed='true']").count() == 1
    root.get_by_label("cost").select_option("bytes")
    desk.until("chart.measure == 'bytes'")
    root.locator("text", has_text="MB per batch").wait_for()
    heights = points.evaluate_all("nodes => nodes.map(node => Number(node.getAttribute('cy')))")
    assert heights == sorted(heights, reverse=True)  # wider covers more: higher up


def compares(desk):
    root = desk.page.locator(".wb-compare")
    assert root.locator("polyline").count() == 2
    assert "channels" in root.locator("table").inner_text()
    root.get_by_role("button", name="B").click()
    desk.until("compare.plan == compare.runs[1].plan and compare.chosen == 1")
    before = root.locator("polyline").first.get_attribute("points")
    root.get_by_label("curve").select_option("training loss")
    assert root.locator("polyline").first.get_attribute("points") != before
    sent = desk.python("compare._seq")
    root.get_by_role("button", name="Refresh").click()
    desk.until(f"compare._seq > {sent}")
    assert desk.python("compare.chosen") == 1


def reads_rows(desk):
    root = desk.page.locator(".wb-locality")
    tables = desk.python("list(locality.hot)")
    root.get_by_label("table").select_option("users")
    desk.until("locality.table == 'users'")
    root.get_by_role("button").first.click()
    desk.until("locality.picked == ('users', int(locality.hot['users'].rows[0]))")
    key = desk.python("str(engine.keys('users').keys_of(locality.hot['users'].rows[:1])[0])")
    assert key in root.locator("button[aria-pressed='true']").inner_text()
    assert len(tables) == root.locator("option").count()
    root.get_by_label("table").select_option("orders")
    root.get_by_text("row cache of").wait_for()
    root.get_by_label("table").select_option("products")
    desk.until("locality.table == 'products'")
