"""Every widget on a bare page, as in VS Code: no Jupyter, another host's colours, views that come and go."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest

import workbench as wb
from widgets import (
    BatchInspector,
    CutoffCheck,
    ExplainView,
    FanoutPicker,
    LocalityView,
    MetapathPicker,
    ParetoChart,
    RunCompare,
    RunMonitor,
    SchemaView,
    SubgraphView,
    Workbench,
)
from widgets._scene_facts import age

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PIXELS = "canvas => canvas.toDataURL()"

HOST = Path(__file__).with_name("bare_host.js")

SVG = "{http://www.w3.org/2000/svg}"

SERIOUS = ("serious", "critical")
"""Grades of axe-core's findings that are none to live with."""

THEMES = {
    "light": {"editor-background": "#ffffff", "editor-foreground": "#3b3b3b"},
    "dark": {"editor-background": "#1f1f1f", "editor-foreground": "#cccccc"},
    "high-contrast": {"editor-background": "#000000", "editor-foreground": "#ffffff"},
    "none": {},
}
"""What VS Code's own themes say of the colours; ``none``: a host that says nothing, in a dark system."""

WIDGETS = (
    *("schema", "metapaths", "fanout", "subgraph", "cutoff", "batch", "run", "pareto", "compare"),
    *("locality", "explain", "query", "code"),
)

EDITS = {
    "schema": None,
    "metapaths": ".wb-next button",
    "fanout": "button:has-text('Add hop')",
    "subgraph": "canvas",
    "cutoff": "button:has-text('To the anchor')",
    "batch": "button[aria-label='next batch']",
    "run": "button:has-text('Resume')",
    "pareto": "circle >> nth=0",
    "compare": "button:has-text('Refresh')",
    "locality": "button >> nth=0",
    "explain": "button >> nth=0",
    "query": "button:has-text('Ask')",
    "code": None,
}
"""What is clicked in a widget, to see that its message is taken by Python; None: nothing can be."""

CONTRAST = r"""root => {
    // Colours as the browser composes them: a canvas paints paper, then what lies on it.
    const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const over = (colours) => {
        pen.clearRect(0, 0, 1, 1);
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return pen.getImageData(0, 0, 1, 1).data;
    };
    const light = ([r, g, b]) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [v, w]) =>
        sum + w * (v <= 10 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4), 0);
    const poor = [];
    for (const node of root.querySelectorAll('*')) {
        const own = [...node.childNodes].some(c => c.nodeType === 3 && c.textContent.trim());
        if (!own || !node.getClientRects().length || node.closest('option, :disabled')) continue;
        const papers = [];
        for (let up = node; up; up = up.parentElement) papers.unshift(getComputedStyle(up).backgroundColor);
        // Texts of a drawing stand on its boxes, if they stand in one.
        const box = node.closest('.wb-type')?.querySelector('.wb-box');
        if (box) papers.push(getComputedStyle(box).fill);
        const style = getComputedStyle(node);
        const ink = node instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [light(over(papers)), light(over([...papers, ink]))].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(1)} ${node.textContent.slice(0, 40)}`);
    }
    return poor;
}"""

UNREACHABLE = r"""root => [...root.querySelectorAll('button, input, select, textarea, canvas, [onclick]')]
    .filter(node => !node.disabled && node.getClientRects().length && (node.tabIndex < 0
        || !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length)))
    .map(node => node.outerHTML.slice(0, 80))"""


class Bare:
    """A page that plays host to widgets of this process; ``errors`` are those of scripts."""

    def __init__(self, context: Any, faces: dict[str, Any]) -> None:
        self.page, self.faces, self.errors = context.new_page(), faces, list[str]()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        self.page.set_content("<!doctype html><html lang='en'><title>widgets</title><main></main></html>")
        self.page.add_script_tag(path=HOST)
        for name, face in faces.items():
            self.page.evaluate("a => load(...a)", [name, face._esm, face._css, payload(face)])

    def theme(self, name: str) -> None:
        """Dress the page as VS Code does."""
        self.page.emulate_media(color_scheme="dark" if name == "none" else "light")
        style = ";".join(f"--vscode-{key}:{value}" for key, value in THEMES[name].items())
        self.page.evaluate(
            "([name, style]) => { document.body.className = `vscode-${name}`;"
            " document.documentElement.style = style; }",
            [name, style],
        )

    def show(self, name: str, view: str) -> Any:
        """Render one more view; the widget's root."""
        self.page.evaluate("a => show(...a)", [name, view])
        return self.page.locator(f"#{view} .wb")

    def tidy(self) -> None:
        """Nothing is left of what another test has shown or sent."""
        self.page.evaluate(
            "async () => { for (const view of Object.keys(views)) await clear(view); sent.length = 0 }"
        )
        self.errors.clear()

    def clear(self, view: str) -> None:
        """Take a view away, as a host does when an output is cleared or scrolled out of sight."""
        self.page.evaluate("view => clear(view)", view)

    def answer(self, name: str) -> None:
        """Hand what the views of a widget have sent to it, and its messages back."""
        face = self.faces[name]
        face.send = lambda content: self.page.evaluate("a => message(...a)", [name, content])
        for kind, content in self.sent():
            assert kind == name
            face._receive(face, content, [])
        del face.send

    def sent(self) -> list[Any]:
        """Messages of views that were sent since this was asked last: name of the widget, content."""
        found: list[Any] = self.page.evaluate("() => sent.splice(0)")
        return found


