"""Public names: complete, sorted, and cheap to import."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HEAVY = ("torch", "torch_geometric", "jupyterlab", "ipywidgets", "anywidget", "IPython", "duckdb", "numba")


@pytest.mark.parametrize("package", ["workbench", "widgets"])
def test_all_is_sorted_and_every_name_is_there(package: str) -> None:
    module = __import__(package)
    assert list(module.__all__) == sorted(set(module.__all__))
    assert all(getattr(module, name) is not None for name in module.__all__)
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("package", ["workbench", "widgets"])
def test_an_unknown_name_is_refused(package: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = __import__(package).no_such_name


def test_import_takes_no_second_and_loads_neither_torch_nor_jupyter() -> None:
    code = f"import sys, workbench; print([name for name in {HEAVY} if name in sys.modules])"
    run = [sys.executable, "-c", code]
    subprocess.run(run, check=True, capture_output=True)  # writes the bytecode cache
    began = time.perf_counter()
    found = subprocess.run(run, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
    assert time.perf_counter() - began < 1


TAB = """
import json, sys, time
from IPython.core.completer import provisionalcompleter
from ipykernel.zmqshell import ZMQInteractiveShell

shell = ZMQInteractiveShell.instance()
shell.run_cell("import workbench as wb")

def tab(code):
    with provisionalcompleter():
        return sorted(found.text for found in shell.Completer.completions(code, len(code)))

tab("sys.")  # loads the completer itself
began = time.perf_counter()
names = tab("wb.")
seconds = time.perf_counter() - began
tip = shell.object_inspect_mime("wb.ingest", detail_level=0)["text/plain"]
print(json.dumps([names, tab("wb.Fan"), seconds, tip, "torch" in sys.modules]))
"""
"""What a kernel does for Tab and Shift-Tab, types and signatures included."""


def test_tab_in_a_fresh_kernel_lists_the_names_at_once_and_loads_no_torch() -> None:
    run = subprocess.run([sys.executable, "-c", TAB], check=True, capture_output=True, text=True)
    names, of_a_prefix, seconds, tip, loaded = json.loads(run.stdout)
    assert [name for name in names if name != "__version__"] == __import__("workbench").__all__
    assert of_a_prefix == ["Fanout", "FanoutError"]
    assert seconds < 1
    assert "Schema" in tip  # Shift-Tab says what the call takes
    assert not loaded


def test_a_name_is_loaded_when_first_used_and_then_kept() -> None:
    code = "import workbench as w; print('Fanout' in vars(w), w.Fanout is w.Fanout, 'Fanout' in vars(w))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "True", "True"]


def test_the_torch_free_floor_is_torch_free() -> None:
    """Ingest, graph, features, query, sampling and loading never load torch or a notebook."""
    modules = "ingestion.build, ingestion.infer, query.task, sampling.sampler, sampling.audit, loading.loader"
    imports = "; ".join(f"import workbench.{name}" for name in modules.split(", "))
    code = f"{imports}; import sys; print([n for n in {HEAVY[:6]} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
