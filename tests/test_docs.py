"""The README and the pages of docs/: their Python runs as it stands, in order, and prints what they show."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

import workbench as wb

ROOT = Path(__file__).resolve().parents[1]
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run_blocks(page: Path, names: dict[str, Any]) -> dict[str, Any]:
    """Run the Python of a page in one namespace; a block of text that follows is what it printed."""
    blocks, printed = FENCED.findall(page.read_text(encoding="utf-8")), ""
    assert any(language == "python" for language, _ in blocks)
    for number, (language, block) in enumerate(blocks):
        if language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block, f"{page.name}, block {number}", "exec"), names)
            printed = out.getvalue()
        elif language == "text":
            assert block in printed
    return names


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/widgets/*.md")]), ids=lambda page: page.name
)
def test_a_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_blocks(page, {"__name__": "page"})


class Zero(torch.nn.Module):
    """Some module that takes a HeteroData and returns one number per seed."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(1))

    def forward(self, data):
        return self.bias.expand(data["users"].batch_size)


def _write_shop(folder: Path) -> None:
    """The tables that the README speaks of: users 17 and 42 are customers in November 2026."""
    made = wb.commerce(300, start="2025-08-01")
    for name, table in made.tables.items():
        frame = table.to_pandas()
        if "user_id" in frame:
            frame["user_id"] = frame["user_id"].map({key: i for i, key in enumerate(sorted(made.user_keys))})
        folder.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(folder / f"{name}.parquet")
        if name == "orders":
            later = folder.with_name("yesterday")
            later.mkdir()
            frame["order_id"] += 1_000_000
            frame.tail(3).to_parquet(later / "orders.parquet")


@pytest.mark.slow
def test_the_readme_runs(tmp_path, monkeypatch, shared_data):
    monkeypatch.chdir(tmp_path)
    _write_shop(tmp_path / "data/shop")
    (tmp_path / "online_retail.parquet").symlink_to(shared_data("online_retail") / "online_retail.parquet")
    (tmp_path / "runs").mkdir()
    graph = Data(x=torch.rand(9, 3), edge_index=torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]]))
    names = {"__name__": "readme", "data": graph, "my_model": Zero(), "MyModule": Zero}
    found = run_blocks(ROOT / "README.md", names)
    assert (tmp_path / "predictions.parquet").exists()
    assert 0 <= found["run"].metrics("test")["auroc"] <= 1
    assert next(iter(found["loader"]))["users"].batch_size == 512
