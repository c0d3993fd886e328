"""Whatever tables, paths, queries and keys are called: the printed code is Python that says just that."""

import ast

from widgets._launch_code import Steps
from widgets._launch_draft import Draft
from widgets._launch_edits import Edit
from workbench.plan.draw import Draw
from workbench.plan.fanout import Fanout
from workbench.testing.hostile import HOSTILE, storable


def calls(code):
    """Arguments of every call, by the name of what is called."""
    found = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            found[name] = node.args, {word.arg: word.value for word in node.keywords}
    return found


def written(text):
    """The code of steps in which everything is called by one text."""
    steps = Steps(text)
    draft = Draft(None, None, inferred=True, edits=(Edit("set_time", text, (text,)),))
    steps.made(text, draft.lines(steps.given))
    steps.asked(f"PREDICT {text}\nFOR EACH b", {"val": text, "test": 0.1})
    steps.planned({"fanout": (None, Fanout([{text: Draw(3, weight=text), "default": 2}]))})
    steps.trained()
    steps.measured(text)
    steps.saved(text, unfinished=False)
    steps.predicted("task.seeds('val')")
    steps.wrote(text)
    return steps.code()


def test_every_text_comes_back_from_the_code():
    for text in HOSTILE:
        if not text.strip():
            continue
        found = calls(written(text))
        said = {
            name: [ast.literal_eval(each) for each in args]
            for name, (args, _) in found.items()
            if each_is_text(args)
        }
        assert said["read_tables"] == said["write"] == said["metrics"] == said["save"] == [text]
        assert said["open"] == [text]
        assert said["set_time"] == [text, text]
        assert ast.literal_eval(found["ingest"][0][-1]) == text
        assert said["task"] == [f"PREDICT {text}\nFOR EACH b"]
        assert ast.literal_eval(found["task"][1]["val"]) == text


def each_is_text(args):
    return bool(args) and all(isinstance(each, ast.Constant) for each in args)


def test_a_fanout_in_the_code_is_the_fanout():
    for text in HOSTILE:
        fanout = Fanout([{text: Draw(3, weight=text), "default": 2}])
        line = next(line for line in written(text).split("\n") if line.startswith("plan = plan.replace("))
        value = ast.parse(line).body[0].value.keywords[0].value
        made = eval(compile(ast.Expression(value), "code", "eval"), {"Fanout": Fanout, "Draw": Draw})
        assert made == fanout


def test_code_has_the_calls_of_the_steps_and_no_other():
    for text in storable(HOSTILE):
        assert set(calls(written(text))) <= {
            *("read_tables", "infer_schema", "ingest", "open", "task", "suggest_plan", "replace", "train"),
            *("metrics", "print", "seeds", "predict", "write", "save", "set_time", "Fanout", "Draw"),
        }