def payload(face: Any) -> dict[str, Any]:
    """What a widget's views draw, with bulk data as text."""
    columns = {
        name: {**packed, "data": base64.b64encode(packed["data"]).decode()}
        for name, packed in face._payload["columns"].items()
    }
    return {**face._payload, "columns": columns}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every widget over a small shop, in a state in which there is something to see."""
    shop, folder = wb.commerce(40, periods=6, seed=0), tmp_path_factory.mktemp("hosts") / "shop"
    wb.ingest(shop.tables, wb.infer_schema(shop.tables), folder)
    engine = wb.open(folder)
    task = engine.task(shop.query, val=shop.val, test=shop.test, begin=shop.start, observed_until=shop.end)
    plan = wb.ModelPlan(wb.Fanout([4, 2])).replace(channels=4, epochs=2, max_steps=4, batch_size=16)
    monitor = RunMonitor()
    run = engine.train(task, plan, callbacks=[monitor]).wait()
    monitor.record.state = "cancelled"  # so that it can be resumed
    monitor.publish()
    check = CutoffCheck(engine.sample(task.seeds("val")[:20], plan.fanout), engine)
    check.move("40 days")
    paths = MetapathPicker(engine, task, plan)
    paths.edit(paths.draft.walk("orders-user_id->users"))
    view = SubgraphView(engine.sample(task.seeds("val")[:1], plan.fanout), engine)
    bench = Workbench(engine)
    made = [
        SchemaView(engine), paths, FanoutPicker(engine, task, plan).wait(), view, check,
        BatchInspector(engine, task, plan), monitor, ParetoChart(engine, task, plan).wait(),
        RunCompare([run, run]), LocalityView(engine, task, plan).wait(),
        ExplainView(run.explain(task.seeds("test")[:3])), bench.forms["query"], bench.forms["code"],
    ]  # fmt: skip
    return dict(zip(WIDGETS, made, strict=True))


@pytest.fixture(scope="module")
def host(browser: Any, faces: dict[str, Any]) -> Iterator[Bare]:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    yield Bare(context, faces)
    context.close()


@pytest.fixture
def bare(host: Bare) -> Bare:
    host.tidy()
    return host


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_lives_in_a_host_without_jupyter(bare, name):
    face, edit = bare.faces[name], EDITS[name]
    root, other = bare.show(name, "one"), bare.show(name, "two")
    for theme in THEMES:
        bare.theme(theme)
        assert root.evaluate(CONTRAST) == [], theme
    assert root.evaluate(UNREACHABLE) == []
    if edit:
        root.locator(edit).first.click()
        bare.page.wait_for_function("() => sent.length > 0")
        for kind, message in bare.sent():
            assert (kind, message["kind"] in face.handles) == (name, True)
    # a message of an error reaches both views
    bare.page.evaluate("a => push(...a)", [name, {**(shown := payload(face)), "meta": error(shown)}])
    assert [view.get_by_role("alert").inner_text() for view in (root, other)] == ["<b>planted</b>"] * 2
    bare.clear("one")
    bare.page.evaluate("a => push(...a)", [name, payload(face)])
    assert other.get_by_role("alert").is_hidden()
    bare.clear("two")
    assert bare.page.evaluate("name => models[name].heard.length", name) == 0
    again = bare.show(name, "three")
    assert again.get_attribute("data-ready") == "true"
    bare.clear("three")
    assert bare.errors == []


def test_of_two_views_each_has_what_it_asked_for_and_both_the_brush(bare):
    page, root, other = bare.page, bare.show("subgraph", "one"), bare.show("subgraph", "two")
    page.evaluate(
        "() => { window.saved = [];"
        " HTMLAnchorElement.prototype.click = function () { saved.push(this.download) } }"
    )
    for name in ("SVG", "SVG", "PNG"):
        root.get_by_role("button", name=name, exact=True).click()
        bare.answer("subgraph")
    assert page.evaluate("() => saved") == ["subgraph.svg", "subgraph.svg", "subgraph.png"]
    root.get_by_label("oldest time shown").focus()
    page.keyboard.press("End")
    bare.answer("subgraph")
    assert other.get_by_label("oldest time shown").input_value() == "1"
    assert other.locator("canvas").evaluate(PIXELS) == root.locator("canvas").evaluate(PIXELS)
    bare.faces["subgraph"].on_brush(0.0, 1.0)
    for view in ("one", "two"):
        bare.clear(view)
    root, other = bare.show("fanout", "one"), bare.show("fanout", "two")
    for view, form in ((root, "Kumo"), (other, "PyG")):
        view.locator("summary").click()
        view.get_by_label("form to copy").select_option(form)
    bare.answer("fanout")
    shown = [view.get_by_label("the fanout as Python").input_value() for view in (root, other)]
    assert shown == [bare.faces["fanout"].table.form(form) for form in ("Kumo", "PyG")]
    bare.clear("one")
    bare.clear("two")


def test_what_is_told_of_the_same_picture_leaves_the_cursor(bare):
    page, root, face = bare.page, bare.show("subgraph", "one"), bare.faces["subgraph"]
    root.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => sent.length > 0")
    bare.answer("subgraph")
    card, words = root.get_attribute("data-card"), root.locator(".wb-card").inner_text()
    assert int(card) > 0
    for error in ("", "the dataset is gone"):  # an error of a hover must not ask again, and so for ever
        face.error = error
        face.publish()
        bare.page.evaluate("a => push(...a)", ["subgraph", payload(face)])
        assert (root.get_attribute("data-card"), root.locator(".wb-card").inner_text()) == (card, words)
    page.wait_for_timeout(100)  # a card is asked for 60 ms after
    assert bare.sent() == []
    face.edit(*face.scene.find("users 0"))
    bare.page.evaluate("a => push(...a)", ["subgraph", payload(face)])
    page.wait_for_function("() => sent.length > 0")
    assert bare.sent()[0][1]["node"] == face._cursor
    face.show(face.subgraph)
    bare.page.evaluate("a => push(...a)", ["subgraph", payload(face)])
    bare.clear("one")


def test_keys_walk_among_the_nodes_that_the_brush_shows(bare):
    page, root, face = bare.page, bare.show("subgraph", "one"), bare.faces["subgraph"]
    root.get_by_label("oldest time shown").focus()
    page.keyboard.press("End")
    root.locator("canvas").focus()
    ages, walked = age(face.flat), []
    for _ in range(len(ages) + 2):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => sent.some(([, m]) => m.kind === 'hover')")
        walked += [message["node"] for _, message in bare.sent() if message["kind"] == "hover"]
    assert set(walked) == set(np.flatnonzero(~(ages < 1)).tolist())
    bare.clear("one")


def error(shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown["meta"], "error": "<b>planted</b>"}


@pytest.mark.parametrize("name", [name for name in WIDGETS if name not in ("query", "code")])
def test_a_page_without_scripts_shows_a_picture_and_its_words(faces, name):
    """As code hosts and nbconvert do, which know no widgets."""
    data, _ = faces[name]._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell(outputs=[output])
    exporter = pytest.importorskip("nbconvert").HTMLExporter(template_name="basic")
    page = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    (image,) = re.findall(r'<img alt="(.+?)" src="data:image/svg\+xml;base64,(.+?)"', page, re.DOTALL)
    assert html.unescape(image[0]) == data["text/plain"]
    picture = ElementTree.fromstring(base64.b64decode(image[1]))
    assert sum(len(list(picture.iter(f"{SVG}{tag}"))) for tag in ("rect", "circle", "path", "polyline")) > 1
    assert len(base64.b64decode(image[1])) < 100_000


@pytest.mark.parametrize("width", [500, 400])
def test_widgets_fit_into_narrow_outputs(bare, width):
    bare.page.set_viewport_size({"width": width, "height": 700})
    for name in WIDGETS:
        root = bare.show(name, "narrow")
        wide, tall = bare.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= tall, name
        small = "root => [...root.querySelectorAll('svg text')].filter(t => t.getBBox().height *"
        small += " t.getScreenCTM().d < 8).map(t => t.textContent)"
        assert root.evaluate(small) == []
        bare.clear("narrow")
    bare.page.set_viewport_size({"width": 900, "height": 700})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(bare, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    bare.theme(theme)
    for i, name in enumerate(WIDGETS):
        bare.show(name, f"view-{i}")
    bare.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    found = axe.run(bare.page, options={"resultTypes": ["violations"]}).response["violations"]
    for i in range(len(WIDGETS)):
        bare.clear(f"view-{i}")
    seen = [(v["id"], [n["html"][:100] for n in v["nodes"]]) for v in found if v["impact"] in SERIOUS]
    assert seen == []


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
