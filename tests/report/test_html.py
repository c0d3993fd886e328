"""Reports need nothing outside themselves."""

import re
from html.parser import HTMLParser

import pytest

from workbench.errors import WorkbenchError
from workbench.report.charts import bars_svg
from workbench.report.html import Section, html_report


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [(tag, name) for name, _ in attrs if name in ("src", "href", "action", "data")]
        self.found += [(tag, "")] if tag in ("script", "link", "iframe", "object", "embed") else []


def test_the_page_needs_nothing_else():
    table = [{"model": "ours", "auc": 0.81234, "n": 12345}]
    page = html_report(
        "Demo",
        Section("Metrics", "One.\n\nTwo.", table),
        Section("Picture", pictures=[bars_svg({"a": 1.0})], code="x < 1"),
    )
    links = Links()
    links.feed(page)
    assert links.found == []
    assert "@import" not in page
    assert "url(" not in page
    assert re.findall("<p>(.*?)</p>", page) == ["One.", "Two."]
    assert "0.8123" in page
    assert "12,345" in page
    assert "x &lt; 1" in page


def test_a_row_may_lack_a_column():
    page = html_report("t", Section("s", table=[{"a": 1, "b": None}, {"a": 2}]))
    assert page.count("<td") == 4


def test_text_where_a_picture_belongs_is_refused():
    with pytest.raises(WorkbenchError, match="an <svg> element"):
        html_report("t", Section("s", pictures=["<script>"]))
