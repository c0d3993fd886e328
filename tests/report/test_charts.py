"""Charts: what is drawn, what is left out."""

import re

import pytest

from workbench.report.charts import bars_svg, line_svg


def test_charts_leave_out_what_is_not_finite():
    picture = line_svg({"loss": ([1, 2, 3], [1.0, float("nan"), 0.5])})
    assert "nan" not in picture
    points = re.search("points='([^']*)'", picture)[1]
    assert len(points.split()) == 2
    bars = bars_svg({"a": 1.0, "b": float("nan"), "c": -0.5, "d": float("inf")})
    widths = [float(w) for w in re.findall("width='([0-9.]+)' height='18'", bars)]
    assert widths[0] > 0
    assert widths[1] == widths[3] == 0
    assert widths[2] == pytest.approx(widths[0] / 2, abs=0.1)


def test_names_in_a_legend_have_the_width_among_them_and_stay_apart():
    name = "share of visible neighbours drawn"
    assert f">{name}</text>" in line_svg({name: ([1, 2], [1, 2])})
    many = line_svg({f"{i} {name}": ([1, 2], [1, 2]) for i in range(4)})
    keys = re.findall(r"<text x='(\d+)' y='232'[^>]*>([^<]*)<", many)
    ends = [int(x) + len(label) * 6.6 for x, label in keys]
    assert all(end < int(start) for end, (start, _) in zip(ends, [*keys[1:], ("480", "")], strict=True))
    assert all(label.startswith(f"{i} s") for i, (_, label) in enumerate(keys))
