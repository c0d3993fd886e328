"""Colours and marks name types without doubt, for readers of every kind of colour vision."""

from itertools import combinations

import numpy as np
import pytest

from widgets._run_facts import COLOURS
from workbench.report.palette import ALARM, MARKS, TIME_COLOURS, TYPE_COLOURS, type_style

VISION = {
    "usual": np.eye(3),
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Linear RGB as it is seen (Machado, Oliveira and Fernandes, 2009, complete deficiencies)."""

TO_XYZ = [[0.4339, 0.3762, 0.1899], [0.2127, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]
"""Of linear sRGB, over the white point D65."""

APART = 15
"""CIE 1976 difference of two colours, of which 2.3 can just be told apart side by side."""


def seen(colour, vision):
    """CIE Lab of a hex colour in a kind of colour vision."""
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(np.maximum(TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1), 1e-4))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_colour_and_mark_name_one_type():
    styles = [type_style(i) for i in range(len(TYPE_COLOURS) * len(MARKS))]
    assert len(set(styles)) == len(styles)
    assert ALARM not in TYPE_COLOURS


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    "palette", [(*TYPE_COLOURS, ALARM), TIME_COLOURS, COLOURS], ids=["type", "time", "stage"]
)
def test_colours_can_be_told_apart(palette, vision):
    close = [
        pair
        for pair in combinations(palette, 2)
        if np.linalg.norm(np.subtract(*[seen(c, vision) for c in pair])) < APART
    ]
    assert close == []


def test_a_palette_of_look_alikes_is_found():
    """Amber and olive, which were in the palette once, are one colour to eyes without red."""
    assert np.linalg.norm(seen("#e69f00", "no red") - seen("#b8a800", "no red")) < 1


def test_time_goes_from_dark_to_light_in_every_vision():
    for vision in VISION:
        light = [seen(colour, vision)[0] for colour in TIME_COLOURS]
        assert light == sorted(light)
