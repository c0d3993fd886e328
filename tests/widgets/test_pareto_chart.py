"""ParetoChart without a browser: candidates are measured, one is adopted, runs bring their metric."""

import threading

import pytest

import workbench as wb
from widgets import ParetoChart
from workbench.errors import IdError, WorkbenchError


@pytest.fixture(scope="module")
def chart(shop):
    engine, task, plan = shop
    return ParetoChart(engine, task, plan, [wb.Fanout([1]), wb.Fanout([4, 2]), wb.Fanout([16, 8])]).wait()


def test_wider_costs_more_and_covers_more(chart):
    assert chart.error == ""
    points = chart._payload["meta"]["points"]
    assert [point["at"] for point in points] == [0, 1, 2]
    assert points[0]["x"][0] < points[1]["x"][0] < points[2]["x"][0]
    assert points[0]["y"] < points[2]["y"] <= 1
    assert {0, 2} <= set(chart.front())
    for each in chart.candidates:
        mean, low, high = each.cost("nodes")
        assert low <= mean <= high
    assert chart._payload["meta"]["adopted"] == 1  # the plan's own


def test_adopting_changes_the_plan_and_tells(chart, shop):
    heard, plan = [], shop[2]
    chart.on_change(heard.append)
    chart._receive(chart, {"kind": "adopt", "candidate": 2}, [])
    assert heard == [chart.fanout] == [wb.Fanout([16, 8])]
    assert chart.plan == plan.replace(fanout=wb.Fanout([16, 8]))
    assert chart._payload["meta"]["adopted"] == 2
    for wrong in (3, -1, "0"):
        with pytest.raises(IdError, match="there are 3"):
            chart.adopt(wrong)


def test_another_cost_is_drawn_in_its_unit(chart):
    chart._receive(chart, {"kind": "cost", "measure": "bytes"}, [])
    meta = chart._payload["meta"]
    assert meta["cost"] == "bytes"
    assert meta["points"][0]["x"][0] == pytest.approx(chart.candidates[0].profile.bytes.mean / 1e6)
    chart._receive(chart, {"kind": "cost", "measure": "money"}, [])
    assert "Allowed: nodes, bytes, milliseconds" in chart._payload["meta"]["error"]
    chart.cost("nodes")


def test_runs_are_candidates_worth_their_best_metric(shop):
    engine, task, plan = shop
    small = plan.replace(fanout=wb.Fanout([1]), layers=1, channels=4, epochs=1, max_steps=1)
    run = engine.train(task, small, callbacks=[]).wait()
    chart = ParetoChart(engine, task, plan, runs=[run]).wait()
    assert chart.worth == "best validation auroc"
    assert [point["y"] for point in chart._payload["meta"]["points"]] == [run.history[0].value]
    assert chart._payload["meta"]["adopted"] == -1


def test_what_cannot_be_measured_is_shown(shop):
    engine, task, plan = shop
    chart = ParetoChart(engine, task, plan, [wb.Fanout([{"no-such->edge": 1}])]).wait()
    assert "no-such" in chart._payload["meta"]["error"]
    with pytest.raises(WorkbenchError, match="suggest_plan"):
        ParetoChart(engine, task, wb.Fanout([4]))


def test_the_still_picture_has_the_curve(chart):
    picture, line = chart.still()
    assert "polyline" in picture
    assert all(
        f"{place}  hop 1: {hops}" in picture for place, hops in ((1, "1"), (2, "4, hop 2: 2"), (3, "16"))
    )
    assert line.startswith("3 fanouts: share of visible neighbours drawn")


def test_a_candidate_that_cannot_be_measured_leaves_the_others_their_points(shop):
    engine, task, plan = shop
    bad, good = wb.Fanout([{"no-such->edges": 3}]), wb.Fanout([2])
    chart = ParetoChart(engine, task, plan, [bad, good]).wait()
    assert "no-such" in chart._payload["meta"]["error"]
    assert [point["at"] for point in chart._payload["meta"]["points"]] == [1]
    picture, line = chart.still()
    assert line.startswith("2 fanouts, 1 of them not measured (see .error): ")
    assert "1  hop 1:" in picture


def test_a_still_before_anything_is_measured_lists_the_fanouts(shop, monkeypatch):
    engine, task, plan = shop
    hold = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(type(engine), "profile", lambda *args, **options: hold.wait(20) and 1 / 0)
        chart = ParetoChart(engine, task, plan, [wb.Fanout([2]), wb.Fanout([4, 2])])
        patch.setattr("widgets.pareto_chart.PATIENCE", 0.1)
        picture, line = chart.still()
        hold.set()
        chart.wait()
    assert line.startswith("2 fanouts, not measured yet: show it again, or call .wait() first: share of")
    assert "1  hop 1: 2, not measured yet: show it again, or call .wait() first" in picture
    assert "2  hop 1: 4, hop 2: 2, not measured yet: show it again" in picture
    picture, line = chart.still()  # shown again: measuring is over, and failed
    assert "1  hop 1: 2, not measured (see .error)" in picture


def test_a_still_waits_for_a_measurement_of_seconds_but_not_for_ever(shop, monkeypatch):
    engine, task, plan = shop
    hold, profile, waited = threading.Event(), type(engine).profile, []
    monkeypatch.setattr(type(engine), "profile", lambda *args, **o: hold.wait(20) and profile(*args, **o))
    chart = ParetoChart(engine, task, plan, [wb.Fanout([2]), wb.Fanout([4, 2])])
    wait = chart.worker.wait

    def measured_within(seconds, needed=2.5):
        waited.append(seconds)
        if seconds >= needed:
            hold.set()
        return wait(20 if seconds >= needed else 0)

    monkeypatch.setattr(chart.worker, "wait", measured_within)
    picture, line = chart.still()
    assert line.startswith("2 fanouts: share of visible")
    assert "not measured" not in picture
    assert max(waited) <= 5


def test_a_listener_is_stopped(chart):
    heard = []
    stop = chart.on_change(heard.append)
    chart.adopt(0)
    stop()
    chart.adopt(1)
    assert heard == [chart.candidates[0].fanout]
