"""The folder of a run: every damaged or missing file is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.run import load_run, start
from workbench.training.run_folder import new_folder, read_run

PLAN = ModelPlan(Fanout([4], strategy="recent")).replace(channels=4, epochs=1)


@pytest.fixture(scope="module")
def folder(shop: Shop) -> Path:
    return start(shop.parts, shop.task, PLAN, callbacks=[lambda _: None], device="cpu").wait().folder


def test_what_is_in_it(folder: Path) -> None:
    saved = read_run(folder)
    assert saved.plan == PLAN
    assert saved.seed_type == "users"
    assert saved.builtin
    assert len(saved.history) == 1
    assert {path.name for path in folder.iterdir()} == {
        "plan.json",
        "statistics.json",
        "categories.json",
        "run.json",
        "model.safetensors",
    }


@pytest.mark.parametrize("name", ["plan.json", "statistics.json", "categories.json", "run.json"])
def test_missing_and_torn_files_are_named(shop: Shop, folder: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(TrainingError, match=name):
        load_run(copy, shop.parts)
    whole = (folder / name).read_text()
    (copy / name).write_text(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match=name):
        load_run(copy, shop.parts)
    (copy / name).write_text(json.dumps({"format": 99}))
    with pytest.raises(TrainingError, match="malformed"):
        load_run(copy, shop.parts)


def test_folders(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="not empty"):
        new_folder(tmp_path)
    with pytest.raises(TrainingError, match="cannot be used"):
        new_folder(tmp_path / "file")
    assert new_folder(None).is_dir()
