"""How one column is read: what may be chosen, and what a plan makes of it."""

from __future__ import annotations

import json

import pytest

from workbench.errors import PlanError
from workbench.plan.encoding import Encoding, encodings_of
from workbench.plan.fanout import Fanout
from workbench.plan.model_plan import ModelPlan


def test_an_encoding_from_what_a_user_writes() -> None:
    assert Encoding.of("log") == Encoding(method="log") == Encoding.of(Encoding("log"))
    assert Encoding.of({"rare": 20, "fill": -1}) == Encoding(rare=20, fill=-1)
    assert Encoding("log", 0.5).to_dict() == {"method": "log", "fill": 0.5}
    assert Encoding("log", 0.5).describe() == "method log, fill 0.5"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("lgo", "Did you mean 'log'"),
        ({"fill": "medain"}, "Did you mean 'median'"),
        ({"fill": float("nan")}, "a finite number"),
        ({"fill": True}, "or a number"),
        ({"rare": 0}, "a whole number from 1"),
        ({"most": 1.5}, "a whole number from 0"),
        ({"methd": "log"}, "Did you mean 'method'"),
        (7, "an Encoding, a method's name or a mapping"),
    ],
)
def test_what_is_no_encoding_is_refused(given: object, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Encoding.of(given)


def test_names_are_those_of_columns() -> None:
    with pytest.raises(PlanError, match=r"'table\.column'"):
        encodings_of({"amount": "log"})
    with pytest.raises(PlanError, match=r"a mapping such as"):
        encodings_of("log")
    assert encodings_of({"b.y": "standard", "b.x": "log", "a.x": "robust"}) == (
        ("a.x", Encoding("robust")),
        ("b.x", Encoding("log")),
    )


def test_a_plan_keeps_compares_and_prints_them() -> None:
    usual = ModelPlan(Fanout([4]))
    plan = usual.replace(encodings={"orders.amount": "log", "users.city": {"rare": 20}})
    assert "encodings" not in usual.to_dict(), "plans without any are written as they always were"
    assert ModelPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert hash(plan) != hash(usual)
    assert list(usual.diff(plan)) == ["encodings"]
    assert "encoding orders.amount: method log\n" in repr(plan) + "\n"
    assert plan.replace(encodings={}) == usual
