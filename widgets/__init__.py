"""The notebook face of Workbench: widgets that edit or show one value each.

Every widget also works without a browser: its methods and attributes are plain Python, and where no
widget can run (an export, a code host, a terminal) it leaves a picture and a line of text.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "BatchInspector": "widgets.batch_inspector",
    "CutoffCheck": "widgets.cutoff_check",
    "ExplainView": "widgets.explain_view",
    "FanoutPicker": "widgets.fanout_picker",
    "LocalityView": "widgets.locality_view",
    "MetapathPicker": "widgets.metapath_picker",
    "ParetoChart": "widgets.pareto_chart",
    "RunCompare": "widgets.run_compare",
    "RunMonitor": "widgets.run_monitor",
    "SchemaView": "widgets.schema_view",
    "SubgraphView": "widgets.subgraph_view",
    "Workbench": "widgets.workbench",
}
"""Public name -> the module that owns it; loaded on first use."""

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'widgets' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
