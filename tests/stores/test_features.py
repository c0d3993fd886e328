"""The row layout: sections, masks and strides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import SchemaError
from workbench.stores.features import SECTION_DTYPES, FeatureBlock, GroupColumn, GroupLayout


def layout_of(timestamps: int, numbers: int, embedding: int, categories: int) -> GroupLayout:
    columns = [GroupColumn(f"t{i}", "timestamp", i) for i in range(timestamps)]
    columns += [GroupColumn(f"n{i}", "numerical", i) for i in range(numbers)]
    columns += [GroupColumn("e", "embedding", 0, embedding)] if embedding else []
    columns += [GroupColumn(f"c{i}", "categorical", i, cardinality=3) for i in range(categories)]
    return GroupLayout("g", 5, tuple(columns))


sizes = st.integers(0, 40)


@given(sizes, sizes, sizes, sizes)
def test_sections_do_not_overlap_and_strides_are_legal_for_direct_reads(t, n, e, c):
    layout = layout_of(t, n, e, c)
    ends = [layout.offset(s) + layout.width(s) * d.itemsize for s, d in SECTION_DTYPES.items()]
    starts = [*(layout.offset(s) for s in SECTION_DTYPES), layout.mask_offset]
    assert starts[0] == 0
    assert starts[1:] == ends
    assert layout.mask_offset + layout.mask_bytes <= layout.stride
    assert 512 % layout.stride == 0 or layout.stride % 512 == 0
    for section, dtype in SECTION_DTYPES.items():
        assert layout.offset(section) % dtype.itemsize == 0


def test_a_block_reads_back_what_lies_in_its_bytes():
    layout = layout_of(1, 2, 3, 1)
    data = np.zeros((4, layout.stride), np.uint8)
    block = FeatureBlock(layout, data)
    block.section("timestamp")[:, 0] = [1, -2, 3, 4]
    block.section("numerical")[:, 1] = [0.5, 1.5, 2.5, 3.5]
    block.section("embedding")[2] = [7, 8, 9]
    block.section("categorical")[:, 0] = [0, 1, 2, 1]
    data[:, layout.mask_offset] = [0b11111, 0b00001, 0b10000, 0]
    assert block.column("t0").tolist() == [1, -2, 3, 4]
    assert block.column("n1").tolist() == [0.5, 1.5, 2.5, 3.5]
    assert block.column("e")[2].tolist() == [7, 8, 9]
    assert block.column("c0").tolist() == [0, 1, 2, 1]
    assert block.present()[:, 0].tolist() == [True, True, False, False]
    assert block.present()[:, 4].tolist() == [True, False, True, False]
    assert len(block) == 4


def test_an_unknown_column_is_named():
    with pytest.raises(SchemaError, match="Did you mean 'n0'"):
        layout_of(0, 1, 0, 0).column("n9")


def test_an_empty_group_still_has_rows():
    layout = layout_of(0, 0, 0, 0)
    assert layout.stride == 8
    assert FeatureBlock(layout, np.zeros((2, 8), np.uint8)).present().shape == (2, 0)
