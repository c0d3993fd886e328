"""Online: seeds of a single call, without a query to the tables: keys, times and ends are in memory.

run.predict(at=now, entities=[17, 42])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import TrainingError, explain
from workbench.ingestion.new_keys import GrownKeys
from workbench.query.entities import look_up, refuse_absent
from workbench.query.labels import plain_keys
from workbench.query.moments import moment
from workbench.query.own_seeds import exists
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import GraphStore
from workbench.temporal import FOREVER, Instant, clamp


@dataclass(frozen=True)
class Terms:
    """What a run keeps of a task that it cannot rebuild: on what terms its entities are asked about.

    Attributes
    ----------
    static : bool  whether its seeds have no time
    until : int or None  features are frozen there
    """

    static: bool
    until: int | None

    @classmethod
    def of(cls, task: Any) -> Terms | None:
        """Those of a task; None where it does not say, as tasks of other makers."""
        static = getattr(task, "static", None)
        return None if static is None else cls(bool(static), getattr(task, "until", None))

    @classmethod
    def read(cls, said: Mapping[str, Any] | None) -> Terms | None:
        """From the JSON of a run; None where an older version wrote none."""
        return None if said is None else cls(bool(said["static"]), said["until"])


def call_seeds(
    graph: GraphStore, keys: KeyMap | GrownKeys, task: Any, at: Instant | None, entities: Iterable[Any] | int
) -> SeedTable:
    """Seeds of entities at an instant: what ``task.seeds(at=, entities=)`` gives, from memory alone.

    Parameters
    ----------
    graph : GraphStore
    keys : KeyMap or GrownKeys  of the entities' table
    task : Task, Terms or None  whose entities they are; None where nothing is known of it
    at : instant, or None for a static task
    entities : their keys, in the order and number that predictions are wanted; one key is a list of one

    Raises
    ------
    TaskError, AnchorError
        If ``at`` is no instant, a key is unknown, or an entity does not exist then.
    TrainingError
        If a static task is asked as of an instant, or another without one.
    """
    _check_instant(task, at)
    table, until = keys.table, getattr(task, "until", None)
    node_id, shown = look_up(keys, entities)
    anchor = FOREVER if at is None else moment("at", at)
    anchors = np.full(len(node_id), anchor)
    seen = exists(graph.times(table), None, node_id, clamp(anchors, until))
    there = seen & exists(None, graph.ends(table), node_id, anchors)
    refuse_absent(table, there, shown, None if at is None else anchor, until)
    return SeedTable(
        table,
        node_id,
        plain_keys(pa.array(shown, keys.type)),
        anchors,
        until=until,
        classes=getattr(getattr(task, "target", None), "classes", None),
        numbering=getattr(graph, "numbering", ""),
    )


def _check_instant(task: Any, at: Instant | None) -> None:
    if (at is None) == getattr(task, "static", at is None):  # tasks of other makers may not say
        return
    got = "the task is static, and at= was given" if task.static else "no instant was given"
    allowed = "entities= alone" if task.static else "at= and entities="
    raise TrainingError(explain("predictions of a call were asked for", got, allowed))
