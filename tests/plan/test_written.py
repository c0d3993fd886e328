"""Parts of a plan as JSON: tuples come back, later choices are written only where they are not the usual."""

from __future__ import annotations

import json

from workbench.plan.architecture import ModelSettings
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapath, Metapaths
from workbench.plan.written import frozen, plain, read, sampling_plan, written


def test_tuples_come_back() -> None:
    settings = ModelSettings(aggregations=("mean", "sum"), layer="gat")
    told = json.loads(json.dumps(written(settings)))
    assert told["aggregations"] == ["mean", "sum"]
    assert ModelSettings(**read(told)) == settings
    assert frozen([[1, [2]], "ab"]) == ((1, (2,)), "ab")


def test_later_choices_are_written_only_where_they_differ() -> None:
    assert "layer" not in written(ModelSettings())
    assert written(ModelSettings(layer="gat"))["layer"] == "gat"
    assert "channels" in written(ModelSettings())


def test_both_kinds_of_sampling_plans_come_back() -> None:
    for plan in (Fanout([4, 2], strategy="recent"), Metapaths([Metapath("a-b->c", fanouts=3)])):
        assert sampling_plan(json.loads(json.dumps(plain(plan)))) == plan
