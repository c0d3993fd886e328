"""What the buttons of Workbench do, in the background: from the texts of a form to the text that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

import workbench as wb
from widgets._job import Ticket
from widgets._launch import Launch
from widgets._launch_inputs import plan_changes, split_options
from widgets._workbench_forms import AT

LABELS = {
    "ingest": "ingest",
    "open": "opening",
    "ask": "labels and a plan",
    "train": "beginning of a training",
    "predict": "predictions",
    "measure": "metrics",
    "write": "writing",
}
"""Action -> what is under way meanwhile."""


class Acts:
    """The actions over one launch; each takes the texts of its form and its ticket.

    Parameters
    ----------
    launch : Launch
    fanout : gives the fanout as edited
    listeners : callbacks of the runs
    """

    def __init__(
        self, launch: Launch, fanout: Callable[[], wb.Fanout], listeners: tuple[wb.Callback, ...]
    ) -> None:
        self.launch, self._fanout, self._listeners = launch, fanout, listeners

    def ingest(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Write the tables and open them; what the ingest found."""
        return repr(self.launch.ingest(values["folder"], callbacks=[ticket], cancel=ticket.cancel))

    def open(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Open a dataset that is there; its tables."""
        return repr(self.launch.open(values["folder"], ticket.look))

    def ask(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Ask the query; the task with its splits and labels."""
        options = split_options({name: text for name, text in values.items() if name != "query"})
        return str(self.launch.ask(values["query"], look=ticket.look, **options).describe())

    def train(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Change the plan as it was edited, and begin; the plan."""
        self.launch.choose(fanout=self._fanout(), **plan_changes(values))
        self.launch.train(self._listeners, ticket.look)
        return repr(self.launch.plan)

    def predict(self, values: Mapping[str, str], ticket: Ticket) -> pa.Table:
        """Predict for a split, or at an instant."""
        split = "" if values["split"] == AT else values["split"]
        made = self.launch.predict(split, values["at"], values["entities"], tell=ticket.tell)
        return made.to_arrow()

    def measure(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Every metric of a split."""
        found = self.launch.metrics(values["split"])
        return f"{values['split']}: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items())

    def write(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Write the predictions; where."""
        return f"Written to {self.launch.write(values['path'])}"
