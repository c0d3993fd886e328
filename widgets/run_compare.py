"""RunCompare: metric curves of runs over one another, and where their plans differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

import workbench as wb
from widgets._base import Face, script, style
from widgets._messages import item
from widgets._refusals import needs, one_argument
from widgets._run_curves import curves_of, letter, run_entries, run_names, table_rows

MOST = 12
"""Runs that can be told apart in one picture."""


class RunCompare(Face):
    """Runs beside one another, the best first: A, B, ...

    Parameters
    ----------
    runs : runs of one metric, or folders of some; those under way as far as they are (``refresh``)
    more : nothing; that runs belong in one list is said instead of a bare TypeError

    Attributes
    ----------
    runs : list of Run  the best first
    table : pyarrow.Table  of ``wb.compare_runs``
    chosen : int  the run that was chosen last
    run, plan : that run, and its plan

    Raises
    ------
    WorkbenchError
        If they are no runs, or more than can be told apart.
    """

    handles: ClassVar[tuple[str, ...]] = ("choose", "refresh")
    _esm = script("bars.js", "plane.js", "run_compare.js")
    _css = style()

    def __init__(self, runs: Iterable[wb.Run | str | Path], *more: object) -> None:
        super().__init__()
        one_argument(more, "RunCompare", "a list of runs", "Say RunCompare([run, other]), or folders of runs")
        if isinstance(runs, Mapping | wb.Run | str | Path):  # names, or text, would be read as folders
            needs(runs, list, "RunCompare", "Say RunCompare([run, other]), or folders of runs")
        given = [wb.load_run(run) if isinstance(run, str | Path) else run for run in runs]
        for run in given:
            needs(run, wb.Run, "RunCompare", "Say RunCompare([run, other]), or folders of runs")
        if len(given) > MOST:
            got = f"got {len(given)} runs"
            raise wb.WorkbenchError(f"a RunCompare was asked for: {got}. Allowed: {MOST} at most.")
        self.runs: list[wb.Run] = given
        self.chosen = -1
        self.refresh()

    @property
    def run(self) -> wb.Run:
        """The chosen run; the best, where none was chosen."""
        return self.runs[max(self.chosen, 0)]

    @property
    def plan(self) -> wb.ModelPlan:
        """The plan of the chosen run."""
        return self.run.plan

    def refresh(self) -> None:
        """Read the runs again, as far as they are now; the chosen one stays chosen."""
        table = wb.compare_runs(self.runs)
        folders = {str(run.folder): run for run in self.runs}
        with self._lock:
            kept = self.runs[self.chosen] if self.chosen >= 0 else None
            self.table, self.error = table, ""
            self.runs = [folders[folder] for folder in table["run"].to_pylist()]
            self.chosen = self.runs.index(kept) if kept is not None else -1
            self.publish()

    def choose(self, run: int) -> None:
        """Choose a run, counted from 0 in the order shown.

        Raises
        ------
        IdError
            If there is no such run.
        """
        item(self.runs, run, "run")
        with self._lock:
            self.chosen, self.error = run, ""
            self.publish()

    def on_choose(self, run: int) -> None:
        """A view's run was clicked."""
        self.choose(run)

    def on_refresh(self) -> None:
        """A view asked for the present state."""
        self.worker.submit(self.refresh)

    def state(self) -> tuple[dict[str, Any], Mapping[str, NDArray[Any]]]:
        """Curves and best values by run, and a table of what is not alike."""
        kinds, metric = list(curves_of(self.runs[0])), self.runs[0].plan.metric
        meta = {"runs": run_entries(self.runs, self.table), "rows": table_rows(self.runs, self.table)}
        return {**meta, "kinds": kinds, "metric": metric, "chosen": self.chosen}, {}

    def still(self) -> tuple[str, str]:
        """The validation curves, and the best run in words."""
        title = f"validation {self.runs[0].plan.metric}"
        series = {}
        for i, run in enumerate(self.runs):
            points = curves_of(run)[title]
            series[letter(i)] = ([x for x, _ in points], [y for _, y in points])
        best = self.table["best"].to_pylist()[0]
        told = "none yet" if best is None else f"{best:.4g}, {run_names(self.runs)[0]}"
        line = f"{len(self.runs)} runs by {title}; the best: {told}"
        return wb.line_svg(series, title=title, x_label="epoch", width=620), line
