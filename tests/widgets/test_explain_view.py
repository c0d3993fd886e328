"""ExplainView without a browser: it shows a seed, sends a neighbour on, and refuses what it cannot show."""

import pytest

import workbench as wb
from widgets import ExplainView
from workbench.errors import IdError, TrainingError, WorkbenchError
from workbench.training.importance import Effect


def test_it_shows_another_seed_and_sends_neighbours_on(explained):
    view, heard = ExplainView(explained), []
    stop = view.on_neighbour(heard.append)
    seed = next(i for i in range(len(explained)) if len(explained[i].neighbours) > 1)
    view._receive(view, {"kind": "choose", "place": seed}, [])
    meta = view._payload["meta"]
    assert (meta["chosen"], meta["picked"], meta["error"]) == (seed, -1, "")
    assert len(meta["choices"]) == len(explained)
    view._receive(view, {"kind": "pick", "place": 1}, [])
    wanted = explained[seed].neighbours.to_pylist()[1]
    stop()
    view.pick(0)
    assert heard == [wanted]
    view.pick(1)
    assert heard == [wanted] == [view.picked]
    assert wanted["seed"] == seed
    assert view._payload["meta"]["picked"] == 1
    view.choose(0)
    assert view.picked is None


def test_what_is_not_there_is_refused_and_shown(explained):
    view = ExplainView(explained)
    with pytest.raises(TrainingError, match=f"0 to {len(explained) - 1}"):
        view.choose(len(explained))
    with pytest.raises(IdError, match="counted from 0"):
        view.pick(-1)
    view._receive(view, {"kind": "pick", "place": 10**6}, [])
    assert "IdError" in view._payload["meta"]["error"]
    with pytest.raises(WorkbenchError, match=r"run\.explain"):
        ExplainView("run")
    with pytest.raises(WorkbenchError, match=r"got 2 arguments.*Say ExplainView\(run\.explain\(seeds\)\)"):
        ExplainView(explained, [1, 2])


def test_a_cohort_has_intervals_and_nothing_to_pick():
    effects = (Effect("column", "users.age", 0.2, 0.1, 0.3), Effect("hop", "hop 1 and beyond", 0.4, 0.3, 0.5))
    view = ExplainView(wb.Importance("auroc", 0.75, "val", 100, effects))
    meta = view._payload["meta"]
    assert meta["title"] == "auroc 0.75 of 100 val seeds: what it loses"
    assert meta["choices"] == []
    assert meta["groups"][0]["rows"] == [["users.age", 0.2, 0.1, 0.3]]
    assert not any(group["pick"] for group in meta["groups"])
    with pytest.raises(IdError):
        view.pick(0)
    picture, line = view.still()
    assert "users.age" in picture
    assert line == meta["title"]


def test_the_still_picture_shows_the_columns(explained):
    picture, line = ExplainView(explained).still()
    assert explained[0].columns["column"][0].as_py() in picture
    assert "of a typical row alone" in line
