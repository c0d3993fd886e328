"""How fast are the widgets in a browser? First paint, edit to paint, edit to cost, and what they weigh.

    python benchmarks/widgets.py [--json FILE] [--quick] [--edges 1e8]

A real JupyterLab on loopback is driven in headless Chromium, as the browser tests do. Times run from what
asks for something until the frame that shows it is done. Wants Chromium on PATH and the ``dev`` extra. Cases,
each the median of several:

subgraph-first-paint-N    a cell that samples N nodes and shows a SubgraphView is run, until it is painted
subgraph-edit-to-paint-N  a FanoutPicker's cell is edited, until the picture of N nodes that follows is there
subgraph-one-more-hop-N   Enter on a leaf, until one more hop of it is sampled, merged and painted
fanout-edit-to-cost       a FanoutPicker's cell over --edges edges is edited, until the new cost is painted
js-kilobytes, notebook-kilobytes    all scripts of all widgets; the notebook that showed all this, saved
"""

from __future__ import annotations

from _report import BenchReport, arguments
from _widgets_browser import measure


def main() -> None:
    """Parse the options and measure."""
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--edges", type=float, default=1e8, help="edges of the graph whose batches are costed"
    )
    options = parser.parse_args()
    report = BenchReport("widgets")
    measure(report, 1_000_000 if options.quick else int(options.edges), options.quick)
    report.finish(options.json)


if __name__ == "__main__":
    main()
