"""The manifest survives JSON and refuses what it does not know."""

import json

import pytest

from workbench.errors import StoreError
from workbench.schema import Column, ForeignKey, Schema, Stype, Table
from workbench.stores.features import GroupColumn, GroupLayout
from workbench.stores.manifest import FileEntry, Manifest, Partition

USERS = Table("users", (Column("id", Stype.ID),), "id")
ORDERS = Table("orders", (Column("user", Stype.ID),), time="at", foreign_keys=(ForeignKey("user", "users"),))
MANIFEST = Manifest(
    snapshot=3,
    schema=Schema((USERS, ORDERS), ("a note",)),
    partitions=(
        Partition(
            "p1", {"users": 2, "orders": 5}, (FileEntry("time", "orders", "graph/p1/0.time", 40, "ab"),)
        ),
    ),
    groups=(GroupLayout("orders", 5, (GroupColumn("x", "numerical", 0),)),),
    dated_rows={"orders": 4},
    edges_follow_nodes=("orders-user->users",),
    report={"warnings": ["one"]},
)


def test_round_trip_through_json():
    again = Manifest.from_dict(json.loads(json.dumps(MANIFEST.to_dict())))
    assert again == MANIFEST
    assert again.schema.notes == ("a note",)
    assert again.rows("orders") == 5
    assert again.find("time", "orders") == MANIFEST.files[0]
    assert again.find("time", "users") is None


@pytest.mark.parametrize("damage", [{"format": 2}, {"groups": 1}, {"snapshot": "x"}, {"partitions": [{}]}])
def test_a_damaged_manifest_is_refused(damage):
    with pytest.raises(StoreError, match="a dataset was opened"):
        Manifest.from_dict({**MANIFEST.to_dict(), **damage})


def test_a_manifest_without_its_schema_is_refused():
    data = MANIFEST.to_dict()
    del data["schema"]
    with pytest.raises(StoreError, match="malformed"):
        Manifest.from_dict(data)
