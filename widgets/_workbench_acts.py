"""What the buttons of Workbench do, in the background: from the texts of a form to what it shows."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

import workbench as wb
from widgets._job import Ticket
from widgets._launch import Launch
from widgets._launch_inputs import plan_changes, split_options
from widgets._workbench_edits import EditActs
from widgets._workbench_forms import AT
from widgets.explain_view import ExplainView
from widgets.run_compare import RunCompare

LABELS = {
    "entity": "the entity",
    "move": "the column",
    "split": "splitting",
    "anew": "a new beginning",
    "say": "an edit",
    "say_table": "an edit",
    "mend": "an edit",
    "undo": "an edit",
    "ingest": "ingest",
    "open": "opening",
    "ask": "labels and a plan",
    "train": "beginning of a training",
    "predict": "predictions",
    "measure": "metrics",
    "write": "writing",
    "explain": "an explanation",
    "load": "loading",
    "save": "saving",
    "compare": "a comparison",
}
"""Action -> what is under way meanwhile."""


class Acts(EditActs):
    """The actions over one launch; each takes the texts of its form and its ticket.

    Parameters
    ----------
    launch : Launch
    listeners : callbacks of the runs

    """

    def __init__(self, launch: Launch, listeners: tuple[wb.Callback, ...]) -> None:
        super().__init__(launch)
        self.listeners = listeners

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
        self.launch.choose(**plan_changes(values))
        self.launch.train(self.listeners, ticket.look)
        return repr(self.launch.plan)

    def predict(self, values: Mapping[str, str], ticket: Ticket) -> pa.Table:
        """Predict for a split, or at an instant."""
        return self.launch.predict(*whom(values), tell=ticket.tell).to_arrow()

    def explain(self, values: Mapping[str, str], ticket: Ticket) -> ExplainView:
        """What moved the first few of such predictions."""
        return ExplainView(self.launch.explain(*whom(values), look=ticket.look))

    def measure(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Every metric of a split."""
        found = self.launch.metrics(values["split"])
        return f"{values['split']}: " + ", ".join(f"{name} {value:.4g}" for name, value in found.items())

    def write(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Write the predictions; where."""
        return f"Written to {self.launch.write(values['path'])}"

    def load(self, values: Mapping[str, str], ticket: Ticket) -> str:
        """Open a run that was saved."""
        return repr(self.launch.load(values["folder"], ticket.look))

    def save(self, values: Mapping[str, str], _ticket: Ticket) -> str:
        """Keep the run; where."""
        return f"Saved to {self.launch.save(values['folder'])}"

    def compare(self, _values: Mapping[str, str], _ticket: Ticket) -> RunCompare:
        """The runs of this task beside one another."""
        return RunCompare(self.launch.compared())


def whom(values: Mapping[str, str]) -> tuple[str, str, str]:
    """Split, instant and keys, as ``Launch.whom`` takes them."""
    return "" if values["split"] == AT else values["split"], values["at"], values["entities"]
