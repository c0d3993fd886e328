"""The folder of a run: every damaged or missing file is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import TrainingError
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.testing.shop import Shop
from workbench.training.begin import load_run, start
from workbench.training.run_folder import copy_folder, new_folder, read_run

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
    (copy / name).write_text(json.dumps({"format": 1}))
    with pytest.raises(TrainingError, match="malformed"):
        load_run(copy, shop.parts)


@pytest.mark.parametrize("name", ["run.json", "categories.json"])
def test_a_folder_of_a_later_version_is_told_from_a_damaged_one(
    shop: Shop, folder: Path, tmp_path: Path, name: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    held = json.loads((copy / name).read_text())
    (copy / name).write_text(json.dumps({**held, "format": 99}))
    with pytest.raises(
        TrainingError, match=r"its format is 99\. Allowed: format 1\. Load it with the version"
    ):
        load_run(copy, shop.parts)
    (copy / name).write_text(json.dumps({**held, "format": None}))
    with pytest.raises(TrainingError, match="malformed"):
        load_run(copy, shop.parts)


def test_weights_that_are_missing_torn_or_of_another_model_are_named(
    shop: Shop, folder: Path, tmp_path: Path
) -> None:
    copy, seeds = Path(shutil.copytree(folder, tmp_path / "copy")), shop.task.seeds("test")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(TrainingError, match=r"model\.safetensors was read: it is damaged"):
        load_run(copy, shop.parts).predict(seeds)
    weights.unlink()
    with pytest.raises(TrainingError, match="there are none: no epoch was finished"):
        load_run(copy, shop.parts).predict(seeds)
    wider = start(shop.parts, shop.task, PLAN.replace(channels=8), callbacks=[], device="cpu").wait()
    shutil.copy(wider.folder / "model.safetensors", weights)
    with pytest.raises(TrainingError, match="they do not fit"):
        load_run(copy, shop.parts).predict(seeds)


def test_folders(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="not empty"):
        new_folder(tmp_path)
    with pytest.raises(TrainingError, match="cannot be used"):
        new_folder(tmp_path / "file")
    assert new_folder(None).is_dir()


def test_temporary_folders_go_with_their_process_and_stay_for_its_children() -> None:
    script = (
        "import os\n"
        "from workbench.training.run_folder import new_folder\n"
        "place = new_folder(None)\n"
        "if (child := os.fork()) == 0:\n"
        "    raise SystemExit\n"
        "os.waitpid(child, 0)\n"
        "print(place, place.is_dir())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    place, there = done.stdout.split()
    assert there == "True"
    assert not Path(place).exists()


def test_a_run_knows_its_store(shop: Shop, folder: Path, tmp_path: Path) -> None:
    seeds = shop.task.seeds("test")
    loaded = load_run(folder)
    assert loaded.parts.dataset.path.resolve() == shop.parts.dataset.path.resolve()
    assert np.array_equal(loaded.predict(seeds).values, load_run(folder, shop.parts).predict(seeds).values)
    assert loaded.metrics("test") == load_run(folder, shop.parts).metrics("test")
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    run = json.loads((copy / "run.json").read_text())
    for where, got in (("/nowhere/shop", "/nowhere/shop"), (None, "does not say which")):
        found = {key: value for key, value in run.items() if key != "dataset"}
        (copy / "run.json").write_text(json.dumps(found | ({"dataset": where} if where else {})))
        with pytest.raises(TrainingError, match=rf"{got}.*load_run\(folder, wb\.open\(path\)\)"):
            load_run(copy)
        assert load_run(copy, shop.parts).state == "finished"


def test_stores_that_are_none_are_named(folder: Path) -> None:
    with pytest.raises(TrainingError, match=r"a str, which has no 'dataset'.*wb\.open"):
        load_run(folder, "stores/shop")


def test_a_copy_is_complete_or_not_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync, target = [], os.fsync, tmp_path / "a" / "copy"

    def noted(handle: int) -> None:
        sync(handle)
        synced.append(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    copy_folder(folder, target)
    assert {path.name for path in target.iterdir()} == {path.name for path in folder.iterdir()}
    names = [path.stat().st_ino for path in (target, target.parent)]
    assert synced[-2:] == names, "the copy's names, then its own"
    assert set(synced[:-2]) == {path.stat().st_ino for path in target.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(TrainingError, match="No space left"):
        copy_folder(folder, tmp_path / "b" / "copy")
    assert list((tmp_path / "b").iterdir()) == []
