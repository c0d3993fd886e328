"""Warm start: a fresh model takes over what a trained one of the same shape has learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from workbench.errors import TrainingError, explain
from workbench.models.encoders import CategoryEncoder
from workbench.models.ranking import RankingGNN


def warm_start(model: nn.Module, trained: nn.Module) -> list[str]:
    """Copy parameters of the same name and shape; vectors of categories by their code, of rows by their id.

    What the statistics say (means, knots, which categories are frequent) stays the fresh model's own, and
    so do the first weights of what the trained model does not have, such as new categories and rows.

    Returns
    -------
    list of str
        Names of the parameters that took something over.

    Raises
    ------
    TrainingError
        If none fits: these are different models.
    """
    given, taken = dict(trained.named_parameters()), []
    by_code = _category_tables(model, trained)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name in by_code:
                _copy_categories(*by_code[name])
            elif name in given and not is_lazy(value) and not is_lazy(given[name]):
                if not _copy(value, given[name], isinstance(model, RankingGNN)):
                    continue
            else:
                continue
            taken.append(name)
    if not taken:
        asked = f"{type(model).__name__} was to begin with the weights of {type(trained).__name__}"
        allowed = "a run of the same kind of model, with the same channels"
        raise TrainingError(explain(asked, "no parameter of the two has the same name and shape", allowed))
    return taken


def _copy(value: Tensor, given: Tensor, by_row: bool) -> bool:
    """Whether a parameter fits; one with a line per row may have more lines now."""
    if value.shape == given.shape:
        value.copy_(given)
        return True
    if by_row and value.shape[1:] == given.shape[1:] and len(value) > len(given):
        value[: len(given)] = given.to(value.device)
        return True
    return False


def _category_tables(
    model: nn.Module, trained: nn.Module
) -> dict[str, tuple[CategoryEncoder, CategoryEncoder]]:
    """Name of an embedding table -> its encoder, and that of the trained model."""
    others = {name: module for name, module in trained.named_modules() if isinstance(module, CategoryEncoder)}
    return {
        f"{name}.table.weight": (module, others[name])
        for name, module in model.named_modules()
        if isinstance(module, CategoryEncoder)
        and name in others
        and module.table.embedding_dim == others[name].table.embedding_dim
    }


def _copy_categories(own: CategoryEncoder, other: CategoryEncoder) -> None:
    places = {start: i for i, (start, *_) in enumerate(other.columns)}
    for i, (start, *_) in enumerate(own.columns):
        if start in places:
            mine, theirs = _slots(own, i), _slots(other, places[start])
            shared = [name for name in mine if name in theirs]
            rows = torch.tensor([mine[name] for name in shared])
            own.table.weight[rows] = other.table.weight[torch.tensor([theirs[name] for name in shared])].to(
                own.table.weight.device
            )


def _slots(encoder: CategoryEncoder, place: int) -> dict[int | str, int]:
    """Row of the embedding table by code, and of what is missing, unseen or rare."""
    first = encoder.offsets[place]
    codes = getattr(encoder, f"codes_{place}").tolist()
    named: list[int | str] = ["missing", "unseen", *codes]
    if encoder.columns[place][3]:
        named.append("rare")
    return {name: first + slot for slot, name in enumerate(named)}
