"""Every widget over tables, columns and values with hostile names: they are text, and nothing but text."""

import re

import pytest
from nbconvert import HTMLExporter

pytestmark = [pytest.mark.browser, pytest.mark.slow]


SHOP = r"""
import pyarrow as pa
import workbench as wb
import widgets as ww
from workbench.events import RunDone
from workbench.testing.hostile import HOSTILE, hostile_schema, hostile_tables, joined, storable

keys = storable(HOSTILE)
names = joined(name for name in keys if len(name) < 1000)
tables, schema = hostile_tables(names, keys)
wb.ingest(wb.read_tables(tables), schema, names[1][:4])
engine = wb.open(names[1][:4])
first = '"' + names[0].replace('"', '""') + '"'
query = f"PREDICT COUNT({first}.*, 0, 5, days) > 0 FOR EACH users.key"
task = engine.task(query)
plan = wb.ModelPlan(wb.Fanout([4, 2])).replace(channels=4, epochs=2, batch_size=64, max_steps=2)
wide = plan.replace(fanout=wb.Fanout([{str(engine.schema.edge_types[0]): 5, "default": 3}]), layers=1)
runs = [engine.train(task, p, callbacks=[], folder=f"<img src=x onerror=window.hacked={i}>").wait()
        for i, p in enumerate((plan, wide))]
sample = engine.sample(task.seeds("val")[:20], plan.fanout)
"""

CELLS = {
    "schema": "schema_view = ww.SchemaView(hostile_schema(HOSTILE))\nschema_view",
    "metapaths": "paths = ww.MetapathPicker(hostile_schema(HOSTILE), 'users')\npaths",
    "fanout": "fanout = ww.FanoutPicker(engine, task, wide)\nfanout.wait()",
    "subgraph": "view = ww.SubgraphView(sample, engine)\nview",
    "cutoff": "check = ww.CutoffCheck(sample, engine)\ncheck.move('40 days')\ncheck",
    "batch": "batch = ww.BatchInspector(engine, task, plan)\nbatch",
    "run": "monitor = ww.RunMonitor(runs[0])\nmonitor(RunDone(0.0, 'failed', ' '.join(HOSTILE)))\nmonitor",
    "pareto": "pareto = ww.ParetoChart(engine, task, plan, [plan.fanout, wide.fanout])\npareto.wait()",
    "compare": "compare = ww.RunCompare(runs)\ncompare",
    "locality": "locality = ww.LocalityView(engine, task, plan, batches=2)\nlocality.wait()",
    "explain": "explain = ww.ExplainView(runs[0].explain(task.seeds('test')[:5]))\nexplain",
    "form": """bench = ww.Workbench(engine)
said = [keys[i:] + keys[:i] for i in range(25)]
bench.forms["query"].put(table=pa.table({name: [row[i] for row in said] for i, name in enumerate(keys)}))
bench.forms["query"].put(values={**bench.forms["query"].values, "query": query})
bench""",
}

TAGS = """b bdi button canvas caption circle dd details div dl dt em g input label li line option path
polyline pre progress rect select small span summary svg table tbody td text textarea th thead title tr ul"""
"""What our scripts make."""

LOOK = r"""(tags) => {
    const found = new Set(), say = (...words) => found.add(words.join(' '));
    const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/, leftwards = /[\u05d0-\u06ff]/;
    const tooWide = (node) => node.scrollWidth > node.clientWidth + 1;
    const alone = (text) => {  // right-to-left letters take nothing beside them along
        let box = text.parentElement;
        const inline = ({ display, unicodeBidi }) => display === 'inline' && !/isolate/.test(unicodeBidi);
        while (!(box instanceof SVGElement) && inline(getComputedStyle(box))) box = box.parentElement;
        return box.textContent === text.data;
    };
    for (const root of document.querySelectorAll('.wb')) {
        const name = root.className;
        for (const node of root.querySelectorAll('*')) {
            if (!tags.includes(node.tagName.toLowerCase())) say(name, 'has', node.outerHTML.slice(0, 90));
            for (const { name: key, value } of node.attributes) {
                if (/^on/i.test(key) || (key === 'style' && /url|import/i.test(value))) say(name, key, value);
            }
        }
        if (tooWide(root)) say(name, 'is', root.scrollWidth, 'wide, of', root.clientWidth);
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const text = texts.currentNode;
            if (turns.test(text.data)) say(name, 'is turned by', text.data.slice(0, 60));
            if (leftwards.test(text.data) && !alone(text)) say(name, 'mixes in', text.data.slice(0, 60));
        }
    }
    const outputs = [...document.querySelectorAll('.jp-OutputArea-output')];
    if (outputs.some(tooWide)) say('an output is too wide');
    if (document.documentElement.scrollWidth > innerWidth) say('the page is wider than its window');
    if (window.hacked !== undefined) say('hacked', window.hacked);
    return [...found];
}"""


