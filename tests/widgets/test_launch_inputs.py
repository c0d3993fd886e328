"""What is typed is read as what it is, or refused with what to type instead."""

import pyarrow as pa
import pytest

from widgets._launch_inputs import chosen, named, plan_changes, split_options, there, typed_keys
from workbench.errors import PlanError, StoreError, TaskError, WorkbenchError


def test_empty_fields_are_left_open_and_numbers_are_numbers():
    typed = {"val": " 0.2 ", "test": "2026-01-01", "every": " ", "train_windows": "10"}
    assert split_options(typed) == {"val": 0.2, "test": "2026-01-01", "train_windows": 10}
    assert split_options({"val": "90 days "}) == {"val": "90 days"}


def test_choices_of_a_plan_are_numbers():
    assert plan_changes({"epochs": "3", "learning_rate": "1e-3"}) == {"epochs": 3, "learning_rate": 0.001}
    for wrong in ("", "two", "3 epochs"):
        with pytest.raises(PlanError, match=r"epochs of the plan.*a number"):
            plan_changes({"epochs": wrong})


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        ("", pa.int64(), None),
        (" , ,\n", pa.int64(), None),
        ("17, 42", pa.int64(), [17, 42]),
        ("17\n42", pa.int32(), [17, 42]),
        ("17, 42", pa.string(), ["17", "42"]),
        ('N1, "a, b", "say ""x"""', pa.string(), ["N1", "a, b", 'say "x"']),
    ],
)
def test_keys_are_of_the_type_of_their_column(text, kind, keys):
    assert typed_keys(text, kind) == keys


def test_keys_of_another_type_are_refused():
    with pytest.raises(TaskError, match=r"got N1. Allowed: values of type int64"):
        typed_keys("N1", pa.int64())


def test_a_path_has_to_be_typed():
    assert named(" stores/shop ", StoreError, "a folder") == "stores/shop"
    with pytest.raises(StoreError, match="a folder was asked for: got nothing"):
        named("  ", StoreError, "a folder")


def test_a_choice_is_one_of_those_that_are_offered():
    assert chosen({"a": 1}, "a", "a column") == 1
    with pytest.raises(WorkbenchError, match=r"a column was asked for: got 'b'. Allowed: a."):
        chosen({"a": 1}, "b", "a column")
    with pytest.raises(WorkbenchError, match="Allowed: nothing here"):
        chosen({}, "", "a column")


def test_a_value_of_an_earlier_step_has_to_be_there():
    assert there(0, "a seed") == 0
    with pytest.raises(WorkbenchError, match=r"a seed was asked for: that step comes later. Train first."):
        there(None, "a seed", "Train first")
