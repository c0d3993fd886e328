"""A write that was interrupted goes on where it stopped, and never with pieces of another one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.errors import TrainingError
from workbench.events import Progress
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.testing.shop import Shop
from workbench.training import predict
from workbench.training.begin import load_run, start
from workbench.training.pieces import kept_pieces
from workbench.training.predict import Embeddings, Predictions


class Computer:
    """Gives a number per seed, says for which seeds it was asked, and breaks at one of them."""

    def __init__(self, factor: float = 1.0, breaks_at: int | None = None) -> None:
        self.factor, self.breaks_at, self.asked = factor, breaks_at, list[int]()

    def __call__(self, seeds: SeedTable) -> np.ndarray:
        if self.breaks_at in seeds.node_id:
            raise KeyboardInterrupt
        self.asked.extend(seeds.node_id.tolist())
        return seeds.node_id * self.factor

    def identity(self) -> str:
        return f"times {self.factor}"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "HELD", 2)
    monkeypatch.setattr(predict, "PIECE", 3)


def seeds(count: int = 11) -> SeedTable:
    ids = np.arange(count)
    return SeedTable("users", ids, pa.array(ids), np.zeros(count, np.int64))


def interrupted(path: Path, asked: SeedTable, factor: float = 1.0) -> None:
    broken = Computer(factor, breaks_at=7)
    with pytest.raises(KeyboardInterrupt):
        Predictions(asked, broken, identity=broken.identity).write(path)
    assert broken.asked == list(range(6))
    assert not path.exists()
    assert len(list(path.parent.glob(f".{path.name}.*.pieces"))) == 1


def told(path: Path) -> list[float]:
    return pq.read_table(path)["prediction"].to_pylist()


@pytest.mark.parametrize("name", ["p.parquet", "p.csv"])
def test_it_goes_on_after_the_last_piece(tmp_path: Path, name: str) -> None:
    interrupted(tmp_path / name, seeds())
    computer, events = Computer(), list[Progress]()
    Predictions(seeds(), computer, identity=computer.identity).write(tmp_path / name, [events.append])
    assert computer.asked == [6, 7, 8, 9, 10]
    assert [(event.done, event.total, event.unit) for event in events] == [
        (3, 11, "seeds"), (6, 11, "seeds"), (9, 11, "seeds"), (11, 11, "seeds"),
    ]  # fmt: skip
    assert [event.remaining is None for event in events] == [True, True, False, False]
    assert events[-1].remaining == 0
    whole = Predictions(seeds(), Computer()).write(tmp_path / f"whole{name}")
    assert (tmp_path / name).read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"whole{name}"]


def test_pieces_of_another_write_are_not_taken(tmp_path: Path) -> None:
    path, later = tmp_path / "p.parquet", seeds()
    others: list[tuple[SeedTable, float]] = [
        (replace(later, anchor_time=later.anchor_time + 1), 1.0),
        (replace(later, until=5), 1.0),
        (later[::-1], 1.0),
        (later, 2.0),
    ]
    for asked, factor in others:
        interrupted(path, seeds())
        computer = Computer(factor)
        Predictions(asked, computer, identity=computer.identity).write(path)
        assert len(computer.asked) == 11
        assert told(path) == (asked.node_id * factor).tolist()
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()


def test_vectors_are_not_numbers(tmp_path: Path) -> None:
    interrupted(tmp_path / "p.parquet", seeds())
    found = Embeddings(seeds(), lambda some: np.ones((len(some), 2), np.float32), lambda: "times 1.0")
    assert pq.read_table(found.write(tmp_path / "p.parquet"))["embedding"].to_pylist() == [[1.0, 1.0]] * 11


def test_a_torn_piece_is_made_again_and_an_unfinished_one_too(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    interrupted(path, seeds())
    (folder,) = tmp_path.glob(".p.parquet.*.pieces")
    first = folder / "0.arrow"
    first.write_bytes(first.read_bytes()[:-50])
    (folder / "2.draft").write_bytes(b"half")
    computer = Computer()
    Predictions(seeds(), computer, identity=computer.identity).write(path)
    assert computer.asked == [0, 1, 2, 6, 7, 8, 9, 10]
    assert told(path) == list(range(11))
    assert list(tmp_path.iterdir()) == [path]


def test_two_writes_to_one_place_do_not_mix(tmp_path: Path) -> None:
    path, computer = tmp_path / "p.parquet", Computer()
    for identity in ("abc", "def"):
        with kept_pieces(path, identity), pytest.raises(TrainingError, match="another write to it is under"):
            Predictions(seeds(), computer, identity=computer.identity).write(path)
    assert computer.asked == []
    (tmp_path / ".p.parquet.of.someone.pieces").mkdir()  # not ours: an identity has no dot
    Predictions(seeds(), computer, identity=computer.identity).write(path)
    assert {each.name for each in tmp_path.iterdir()} == {"p.parquet", ".p.parquet.of.someone.pieces"}


def test_a_full_disk_is_named_and_the_pieces_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, computer = tmp_path / "p.parquet", Computer()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("workbench.training.pieces.sync_file", full)
        with pytest.raises(TrainingError, match="No space left on device"):
            Predictions(seeds(), computer, identity=computer.identity).write(path)
    Predictions(seeds(), computer, identity=computer.identity).write(path)
    assert told(path) == list(range(11))


KILLED = """
import os, signal
from workbench.training import predict
from workbench.training.begin import load_run
predict.HELD, predict.PIECE = 2, 20
def kill(event):
    if event.done == 60:
        os.kill(os.getpid(), signal.SIGKILL)
run = load_run(folder)
run.predict(run.task.seeds("test")).write(path, callbacks=[kill])
"""


def test_a_killed_process_loses_one_piece_at_most(
    shop: Shop, spawned: Callable[..., BaseProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ModelPlan(Fanout([2])).replace(channels=4, epochs=1, max_steps=1)
    run = start(shop.parts, shop.task, plan, callbacks=[], device="cpu", folder=tmp_path / "run").wait()
    path = tmp_path / "out" / "p.parquet"
    child = spawned(KILLED, folder=run.folder, path=path)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert [each.suffix for each in path.parent.iterdir()] == [".pieces"]

    again, asked = load_run(run.folder, shop.parts), list[int]()
    inference = again._ready().inference
    values = inference.values
    monkeypatch.setattr(inference, "values", lambda some: (asked.append(len(some)), values(some))[1])
    monkeypatch.setattr(predict, "PIECE", 20)
    wanted = shop.task.seeds("test")
    again.predict(wanted).write(path)
    assert sum(asked) == len(wanted) - 60
    np.testing.assert_allclose(told(path), run.predict(wanted).values, rtol=0, atol=1e-6)
    assert list(path.parent.iterdir()) == [path]
