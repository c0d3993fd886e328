"""The report is one file with its pictures inside, and shows the figures."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.demo.result import DemoResult


def test_the_report_shows_the_result_and_needs_nothing_else(demo: tuple[DemoResult, list[str], Path]) -> None:
    result = demo[0]
    page = result.report.read_text(encoding="utf-8")
    assert page.count("<svg ") >= 3
    assert f"{result.mean('test'):,.4g}" in page
    assert f"{result.boosting:,.4g}" in page
    assert "0 violations" in page
    assert not re.search(r"(src|href)\s*=|https?://(?!www\.w3\.org)", page)
