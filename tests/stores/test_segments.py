"""Segments: rows are packed as their layout says and every writer error leaves no file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import StoreError
from workbench.stores.features import SECTION_DTYPES, FeatureBlock
from workbench.stores.segments import SegmentWriter, encode_rows
from workbench.testing.feature_data import group_layout, random_group
from workbench.testing.sizes import cases


@given(
    rows=st.integers(0, 40),
    widths=st.fixed_dictionaries({name: st.integers(0, 12) for name in SECTION_DTYPES}),
    key=st.integers(0, 2**32),
)
@settings(max_examples=cases(100, 2000), deadline=None)
def test_rows_against_struct_by_struct_packing(rows, widths, key):
    layout = group_layout("g", rows, widths)
    group = random_group(layout, np.random.default_rng(key))
    assert group.rows.shape == (rows, layout.stride)
    for i in range(rows):
        packed = bytearray()
        for name, dtype in SECTION_DTYPES.items():
            for c in [c for c in layout.columns if c.section == name]:
                values = group.sections[name][i, c.start : c.start + c.width].astype(dtype)
                here = group.present[i, layout.columns.index(c)]
                packed += values.tobytes() if here else bytes(c.width * dtype.itemsize)
        bits = sum(int(bit) << n for n, bit in enumerate(group.present[i]))
        packed += bits.to_bytes(layout.mask_bytes, "little")
        assert group.rows[i].tobytes() == bytes(packed).ljust(layout.stride, b"\0")


def test_missing_values_are_zero_even_if_nan():
    layout = group_layout("g", 2, {"numerical": 1})
    rows = encode_rows(
        layout, {"numerical": np.array([[np.nan], [1]], np.float32)}, np.array([[False], [True]])
    )
    assert FeatureBlock(layout, rows).column("numerical_0").tolist() == [0, 1]


def test_wrong_shapes_are_named():
    layout = group_layout("g", 2, {"numerical": 2})
    present = np.ones((2, 2), bool)
    with pytest.raises(StoreError, match=r"section 'numerical' of feature group 'g'.*got nothing.*\[2, 2\]"):
        encode_rows(layout, {}, present)
    with pytest.raises(StoreError, match=r"got float64\[2, 1\]"):
        encode_rows(layout, {"numerical": np.ones((2, 1))}, present)
    with pytest.raises(StoreError, match=r"section 'present'.*got bool\[2, 1\]"):
        encode_rows(layout, {"numerical": np.ones((2, 2))}, present[:, :1])


def test_blocks_end_to_end_padded_to_pages(tmp_path):
    group = random_group(group_layout("g", 1001, {"numerical": 3}), np.random.default_rng(0))
    with SegmentWriter(tmp_path, "features/p1/0.seg", group.layout) as segment:
        for start in range(0, 1001, 100):
            segment.append(group.rows[start : start + 100])
        entry = segment.finish()
    whole = (tmp_path / "features/p1/0.seg").read_bytes()
    assert whole[: group.rows.size] == group.rows.tobytes()
    assert not any(whole[group.rows.size :])
    assert len(whole) == entry.bytes
    assert entry.bytes % 4096 == 0
    assert (entry.role, entry.name) == ("features", "g")


def test_no_rows_make_an_empty_segment(tmp_path):
    with SegmentWriter(tmp_path, "features/0.seg", group_layout("g", 0, {})) as segment:
        pass
    assert segment.finish().bytes == 0


@pytest.mark.parametrize("rows", [2, 4])
def test_a_wrong_row_count_leaves_no_file(tmp_path, rows):
    layout = group_layout("g", 3, {"numerical": 1})
    with (
        pytest.raises(StoreError, match=f"{rows} rows were appended. Allowed: 3 rows"),
        SegmentWriter(tmp_path, "features/0.seg", layout) as segment,
    ):
        segment.append(np.zeros((rows, 8), np.uint8))
    assert not (tmp_path / "features/0.seg").exists()


def test_rows_of_another_stride_are_refused(tmp_path):
    layout = group_layout("g", 3, {"numerical": 1})
    with (
        pytest.raises(StoreError, match=r"got uint8\[3, 16\]. Allowed: uint8\[n, 8\]"),
        SegmentWriter(tmp_path, "features/0.seg", layout) as segment,
    ):
        segment.append(np.zeros((3, 16), np.uint8))
    assert not (tmp_path / "features/0.seg").exists()
