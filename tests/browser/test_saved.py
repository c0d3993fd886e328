"""What a notebook saves of its widgets, after its cells have run again and again."""

import json
from collections import Counter

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = r"""
import ipywidgets
import workbench as wb
from widgets import SchemaView, Workbench

shop = wb.commerce(20, periods=5)
schema = wb.infer_schema(shop.tables)
"""

CELLS = [
    START,
    "view = SchemaView(schema)\nkept = globals().get('kept', view)  # that of the first run\nview",
    "view",
    "kept",
    "box = globals().get('box') or ipywidgets.VBox([kept])\nbox",
    "bench = Workbench(shop.tables)\nbench",
]


@pytest.fixture
def saving(lab):
    """JupyterLab told to save widgets, as `make lab` tells it."""
    place = lab.folder.parent / "settings" / "@jupyter-widgets" / "jupyterlab-manager"
    place.mkdir(parents=True)
    settings = place / "plugin.jupyterlab-settings"
    settings.write_text(json.dumps({"saveState": True}))
    yield
    settings.unlink()


def models(desk):
    """How many widgets are saved, by their names."""
    desk.page.evaluate("() => desk.context.save()")
    saved = json.loads((desk.lab.folder / "saved.ipynb").read_text())["metadata"]["widgets"]
    found = saved["application/vnd.jupyter.widget-state+json"]["state"].values()
    return Counter(model["model_name"] for model in found if model["model_name"] != "LayoutModel")


def drawn(desk):
    return desk.page.evaluate("() => document.querySelectorAll('.wb[data-ready]').length")


def test_cells_that_run_again_save_what_they_show_and_no_more(saving, desk):
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, desk.lab.folder / "saved.ipynb")
    desk.open("saved.ipynb")
    desk.run_all()
    desk.page.wait_for_function("() => document.querySelectorAll('.wb[data-ready]').length >= 8")
    first, views = models(desk), drawn(desk)
    assert first["AnyModel"] > 5
    for _ in range(3):
        desk.run_all()
    one_more = first + Counter(AnyModel=1)  # the first run's view is still shown
    for _ in range(50):
        if models(desk) == one_more and drawn(desk) == views:
            break
        desk.page.wait_for_timeout(100)
    assert models(desk) == one_more
    assert drawn(desk) == views
    assert (desk.lab.folder / "saved.ipynb").stat().st_size < 1_000_000
    desk.set_source(3, "view")
    desk.run_cell(3)
    desk.until("kept._view_count == 1")  # now in the box alone, where it stays
    assert models(desk) == one_more
