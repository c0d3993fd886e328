"""Workbench, clicked through without a browser: steps appear as they are reached, errors stay in theirs."""

import datetime as dt

import pyarrow as pa
import pytest

from widgets import CutoffCheck, ExplainView, SubgraphView, Workbench
from widgets._form import Form
from widgets._workbench_forms import NO_QUERY
from workbench.errors import TaskError
from workbench.events import RunDone
from workbench.plan.fanout import Fanout
from workbench.testing.commerce import commerce
from workbench.testing.flat_shop import flat_shop


def shown(bench):
    """Titles of forms, names of widgets; what is folded in brackets."""
    return [
        list(child.titles)
        if hasattr(child, "titles")
        else child.title
        if isinstance(child, Form)
        else type(child).__name__
        for child in bench.children
    ]


EDIT, RUNS, LOOK, CODE = (
    ["Edit the schema"],
    ["Saved runs"],
    "Look at what the plan draws",
    "The same in Python",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("bench") / "shop")


def test_a_user_clicks_from_tables_to_a_file(folder, tmp_path):
    bench = Workbench(commerce(60, periods=6, seed=0).tables)
    assert shown(bench) == ["SchemaView", EDIT, "1 Data", CODE]
    data, query, plan, predict, code = (bench.forms[n] for n in ("data", "query", "plan", "predict", "code"))
    assert "orders: key order_id; time " in data.text  # what was found, and why

    data.press("ingest", folder=folder)
    bench.wait()
    assert data.text.startswith("Ingested ")
    assert shown(bench) == ["SchemaView", EDIT, "1 Data", "2 Query", RUNS, CODE]
    assert bench.schema_view.describe("users")["rows"] == 60
    assert query.values["query"].startswith("PREDICT COUNT(")

    query.press("ask", query="PREDICT COUNT(ordrs.*, 0, 30, days) > 0 FOR EACH users.user_id")
    bench.wait()
    assert "Did you mean 'orders'?" in query.error
    assert query.mark == (14, 19)
    query.press("ask", query="PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR EACH users.user_id")
    bench.wait()
    assert (query.error, query.mark) == ("", None)
    assert shown(bench) == [
        "SchemaView",
        EDIT,
        "1 Data",
        "2 Query",
        "FanoutPicker",
        "3 Plan",
        LOOK,
        RUNS,
        CODE,
    ]
    assert plan.values["epochs"] == str(bench.launch.plan.optimisation.epochs)

    edge_type = bench.picker.table.edge_types[0]
    bench.picker.set(1, str(edge_type), 3)
    assert bench.launch.plan.fanout.get(1, edge_type) == 3
    plan.press("train", epochs="none")
    bench.wait()
    assert "epochs of the plan" in plan.error
    plan.press("train", epochs="1", channels="8")
    bench.wait()
    assert shown(bench)[7:] == ["RunMonitor", "4 Predictions", RUNS, CODE]
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
    assert shown(bench) == ["SchemaView", "2 Query", RUNS, CODE]
    bundle = bench._repr_mimebundle_()[0]
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert bundle["text/plain"].startswith("Workbench. Schema: 4 tables")
    assert "widget-view" in str(list(bundle))


def test_from_one_flat_table_to_a_query_by_clicking_alone(tmp_path):
    bench = Workbench({"export": flat_shop(customers=30, days=60)})
    data, flat, edit, query = (bench.forms[name] for name in ("data", "flat", "edit", "query"))
    assert shown(bench)[1] == ["Split a flat table", *EDIT]
    assert "wb.normalise(" in data.text
    assert bench.children[1].selected_index == 0
    assert query.text == NO_QUERY
    for name, key in (("invoices", "InvoiceNo"), ("customers", "CustomerID")):
        flat.press("entity", key=key, name=name)
        bench.wait()
    flat.press("move", column="CustomerID", entity="invoices")
    bench.wait()
    flat.press("move", column="Town", entity="customers")
    bench.wait()
    assert "got 'Town'. Allowed: InvoiceNo" in flat.error
    flat.press("move", column="Country", entity="customers")
    bench.wait()
    flat.press("split", rest="lines")  # at the time that was found
    bench.wait()
    assert shown(bench)[1] == EDIT
    assert set(bench.schema_view.schema.node_types) == {"lines", "invoices", "customers"}
    assert query.values["query"].endswith("FOR EACH customers.CustomerID")

    edit.press("say", column="lines.Quantity", role="left out")
    bench.wait()
    assert dict(bench.schema_view.describe("lines")["columns"])["Quantity"] == "set_aside"
    edit.press("say", column="lines.UnitPrice", role="no link")
    bench.wait()
    assert "there is none" in edit.error
    edit.press("say_table", table="invoices: left out")
    bench.wait()
    assert (edit.error, len(bench.schema_view.schema.tables)) == ("", 2)
    assert "invoices" not in data.text.split("note:")[0]
    edit.press("undo")
    bench.wait()
    assert len(bench.schema_view.schema.tables) == 3
    data.press("ingest", folder=str(tmp_path / "shop"))
    bench.wait()
    assert bench.launch.engine.schema == bench.schema_view.schema
    edit.press("undo")
    bench.wait()
    assert "has its own by now" in edit.error
    assert "schema = schema.set_stype('lines', 'Quantity', 'set_aside')" in bench.code


