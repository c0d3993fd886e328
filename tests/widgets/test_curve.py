"""Long series in bounded memory."""

import numpy as np
import pytest

from widgets._curve import Curve


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100, 1000, 5001])
def test_a_curve_stays_bounded_and_keeps_the_shape(count):
    curve = Curve(capacity=8)
    for i in range(count):
        curve.add(i, 2.0 * i)
    assert len(curve.x) < 8 or count == 0
    assert curve.x == sorted(curve.x)
    assert np.allclose(np.asarray(curve.y), 2 * np.asarray(curve.x))
    whole = len(curve.x) * curve.stride
    assert whole <= count < whole + curve.stride
    if whole:
        assert np.mean(curve.x) == pytest.approx((whole - 1) / 2)
