"""Key maps: keys to node ids and back, for every kind of key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import CorruptStoreError, IdError, IngestError, SchemaError, StoreError
from workbench.stores.key_map import KeyMap, normalise_keys
from workbench.testing.sizes import cases

NUMBERS = st.one_of(
    st.lists(st.integers(-50, 50), unique=True),
    st.lists(st.integers(-(2**63), 2**63 - 1), unique=True),
    st.integers(0, 40).map(lambda n: list(range(n))),
)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), unique=True)


def stored(keys: KeyMap, folder: Path) -> KeyMap:
    """The map after a trip to disk."""
    (folder / "keys.arrow").write_bytes(keys.to_bytes())
    return KeyMap.read(folder / "keys.arrow", keys.table, keys.rows)


@settings(max_examples=cases(100, 2000))
@given(values=st.one_of(NUMBERS, TEXTS), others=st.one_of(NUMBERS, TEXTS))
def test_it_is_a_dictionary(values: list, others: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    kind = pa.string() if values and isinstance(values[0], str) else pa.int64()
    keys = stored(KeyMap.build("t", "k", pa.array(values, kind)), tmp_path_factory.mktemp("keys"))
    truth = {value: row for row, value in enumerate(values)}
    assert keys.lookup(pa.array(values, kind)).tolist() == list(range(len(values)))
    assert keys.keys_of(np.arange(len(values))[::-1]).to_pylist() == values[::-1]
    if not others or isinstance(others[0], str) == pa.types.is_string(kind):
        expected = [truth.get(value, -1) for value in others]
        assert keys.lookup(pa.array(others, kind)).tolist() == expected


def test_dense_keys_in_order_store_nothing() -> None:
    assert KeyMap.build("t", "k", pa.array([0, 1, 2])).is_identity
    assert not KeyMap.build("t", "k", pa.array([0, 2, 1])).is_identity
    assert not KeyMap.build("t", "k", pa.array([1, 2, 3])).is_identity


@pytest.mark.parametrize("values", [[0, 1, 2], [5, 9, 7], [10**12, 5, -3], ["a", "c", "b"]])
def test_nulls_and_strangers_are_not_found(values: list) -> None:
    keys = KeyMap.build("t", "k", pa.array(values))
    asked = [values[2], None, "zz" if isinstance(values[0], str) else 77, values[0]]
    assert keys.lookup(asked).tolist() == [2, -1, -1, 0]
    assert keys.lookup([]).tolist() == []


def test_keys_come_in_any_container() -> None:
    keys = KeyMap.build("t", "k", pa.array([3, 1]))
    for asked in ([1, 3], np.array([1, 3], np.int32), pa.chunked_array([[1], [3]]), pa.array([1.0, 3.0])):
        assert keys.lookup(asked).tolist() == [1, 0]
    texts = KeyMap.build("t", "k", pa.array(["x", "a"]).dictionary_encode())
    assert texts.lookup(np.array(["a", "x"])).tolist() == [1, 0]


def test_numbers_are_not_texts() -> None:
    keys = KeyMap.build("users", "k", pa.array([3, 1]))
    with pytest.raises(
        SchemaError, match=r"keys of table 'users'.*got keys of type string.*Allowed: integers"
    ):
        keys.lookup(["1"])
    with pytest.raises(SchemaError, match="got keys of type mixed"):
        keys.lookup([1, "a"])
    with pytest.raises(SchemaError, match="Allowed: texts"):
        KeyMap.build("users", "k", pa.array(["a"])).lookup([1])


@pytest.mark.parametrize("ids", [[-1], [2], [0.5]])
def test_ids_are_checked(ids: list) -> None:
    keys = KeyMap.build("users", "k", pa.array([3, 1]))
    with pytest.raises(IdError, match=r"integers in 0 \.\. 1"):
        keys.keys_of(np.array(ids))


def test_duplicate_keys_are_counted_and_shown() -> None:
    with pytest.raises(IngestError, match=r"users.k was read: 2 of 4 rows repeat a key, such as \[7\]"):
        KeyMap.build("users", "k", pa.array([7, 7, 7, 1]))
    with pytest.raises(IngestError, match=r"1 of 2 rows repeat a key, such as \['a'\]"):
        KeyMap.build("users", "k", pa.array(["a", "a"]))


def test_null_keys_are_counted() -> None:
    with pytest.raises(
        IngestError, match=r"1 of 2 rows have no key.*tables.where\('users', 'k IS NOT NULL'\)"
    ):
        KeyMap.build("users", "k", pa.array([7, None]))


def test_other_types_are_no_keys() -> None:
    with pytest.raises(IngestError, match="neither integers nor texts"):
        KeyMap.build("users", "k", pa.array([1.5]))
    assert normalise_keys(pa.array([2**64 - 1], pa.uint64())) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    good = bytes(KeyMap.build("t", "k", pa.array([3, 1, 2])).to_bytes())
    path = tmp_path / "keys.arrow"
    for torn in (b"", good[:100], b"x" * len(good)):
        path.write_bytes(torn)
        with pytest.raises(CorruptStoreError, match=r"keys\.arrow"):
            KeyMap.read(path, "t", 3)
    path.write_bytes(good)
    with pytest.raises(CorruptStoreError, match="it has 3 of 4 keys"):
        KeyMap.read(path, "t", 4)


def test_a_file_that_a_later_ingest_removed_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"keys\.arrow.* or compacted\. Open the dataset again") as error:
        KeyMap.read(tmp_path / "keys.arrow", "t", 3)
    assert not isinstance(error.value, CorruptStoreError)


def test_it_prints_short() -> None:
    assert repr(KeyMap("users", 3)) == "KeyMap(users: 3 rows, identity)"
    assert repr(KeyMap.build("users", "k", pa.array(["a"]))) == "KeyMap(users: 1 rows, large_string keys)"


def test_ids_of_keys_refuse_the_unknown():
    keys = KeyMap.build("t", "k", pa.array([30, 10, 20]))
    assert keys.ids_of([10, 30, 10]).tolist() == [1, 0, 1]
    with pytest.raises(
        SchemaError, match=r"3 keys of table 't'.*2 are not in it \(11, 12\).*such as 30, 10, 20"
    ):
        keys.ids_of([11, 30, 12])


def test_a_few_keys_are_found_as_many_are():
    rng = np.random.default_rng(0)
    keys = KeyMap.build("t", "k", pa.array(rng.permutation(900)[:300] - 200))
    wanted = np.arange(-300, 1000)
    many = keys.lookup(wanted)
    few = np.concatenate([keys.lookup(wanted[i : i + 10]) for i in range(0, len(wanted), 10)])
    np.testing.assert_array_equal(few, many)
    assert (many >= 0).sum() == 300
