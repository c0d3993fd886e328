"""Public names of the widgets package."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import widgets
import workbench


def test_names_are_sorted_and_each_one_loads():
    assert widgets.__all__ == sorted(widgets.__all__)
    for name in widgets.__all__:
        assert getattr(widgets, name).__name__ == name
    with pytest.raises(AttributeError, match="SubgraphVew"):
        _ = widgets.SubgraphVew


def test_widgets_use_public_names_of_workbench_only():
    for path in sorted(Path(widgets.__file__).parent.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        imported = [line for line in source.splitlines() if re.match(r"(from|import) workbench\b", line)]
        assert set(imported) <= {"import workbench as wb"}, path.name
        assert set(re.findall(r"\bwb\.(\w+)", source)) <= set(workbench.__all__), path.name


def test_importing_widgets_loads_no_torch_and_no_notebook():
    code = "import sys, widgets; print(sorted({'torch', 'anywidget', 'ipywidgets'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert out.stdout.strip() == "[]"
