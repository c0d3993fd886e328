"""The exception tree and the form of its messages."""

import pickle
from pathlib import Path

import pytest

from workbench import errors
from workbench.errors import (
    LONGEST,
    FanoutError,
    LoaderError,
    WorkbenchError,
    did_you_mean,
    expect,
    expect_path,
    explain,
)


def test_every_error_is_a_workbench_error_and_drawn_in_the_tree():
    tree = errors.__doc__
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, Exception):
            assert issubclass(value, WorkbenchError)
            assert name in tree


def test_messages_say_asked_got_allowed_do():
    text = explain("a number was asked for", "got 'x'", "1 to 3", "Give one")
    assert text == "a number was asked for: got 'x'. Allowed: 1 to 3. Give one."
    assert explain("a", "b") == "a: b."
    assert explain("a", "b.", do="Did you mean 'c'?") == "a: b. Did you mean 'c'?"


def test_names_of_any_length_make_no_message_of_any_length():
    whole = explain("x" * LONGEST, "y", "z" * LONGEST)
    assert whole == f"{'x' * LONGEST}: y. Allowed: {'z' * LONGEST}."
    name = "n" * 1_000_000
    cut = explain(f"table {name} was asked for", "it is not there", f"{name}, last", f"Take {name} out")
    assert len(cut) < 4 * LONGEST
    for said in (
        "table nnn",
        "nnn was asked for: it is not there. Allowed: nnn",
        "nnn, last. Take",
        "nnn out.",
    ):
        assert said in cut


@pytest.mark.parametrize(("word", "answer"), [("user", "Did you mean 'users'?"), ("zzz", "")])
def test_nearest_word(word, answer):
    assert did_you_mean(word, ["users", "orders"]) == answer


def test_loader_error_keeps_its_batch_across_processes():
    error = pickle.loads(pickle.dumps(LoaderError("batch 3 failed", 3)))
    assert error.batch_index == 3
    assert str(error) == "batch 3 failed"


def test_a_value_of_another_kind_is_refused_at_the_door():
    expect(3, int, FanoutError, "a number")
    with pytest.raises(FanoutError, match=r"a number was asked for: got a str\. Allowed: a int\. Give one\."):
        expect("3", int, FanoutError, "a number", "Give one")
    with pytest.raises(FanoutError, match="got the class int"):
        expect(int, int, FanoutError, "a number")


def test_what_names_no_place_is_refused():
    assert expect_path("~/x", FanoutError, "a folder") == Path.home() / "x"
    with pytest.raises(FanoutError, match=r"a folder was asked for: got a NoneType\. Allowed: a path"):
        expect_path(None, FanoutError, "a folder")
