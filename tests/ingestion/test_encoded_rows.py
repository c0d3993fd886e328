"""Changed rows get the codes that their table has; new categories join, what is no feature is counted."""

from collections import Counter

import numpy as np
import pyarrow as pa

from workbench.ingestion.encoded_rows import encoded_rows
from workbench.schema import Column, Stype, Table
from workbench.stores.features import GroupColumn, GroupLayout
from workbench.stores.segments import encode_rows
from workbench.stores.sql import ROW


def test_codes_join_and_lost_values_are_counted():
    table = Table("t", (Column("city", Stype.CATEGORICAL), Column("x", Stype.NUMERICAL)))
    columns = (GroupColumn("x", "numerical", 0, 1), GroupColumn("city", "categorical", 0, 1, 2))
    layout, words, dropped = GroupLayout("t", 9, columns), {("t", "city"): ["Bern"]}, Counter()
    rows = pa.table({"city": ["Chur", "Bern", None], "x": [1.5, np.inf, None], ROW: [2, 4, 7]})
    wide, delta = encoded_rows(table, layout, rows, words, {}, dropped)
    assert words == {("t", "city"): ["Bern", "Chur"]}
    assert [column.cardinality for column in wide.columns if column.name == "city"] == [3]
    assert delta.ids.tolist() == [2, 4, 7]
    sections = {
        "numerical": np.array([[1.5], [0], [0]], np.float32),
        "categorical": np.array([[2], [1], [0]], np.int32),
    }
    present = np.array([[True, True], [False, True], [False, False]])
    np.testing.assert_array_equal(delta.rows, encode_rows(wide, sections, present))
    assert +dropped == Counter(x=1)
