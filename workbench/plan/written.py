"""Parts of a plan as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from workbench.plan.fanout import Fanout
from workbench.plan.metapath import Metapaths
from workbench.plan.sampling_plan import SamplingPlan


def written(part: Any) -> dict[str, Any]:
    """A frozen part of a plan; choices that came later only where they are not the usual ones."""
    return {
        each.name: plain(getattr(part, each.name))
        for each in fields(part)
        if "later" not in each.metadata or getattr(part, each.name) != _usual(each)
    }


def _usual(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


def plain(value: Any) -> Any:
    """One choice: lists for tuples, a mapping for how neighbours are sampled."""
    if isinstance(value, SamplingPlan):
        return value.to_dict()
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def read(part: Mapping[str, Any]) -> dict[str, Any]:
    """Choices as they were before :func:`written` made lists of tuples."""
    return {name: frozen(value) for name, value in part.items()}


def frozen(value: Any) -> Any:
    """A choice that can be hashed: tuples for lists."""
    return tuple(frozen(each) for each in value) if isinstance(value, (list, tuple)) else value


def sampling_plan(data: Mapping[str, Any]) -> SamplingPlan:
    """How neighbours are sampled, of its mapping; metapaths say so by their name."""
    return Metapaths(**data) if "metapaths" in data else Fanout(**data)
