"""Each look is made when it is asked for, over the plan as it is, and says itself as Python."""

import numpy as np
import pytest

from widgets import BatchInspector, CutoffCheck, FanoutPicker, MetapathPicker, ParetoChart, SubgraphView
from widgets._job import Cancelled, Ticket
from widgets._launch import Launch
from widgets._workbench_looks import LOOKS, Looks
from workbench.errors import TaskError, WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapaths

VALUES = {"split": "val", "entities": "", "most": "2"}


@pytest.fixture
def ticket():
    return Ticket("test", lambda: None)


@pytest.fixture
def beside():
    """Views that a check of cutoffs jumped into."""
    return []


@pytest.fixture
def looks(shop, beside):
    engine, task, plan = shop
    launch = Launch(engine)
    launch._asked(task, plan)
    launch.steps.asked(task.query, {})
    picker = FanoutPicker(engine, task, plan)

    def replanned(fanout):
        launch.choose(fanout=fanout)
        made.replanned(fanout)

    made = Looks(launch, picker, replanned, beside.append)
    picker.on_change(replanned)
    yield made
    picker.wait()


def hops(view):
    return max(map(len, view.subgraph.edges_per_hop.values()))


def test_a_subgraph_follows_the_plan_and_its_cutoffs_are_checked(looks, ticket):
    view = looks.subgraph(VALUES, ticket)
    assert isinstance(view, SubgraphView)
    seeds = looks.launch.task.seeds("val")[:2]
    assert np.array_equal(view.subgraph.request.seed_sets[0].ids, seeds.node_id)
    looks.picker.edit(looks.picker.table.deeper())
    view.worker.wait(30)
    assert hops(view) == looks.launch.plan.fanout.hops_deep == 3
    assert looks.subgraph({**VALUES, "most": "1"}, ticket) is view
    check = looks.cutoffs(VALUES, ticket)
    assert isinstance(check, CutoffCheck)
    check.assert_clean()
    code = looks.launch.code
    assert "plan = plan.replace(fanout=" in code
    assert code.rstrip().split("\n")[-4:] == [
        "sample = engine.sample(task.seeds('val')[:1], plan.fanout)",
        "SubgraphView(sample, engine)",
        "sample = engine.sample(task.seeds('val')[:2], plan.fanout)",
        "CutoffCheck(sample, engine)",
    ]


def test_a_jump_of_the_check_moves_the_subgraph_beside_it(looks, ticket, beside):
    view = looks.subgraph({**VALUES, "split": "train"}, ticket)
    check = looks.cutoffs(VALUES, ticket)
    check.move("20 days")
    for place in (0, len(check.table.offenders()) - 1):
        check._receive(check, {"kind": "offender", "offender": place}, [])
        assert check.error == ""
        offender = check._card
        assert view.subgraph is check._samples[offender["sample"]]
        node = view._payload["meta"]["cursor"]  # in the payload: the view may be opened only now
        assert view.flat.node_types[view.flat.type[node]] == offender["source"]
        assert (view.flat.node_id[node], view.flat.seed[node]) == (offender["src"], offender["seed"])
    assert beside == [view, view]
    lines = looks.launch.code.rstrip().split("\n")
    assert lines[-4:-2] == [lines[-4], "SubgraphView(sample, engine)"]
    assert "task.seeds('val')" in lines[-4]  # those of the check, not of training


def test_a_jump_before_any_subgraph_opens_one_that_follows_the_plan(looks, ticket, beside):
    check = looks.cutoffs(VALUES, ticket)
    check.move("20 days")
    check.jump(0)
    (view,) = beside
    assert view._payload["meta"]["cursor"] >= 0
    assert looks.subgraph(VALUES, ticket) is view
    looks.picker.edit(looks.picker.table.deeper())
    view.worker.wait(30)
    assert hops(view) == 3


def test_the_subgraph_follows_the_table_again_after_metapaths(looks, ticket):
    view = looks.subgraph(VALUES, ticket)
    paths = looks.metapaths(VALUES, ticket)
    edge_type = next(e for e in looks.launch.schema.edge_types if e.dst == looks.launch.task.entity_table)
    paths.edit(paths.draft.go(edge_type.src))
    looks.picker.edit(looks.picker.table.deeper())
    view.worker.wait(30)
    assert hops(view) == looks.launch.plan.fanout.hops_deep == 3


def test_nothing_listens_once_other_looks_take_their_place(looks, ticket, shop):
    view, check = looks.subgraph(VALUES, ticket), looks.cutoffs(VALUES, ticket)
    chart = looks.candidates(VALUES, ticket).wait()
    assert (len(looks._listeners), view.comm is None) == (1, False)
    again = looks.cutoffs(VALUES, ticket)
    assert (check.comm, again.comm is None) == (None, False)
    looks.close()
    assert len(looks._listeners) == 0
    assert {each.comm for each in (view, again, chart, looks.picker)} == {None}


def test_metapaths_and_candidates_change_the_plan(looks, ticket):
    view = looks.subgraph(VALUES, ticket)
    picker = looks.metapaths(VALUES, ticket)
    assert isinstance(picker, MetapathPicker)
    assert looks.metapaths(VALUES, ticket) is picker
    edge_type = next(e for e in looks.launch.schema.edge_types if e.dst == looks.launch.task.entity_table)
    picker.edit(picker.draft.go(edge_type.src))
    assert isinstance(looks.launch.plan.fanout, Metapaths)
    view.worker.wait(30)
    assert hops(view) == 1
    chart = looks.candidates(VALUES, ticket)
    assert isinstance(chart, ParetoChart)
    chart.wait()
    chart.adopt(0)
    assert looks.launch.plan.fanout == chart.fanout
    looks._adopt(Fanout([3, 2]))
    assert looks.picker.fanout == looks.launch.plan.fanout == Fanout([3, 2])
    assert "ParetoChart(engine, task, plan)" in looks.launch.code


def test_batches_are_those_of_the_run(looks, ticket, shop):
    planned = looks.batches(VALUES, ticket)
    assert isinstance(planned, BatchInspector)
    looks.launch.choose(layers=1, channels=4, epochs=1, max_steps=2)
    run = looks.launch.train([]).wait()
    inspector = looks.batches(VALUES, ticket)
    assert (inspector._task, inspector._plan, inspector._key) == (run.task, run.plan, run.key)
    assert np.array_equal(inspector.batch.input_ids, planned.batch.input_ids)
    assert looks.launch.code.rstrip().endswith("BatchInspector(engine, run)")
    looks.launch.choose(fanout=Fanout([2]))  # for the next training
    looks.cutoffs(VALUES, ticket)
    assert "plan.replace(fanout=Fanout([2])).fanout)" in looks.launch.code


def test_what_cannot_be_looked_at_is_said(looks, ticket):
    for most in ("0", "many", "", "1.5"):
        with pytest.raises(WorkbenchError, match="Allowed: a number above 0"):
            looks.subgraph({**VALUES, "most": most}, ticket)
    with pytest.raises(TaskError, match="val has none of -1"):
        looks.subgraph({**VALUES, "entities": "-1"}, ticket)
    ticket.cancel.set()
    with pytest.raises(Cancelled):
        looks.subgraph(VALUES, ticket)
    assert looks.made == {}
    assert all(callable(getattr(looks, name)) for name in LOOKS)
