"""Colours and marks name types without doubt."""

from workbench.report.palette import ALARM, MARKS, TYPE_COLOURS, type_style


def test_colour_and_mark_name_one_type():
    styles = [type_style(i) for i in range(len(TYPE_COLOURS) * len(MARKS))]
    assert len(set(styles)) == len(styles)
    assert ALARM not in TYPE_COLOURS
