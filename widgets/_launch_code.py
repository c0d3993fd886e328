"""Steps: what was done from tables to predictions, as Python that does the same. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workbench as wb

VALUES = ("Draw", "Fanout", "Metapath", "Metapaths")
"""Names of ``workbench`` that a plan is written in."""

WIDGETS = ("SubgraphView", "CutoffCheck", "BatchInspector", "ParetoChart", "ExplainView", "RunCompare")
"""Widgets that a look is made of."""


@dataclass
class Steps:
    """The steps of a launch; each forgets those after it.

    Attributes
    ----------
    source : what the launch was given; in the code a path is written out, anything else is called ``source``
    """

    source: Any
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _looks: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    ORDER = ("data", "task", "plan", "run", "predictions")

    @property
    def given(self) -> str:
        """The source as the code writes it."""
        return repr(str(self.source)) if isinstance(self.source, (str, Path)) else "source"

    def drafted(self, lines: Iterable[str]) -> None:
        """Tables were split, or a schema edited."""
        self._put("data", lines)

    def made(self, folder: str, drafted: Iterable[str] = ()) -> None:
        """A dataset was written from tables, or opened where it was."""
        written = [*drafted, f"wb.ingest(tables, schema, {folder!r})"] if drafted else []
        self._put("data", [*written, f"engine = wb.open({folder!r})"])

    def asked(self, query: str, options: Mapping[str, Any]) -> None:
        """A query was asked, and a plan suggested."""
        more = "".join(f", {name}={value!r}" for name, value in options.items())
        lines = [f"task = engine.task({text_literal(query)}{more})", "plan = engine.suggest_plan(task)"]
        self._put("task", lines)

    def loaded(self, folder: str) -> None:
        """A run was loaded, with its task and its plan."""
        self._put("task", [f"run = engine.load_run({folder!r})", "task, plan = run.task, run.plan"])
        self._put("run", [])

    def planned(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        """Choices of the plan are others than suggested: name -> (before, now). Looks at it stay."""
        self._lines["plan"] = [f"plan = {replaced(changed)}"] if changed else []

    def trained(self) -> None:
        """A run began."""
        self._put("run", ["run = engine.train(task, plan)"])

    def looked(self, name: str, lines: Iterable[str]) -> None:
        """A widget was shown, in place of one of that name."""
        part = "run" if "run" in self._lines else "plan"
        self._looks.setdefault(part, {})[name] = list(lines)

    def measured(self, split: str) -> None:
        """A split was measured."""
        self._more("run", f"print(run.metrics({split!r}))")

    def saved(self, folder: str, *, unfinished: bool) -> None:
        """The run was saved; one that is unfinished no script can train again, but load."""
        if unfinished:
            self._lines["run"][:1] = [f"run = engine.load_run({folder!r})"]
        else:
            self._more("run", f"run.save({folder!r})")

    def predicted(self, seeds: str) -> None:
        """Predictions were made for seeds that are written so."""
        self._put("predictions", [f"predictions = run.predict({seeds})"])

    def wrote(self, path: str) -> None:
        """Predictions were written."""
        self._more("predictions", f"predictions.write({path!r})")

    def code(self, notes: Mapping[str, str] | None = None) -> str:
        """The whole as a script; what it was given has to be there under its name.

        Parameters
        ----------
        notes : part -> a line more of it
        """
        lines = [line for part in self.ORDER for line in self._part(part, notes or {})]
        begin = ["import workbench as wb"]
        begin += [f"from workbench import {found}"] if (found := _called(VALUES, lines)) else []
        begin += [f"from widgets import {found}"] if (found := _called(WIDGETS, lines)) else []
        given = ["source"] if "tables = wb.read_tables(source)" in lines else []
        tables = any(line.startswith("tables = wb.read_tables(") for line in lines)
        given += ["schema"] if tables and "schema = wb.infer_schema(tables)" not in lines else []
        note = [f"# {' and '.join(given)}: what Workbench was given"] if given else []
        return "\n".join([*begin, "", *note, *lines, ""])

    def _part(self, part: str, notes: Mapping[str, str]) -> list[str]:
        lines = self._lines.get(part, self._opening() if part == "data" else [])
        looks = [line for look in self._looks.get(part, {}).values() for line in look]
        return [*lines, *([notes[part]] if part in notes else []), *looks]

    def _opening(self) -> list[str]:
        if isinstance(self.source, wb.Engine):
            return [f"engine = wb.open({str(self.source.dataset.path)!r})"]
        if isinstance(self.source, (str, Path)) and wb.Dataset.exists(self.source):
            return [f"engine = wb.open({str(self.source)!r})"]
        return []

    def _put(self, part: str, lines: Iterable[str]) -> None:
        after = self.ORDER[self.ORDER.index(part) :]
        for kept in (self._lines, self._looks):
            for name in after:
                kept.pop(name, None)  # type: ignore[attr-defined]
        self._lines[part] = list(lines)

    def _more(self, part: str, line: str) -> None:
        lines = self._lines.setdefault(part, [])
        if line not in lines:
            lines.append(line)


def _called(names: Iterable[str], lines: list[str]) -> str:
    return ", ".join(name for name in names if any(f"{name}(" in line for line in lines))


def replaced(changed: Mapping[str, tuple[Any, Any]], plan: str = "plan") -> str:
    """A plan with some choices changed, name -> (before, now), as Python."""
    changes = ", ".join(f"{name}={now!r}" for name, (_, now) in changed.items())
    return f"{plan}.replace({changes})" if changes else plan


def text_literal(text: str) -> str:
    """A Python literal of a text; one of several plain lines keeps them."""
    plain = "\\" not in text and '"""' not in text and not text.endswith('"')
    several = "\n" in text and all(line.isprintable() for line in text.split("\n"))
    return f'"""{text}"""' if plain and several else repr(text)
