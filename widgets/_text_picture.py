"""Lines of text as an SVG picture, for places where no widget runs."""

from __future__ import annotations

from html import escape


def lines_svg(lines: list[str]) -> str:
    """Lines of text as a picture."""
    plain = ["".join(c if c.isprintable() else " " for c in line[:120]) for line in lines]
    rows = [
        f'<text x="8" y="{18 * i + 20}" font-family="monospace" font-size="12">{escape(line)}</text>'
        for i, line in enumerate(plain)
    ]
    high = 18 * len(plain) + 14
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{high}">{"".join(rows)}</svg>'
