"""Codes: what is stored is read back as near as the code says, in as few bytes, and misfits are refused."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.errors import IngestError, SchemaError
from workbench.stores.codecs import CODES, check_code, pack, packing, unpack
from workbench.stores.features import FeatureBlock
from workbench.stores.segments import encode_rows
from workbench.testing.feature_data import group_layout, random_group
from workbench.testing.sizes import cases

OF = {
    section: ["", *(name for name, (_, _, sections) in CODES.items() if section in sections)]
    for section in ("numerical", "embedding", "categorical")
}


def wide(values, code, section="embedding"):
    """What is read back of an embedding, and the layout."""
    values = np.asarray(values, np.float32)
    layout = group_layout("g", len(values), {section: values.shape[1]}, {section: code})
    rows = encode_rows(layout, {section: values}, np.ones((len(values), len(layout.columns)), bool))
    return FeatureBlock(layout, unpack(layout, pack(layout, rows))).section(section), layout


@given(
    rows=st.integers(1, 40),
    widths=st.fixed_dictionaries(
        {name: st.integers(0, 40) for name in ("timestamp", "numerical", "embedding", "categorical")}
    ),
    codes=st.fixed_dictionaries({section: st.sampled_from(names) for section, names in OF.items()}),
    key=st.integers(0, 2**32),
)
@settings(max_examples=cases(150, 3000), deadline=None)
def test_exact_values_come_back_exactly_whatever_lies_beside_them(rows, widths, codes, key):
    layout = group_layout("g", rows, widths, codes)
    group = random_group(layout, np.random.default_rng(key))
    stored = pack(layout, group.rows)
    assert stored.shape == (rows, packing(layout).stride)
    assert packing(layout).stride <= layout.stride or "int8" in codes.values()
    if packing(layout).fields is None:
        np.testing.assert_array_equal(stored, group.rows)
    else:
        np.testing.assert_array_equal(unpack(layout, stored), group.rows)


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40),
    st.sampled_from(["float16", "bfloat16", "int8"]),
)
@example([-3.4028234663852886e38, 1.0], "int8")
@settings(max_examples=cases(200, 10_000), deadline=None)
def test_what_is_read_back_is_stored_the_same_again(values, code):
    numbers = np.array([values], np.float32)
    numbers = np.clip(numbers, -65504, 65504) if code == "float16" else numbers
    layout = group_layout("g", 1, {"embedding": len(values)}, {"embedding": code})
    stored = pack(
        layout, encode_rows(layout, {"embedding": numbers}, np.ones((1, len(layout.columns)), bool))
    )
    np.testing.assert_array_equal(pack(layout, unpack(layout, stored)), stored)


def test_scales_come_back_whatever_their_mantissa():
    largest = np.float32(127) * (np.float32(1) + np.arange(1 << 16, dtype=np.float32) * np.float32(2**-23))
    largest = np.concatenate([largest, largest * np.float32(1.3)])
    layout = group_layout("g", len(largest), {"embedding": 1}, {"embedding": "int8"})
    present = np.ones((len(largest), len(layout.columns)), bool)
    stored = pack(layout, encode_rows(layout, {"embedding": largest[:, None]}, present))
    np.testing.assert_array_equal(pack(layout, unpack(layout, stored)), stored)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
@example([3.4028234663852886e38])
@example([-3.4028234663852886e38, 1.0])
@settings(max_examples=cases(200, 5000), deadline=None)
def test_rounding_of_numbers(values):
    numbers = np.array([values], np.float32)
    found, _ = wide(numbers, "bfloat16")
    ordinary = np.abs(numbers) >= np.finfo(np.float32).tiny
    assert np.isfinite(found).all()
    assert (np.abs(found - numbers)[ordinary] <= np.abs(numbers)[ordinary] / 256).all()
    halves = np.clip(numbers, -65504, 65504)
    np.testing.assert_array_equal(wide(halves, "float16")[0], halves.astype(np.float16).astype(np.float32))
    small, _ = wide(np.where(np.abs(numbers) > 1e-30, numbers, 0), "int8")
    step = np.abs(numbers).max() / np.float32(127)
    assert (np.abs(small - np.where(np.abs(numbers) > 1e-30, numbers, 0)) <= step * 0.51).all()


def test_every_half_comes_back():
    bits = np.arange(1 << 16, dtype=np.uint16)
    halves = bits.view(np.float16)
    halves = halves[np.isfinite(halves)].astype(np.float32)
    found, _ = wide(halves[:, None], "float16")
    np.testing.assert_array_equal(found[:, 0].view(np.uint32), halves.view(np.uint32))  # signs of zero too


def test_errors_of_normal_numbers_are_as_small_as_promised():
    values = np.random.default_rng(0).standard_normal((2000, 128)).astype(np.float32)
    for code, most, stride in (("float16", 4e-4, 512), ("bfloat16", 3e-3, 512), ("int8", 1.5e-2, 256)):
        found, layout = wide(values, code)
        error = np.sqrt(((found - values) ** 2).mean()) / np.sqrt((values**2).mean())
        assert error < most
        assert packing(layout).stride == stride
    assert packing(group_layout("g", 1, {"embedding": 120}, {"embedding": "int8"})).stride == 128


def test_scales_are_of_one_row():
    """Other rows, however large, change nothing in a row's codes."""
    values = np.random.default_rng(0).standard_normal((50, 30)).astype(np.float32)
    shifted = values.copy()
    shifted[25:] *= 1000
    np.testing.assert_array_equal(wide(values, "int8")[0][:25], wide(shifted, "int8")[0][:25])


@pytest.mark.parametrize(("code", "largest"), [("uint8", 255), ("uint16", 65535)])
def test_a_category_that_does_not_fit_is_refused(code, largest):
    layout = group_layout("g", 2, {"categorical": 1}, {"categorical": code})
    for top in (largest, largest + 1):
        codes = {"categorical": np.array([[0], [top]], np.int32)}
        rows = encode_rows(layout, codes, np.ones((2, 1), bool))
        if top == largest:
            np.testing.assert_array_equal(unpack(layout, pack(layout, rows)), rows)
        else:
            with pytest.raises(IngestError, match=f"as '{code}'.*{top:,}.*wider code"):
                pack(layout, rows)


def test_a_number_beyond_float16_is_refused():
    with pytest.raises(IngestError, match=r"as 'float16'.*70,000"):
        wide([[70000.0]], "float16", "numerical")


def test_codes_of_other_sections_are_refused():
    check_code("t", "c", "numerical", "float16")
    with pytest.raises(SchemaError, match=r"'c' of 't'.*'int8'.*Allowed: float16, bfloat16"):
        check_code("t", "c", "numerical", "int8")
    with pytest.raises(SchemaError, match="Allowed: uint8, uint16"):
        check_code("t", "c", "categorical", "int9")
    with pytest.raises(SchemaError, match="nothing but its plain values"):
        check_code("t", "c", "timestamp", "int8")
