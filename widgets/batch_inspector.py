"""BatchInspector: the very batches of a run, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._batch_facts import batch_facts
from widgets._refusals import needs

SPLITS = ("train", "val", "test")


class BatchInspector(Face):
    """Steps through the batches that a run trains on, or is evaluated on.

    Parameters
    ----------
    engine : Engine
    what, plan, key : a Run; or a Task with its plan: what ``engine.train(task, plan, key=key)`` draws
    split : 'train', 'val' or 'test'
    epoch : int  of training, counted from 0: order and draws change with it
    index : int  the batch to begin with

    Attributes
    ----------
    batch : Batch  the one shown; ``batch.subgraph`` goes into a SubgraphView or a CutoffCheck
    facts : dict  what is counted of it
    split, epoch, index : what is shown
    """

    handles: ClassVar[tuple[str, ...]] = ("go", "choose")
    _esm = script("batch_inspector.js")
    _css = style()

    def __init__(
        self,
        engine: wb.Engine,
        what: wb.Run | wb.Task,
        plan: wb.ModelPlan | None = None,
        *,
        split: str = "train",
        epoch: int = 0,
        index: int = 0,
        key: int = 0,
    ) -> None:
        super().__init__()
        self._engine, self._key, self._expand = engine, key, False
        self._task: Any = what
        self._plan: Any = plan
        if isinstance(what, wb.Run):
            self._task, self._plan = what.task, what.plan
            self._key, self._expand = what.key, not what.builtin
        do = "Say BatchInspector(engine, task, plan), or BatchInspector(engine, run)"
        needs(self._task, wb.Task, "BatchInspector", do)
        needs(self._plan, wb.ModelPlan, "BatchInspector of a task with its plan", do)
        self.choose(split, epoch, index)

    def __len__(self) -> int:
        """Batches of the pass."""
        return self._count(self._loader, self.split)

    def _count(self, loader: wb.Loader, split: str) -> int:
        most = self._plan.optimisation.max_steps if split == "train" else None
        return len(loader) if most is None else min(most, len(loader))

    def choose(self, split: str, epoch: int = 0, index: int = 0) -> None:
        """Show another pass: a split, and an epoch of training.

        Raises
        ------
        TaskError, LoaderError
            If there is no such split, epoch or batch.
        """
        loader = self._pass(split, epoch)
        batch = self._batch(loader, split, index)
        with self._lock:
            self._loader, self.split, self.epoch = loader, split, epoch
            self._show(index, batch)

    def _pass(self, split: str, epoch: int) -> wb.Loader:
        parts, options = self._engine.parts, {"key": self._key, "expand": self._expand}
        return wb.run_loader(parts, self._task, self._plan, split, epoch=epoch, **options)

    def _batch(self, loader: wb.Loader, split: str, index: int) -> wb.Batch:
        count = self._count(loader, split)
        if isinstance(index, int) and not 0 <= index < count:
            raise wb.LoaderError(f"batch {index} was asked for: the pass has batches 0 to {count - 1}.")
        return loader.batch(index)

    def go(self, index: int) -> None:
        """Show another batch of the pass, counted from 0; a LoaderError refuses one that it does not have."""
        loader = self._loader
        batch = self._batch(loader, self.split, index)
        with self._lock:
            if loader is self._loader:  # another pass may have been chosen meanwhile
                self._show(index, batch)

    def find(self, node_type: str, node_id: int, anchor: int) -> None:
        """Show the batch that holds a seed, of this split or another; LoaderError if none does."""
        for split in sorted(SPLITS, key=lambda split: split != self.split):
            loader = self._pass(split, self.epoch)
            seeds, order = loader.seeds, loader.order
            rows = np.flatnonzero((seeds.node_id == node_id) & (seeds.visible_until == anchor))
            if len(rows) and seeds.node_type == node_type:
                place = int(np.flatnonzero(order.rows == rows[0])[0])
                held = (order.starts <= place) & (place < order.ends)  # joint batches are in any order
                return self.choose(split, self.epoch, int(held.argmax()))
        asked = f"the batch of {node_type} {node_id} as of {wb.iso(anchor)} was asked for"
        raise wb.LoaderError(f"{asked}: it is no seed of the task. Allowed: seeds of {', '.join(SPLITS)}.")

    def _show(self, index: int, batch: wb.Batch) -> None:
        self.index, self.batch, self.error = index, batch, ""
        self.facts = batch_facts(batch, self._task.target.classes)
        self.publish()

    def on_go(self, index: int) -> None:
        """A view steps on; of many steps the last one is made, in the background."""
        self.worker.submit(lambda: self.go(index))

    def on_choose(self, split: str, epoch: int) -> None:
        """A view chose another pass."""
        self.worker.submit(lambda: self.choose(split, epoch))

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Where it stands, and what the batch is made of."""
        place = {"split": self.split, "splits": SPLITS, "epoch": self.epoch, "index": self.index}
        return {**place, "batches": len(self), "summary": self.summary(), **self.facts}, {}

    def summary(self) -> str:
        """One line on the batch."""
        facts, subgraph = self.facts, self.batch.subgraph
        size = facts["bytes"] + facts["array_bytes"]
        held = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"
        return (
            f"{facts['seeds']:,} seeds, {subgraph.num_nodes:,} nodes ({facts['duplicates']:.0%} duplicates), "
            f"{subgraph.num_edges:,} edges, {held}"
        )

    def still(self) -> tuple[str, str]:
        """Nodes by type as bars, and where the batch comes from."""
        epoch = f" of epoch {self.epoch}" if self.split == "train" else ""
        line = f"{self.split} batch {self.index}{epoch}: {self.summary()}"
        nodes = {part["name"]: float(sum(part["hops"])) for part in self.facts["nodes"]}
        return wb.bars_svg(nodes, title="nodes by type", width=620), line
