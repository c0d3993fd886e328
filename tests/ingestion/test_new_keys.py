"""Keys of stored and of new rows are found as one map of all of them would find them."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.ingestion.new_keys import GrownKeys
from workbench.stores.key_map import KeyMap


@pytest.mark.parametrize("texts", [False, True])
@pytest.mark.parametrize("stored", [0, 1, 30])
def test_one_after_the_other_is_all_at_once(texts, stored):
    rng = np.random.default_rng(stored)
    keys = rng.permutation(100)[: stored + 10]
    keys = pa.array([f"k{k}" for k in keys]) if texts else pa.array(keys)
    old = KeyMap.build("t", "k", keys[:stored])
    new = KeyMap.build("t", "k", keys[stored:]).explicit(stored)
    grown, whole = GrownKeys(old, new), KeyMap.build("t", "k", keys)
    assert (grown.table, grown.type) == ("t", whole.type)
    wanted = pa.array([None, *(f"k{k}" for k in range(100))] if texts else [None, *range(100)])
    assert grown.lookup(wanted.cast(whole.type)).tolist() == whole.lookup(wanted).tolist()


def test_keys_of_deleted_rows_are_not_found():
    old = KeyMap("t", 3, deleted=np.array([1]))
    new = KeyMap.build("t", "k", pa.array([7])).explicit(3)
    assert GrownKeys(old, new).lookup(pa.array([0, 1, 2, 7])).tolist() == [0, -1, 2, 3]
