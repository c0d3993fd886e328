"""Workbench, clicked through without a browser: steps appear as they are reached, errors stay in theirs."""

import pytest

from widgets import Workbench
from widgets._form import Form
from workbench.errors import TaskError
from workbench.events import RunDone
from workbench.plan.fanout import Fanout
from workbench.testing.commerce import commerce


def shown(bench):
    return [child.title if isinstance(child, Form) else type(child).__name__ for child in bench.children]


CODE = "The same in Python"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("bench") / "shop")


def test_a_user_clicks_from_tables_to_a_file(folder, tmp_path):
    bench = Workbench(commerce(60, periods=6, seed=0).tables)
    assert shown(bench) == ["SchemaView", "1 Data", CODE]
    data, query, plan, predict, code = bench.forms.values()
    assert "orders: key order_id; time " in data.text  # what was found, and why

    data.press("ingest", folder=folder)
    bench.wait()
    assert data.text.startswith("Ingested ")
    assert shown(bench) == ["SchemaView", "1 Data", "2 Query", CODE]
    assert bench.schema_view.describe("users")["rows"] == 60
    assert query.values["query"].startswith("PREDICT COUNT(")

    query.press("ask", query="PREDICT COUNT(ordrs.*, 0, 30, days) > 0 FOR EACH users.user_id")
    bench.wait()
    assert "Did you mean 'orders'?" in query.error
    assert query.mark == (14, 19)
    query.press("ask", query="PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR EACH users.user_id")
    bench.wait()
    assert (query.error, query.mark) == ("", None)
    assert shown(bench) == ["SchemaView", "1 Data", "2 Query", "FanoutPicker", "3 Plan", CODE]
    assert plan.values["epochs"] == str(bench.launch.plan.optimisation.epochs)

    edge_type = bench.picker.table.edge_types[0]
    bench.picker.set(1, str(edge_type), 3)
    assert bench.launch.plan.fanout.get(1, edge_type) == 3
    plan.press("train", epochs="none")
    bench.wait()
    assert "epochs of the plan" in plan.error
    plan.press("train", epochs="1", channels="8")
    bench.wait()
    assert shown(bench)[5:] == ["RunMonitor", "4 Predictions", CODE]
    bench.launch.run.wait()
    assert bench.monitor.record.state == "finished"
    assert predict.text == "The run is finished."

    predict.press("measure")
    bench.wait()
    assert predict.text.startswith("test: auroc ")
    predict.press("predict")
    bench.wait()
    assert len(predict.table) == len(bench.launch.task.seeds("test"))
    predict.press("write", path=str(tmp_path / "out.parquet"))
    bench.wait()
    assert (tmp_path / "out.parquet").exists()
    assert code.text == bench.code
    assert f"wb.open({folder!r})" in bench.code
    assert "epochs=1" in bench.code
    assert all(not form.error for form in bench.forms.values())


def test_an_engine_begins_with_the_query_and_shows_a_picture(shop):
    bench = Workbench(shop[0])
    assert shown(bench) == ["SchemaView", "2 Query", CODE]
    bundle = bench._repr_mimebundle_()[0]
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"].startswith("Workbench. Schema: 4 tables")
    assert "widget-view" in str(list(bundle))


def test_a_flat_table_is_told_what_to_do_with_it():
    bench = Workbench({"lines": commerce(20, periods=5).tables["orders"]})
    assert "tables.split(" in bench.forms["data"].text
    assert bench.forms["query"].values["query"] == ""


def test_a_call_is_let_go_and_the_next_one_heard(shop, monkeypatch):
    bench = Workbench(shop[0])
    monkeypatch.setattr(bench.launch, "ask", lambda *_, look, **__: [look() for _ in iter(int, 1)])
    form = bench.forms["query"]
    form.press("ask")
    assert form._payload["meta"]["busy"]["label"] == "labels and a plan"
    assert bench.forms["data"]._payload["meta"]["locked"]
    form._receive(form, {"kind": "act", "action": "ask", "values": {}}, [])
    assert "is under way. Cancel it first" in form.error
    form._receive(form, {"kind": "cancel"}, [])
    assert form._payload["meta"]["busy"] is None
    bench.wait()
    assert bench.launch.task is None
    assert not bench.forms["data"]._payload["meta"]["locked"]


def test_the_plan_follows_the_picker_and_hears_of_the_end(shop):
    engine, task, plan = shop
    bench = Workbench(engine)
    bench.launch.task = task
    bench.launch.plan = bench.launch.suggested = plan
    bench._asked()
    bench._drawn(Fanout([2, 1]))
    assert bench.launch.plan == plan.replace(fanout=Fanout([2, 1]))
    assert bench.forms["plan"].text == repr(bench.launch.plan)
    bench.forms["plan"].show_error(TaskError("a training is under way"))
    bench._heard(RunDone(0.1, "failed", "x"))
    assert bench.forms["predict"].text == "The run is failed."
    assert bench.forms["plan"].error == ""