def test_names_are_text_in_every_widget(desk):
    page, told = desk.page, []
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda line: line.type == "error" and told.append(line.text))
    desk.write("hostile.ipynb", [SHOP, *CELLS.values()])
    desk.run_all(300)
    for name in CELLS:
        page.locator(f".wb-{name}").first.scroll_into_view_if_needed()
    assert page.evaluate(LOOK, TAGS.split()) == []
    points_and_walks(desk)
    edits(desk)
    clicks(desk)
    assert page.evaluate(LOOK, TAGS.split()) == []
    assert told == []
    exported(desk)


def points_and_walks(desk):
    page, schema = desk.page, desk.page.locator(".wb-schema").first
    for place in (0, 5, 40, 90, 121):
        schema.locator(".wb-type").nth(place).focus()
        card = schema.locator(".wb-card").inner_text()
        assert desk.python(f"schema_view._payload['meta']['types'][{place}]['name'].split()[:1]")[0] in card
    page.locator(".wb-metapaths .wb-type").nth(2).click()
    page.wait_for_selector(".wb-metapaths[data-paths='1']")
    assert desk.python("paths.draft.end == HOSTILE[1]")
    page.locator(".wb-metapaths .wb-next button").first.click()
    desk.until("len(paths.metapaths.metapaths[0]) == 2")
    page.locator(".wb-subgraph canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".wb-subgraph[data-card]")
    page.locator(".wb-subgraph").get_by_label("search an id or key").fill(desk.python("keys[20]"))
    page.keyboard.press("Enter")
    desk.until("view.error or view._cursor >= 0")


def edits(desk):
    page = desk.page
    root = page.locator(".wb-fanout").first
    root.locator("tbody input").first.fill("7")
    desk.until("7 in fanout.fanout.to_dict()['hops'][0].values()")
    root.locator("summary").click()
    page.wait_for_function("() => document.querySelector('.wb-fanout textarea').value.includes('hacked')")
    page.locator(".wb-cutoff .wb-offenders button").first.click()
    desk.until("check._card is not None")
    page.locator(".wb-cutoff").get_by_role("button", name="Audit").click()
    desk.until("check.report is not None", 300)  # SQL on a busy machine
    form = page.locator(".wb-form[data-step='2 Query']")
    form.get_by_role("button", name="Next").click()
    form.get_by_text("rows 21 to 25 of 25").wait_for()
    form.get_by_role("button", name="Ask").click()
    page.wait_for_selector(".wb-form[data-step='3 Plan']")
    form.locator("textarea").fill("PREDICT <img src=x onerror=window.hacked=1>")
    form.get_by_role("button", name="Ask").click()
    form.locator(".wb-error:visible", has_text="onerror").first.wait_for()


def clicks(desk):
    page = desk.page
    page.locator(".wb-batch").get_by_role("button", name="next batch").click()
    page.wait_for_selector(".wb-batch[data-index='1']")
    page.locator(".wb-pareto button").nth(1).click()
    desk.until("pareto.fanout == wide.fanout")
    page.locator(".wb-compare button", has_text="B").click()
    desk.until("compare.chosen == 1")
    locality = page.locator(".wb-locality")
    locality.get_by_label("table").select_option(index=1)
    desk.until("locality.table == list(locality.hot)[1]")
    locality.locator("button").first.click()
    desk.until("locality.picked is not None")
    page.locator(".wb-explain").get_by_label("seed").select_option(index=2)
    desk.until("explain.seed == 2")
    page.locator(".wb-explain button").first.click()
    desk.until("explain.picked is not None")
    page.locator(".wb-run").first.hover()
    assert "onerror" in page.locator(".wb-run .wb-error").first.inner_text()


def exported(desk):
    """A saved notebook without scripts has the still pictures, and no tag but what nbconvert makes."""
    page = desk.page
    page.evaluate("() => desk.context.save()")
    shown, _ = HTMLExporter(template_name="basic").from_filename(desk.lab.folder / "hostile.ipynb")
    outputs = re.findall(r'<div class="[^"]*output_html[^"]*"[^>]*>(.*?)</div>', shown, re.DOTALL)
    assert len(outputs) == len(CELLS)
    for output in outputs:
        assert re.fullmatch(
            r'\s*<img alt="[^"<>]*" src="data:image/svg\+xml;base64,[^"]*"\s*/?>\s*', output
        ), output[:200]
