"""The code of steps is Python that a reader can follow, with every text as it was."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets._launch_code import Steps, text_literal
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout


def whole(source="data/*.parquet", with_schema=False):
    steps = Steps(source, with_schema)
    steps.made("stores/shop", ingested=True)
    steps.asked("PREDICT x", {"val": 0.2, "test": "2026-01-01"})
    fanout = Fanout([{"default": 4, 'odd "Fanout("': Draw(3, strategy="recent")}])
    steps.trained({"epochs": (3, 5), "fanout": (None, fanout)})
    steps.measured("test")
    steps.measured("test")
    steps.predicted("", "2026-02-01", [17, "a'b"])
    steps.wrote("out.parquet")
    return steps


def test_every_step_is_a_line():
    assert (
        whole().code()
        == """\
import workbench as wb
from workbench import Draw, Fanout

tables = wb.read_tables('data/*.parquet')
schema = wb.infer_schema(tables)
wb.ingest(tables, schema, 'stores/shop')
engine = wb.open('stores/shop')
task = engine.task('PREDICT x', val=0.2, test='2026-01-01')
plan = engine.suggest_plan(task)
plan = plan.replace(epochs=5, fanout=Fanout([{'default': 4, 'odd "Fanout("': Draw(3, strategy='recent')}]))
run = engine.train(task, plan)
print(run.metrics('test'))
predictions = run.predict(task.seeds(at='2026-02-01', entities=[17, "a'b"]))
predictions.write('out.parquet')
"""
    )


def test_what_was_given_has_a_name():
    code = whole({"users": object()}, with_schema=True).code()
    assert "# source and schema: what Workbench was given" in code
    assert "tables = wb.read_tables(source)\nwb.ingest(tables, schema, " in code
    assert "infer_schema" not in code


@pytest.mark.parametrize(
    ("again", "last"),
    [
        (lambda s: s.made("b", ingested=False), "engine = wb.open('b')"),
        (lambda s: s.asked("Q", {}), "plan = engine.suggest_plan(task)"),
        (lambda s: s.trained({}), "run = engine.train(task, plan)"),
        (lambda s: s.predicted("val", None, None), "predictions = run.predict(task.seeds('val'))"),
    ],
)
def test_a_step_made_again_forgets_what_came_after_it(again, last):
    steps = whole()
    again(steps)
    assert steps.code().rstrip().split("\n")[-1] == last


def test_before_anything_was_done_there_is_an_import():
    assert Steps({}).code() == "import workbench as wb\n\n"


@given(st.text(st.sampled_from(list("ab \"'\\\n\t\x00\u202e{}$")), max_size=12))
def test_a_text_comes_back_whatever_it_holds(text):
    assert ast.literal_eval(text_literal(text)) == text
    assert text_literal("PREDICT a\nFOR EACH b") == '"""PREDICT a\nFOR EACH b"""'
