"""After an append samples over old anchors are bit-equal, and an older run predicts on new and late rows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import workbench as wb
from workbench.testing.commerce import commerce


def test_old_samples_and_old_runs_hold(tmp_path):
    truth = commerce(150, periods=8, seed=4)
    schema = wb.infer_schema(truth.tables)
    cut = pa.scalar(np.datetime64(wb.instant(truth.test), "us"))
    earlier, later = dict(truth.tables), {}
    for table in schema:
        if table.time is not None:
            rows = truth.tables[table.name]
            late = np.random.default_rng(2).random(len(rows)) < (0.02 if table.name == "orders" else 0)
            old = pc.and_not(pc.less(rows[table.time], cut), pa.array(late))
            earlier[table.name], later[table.name] = rows.filter(old), rows.filter(pc.invert(old))
    wb.ingest(earlier, schema, tmp_path / "s")
    engine = wb.open(tmp_path / "s")
    period = wb.instant(truth.test) - wb.instant(truth.val)
    split = {
        "val": wb.iso(wb.instant(truth.val) - period),
        "test": truth.val,
        "begin": truth.start,
        "observed_until": wb.instant(truth.test),
    }
    task = engine.task(truth.query, **split)
    plan = engine.suggest_plan(task).replace(channels=8, epochs=1)
    run = engine.train(task, plan, callbacks=[], device="cpu", folder=tmp_path / "run").wait()
    seeds = task.seeds("test")
    drawn = [engine.sample(seeds, wb.Fanout([6, 4], strategy=way), key=9) for way in ("uniform", "recent")]
    predicted = run.predict(seeds).values

    report = wb.ingest(later, schema, tmp_path / "s", append=True)
    assert report.rows["orders"] > 50
    assert report.rows["users"] > 0
    assert report.late["orders"] > 10
    newer = engine.refresh()
    assert newer.dataset.snapshot == 2
    for subgraph, way in zip(drawn, ("uniform", "recent"), strict=True):
        assert newer.sample(seeds, wb.Fanout([6, 4], strategy=way), key=9).same_as(subgraph)
    again = newer.load_run(tmp_path / "run")
    np.testing.assert_array_equal(again.predict(seeds).values, predicted)
    keys = later["users"]["user_id"].to_pylist()
    asked = newer.task(truth.query, **split).seeds(at=wb.iso(truth.end), entities=keys)
    values = again.predict(asked).values
    assert len(values) == len(keys)
    assert np.isfinite(values).all()
    audited = newer.audit(newer.sample(asked, wb.Fanout([8, 4])))
    assert audited.ok, audited
    assert audited.edges > 20

    newer.compact().result(60)
    merged = newer.refresh()
    elsewhere = merged.seeds("users", keys, at=wb.iso(truth.end))
    are_refused(plan, newer, again, elsewhere)
    are_refused(plan, merged, merged.load_run(tmp_path / "run"), asked)
    assert merged.dataset.manifest.rows("orders") == len(truth.tables["orders"])
    again = merged.load_run(tmp_path / "run")
    asked = merged.task(truth.query, **split).seeds(at=wb.iso(truth.end), entities=keys)
    assert np.isfinite(again.predict(asked).values).all()
    audited = merged.audit(merged.sample(merged.task(truth.query, **split).seeds("test"), wb.Fanout([8, 4])))
    assert audited.ok, audited


def are_refused(plan, engine, run, seeds):
    """Seeds of another engine, whose ids are others."""
    loader = wb.PyGLoader(wb.NeighborSampler(engine.graph, plan.fanout), engine.features, seeds, 8)
    for use in (engine.sample, lambda given, _: run.predict(given), lambda *_: next(iter(loader))):
        with pytest.raises((wb.IdError, wb.LoaderError), match="before rows that came late got their place"):
            use(seeds, plan.fanout)
