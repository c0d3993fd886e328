"""Public names of the widgets package."""

import subprocess
import sys

import pytest

import widgets


def test_names_are_sorted_and_each_one_loads():
    assert widgets.__all__ == sorted(widgets.__all__)
    for name in widgets.__all__:
        assert getattr(widgets, name).__name__ == name
    with pytest.raises(AttributeError, match="SubgraphVew"):
        _ = widgets.SubgraphVew


def test_importing_widgets_loads_no_torch_and_no_notebook():
    code = "import sys, widgets; print(sorted({'torch', 'anywidget', 'ipywidgets'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert out.stdout.strip() == "[]"
