"""What is known of a notebook, in one and outside of any."""

from types import SimpleNamespace

from widgets._notebook import in_notebook, running_cell


def test_outside_of_a_notebook_no_cell_runs():
    assert not in_notebook()
    assert running_cell() == ("", "")


def test_a_kernel_says_which_cell_it_runs(monkeypatch):
    parent = {"metadata": {"cellId": "c7"}, "header": {"msg_id": "m1"}}
    shell = SimpleNamespace(kernel=object(), get_parent=lambda: parent)
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    assert in_notebook()
    assert running_cell() == ("c7", "m1")
    parent["metadata"] = {}
    assert running_cell() == ("", "m1")
