"""Hostile tables, columns and keys through ingest, training and explanation into every widget of a run."""

import ast
import json
import shutil

import pytest

import workbench as wb
from widgets import (
    BatchInspector,
    CutoffCheck,
    ExplainView,
    LocalityView,
    ParetoChart,
    RunCompare,
    SubgraphView,
    Workbench,
)
from widgets._launch_query import quoted
from widgets._marks import MARKS
from widgets._schema_facts import short
from workbench.testing.hostile import HOSTILE, hostile_tables, joined, storable

KEYS = storable(HOSTILE)
NAMES = joined(name for name in KEYS if len(name) < 1000)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An engine over such tables, a task of the first, a plan, and its run."""
    folder = tmp_path_factory.mktemp("hostile")
    tables, schema = hostile_tables(NAMES, KEYS)
    wb.ingest(wb.read_tables(tables), schema, folder / "<img src=x>")
    engine = wb.open(folder / "<img src=x>")
    task = engine.task(f"PREDICT COUNT({quoted(NAMES[0])}.*, 0, 5, days) > 0 FOR EACH users.key")
    hops = [{str(engine.schema.edge_types[0]): 3, "default": 2}]
    plan = wb.ModelPlan(wb.Fanout(hops)).replace(layers=1, channels=4, epochs=1, batch_size=64, max_steps=1)
    return engine, task, plan, engine.train(task, plan, callbacks=[], folder=folder / "run").wait()


def said(widget):
    """All texts that views get."""
    text = json.dumps(widget._payload["meta"], ensure_ascii=False)
    assert not any(chr(mark) in text for mark in MARKS)
    return json.loads(text)


def test_batches_and_rows_are_told(hostile, harmless):
    engine, task, plan, run = hostile
    batch = BatchInspector(engine, run)
    harmless(batch, NAMES)
    shown = [row["name"] for row in said(batch)["nodes"]]
    assert set(shown) == {short(name) for name, ids in batch.batch.subgraph.node_id.items() if len(ids)}
    locality = LocalityView(engine, task, plan, batches=1).wait()
    for place, table in enumerate(locality.hot):
        locality._receive(locality, {"kind": "choose", "place": place}, [])
        assert (locality.error, locality.table) == ("", table)
        locality._receive(locality, {"kind": "pick", "place": 0}, [])
        assert not locality.error or not len(locality.hot[table].rows)
        assert said(locality)["choices"][place] == short(table)
    harmless(locality, NAMES)


def test_predictions_are_explained(hostile, harmless):
    _, task, _, run = hostile
    view = ExplainView(run.explain(task.seeds("test")[:6]))
    for seed in range(len(view.what)):
        view.choose(seed)
        harmless(view, NAMES)
        assert said(view)["choices"][seed]


def test_candidates_are_drawn(hostile, harmless):
    engine, task, plan, _ = hostile
    fanouts = [wb.Fanout([{str(e): 3, "default": 1}]) for e in engine.schema.edge_types[::2]]
    paths = wb.Metapaths([wb.Metapath(engine.schema.edge_types[0], fanouts=[2])])
    chart = ParetoChart(engine, task, plan, [*fanouts[:6], paths]).wait()
    assert chart.error == ""
    assert len(said(chart)["points"]) == 7
    harmless(chart, NAMES)
    chart.adopt(6)
    assert chart.plan.fanout == paths


def test_runs_in_folders_with_such_names_are_compared(hostile, harmless, tmp_path):
    run = hostile[3]
    names = [f"r{name.replace('/', '|')}" for name in NAMES[::4]]
    for name in names:
        shutil.copytree(run.folder, tmp_path / name)
    view = RunCompare([tmp_path / name for name in names])
    (folders,) = [row[1:] for row in said(view)["rows"] if row[0] == "run"]
    assert len(set(folders)) == len(names)
    harmless(view, names)


def test_samples_are_checked_and_drawn_as_groups(hostile, harmless, monkeypatch):
    engine, task, plan, _ = hostile
    sample = engine.sample(task.seeds("val")[:40], plan.fanout)
    check = CutoffCheck(sample, engine)
    check.move("50 days")
    for offender in range(0, len(check.table.offenders()), 5):
        check.jump(offender)
        harmless(check, [*NAMES, *NAMES])
    check.audit()
    monkeypatch.setattr("widgets._scene.MOST_DOTS", 3)
    view, sent = SubgraphView(sample, engine), []
    assert max(view.scene.drawn.count) > 1
    view.send = sent.append
    for node in range(0, len(view.flat), 4):
        view._receive(view, {"kind": "hover", "node": node, "seq": view._seq}, [])
    for key in KEYS[::10]:
        view._receive(view, {"kind": "find", "text": key, "after": -1}, [])
    assert all(len(json.dumps(message)) < 20_000 for message in sent)
    harmless(view, NAMES)


def test_a_foreign_batch_with_such_types_is_checked(harmless):
    torch = pytest.importorskip("torch")
    from torch_geometric.data import HeteroData

    for start in range(0, len(HOSTILE), 20):
        names = HOSTILE[start : start + 20]
        data = HeteroData()
        data["user"].seed_time = torch.tensor([10])
        for name in names:
            data[name].time = torch.tensor([9, 11])
            data[name, name, "user"].edge_index = torch.tensor([[0, 1], [0, 0]])
        check = CutoffCheck(data, unit="days")
        assert check.table.violating == len(names)
        check.jump(len(names) - 1)
        harmless(check, [*names, *names])
        with pytest.raises(AssertionError, match=f"{len(names)} of {2 * len(names)}"):
            check.assert_clean()


def test_such_queries_are_refused_in_sight(shop, harmless):
    bench = Workbench(shop[0])
    form = bench.forms["query"]
    good = "PREDICT COUNT(orders.*, 0, 7, days) > 0 FOR EACH users.user_id"
    for text in (*NAMES, *(text for text in HOSTILE if text not in KEYS), HOSTILE[-1]):
        for values in ({"query": text}, {"query": good, "val": text})[: 1 + (len(text) % 5 == 0)]:
            form._receive(form, {"kind": "act", "action": "ask", "values": values}, [])
            bench.wait()
            assert form.error, values
            harmless(form, [text, text])
    assert bench.launch.task is None
    assert ast.parse(bench.code)
