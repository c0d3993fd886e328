"""Shared fixtures and the hypothesis profiles.

CI and a plain run derandomise, so that a red test is red again; ``make torture`` draws anew each time
and raises the numbers (``workbench.testing.sizes.cases``). No example database, no deadline: both make
results depend on the machine.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from workbench.ingestion.build import ingest
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.tables import read_tables
from workbench.testing.commerce import Commerce, commerce
from workbench.testing.sizes import torture

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# A shell that starts a run in the background has it ignore Ctrl-C, which some tests send to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "workbench",
    deadline=None,
    database=None,
    derandomize=not torture(),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("workbench")


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """``shared_data("rel-f1/db")``: a path beside the project, or a skip that says what is missing."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/data/{name} is not on this machine (see CONTRIBUTING.md)")
        return path

    return find


@pytest.fixture(scope="module")
def generated_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Commerce, Path]:
    """A generated shop, and the dataset that its tables became: one for each file of tests."""
    data, path = commerce(users=120, seed=5), tmp_path_factory.mktemp("shop") / "shop"
    tables = read_tables(data.tables)
    ingest(tables, infer_schema(tables), path)
    return data, path


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Where a test may ingest a dataset; the folder does not exist yet."""
    return tmp_path / "store"
