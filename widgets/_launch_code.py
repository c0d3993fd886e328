"""Steps: what was done from tables to predictions, as Python that does the same. Plain values, no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workbench as wb


@dataclass
class Steps:
    """The steps of a launch; each forgets those after it.

    Attributes
    ----------
    source : what the launch was given; in the code a path is written out, anything else is called ``source``
    with_schema : bool  whether it was given a schema, which the code calls ``schema``
    """

    source: Any
    with_schema: bool = False
    _lines: dict[str, list[str]] = field(default_factory=dict)

    ORDER = ("data", "task", "run", "predictions")

    def made(self, folder: str, *, ingested: bool) -> None:
        """A dataset was written, or opened where it was."""
        lines = []
        if ingested:
            lines.append(f"tables = wb.read_tables({self._source()})")
            lines += [] if self.with_schema else ["schema = wb.infer_schema(tables)"]
            lines.append(f"wb.ingest(tables, schema, {folder!r})")
        self._put("data", [*lines, f"engine = wb.open({folder!r})"])

    def asked(self, query: str, options: Mapping[str, Any]) -> None:
        """A query was asked, and a plan suggested."""
        more = "".join(f", {name}={value!r}" for name, value in options.items())
        lines = [f"task = engine.task({text_literal(query)}{more})", "plan = engine.suggest_plan(task)"]
        self._put("task", lines)

    def trained(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        """A run began, under the suggested plan with some choices changed: name -> (before, now)."""
        changes = ", ".join(f"{name}={now!r}" for name, (_, now) in changed.items())
        lines = [f"plan = plan.replace({changes})"] if changes else []
        self._put("run", [*lines, "run = engine.train(task, plan)"])

    def measured(self, split: str) -> None:
        """A split was measured."""
        self._more("run", f"print(run.metrics({split!r}))")

    def predicted(self, split: str, at: str | None, keys: list[Any] | None) -> None:
        """Predictions were made."""
        asked = [repr(split)] if split else []
        asked += [f"at={at!r}"] if at and not split else []
        asked += [f"entities={keys!r}"] if keys is not None and not split else []
        self._put("predictions", [f"predictions = run.predict(task.seeds({', '.join(asked)}))"])

    def wrote(self, path: str) -> None:
        """Predictions were written."""
        self._more("predictions", f"predictions.write({path!r})")

    def code(self) -> str:
        """The whole as a script; what it was given has to be there under its name."""
        begin = ["import workbench as wb"]
        lines = [line for part in self.ORDER for line in self._opening(part)]
        if any("Fanout(" in line for line in lines):
            begin.append("from workbench import Draw, Fanout")
        given = ["source"] if "tables = wb.read_tables(source)" in lines else []
        given += (
            ["schema"] if self.with_schema and any(line.startswith("wb.ingest(") for line in lines) else []
        )
        note = f"# {' and '.join(given)}: what Workbench was given" if given else ""
        return "\n".join([*begin, "", *([note] if note else []), *lines, ""])

    def _opening(self, part: str) -> list[str]:
        if part == "data" and part not in self._lines:
            if isinstance(self.source, wb.Engine):
                return [f"engine = wb.open({str(self.source.dataset.path)!r})"]
            if isinstance(self.source, (str, Path)) and wb.Dataset.exists(self.source):
                return [f"engine = wb.open({str(self.source)!r})"]
        return self._lines.get(part, [])

    def _source(self) -> str:
        return repr(str(self.source)) if isinstance(self.source, (str, Path)) else "source"

    def _put(self, part: str, lines: list[str]) -> None:
        after = self.ORDER[self.ORDER.index(part) :]
        self._lines = {name: kept for name, kept in self._lines.items() if name not in after}
        self._lines[part] = lines

    def _more(self, part: str, line: str) -> None:
        lines = self._lines.setdefault(part, [])
        if line not in lines:
            lines.append(line)


def text_literal(text: str) -> str:
    """A Python literal of a text; one of several plain lines keeps them."""
    plain = "\\" not in text and '"""' not in text and not text.endswith('"')
    several = "\n" in text and all(line.isprintable() for line in text.split("\n"))
    return f'"""{text}"""' if plain and several else repr(text)
