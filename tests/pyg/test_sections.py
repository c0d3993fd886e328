"""Carving a block of rows."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from workbench.pyg.sections import (
    attribute_widths,
    carve,
    carve_tensor,
    edge_features,
    expand,
    node_features,
    without_future,
    without_future_tensor,
)
from workbench.temporal import FOREVER
from workbench.testing.ram_features import random_block
from workbench.testing.sizes import cases

widths = st.fixed_dictionaries(
    {
        "timestamp": st.integers(0, 3),
        "numerical": st.integers(0, 9),
        "embedding": st.integers(0, 70),
        "categorical": st.integers(0, 12),
    }
)


@given(widths, st.integers(0, 5), st.integers(0, 99))
@hypothesis_settings(max_examples=cases(60, 1000))
def test_any_layout_is_carved_as_it_is_stored(widths, rows, key):
    widths = {section: width for section, width in widths.items() if width}
    block = random_block("t", rows, np.random.default_rng(key), widths)
    sections = carve(block.layout, torch.from_numpy(block.data))
    assert set(sections) == set(widths) | ({"present"} if widths else set())
    for name in widths:
        assert np.array_equal(sections[name], block.section(name))
    if widths:
        assert np.array_equal(sections["present"], block.present())
    for name, value in carve_tensor(block.layout, torch.from_numpy(block.data)).items():
        assert value.dtype == sections[name].dtype
        assert torch.equal(value, sections[name]), "any device carves alike"
    served = node_features(block.layout, torch.from_numpy(block.data))
    assert {name: value.shape[1] for name, value in served.items()} == attribute_widths(block.layout)


@pytest.mark.parametrize("strides", [(0, 0), (16, 1)])
def test_no_rows_whatever_their_strides(strides):
    block = random_block("t", 3, np.random.default_rng(0), {"numerical": 2, "categorical": 1})
    empty = np.lib.stride_tricks.as_strided(block.data[:0], (0, 16), strides)
    sections = edge_features(block.layout, torch.from_numpy(empty))
    assert sections["edge_attr"].shape == (0, 2)
    assert sections["categorical"].shape == (0, 1)


@pytest.mark.parametrize(
    "stride_of", [{"numerical": 1}, {"numerical": 2, "categorical": 3}, {"embedding": 200}]
)
def test_whole_rows_are_expanded(stride_of):
    block = random_block("t", 50, np.random.default_rng(0), stride_of)
    row = np.random.default_rng(1).integers(0, 50, 200).astype(np.int32)
    data = torch.from_numpy(block.data)
    assert np.array_equal(expand(data, row), block.data[row])
    assert torch.equal(expand(data, torch.from_numpy(row)), expand(data, row))
    assert expand(data, row[:0]).shape == (0, block.layout.stride)


@given(widths, st.integers(0, 9), st.integers(0, 99))
@hypothesis_settings(max_examples=cases(60, 1000))
def test_any_device_hides_the_future_alike(widths, rows, key):
    rng = np.random.default_rng(key)
    block = random_block("t", rows, rng, {section: width for section, width in widths.items() if width})
    columns = [(c.start, bit) for bit, c in enumerate(block.layout.columns) if c.section == "timestamp"]
    sections = node_features(block.layout, torch.from_numpy(block.data))
    stored = {name: value.clone() for name, value in sections.items()}
    instants = np.array([0, 5 * 10**14, FOREVER])
    if columns and rows:  # an instant that is the anchor itself has come
        instants = np.concatenate([instants, stored["timestamp"].numpy().ravel()])
    anchor = torch.from_numpy(rng.choice(instants, rows))
    hidden = without_future(block.layout, sections, anchor)
    assert list(hidden) == list(sections)
    for start, bit in columns:
        later = stored["timestamp"][:, start] > anchor
        assert torch.equal(hidden["timestamp"][:, start], stored["timestamp"][:, start] * ~later)
        assert torch.equal(hidden["present"][:, bit], stored["present"][:, bit] & ~later)
    for name, value in sections.items():
        assert torch.equal(value, stored[name]), "what was passed is left as it is"
        assert (columns and name in ("timestamp", "present")) or hidden[name] is value
    if columns:
        starts, bits = (list(places) for places in zip(*columns, strict=True))
        for name, value in without_future_tensor(sections, anchor, starts, bits).items():
            assert value.dtype == hidden[name].dtype
            assert torch.equal(value, hidden[name])
