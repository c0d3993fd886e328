"""What no view of ours would send: an error in sight, or nothing; never a crash, never another value."""

import inspect
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench as wb
from widgets import (
    BatchInspector,
    CutoffCheck,
    ExplainView,
    FanoutPicker,
    LocalityView,
    MetapathPicker,
    ParetoChart,
    RunCompare,
    RunMonitor,
    SchemaView,
    SubgraphView,
)
from widgets._workbench_forms import forms_of
from workbench.events import RunDone
from workbench.testing.sizes import cases

LONG = "x" * 1_000_000

WRONG = (
    *(None, True, False, -1, 10**6, 10**400, -(10**400), 2**63, 0.5, 1e300, float("nan"), float("inf")),
    *("", "0", "__class__", "<img src=x onerror=window.hacked=1>", "a\ud800b", LONG),
    *([], [0], [[[]]], {}, {"a": 1}, {"__class__": "x"}),
)
"""Values for any field of a message."""


@pytest.fixture(scope="module")
def made(shop, explained, tmp_path_factory):
    """Every widget, with what its value is: name -> (widget, () -> value)."""
    engine, task, plan = shop
    small = plan.replace(layers=1, channels=4, epochs=1, max_steps=1)
    run = engine.train(task, small, callbacks=[], folder=tmp_path_factory.mktemp("m") / "run").wait()
    sample = engine.sample(task.seeds("val")[:3], wb.Fanout([2]))
    monitor = RunMonitor()
    monitor(RunDone(0.0, "finished", ""))
    picker = MetapathPicker(engine, task)
    picker.edit(picker.draft.walk(picker.draft.ways()[0]))
    fanout, view = FanoutPicker(engine, task, plan).wait(), SubgraphView(sample, engine)
    check, chart = CutoffCheck(sample, engine), ParetoChart(engine, task, plan, [wb.Fanout([1])]).wait()
    compare, batch = RunCompare([run]), BatchInspector(engine, task, plan)
    view.inspect_in(batch)
    locality, explain = LocalityView(engine, task, plan, batches=1).wait(), ExplainView(explained)
    form = forms_of(lambda *_: None, lambda: None)["query"]
    return {
        "schema": (SchemaView(engine), lambda: None),
        "metapaths": (picker, lambda: picker.draft),
        "fanout": (fanout, lambda: fanout.fanout),
        "subgraph": (view, lambda: (view.scene, view.span)),
        "cutoff": (check, lambda: check.table.lag),
        "chart": (chart, lambda: (chart.fanout, chart.measure)),
        "compare": (compare, lambda: compare.chosen),
        "locality": (locality, lambda: (locality.table, locality.picked)),
        "explain": (explain, lambda: (explain.seed, explain.picked)),
        "batch": (batch, lambda: (batch.split, batch.epoch, batch.index)),
        "monitor": (monitor, lambda: monitor.record.state),
        "form": (form, lambda: dict(form.values)),
    }


WIDGETS = (
    *("schema", "metapaths", "fanout", "subgraph", "cutoff", "chart", "compare", "locality"),
    *("explain", "batch", "monitor", "form"),
)


def send(widget, message):
    """As the front end would, and wait for what it sets off."""
    widget.error = ""
    widget.send = lambda *_: None
    widget._receive(widget, message, [])
    assert widget.worker.wait()
    if isinstance(widget, FanoutPicker):
        widget.wait()
    meta = json.dumps(widget._payload["meta"], allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert len(meta) < 100_000


HOLE = object()

HOLES = {
    ("metapaths", "edit"): [
        {"how": "go", "to": HOLE},
        {"how": "walk", "edge_type": HOLE},
        {"how": "walk", "edge_type": 1, "take": HOLE},
        {"how": "set", "path": HOLE, "hop": 1, "take": 3},
        {"how": "set", "path": 0, "hop": HOLE, "take": 3},
        {"how": "set", "path": 0, "hop": 1, "take": HOLE},
        {"how": "static", "path": 0, "on": HOLE},
        {"how": "static", "path": HOLE, "on": True},
        {"how": "select", "path": HOLE},
        {"how": "without", "path": HOLE},
        {"how": HOLE},
    ],
    ("fanout", "edit"): [
        {"how": "set", "hop": HOLE, "edge_type": 0, "fanout": 3},
        {"how": "set", "hop": 1, "edge_type": HOLE, "fanout": 3},
        {"how": "set", "hop": 1, "edge_type": 0, "fanout": HOLE},
        {"how": "drawn", "strategy": HOLE},
        {"how": "preset", "name": HOLE},
        {"how": HOLE},
    ],
}
"""Of methods that take anything: messages with one hole."""

TAKEN = {
    "take": (None, -1, 10**6, 0.5),
    "fanout": (-1, 10**6, 0.5),
    "on": (True, False),
    "low": (0.5,),
    "high": (0.5,),
    "steps": (-1,),
    "text": ("0",),
    "start": (-1, 10**6, 10**400, -(10**400), 2**63),
}
"""Field -> what is right after all, or told by the nearest that there is."""


def fields_of(widget, kind):
    """Fields of a message, each with a value that may be right."""
    found = inspect.signature(getattr(widget, f"on_{kind}")).parameters.values()
    return {p.name: widget._seq if p.name == "seq" else 0 for p in found if p.kind != p.VAR_KEYWORD}


def wrong_messages(name, widget):
    """Messages with one wrong value, one missing, and one too many, of every kind that the widget takes."""
    for kind in widget.handles:
        fields = fields_of(widget, kind)
        for extra in ("more", "self", "__class__"):
            yield {"kind": kind, **fields, extra: 1}
        for field in fields:
            yield {"kind": kind, **{other: 0 for other in fields if other != field}}
        for shape in HOLES.get((name, kind)) or [{**fields, field: HOLE} for field in fields]:
            (field,) = (name for name, value in shape.items() if value is HOLE)
            allowed = (*TAKEN.get(field, ()), *([None] if shape.get("how") == "select" else []))
            for wrong in WRONG:
                if not any(type(wrong) is type(right) and wrong == right for right in allowed):
                    yield {"kind": kind, **shape, field: wrong}
    yield from ({"kind": kind} for kind in (*WRONG, "state", "_receive", "publish", "show_error"))
    yield from ({}, [], None, "edit", 3, [{"kind": "edit"}])


@pytest.mark.parametrize("name", WIDGETS)
def test_what_is_wrong_is_told_and_changes_nothing(made, name):
    widget, value = made[name]
    for message in wrong_messages(name, widget):
        before = value()
        send(widget, message)
        assert value() == before, message
        assert widget._payload["meta"]["error"], message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.integers(-2, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", WIDGETS)
@settings(max_examples=cases(20, 1000), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_sent_is_taken_or_told(made, name, data):
    widget, value = made[name]
    kind = data.draw(st.sampled_from([*widget.handles, "no such kind"]))
    shapes = HOLES.get((name, kind)) or [
        dict.fromkeys(fields_of(widget, kind)) if kind in widget.handles else {}
    ]
    names = data.draw(st.sampled_from(shapes))
    message = {field: data.draw(JSON | st.just(right)) for field, right in names.items()}
    before = value()
    send(widget, {"kind": kind, **message})
    assert value() == before or not widget.error or widget.error.startswith("Not a plan yet")
