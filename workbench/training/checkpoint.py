"""What a run leaves on disk: whole files or none, never pickled.

    plan.json           the ModelPlan
    statistics.json     what the encoders standardise with
    past_labels.parquet  what each entity's label windows said, where the plan reads past labels
    categories.json     what the category codes mean that the encoders know
    run.json            key, seed type, task, schema, state, history: written last at each epoch
    model.safetensors   weights of the best epoch so far
    course.safetensors  where the training stands, until it is finished: what a resumed run goes on from

Each file is written beside its place, fsynced and renamed, so that a kill leaves the old one or the new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from workbench.errors import TrainingError, explain
from workbench.stores.durable import sync_folders
from workbench.training.course import Course

WEIGHTS, COURSE = "model.safetensors", "course.safetensors"


def write_atomic(path: Path, payload: bytes) -> None:
    """Write a whole file or leave the old one.

    Raises
    ------
    TrainingError
        If the disk refuses.
    """
    draft = draft_of(path)
    try:
        try:
            with draft.open("xb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folders(path.parent, ())
    except OSError as error:
        raise TrainingError(
            explain(
                f"{path.name} of a run was written to {path.parent}",
                f"the disk refused ({error.strerror or error})",
                do="Free some space or train with another folder=",
            )
        ) from error


def draft_of(path: Path) -> Path:
    """A hidden name beside a file, for what is being written; its mode is the user's, unlike mkstemp's."""
    return path.with_name(f".{path.name}.{uuid4().hex}")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file atomically."""
    write_atomic(path, json.dumps(value, indent=1).encode())


def read_json(path: Path) -> Any:
    """Read a JSON file of a run.

    Raises
    ------
    TrainingError
        If it is not there or not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise TrainingError(
            explain(
                f"a run was loaded from {path.parent}",
                f"there is no {path.name}"
                if path.parent.exists()
                else f"nothing is there, seen from {Path.cwd()}",
                "a folder that a run wrote",
            )
        ) from None
    except (OSError, ValueError) as error:
        raise TrainingError(
            explain(
                f"a run was loaded from {path.parent}", f"{path.name} is damaged ({error})", do="Train again"
            )
        ) from error


def save_weights(folder: Path, state: Mapping[str, Tensor]) -> None:
    """Write the weights of the best epoch atomically."""
    write_atomic(folder / WEIGHTS, save(_on_cpu(state)))


def _on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous copies on the CPU: safetensors refuses views that share memory."""
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in state.items()}


@dataclass(frozen=True)
class Checkpoint:
    """A :class:`~workbench.training.course.Course` as it was written down.

    Attributes
    ----------
    numbers : dict  plain JSON values
    tensors : dict name -> Tensor
    """

    numbers: dict[str, Any]
    tensors: dict[str, Tensor]


def save_course(folder: Path, course: Course) -> None:
    """Write down where a training stands, in one file, so that numbers and weights belong together."""
    numbers = {"course": json.dumps(course.numbers())}
    write_atomic(folder / COURSE, save(_on_cpu(course.tensors()), metadata=numbers))


def load_course(folder: Path) -> Checkpoint | None:
    """Read where a training stood; None if it was finished, or never began.

    Raises
    ------
    TrainingError
        If the file is damaged.
    """
    path = folder / COURSE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            numbers = json.loads((file.metadata() or {})["course"])
            return Checkpoint(numbers, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise TrainingError(
            explain(f"{path} was read", f"it is damaged ({error})", do="Train again")
        ) from error


def drop_course(folder: Path) -> None:
    """Forget where the training stood: it is finished."""
    (folder / COURSE).unlink(missing_ok=True)


def has_weights(folder: Path) -> bool:
    """Whether the weights of a best epoch lie there."""
    return (folder / WEIGHTS).exists()


def load_weights(folder: Path, model: torch.nn.Module) -> None:
    """Put the saved weights into a model of the same shape.

    Raises
    ------
    TrainingError
        If there are none, they are damaged, or they belong to another model.
    """
    path = folder / WEIGHTS
    if not has_weights(folder):
        asked = f"the weights of the run in {folder} were asked for"
        got, do = "there are none: no epoch was finished before it ended", "Let it go on: run.resume()"
        if not folder.exists():
            got, do = "the folder is gone, and they with it", "Restore it, or train again"
        raise TrainingError(explain(asked, got, do=do))
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise TrainingError(
            explain(f"{path} was read", f"it is damaged ({error})", do="Train again, or restore the file")
        ) from error
    put_weights(model, state, f"the weights in {path}")


def put_weights(model: torch.nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Put weights into a model of the same shape.

    Raises
    ------
    TrainingError
        If they belong to another model.
    """
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(
            explain(
                f"{what} were put into {type(model).__name__}",
                f"they do not fit ({reason})",
                "the model class that was trained, with the same settings",
            )
        ) from error
