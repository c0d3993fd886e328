"""The hostile strings are many and different, and what is made of them holds them all."""

from workbench.testing.hostile import HOSTILE, SHOWN, hostile_schema, joined, storable


def test_there_are_more_than_a_hundred_of_every_kind():
    assert len(set(HOSTILE)) == len(HOSTILE) > 100
    assert max(map(len, HOSTILE)) == 1_000_000
    assert sum("window.hacked=1" in text for text in HOSTILE) > 40
    assert sum("\u202e" in text or "\u2066" in text for text in HOSTILE) == 2


def test_only_what_no_file_can_hold_is_left_out():
    assert set(HOSTILE) - set(storable(HOSTILE)) == {"a\x00b", "a\ud800b"}


def test_joined_names_hold_every_string_and_are_short():
    names = joined(storable(HOSTILE))
    assert len(names) == len(set(names)) < 60
    assert all(any(text in name for name in names) for text in storable(HOSTILE))
    assert all(len(name) <= SHOWN or name in HOSTILE for name in names)


def test_a_schema_names_a_table_and_a_column_by_each():
    schema = hostile_schema(HOSTILE[:12])
    assert list(schema.node_types) == ["users", *HOSTILE[:12]]
    assert [table.columns[0].name for table in schema.tables[1:]] == list(HOSTILE[:12])
