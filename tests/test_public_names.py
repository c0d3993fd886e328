"""Public names: complete, sorted, and cheap to import."""

from __future__ import annotations

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


def test_the_torch_free_floor_is_torch_free() -> None:
    """Ingest, graph, features, query, sampling and loading never load torch or a notebook."""
    modules = "ingestion.build, ingestion.infer, query.task, sampling.sampler, sampling.audit, loading.loader"
    imports = "; ".join(f"import workbench.{name}" for name in modules.split(", "))
    code = f"{imports}; import sys; print([n for n in {HEAVY[:6]} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