def test_notes_are_those_of_the_edited_schema_and_a_button_does_what_they_propose(tmp_path):
    days = [f"{day % 28 + 1:02}.{day % 12 + 1:02}.2024" for day in range(60)]
    users = pa.table({"user_id": range(60), "mail": ["a", "b"] * 30})
    orders = pa.table({"order_id": range(60), "user_id": range(60), "day": days})
    bench = Workbench({"users": users, "orders": orders})
    data, edit, query = (bench.forms[name] for name in ("data", "edit", "query"))
    calm, line = data.text, "tables = tables.derive('orders', 'day', "
    assert line in calm
    assert query.text == NO_QUERY

    edit.press("say", column="users.mail", role="the key")
    bench.wait()
    assert "note: users.mail: the primary key, but 58 rows repeat a value" in data.text
    edit.press("undo")
    bench.wait()
    assert data.text == calm
    (offered,) = next(field.options for field in edit.fields if field.name == "mend")
    edit.press("mend", mend=offered)
    bench.wait()
    assert edit.text.startswith(line)
    assert line in bench.code
    assert "strptime" not in data.text  # another edit is proposed now: days are known at their end
    assert bench.schema_view.schema["orders"].time == "day"
    assert query.values["query"].startswith("PREDICT COUNT(orders.*, ")
    data.press("ingest", folder=str(tmp_path / "shop"))
    bench.wait()
    assert data.error == ""
    assert bench.launch.engine.row("orders", 0)["day"] == min(day_of(text) for text in days)
    names = {"source": {"users": users, "orders": orders}}
    exec(bench.code.replace(str(tmp_path / "shop"), str(tmp_path / "again")), names)
    assert names["engine"].schema == bench.launch.engine.schema


def day_of(text):
    return dt.datetime.strptime(text, "%d.%m.%Y")


def test_a_jump_shows_the_edge_in_the_subgraph_below_the_check(shop):
    engine, task, plan = shop
    bench = Workbench(engine)
    bench.launch._asked(task, plan)
    bench._asked()
    look = bench.forms["look"]
    look.press("cutoffs")
    bench.wait()
    check = bench.page.panels["look"]
    check.move("20 days")
    check._receive(check, {"kind": "offender", "offender": 0}, [])
    assert shown(bench)[4:7] == [LOOK, "CutoffCheck", "SubgraphView"]
    view = bench.children[6]
    node = view._payload["meta"]["cursor"]
    assert (view.flat.node_id[node], view.flat.seed[node]) == (check._card["src"], check._card["seed"])
    assert bench.forms["code"].text == bench.code
    assert "SubgraphView(sample, engine)" in bench.code
    look.press("subgraph")
    bench.wait()
    assert bench.children[5] is view
    assert shown(bench)[4:7] == [LOOK, "SubgraphView", RUNS]
    look.press("cutoffs")
    bench.wait()
    bench.page.panels["look"].move("20 days")
    bench.page.panels["look"].jump(0)
    look.press("hide")
    assert shown(bench)[4:6] == [LOOK, RUNS]


def test_another_query_closes_the_looks_and_the_picker_of_the_one_before(shop):
    engine, task, plan = shop
    bench = Workbench(engine)
    bench.launch._asked(task, plan)
    bench._asked()
    bench.forms["look"].press("subgraph")
    bench.wait()
    picker, view = bench.picker, bench.page.panels["look"]
    bench._asked()
    assert (picker.comm, view.comm, bench.page.panels) == (None, None, {})
    assert bench.picker is not picker
    assert bench.picker.comm is not None


def test_looks_and_runs_are_shown_where_they_are_asked_for_one_at_a_time(shop, tmp_path):
    engine, task, plan = shop
    bench = Workbench(engine)
    look, runs, predict = (bench.forms[name] for name in ("look", "runs", "predict"))
    bench.launch._asked(task, plan.replace(layers=1, channels=4, epochs=1, max_steps=2))
    bench._asked()
    for action, widget in (("subgraph", SubgraphView), ("cutoffs", CutoffCheck)):
        look.press(action)
        bench.wait()
        assert isinstance(bench.children[bench.children.index(look) + 1], widget)
    look.press("hide")
    assert shown(bench)[-3:] == [LOOK, RUNS, CODE]
    look.press("subgraph", entities="-5")
    bench.wait()
    assert "val has none of -5" in look.error
    for channels in ("4", "8"):
        bench.forms["plan"].press("train", channels=channels)
        bench.wait()
        bench.launch.run.wait()
    predict.press("explain")
    bench.wait()
    assert isinstance(bench.children[bench.children.index(predict) + 1], ExplainView)
    runs.press("compare")
    bench.wait()
    assert shown(bench)[-3:] == [RUNS, "RunCompare", CODE]
    assert "RunCompare([run.wait(), engine.train(task, plan.replace(channels=4)).wait()])" in bench.code
    runs.press("save", folder=str(tmp_path / "kept"))
    bench.wait()

    again = Workbench(str(engine.dataset.path))  # as after a restart of the kernel
    again.forms["runs"].press("load", folder=str(tmp_path / "kept"))
    again.wait()
    assert shown(again)[1:5] == ["2 Query", "FanoutPicker", "3 Plan", LOOK]
    assert (again.monitor.record.state, again.forms["plan"].values["channels"]) == ("finished", "8")
    for each in (bench, again):
        each.forms["predict"].press("predict", split="val")
        each.wait()
    assert again.forms["predict"].table.equals(predict.table)
    assert "run = engine.load_run(" in again.code


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
    bench._replanned(Fanout([2, 1]))
    assert bench.launch.plan == plan.replace(fanout=Fanout([2, 1]))
    assert bench.forms["plan"].text == repr(bench.launch.plan)
    bench.forms["plan"].show_error(TaskError("a training is under way"))
    bench._heard(RunDone(0.1, "failed", "x"))
    assert bench.forms["predict"].text == "The run is failed."
    assert bench.forms["plan"].error == ""
