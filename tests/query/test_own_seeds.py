"""Seeds without a query: keys, instants of every form, labels; other units are refused."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import torch

import workbench as wb
from workbench.errors import AnchorError, SchemaError, TaskError
from workbench.temporal import FOREVER, instant

SPRING = instant("2024-03-01")
FORMS = [
    "2024-03-01",
    dt.datetime(2024, 3, 1),
    np.datetime64("2024-03-01"),
    pd.Timestamp("2024-03-01"),
    SPRING,
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    users = pd.DataFrame(
        {
            "user_id": ["u", "v", "w"],
            "since": pd.to_datetime(["2024-01-03", "2024-01-01", None]),
            "left": pd.to_datetime(["2024-05-01", None, None]),
        }
    )
    orders = pd.DataFrame(
        {"order_id": [1, 2], "user_id": ["u", "v"], "at": pd.to_datetime(["2024-02-01", "2024-04-01"])}
    )
    tables = wb.read_tables({"users": users, "orders": orders})
    path = tmp_path_factory.mktemp("own") / "store"
    wb.ingest(tables, wb.infer_schema(tables).set_time("users", "since").set_end_time("users", "left"), path)
    return wb.open(path)


@pytest.mark.parametrize("at", FORMS, ids=lambda at: type(at).__name__)
def test_an_instant_holds_for_all_and_a_column_for_each(engine, at):
    alone = engine.seeds("users", ["u", "v"], at=at)
    assert alone.anchor_time.tolist() == [SPRING, SPRING]
    later = "2024-04-01"
    column = engine.seeds("users", ["v", "u"], at=pd.Series([at, later], dtype=object, index=[7, 3]))
    assert column.anchor_time.tolist() == [SPRING, instant(later)]
    assert column.key.to_pylist() == ["v", "u"]
    assert column.node_id.tolist() == engine.node_ids("users", ["v", "u"]).tolist()


def test_columns_of_times_are_read_in_any_unit_that_they_carry(engine):
    for unit in ("s", "ms", "us", "ns"):
        at = np.array(["2024-03-01", "2024-04-01"], f"datetime64[{unit}]")
        assert engine.seeds("users", ["u", "v"], at=at).anchor_time.tolist() == [
            SPRING,
            instant("2024-04-01"),
        ]
    zoned = pd.Series(pd.to_datetime(["2024-03-01 02:00", "2024-03-01 02:00"])).dt.tz_localize(
        "Europe/Athens"
    )
    assert engine.seeds("users", ["u", "v"], at=zoned).anchor_time.tolist() == [SPRING, SPRING]


def test_without_keys_every_row_is_a_seed_and_without_an_instant_it_is_static(engine):
    everyone = engine.seeds("users")
    assert sorted(everyone.key.to_pylist()) == ["u", "v", "w"]
    assert set(everyone.anchor_time.tolist()) == {FOREVER}
    assert repr(everyone) == "SeedTable(own: 3 x users, static)"


def test_seeds_of_ones_own_are_sampled_profiled_and_loaded_with_their_labels(engine):
    seeds = engine.seeds("users", ["v", "u"], at=["2024-05-01", "2024-03-01"], label=[1, 0])
    fanout = wb.Fanout([4])
    subgraph = engine.sample(seeds, fanout)
    assert subgraph.nodes_per_hop["orders"].tolist() == [0, 2]
    assert engine.profile(seeds, fanout, batch_size=2).edges.mean == 2
    early = engine.seeds("users", ["v", "u"], at=["2024-03-01", "2024-04-01"])
    assert engine.sample(early, fanout).nodes_per_hop["orders"].tolist() == [0, 1]
    batch = next(iter(wb.PyGLoader(wb.NeighborSampler(engine.graph, fanout), engine.features, seeds, 2)))
    assert batch["users"].y.tolist() == [1, 0]


def test_who_does_not_exist_at_its_instant_is_no_seed(engine):
    """v signs up on 1 January, u on the 3rd, w at no known time; u leaves on 1 May."""
    users = engine.seeds
    assert users("users", at="2024-01-01").key.to_pylist() == ["v"]
    assert sorted(users("users", at="2024-01-03").key.to_pylist()) == ["u", "v"]
    assert users("users", at="2024-05-01").key.to_pylist() == ["v"]
    assert users("users", ["u"], at=np.datetime64("2024-04-30T23:59:59.999999")).key.to_pylist() == ["u"]
    for keys, at in ((["v", "u"], "2024-01-02"), (["v", "u"], "2024-05-01"), (["u", "w"], "2024-03-01")):
        gone = keys[1]
        with pytest.raises(
            TaskError, match=f"1 do not exist yet, or no longer, at their instants: keys '{gone}'"
        ):
            users("users", keys, at=at)


@pytest.mark.parametrize("at", ["2024-01-02", "2024-03-01", "2024-06-01"])
def test_the_seeds_of_a_query_are_the_same(engine, at):
    task = engine.task(
        "PREDICT COUNT(orders.*, 0, 10, days) FOR EACH users.user_id", every="1 day", train_windows=5
    )
    ours, theirs = engine.seeds("users", at=at), task.seeds(at=at)
    assert sorted(ours.node_id.tolist()) == sorted(theirs.node_id.tolist())


def test_what_is_no_seed_is_refused(engine):
    with pytest.raises(SchemaError, match=r"seeds of 'user' were asked for: .* Did you mean 'users'"):
        engine.seeds("user")
    with pytest.raises(SchemaError, match="1 are not in it"):
        engine.seeds("users", ["u", "nobody"])
    with pytest.raises(TaskError, match=r"instants \(at=\) of seeds were given: there are 1 for 2 seeds"):
        engine.seeds("users", ["u", "v"], at=["2024-03-01"])
    with pytest.raises(TaskError, match="labels of seeds were given: there are 3 for 2 seeds"):
        engine.seeds("users", ["u", "v"], label=[1, 2, 3])
    with pytest.raises(TaskError, match="a column of numbers"):
        engine.seeds("users", ["u", "v"], label=["yes", "no"])
    with pytest.raises(AnchorError, match="an instant was asked for: got 'soon'"):
        engine.seeds("users", ["u", "v"], at="soon")


@pytest.mark.parametrize(
    ("factor", "unit"), [(10**-6, "seconds"), (10**-3, "milliseconds"), (10**3, "nanoseconds")]
)
def test_another_unit_is_refused_for_one_and_for_each(engine, factor, unit):
    wrong = round(SPRING * factor)
    for at in (wrong, [SPRING, wrong]):
        with pytest.raises(AnchorError, match=f"got {wrong}, which is .*; as {unit} it is 2024-03-01"):
            engine.seeds("users", ["u", "v"], at=at)


def test_keys_and_labels_may_be_tensors(engine):
    seeds = engine.seeds("orders", torch.tensor([2, 1]), at="2024-05-01", label=torch.tensor([1, 0]))
    assert seeds.key.to_pylist() == [2, 1]
    assert seeds.label.tolist() == [1.0, 0.0]
