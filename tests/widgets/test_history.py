"""A history against two plain stacks."""

from hypothesis import given
from hypothesis import strategies as st

from widgets._history import KEPT, History


@given(st.lists(st.sampled_from(["undo", "redo", 1, 2, 3]), max_size=60))
def test_it_is_two_stacks(steps):
    history, past, now, future = History(0), [], 0, []
    for step in steps:
        if step == "undo":
            history = history.undone()
            if past:
                future.append(now)
                now = past.pop()
        elif step == "redo":
            history = history.redone()
            if future:
                past.append(now)
                now = future.pop()
        else:
            history = history.then(step)
            if step != now:
                past.append(now)
                now, future = step, []
        assert (history.now, list(history.past), list(history.future)) == (now, past, future)


def test_an_edit_that_goes_on_is_taken_back_as_one():
    history = History(0).then(1).then(12, same_edit=True).then(128, same_edit=True)
    assert history.undone().now == 0


def test_so_many_edits_are_kept():
    history = History(0)
    for value in range(1, 2 * KEPT):
        history = history.then(value)
    assert len(history.past) == KEPT
    assert history.past[-1] == 2 * KEPT - 2
