"""What is typed into the fields of a launch, read: names, numbers, keys."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any, TypeVar

import pyarrow as pa

import workbench as wb

T = TypeVar("T")


def named(text: object, error: type[wb.WorkbenchError], asked: str) -> str:
    """A path that was typed, without spaces around it.

    Raises
    ------
    WorkbenchError
        The given one, if nothing was typed.
    """
    name = str(text).strip()
    if not name:
        raise error(f"{asked} was asked for: got nothing. Allowed: a path, such as stores/shop.")
    return name


def split_options(typed: Mapping[str, str]) -> dict[str, Any]:
    """Options of ``engine.task`` that were typed; empty fields are left open.

    Parameters
    ----------
    typed : name -> text: ``0.2`` is a share, ``10`` a count, anything else an instant or a length of time
    """
    return {name: number(text) for name, text in typed.items() if text.strip()}


def number(text: str) -> Any:
    """The number that a text is, or the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def plan_changes(typed: Mapping[str, str]) -> dict[str, Any]:
    """Choices of a plan that were typed.

    Raises
    ------
    PlanError
        If one is no number.
    """
    changes = {name: number(text) for name, text in typed.items()}
    for name, value in changes.items():
        if isinstance(value, str):
            raise wb.PlanError(f"{name} of the plan was asked for: got {value!r}. Allowed: a number.")
    return changes


def typed_keys(text: str, kind: pa.DataType) -> list[Any] | None:
    """Keys with commas between them, as values of the column's type; None where nothing was typed.

    Raises
    ------
    TaskError
        If one is no value of that type.
    """
    words = next(csv.reader([text.replace("\n", ",")], skipinitialspace=True), [])
    words = [word.strip() for word in words if word.strip()]
    if not words:
        return None
    try:
        return list(pa.array(words, pa.string()).cast(kind).to_pylist())
    except pa.ArrowInvalid as error:
        got, allowed = ", ".join(words[:3]), f"values of type {kind}, with commas between them"
        raise wb.TaskError(f"keys were asked for: got {got}. Allowed: {allowed}.") from error


def there(value: T | None, asked: str, do: str = "Open the dataset first") -> T:
    """A value of an earlier step.

    Raises
    ------
    WorkbenchError
        If that step was not made yet.
    """
    if value is None:
        raise wb.WorkbenchError(f"{asked} was asked for: that step comes later. {do}.")
    return value


def chosen(choices: Mapping[str, T], label: str, asked: str) -> T:
    """What a label stands for.

    Raises
    ------
    WorkbenchError
        If it is none of the choices.
    """
    if label not in choices:
        some = ", ".join([*list(choices)[:12], *(["..."] if len(choices) > 12 else [])])
        raise wb.WorkbenchError(f"{asked} was asked for: got {label!r}. Allowed: {some or 'nothing here'}.")
    return choices[label]
