"""A hundred hostile strings as names and as values: shown as text, short, and harmless."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pyarrow as pa

import workbench as wb
from widgets import (
    CutoffCheck,
    ExplainView,
    FanoutPicker,
    MetapathPicker,
    SchemaView,
    SubgraphView,
)
from widgets._explain_bars import MOST
from widgets._schema_facts import LONGEST
from workbench.plan.fanout import Fanout
from workbench.query.seed_table import SeedTable
from workbench.sampling.audit import AuditReport
from workbench.stores.graph_arrays import GraphArrays
from workbench.stores.ram_graph import RamGraph
from workbench.temporal import FOREVER
from workbench.testing.hostile import HOSTILE, hostile_schema, storable


class UsersTask:
    """Two users as seeds."""

    entity_table = "users"

    def seeds(self, _split):
        return SeedTable("users", np.arange(2), pa.array([0, 1]), np.full(2, FOREVER), split="val")


def hostile_engine(engine, names):
    """The engine over facts with these names, five rows each, which point at two users."""
    schema = hostile_schema(names)
    keys = {(name, "k"): np.arange(5) % 2 for name in names}
    engine.graph = RamGraph(
        GraphArrays.from_columns(schema, {"users": 2, **dict.fromkeys(names, 5)}, {}, keys)
    )
    engine.schema = schema
    return engine


def test_names_of_tables_and_columns_are_text_and_can_be_walked(harmless):
    for start in range(0, len(HOSTILE), 12):
        names = HOSTILE[start : start + 12]
        schema = hostile_schema(names)
        view = SchemaView(schema)
        harmless(view, names)
        assert all(len(t["name"]) <= LONGEST for t in view._payload["meta"]["types"])
        picker = MetapathPicker(schema, "users")
        draft = picker.draft
        for name in names:
            draft = draft.select(None).go(name)
        picker.edit(draft.select(None))
        picker._receive(picker, {"kind": "edit", "how": "go", "to": len(names)}, [])
        assert picker.error.startswith("Not a plan yet")  # the last one is there twice now
        picker.undo()
        assert picker.error == ""
        assert [path.check(schema)[0].src for path in picker.metapaths.metapaths] == list(names)
        harmless(picker, names)


def test_names_in_a_fanout_are_text_and_can_be_edited(engine, plan, harmless):
    for start in range(0, len(HOSTILE), 24):
        names = storable(HOSTILE[start : start + 24])
        engine = hostile_engine(engine, names)
        picker = FanoutPicker(engine, UsersTask(), plan).wait()
        for row in (0, len(names) - 1):
            edit = {"kind": "edit", "how": "set", "hop": 1, "edge_type": row, "fanout": row + 2}
            picker._receive(picker, edit, [])
            assert picker.fanout.get(1, engine.schema.edge_types[2 * row]) == row + 2
        assert picker.wait().error == ""
        harmless(picker, [*names, *names])
        for form in ("Fanout", "PyG", "Kumo"):
            assert picker.table.form(form)


def test_names_and_values_in_a_picture_are_text(engine, harmless):
    for start in range(0, len(HOSTILE), 24):
        names = storable(HOSTILE[start : start + 24])
        engine = hostile_engine(engine, names)
        engine.row = lambda table, row_id: dict.fromkeys(HOSTILE, HOSTILE[row_id])
        view = SubgraphView(engine.sample(UsersTask().seeds("val"), Fanout([2])), engine)
        harmless(view, [*names, *names])
        sent = []
        view.send = sent.append
        for node in range(0, len(view.flat), 3):
            view._receive(view, {"kind": "hover", "node": node, "seq": view._seq}, [])
        for name in names[:3]:
            view._receive(view, {"kind": "find", "text": name, "after": -1}, [])
        view._receive(view, {"kind": "svg"}, [])
        assert ET.fromstring(sent[-1]["text"]).tag.endswith("svg")
        texts = json.dumps(sent[:-1], ensure_ascii=False).encode("utf-8")
        assert len(texts) < 200_000 * len(sent)
        assert len(view.error) < 1000


def test_what_is_explained_is_text(explained, harmless):
    some = [name.encode("utf-8", "replace").decode() for name in HOSTILE]  # Arrow holds no half characters
    for start in range(0, len(some), MOST):
        names = some[start : start + MOST]
        one = explained[int(np.argmax(np.bincount(explained.contents["seed"].to_numpy())))]
        rows = one.contents.slice(0, len(names))
        for column in ("node_type", "key", "column"):
            text = pa.array(names[: len(rows)], pa.string())
            rows = rows.set_column(rows.column_names.index(column), column, text)
        seeds = replace(one.seeds, key=pa.array(names[:1]), node_type=names[-1])
        view = ExplainView(replace(one, contents=rows, seeds=seeds, output=(names[0],)))
        harmless(view, names * 3)
        effects = tuple(wb.Effect("column", name, 0.1, 0.0, 0.2) for name in names)
        harmless(ExplainView(wb.Importance(names[0][:9], 0.5, "val", 9, effects)), names)


def test_values_of_rows_are_text(engine, task, harmless):
    engine.audit = lambda samples: AuditReport(1)
    engine.row = lambda table, row_id: dict.fromkeys(HOSTILE, HOSTILE[row_id])
    check = CutoffCheck(engine.sample(task.seeds("val"), Fanout([4])), engine)
    check.move("9 days")
    check.jump(0)
    harmless(check, [*HOSTILE, *HOSTILE])
