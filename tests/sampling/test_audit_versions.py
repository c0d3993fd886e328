"""Versions that are read pass the audit; every other row is found and named. Leaks in histories are told."""

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench.sampling import audit_versions
from workbench.sampling.audit import audit
from workbench.sampling.leakage import leakage_report
from workbench.temporal import FOREVER
from workbench.testing.changing_shop import DAY, DAYS, SCHEMA, as_tables, random_frames, random_rows

KINDS = {
    "late": "version of later than what is seen",
    "none": "no version is read where there is one",
    "old": "not the newest version",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("audit") / "s", np.random.default_rng(1)
    frames = random_frames(rng, orders=60, versions=80)
    wb.ingest(as_tables(frames), SCHEMA, path)
    wb.ingest(as_tables(random_rows(rng, frames, DAYS, DAYS + 4, plans=9)), SCHEMA, path, append=True)
    with wb.edit(path) as edit:
        edit.delete("plans", ids=[3, 40])
    return wb.open(path)


def sampled(engine, **choices):
    rng = np.random.default_rng(0)
    at = np.full(30, 9) if choices.get("disjoint") is False else rng.integers(-1, DAYS + 5, 30)
    seeds = engine.seeds("users", (rng.integers(0, 8, 30) * 10).tolist(), at=at * DAY)
    return engine.sample(seeds, wb.Fanout([4, 2], **choices), key=3)


@pytest.mark.parametrize("choices", [{}, {"strict": True}, {"cutoff": "path"}, {"disjoint": False}])
def test_versions_that_are_read_pass(engine, choices):
    report = engine.audit(sampled(engine, **choices))
    assert report.ok, report
    assert report.versions > 30
    assert f"the versions that {report.versions:,} nodes see" in str(report)


def test_static_samples_see_the_newest_of_all(engine):
    report = engine.audit(engine.sample(engine.seeds("users"), wb.Fanout([4, 2])))
    assert report.ok, report


class Wrong:
    """Another row than the newest, of some of the nodes."""

    def __init__(self, versions, how):
        self._versions, self._how = versions, how

    def rows(self, ids, as_of):
        right = self._versions.rows(ids, as_of)
        rows = {
            "late": self._versions.rows(ids, np.full(len(ids), FOREVER)),
            "none": np.where(np.arange(len(ids)) % 2, right, -1),
            "old": np.where(right >= 0, self._versions.rows(ids, np.asarray(as_of) - 4 * DAY), right),
        }[self._how]
        return np.where(rows < 0, right, rows) if self._how == "old" else rows


@pytest.mark.parametrize("how", KINDS)
def test_other_rows_are_found(engine, how, monkeypatch):
    right = audit_versions.histories_in(engine.dataset)
    wrong = {name: Wrong(versions, how) for name, versions in right.items()}
    monkeypatch.setattr("workbench.sampling.audit.histories_in", lambda dataset: wrong)
    subgraph = sampled(engine)
    report = audit(subgraph, engine.dataset)
    assert {fault.edge_type for fault in report.faults} == {"plans", "prices"}
    assert {fault.kind for fault in report.faults} == {KINDS[how]}
    assert "instead of" in report.faults[0].example


def test_a_history_that_tells_the_label_is_a_leak(tmp_path):
    rng = np.random.default_rng(0)
    frames = random_frames(rng, users=60, orders=900, versions=200)
    users, days = np.indices((60, DAYS)).reshape(2, -1)
    order = np.argsort(days, kind="stable")
    users, at = users[order] * 10, days[order] * DAY
    orders = frames["orders"]
    bought = set(zip(orders["user_id"], orders["at"].to_numpy().astype(np.int64), strict=True))
    told = [bool({(u, t + DAY), (u, t + 2 * DAY)} & bought) for u, t in zip(users, at, strict=True)]
    frames["plans"] = pd.DataFrame(
        {
            "user_id": users,
            "valid_from": at.astype("M8[us]"),
            "plan": None,
            "quota": np.array(told, float),
            "renews": (at + 5 * DAY).astype("M8[us]"),
        }
    )
    wb.ingest(as_tables(frames), SCHEMA, tmp_path)
    engine = wb.open(tmp_path)
    query = "PREDICT COUNT(orders.*, 0, 2, days) > 0 FOR EACH users.user_id"
    task = engine.task(query, val=wb.iso(12 * DAY), test=wb.iso(15 * DAY), begin=0)
    plan = wb.ModelPlan(wb.Fanout([3, 2]))
    report = leakage_report(task, plan, engine.graph)
    found = {(finding.kind, finding.subject) for finding in report.findings}
    assert ("column tells the label", "plans.quota") in found
    assert ("value is filled in later", "plans.renews") in found
    assert not {kind for kind, subject in found if subject == "prices"}
    assert all(report.latest[split]["prices"] <= 0 for split in ("train", "val", "test"))
    spared = leakage_report(task, plan.replace(exclude=("plans.quota", "plans.renews")), engine.graph)
    assert not [finding for finding in spared.findings if finding.subject.startswith("plans.")]
