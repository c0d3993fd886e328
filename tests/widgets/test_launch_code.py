"""The code of steps is Python that a reader can follow, with every text as it was."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets._launch_code import Steps, replaced, text_literal
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout

DRAFTED = ("tables = wb.read_tables({0})", "schema = wb.infer_schema(tables)")


def whole(source="data/*.parquet", drafted=DRAFTED):
    steps = Steps(source)
    steps.made("stores/shop", [line.format(steps.given) for line in drafted])
    steps.asked("PREDICT x", {"val": 0.2, "test": "2026-01-01"})
    fanout = Fanout([{"default": 4, 'odd "Fanout("': Draw(3, strategy="recent")}])
    steps.planned({"epochs": (3, 5), "fanout": (None, fanout)})
    steps.looked("batches", ["BatchInspector(engine, task, plan)"])
    steps.trained()
    steps.measured("test")
    steps.measured("test")
    steps.looked("explain", ["ExplainView(first)"])
    steps.looked("explain", ["ExplainView(explanation)"])
    steps.saved("runs/a", unfinished=False)
    steps.predicted("task.seeds(at='2026-02-01')")
    steps.wrote("out.parquet")
    return steps


def test_every_step_is_a_line():
    assert (
        whole().code()
        == """\
import workbench as wb
from workbench import Draw, Fanout
from widgets import BatchInspector, ExplainView

tables = wb.read_tables('data/*.parquet')
schema = wb.infer_schema(tables)
wb.ingest(tables, schema, 'stores/shop')
engine = wb.open('stores/shop')
task = engine.task('PREDICT x', val=0.2, test='2026-01-01')
plan = engine.suggest_plan(task)
plan = plan.replace(epochs=5, fanout=Fanout([{'default': 4, 'odd "Fanout("': Draw(3, strategy='recent')}]))
BatchInspector(engine, task, plan)
run = engine.train(task, plan)
print(run.metrics('test'))
run.save('runs/a')
ExplainView(explanation)
predictions = run.predict(task.seeds(at='2026-02-01'))
predictions.write('out.parquet')
"""
    )


def test_what_was_given_has_a_name():
    code = whole({"users": object()}, DRAFTED[:1]).code()
    assert "# source and schema: what Workbench was given" in code
    assert "tables = wb.read_tables(source)\nwb.ingest(tables, schema, " in code
    assert "infer_schema" not in code


@pytest.mark.parametrize(
    ("again", "last"),
    [
        (lambda s: s.made("b"), "engine = wb.open('b')"),
        (lambda s: s.asked("Q", {}), "plan = engine.suggest_plan(task)"),
        (lambda s: s.loaded("runs/a"), "task, plan = run.task, run.plan"),
        (lambda s: s.trained(), "run = engine.train(task, plan)"),
        (lambda s: s.predicted("task.seeds('val')"), "predictions = run.predict(task.seeds('val'))"),
    ],
)
def test_a_step_made_again_forgets_what_came_after_it(again, last):
    steps = whole()
    again(steps)
    assert steps.code().rstrip().split("\n")[-1] == last


def test_a_plan_that_is_changed_keeps_what_was_looked_at():
    steps = Steps("shop")
    steps.asked("PREDICT x", {})
    steps.planned({"epochs": (3, 5)})
    steps.looked("sample", ["SubgraphView(sample, engine)"])
    steps.planned({"epochs": (3, 4)})
    last = [
        "plan = engine.suggest_plan(task)",
        "plan = plan.replace(epochs=4)",
        "SubgraphView(sample, engine)",
    ]
    assert steps.code().rstrip().split("\n")[-3:] == last
    steps.planned({})
    assert steps.code().rstrip().split("\n")[-2:] == [last[0], last[2]]


def test_a_note_follows_the_lines_of_its_part():
    steps = whole()
    assert "run.save('runs/a')\nrun.resume()\nExplainView" in steps.code({"run": "run.resume()"})


def test_a_run_that_was_saved_unfinished_is_loaded_in_place_of_its_training():
    steps = Steps("shop")
    steps.trained()
    steps.measured("val")
    steps.saved("runs/a", unfinished=True)
    assert steps.code().rstrip().split("\n")[-2:] == [
        "run = engine.load_run('runs/a')",
        "print(run.metrics('val'))",
    ]
    steps.loaded("runs/a")
    steps.saved("runs/b", unfinished=True)
    assert steps.code().rstrip().endswith("task, plan = run.task, run.plan\nrun = engine.load_run('runs/b')")


def test_a_change_of_a_plan_is_a_call():
    assert replaced({}) == "plan"
    assert (
        replaced({"epochs": (1, 2), "until": (None, 3)}, "run.plan") == "run.plan.replace(epochs=2, until=3)"
    )


def test_before_anything_was_done_there_is_an_import():
    assert Steps({}).code() == "import workbench as wb\n\n"


@given(st.text(st.sampled_from(list("ab \"'\\\n\t\x00\u202e{}$")), max_size=12))
def test_a_text_comes_back_whatever_it_holds(text):
    assert ast.literal_eval(text_literal(text)) == text
    assert text_literal("PREDICT a\nFOR EACH b") == '"""PREDICT a\nFOR EACH b"""'
