"""A small shop in memory with the engine's methods that widgets use, so that no dataset is ingested."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from workbench.engine import Engine
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan
from workbench.query.seed_table import SeedTable
from workbench.query.task import Task
from workbench.sampling.profile_batches import Profile
from workbench.sampling.profile_fit import Fit
from workbench.sampling.sampler import NeighborSampler
from workbench.stores.ram_graph import RamGraph
from workbench.stores.subgraph import SampledSubgraph
from workbench.testing.graphs import DAY, toy_shop
from workbench.testing.shop import open_shop
from workbench.training.explanation import Explanation


class ToyEngine:
    """The methods of ``Engine`` that widgets call, over the toy shop."""

    def __init__(self) -> None:
        self.graph = RamGraph(toy_shop())
        self.schema = self.graph.schema
        self.costed: list[Fanout] = []
        self.features, self._span = SimpleNamespace(groups={}), None

    def sample(self, seeds: SeedTable, fanout: Fanout, *, key: int = 0) -> SampledSubgraph:
        return NeighborSampler(self.graph, fanout, key=key).sample(seeds.seed_set())

    def profile(self, seeds: SeedTable, fanout: Fanout, **options: Any) -> Profile:
        self.costed.append(fanout)
        return Engine.profile(self, seeds, fanout, **options)

    def fit_fanout(self, seeds: SeedTable, fanout: Fanout, **budget: Any) -> Fit:
        return Engine.fit_fanout(self, seeds, fanout, **budget)

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        return {"name": f"<b>{table}</b>", "value": row_id / 3, "nothing": None}


@dataclass
class ToyTask:
    """Every user on day 10, in the validation split only if asked to."""

    split: str = "val"
    entity_table: str = "users"

    def seeds(self, split: str) -> SeedTable:
        rows = np.arange(3 if split == self.split else 0)
        return SeedTable("users", rows, pa.array(rows), np.full(len(rows), 10 * DAY), split=split)


@pytest.fixture
def engine() -> ToyEngine:
    return ToyEngine()


@pytest.fixture
def task() -> ToyTask:
    return ToyTask()


@pytest.fixture
def plan() -> ModelPlan:
    return ModelPlan(fanout=Fanout([4, 2]))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Task, ModelPlan]:
    """An engine over a generated shop, its task, and a small plan of several batches."""
    opened = open_shop(tmp_path_factory.mktemp("widgets") / "shop", users=100, periods=8)
    engine = Engine(opened.parts.dataset, opened.parts.graph, opened.parts.features)
    return engine, opened.task, ModelPlan(fanout=Fanout([4, 2])).replace(batch_size=64, layers=2)


@pytest.fixture(scope="session")
def explained(shop: tuple[Engine, Task, ModelPlan]) -> Explanation:
    """Five predictions of a hardly trained run, explained."""
    engine, task, plan = shop
    small = plan.replace(layers=1, channels=4, epochs=1, max_steps=2)
    run = engine.train(task, small, callbacks=[], device="cpu").wait()
    return run.explain(task.seeds("test")[::37])


class Tags(HTMLParser):
    """Lists the tags of a text with the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))


def assert_harmless(widget: Any, names: Sequence[str]) -> None:
    """What is sent is short and valid; the still picture has no tag but those that drawings are made of."""
    payload = getattr(widget, "_payload", {"meta": {}})
    meta = json.dumps(payload["meta"], allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert len(meta) < 30_000 + 2_000 * len(names)
    shown = widget._repr_mimebundle_()[0]
    tags = {node.tag.rpartition("}")[2] for node in ET.fromstring(shown["image/svg+xml"]).iter()}
    assert tags <= {"svg", "title", "rect", "path", "g", "text", "tspan", "line", "circle", "polyline"}
    parser = Tags()
    parser.feed(shown["text/html"])
    assert parser.seen == [("img", ["alt", "src"])]
    assert len(shown["text/plain"].encode("utf-8")) < 5_000 + 500 * len(names)


@pytest.fixture
def harmless() -> Callable[[Any, Sequence[str]], None]:
    return assert_harmless
