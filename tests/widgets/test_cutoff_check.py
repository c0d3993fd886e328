"""CutoffCheck without a browser."""

from dataclasses import replace

import numpy as np
import pytest

from widgets import CutoffCheck, SubgraphView
from workbench.errors import IdError, WorkbenchError
from workbench.plan.fanout import Fanout
from workbench.sampling.audit import AuditReport, Violation
from workbench.testing.graphs import DAY


@pytest.fixture
def sample(engine, task):
    engine.audit = lambda samples: AuditReport(sum(s.num_edges for s in samples))
    return engine.sample(task.seeds("val"), Fanout([4, 2]))


def too_late(sample, day):
    """The same sample as if its seeds had been asked for earlier: what a broken sampler would give."""
    seeds = sample.request.seed_sets[0]
    return replace(
        sample, request=replace(sample.request, seed_sets=(replace(seeds, anchors=np.full(3, day * DAY)),))
    )


def receive(check, kind, **more):
    check._receive(check, {"kind": kind, **more}, [])


def test_a_clean_sample_passes_and_a_leak_is_an_assertion(engine, sample):
    CutoffCheck(sample, engine).assert_clean()
    CutoffCheck([sample, sample], engine).assert_clean("4 days")
    broken = CutoffCheck(too_late(sample, 3), engine)
    with pytest.raises(AssertionError, match=r"drawn edges were not known at the anchor\nhop 1, .*\n"):
        broken.assert_clean()
    with pytest.raises(AssertionError, match="8 days before the anchor"):
        CutoffCheck(sample, engine).assert_clean("8 days")


def test_what_the_audit_finds_is_an_assertion_too(engine, sample):
    engine.audit = lambda samples: AuditReport(5, faults=(Violation("e", 1, "keys differ", 2, "row 3"),))
    check = CutoffCheck(sample, engine)
    with pytest.raises(AssertionError, match="keys differ, 2 times"):
        check.assert_clean()
    assert "keys differ" in check._payload["meta"]["audit"]


def test_the_slider_moves_the_cutoff_in_steps(engine, sample):
    check = CutoffCheck(sample, engine)
    step = check.table.axis.step
    receive(check, "move", steps=-5)
    assert check.table.lag == 5 * step
    assert check._payload["meta"]["at"] == -5
    receive(check, "move", steps=check.table.axis.low)
    assert check._payload["meta"]["violating"] > 0
    receive(check, "move", steps="far")
    assert "Error" in check.error
    receive(check, "move", steps=0)
    assert (check.error, check.table.violating) == ("", 0)


def test_a_jump_shows_the_rows_and_hands_over_the_subgraph(engine, sample):
    check, heard = CutoffCheck([sample, too_late(sample, 1)], engine), []
    check.on_jump(lambda subgraph, offender: heard.append((subgraph, offender)))
    receive(check, "offender", offender=0)
    ((subgraph, offender),) = heard
    assert offender == check.table.offenders()[0] | {
        name: offender[name] for name in ("source", "row", "source row")
    }
    assert subgraph is check._samples[1]
    assert (
        check._payload["meta"]["card"]["row name"]
        == f"<b>{engine.schema.edge_spec(offender['edge_type']).table}</b>"
    )
    with pytest.raises(IdError, match="counted from 0"):
        check.jump(99)


def test_a_jump_can_point_at_the_node_in_a_picture(engine, sample):
    broken = too_late(sample, 3)
    check, view, sent = CutoffCheck(broken, engine), SubgraphView(sample, engine), []
    view.send = sent.append
    check.on_jump(lambda subgraph, o: view.show(subgraph) or view.point_at(o["source"], o["src"], o["seed"]))
    offender = check.jump(0)
    (message,) = sent
    assert (message["kind"], message["seq"]) == ("point", view._seq)
    node = message["index"]
    assert view.flat.node_types[view.flat.type[node]] == offender["source"]
    assert (view.flat.node_id[node], view.flat.seed[node]) == (offender["src"], offender["seed"])
    assert view.subgraph is broken


def test_the_audit_runs_in_the_background(engine, sample):
    check = CutoffCheck(sample, engine)
    receive(check, "audit")
    assert check.worker.wait()
    assert check.report.edges == sample.num_edges
    assert check._payload["meta"]["audit"].startswith("Audit: ")


def test_a_batch_of_another_loader_is_checked_and_has_no_audit():
    torch = pytest.importorskip("torch")
    from torch_geometric.data import HeteroData

    data = HeteroData()
    data["user"].seed_time = torch.tensor([10])
    data["event"].time = torch.tensor([9, 10, 11])
    data["event", "of", "user"].edge_index = torch.tensor([[0, 1, 2], [0, 0, 0]])
    check = CutoffCheck(data, unit="days")
    assert check.table.violating == 1
    assert check.jump(0)["late"] == "1 day after the cutoff"
    with pytest.raises(AssertionError, match="1 of 3"):
        check.assert_clean()
    check.assert_clean(-DAY)
    with pytest.raises(WorkbenchError, match="got a PyG batch"):
        check.audit()


def test_subgraphs_without_an_engine_are_refused(sample):
    with pytest.raises(WorkbenchError, match="hold no times"):
        CutoffCheck(sample)


def test_the_still_picture_tells_the_verdict(engine, sample):
    picture, line = CutoffCheck(sample, engine).still()
    assert picture.startswith("<svg ")
    assert line == f"0 of {sample.num_edges} drawn edges were not known at the anchor"
