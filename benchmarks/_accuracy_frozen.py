"""Frozen plans: what was chosen on val, written down with its hash before test is looked at.

One file of cases. The hash covers the plan and the case (query, splits, protocol): a plan that was edited
afterwards, or is asked to answer for another case, does not have it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _accuracy_tasks import Entry

from workbench.errors import PlanError, explain
from workbench.plan.model_plan import ModelPlan

FILE = Path(__file__).with_name("accuracy_plans.json")


def plan_hash(plan: ModelPlan, entry: Entry, protocol: str) -> str:
    """SHA-256 of a plan's choices and of the case that it was chosen for; reasons do not count."""
    choices = {name: value for name, value in plan.to_dict().items() if name != "reasons"}
    case = {name: value for name, value in asdict(entry).items() if name not in ("data", "published")}
    text = json.dumps({"plan": choices, "case": case, "protocol": protocol}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(name: str, plan: ModelPlan, entry: Entry, protocol: str, val: float, path: Path = FILE) -> str:
    """Write down the plan of a case, and what it reached on val; gives its hash."""
    cases = _read(path)
    found = plan_hash(plan, entry, protocol)
    cases[f"{name}-{protocol}"] = {"hash": found, "val": val, "plan": plan.to_dict()}
    path.write_text(json.dumps(cases, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return found


def frozen_plan(name: str, entry: Entry, protocol: str, path: Path = FILE) -> ModelPlan:
    """The plan of a case, as it was frozen.

    Raises
    ------
    PlanError
        If none was frozen, or it was changed since.
    """
    case = f"{name}-{protocol}"
    asked, do = f"{case} was to be tested", "Choose on val first: the same command with --freeze"
    kept = _read(path).get(case)
    if kept is None:
        raise PlanError(explain(asked, f"{path.name} has no frozen plan of it", "a frozen plan", do))
    plan = ModelPlan.from_dict(kept["plan"])
    now = plan_hash(plan, entry, protocol)
    if now != kept["hash"]:
        got = (
            f"the plan or the task was changed since: its hash is {now[:12]}, {kept['hash'][:12]} was frozen"
        )
        raise PlanError(explain(asked, got, "what was frozen", do))
    return plan


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
