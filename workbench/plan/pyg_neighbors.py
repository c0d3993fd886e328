"""PyG's ``num_neighbors``, read and written: a list of numbers per hop, or one list per edge type.

Edge types mean the same here and there: messages flow src -> dst, sampling walks dst -> src.

What else a fanout says is said elsewhere in PyG's loaders, or nowhere:

==================================== ==========================================================
fanout                               PyG
==================================== ==========================================================
``strategy='uniform'``, ``'recent'`` ``temporal_strategy='uniform'``, ``'last'``
``weight='column'``                  ``weight_attr='column'``
``replace``                          ``replace``
``mode='disjoint'``, ``'joint'``     ``disjoint=True``, ``False``
``subgraph='induced'``, ...          ``subgraph_type='induced'``, ...
a share, or options of a cell        nowhere: refused
``half_life``, ``static``,           nowhere: refused
``window``, ``mode='tree'``,
``strict``, ``cutoff='path'``,
``max_nodes``
==================================== ==========================================================

A dict names every edge type in PyG, which refuses one that is left out; here it is not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from workbench.errors import FanoutError, explain
from workbench.plan.cells import Cell
from workbench.plan.draw import option_texts, whole
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import ALL

ASKED, READ = "PyG's num_neighbors was asked for", "PyG's num_neighbors was read"

FORMS = "a list such as [16, 8], or a dict of edge type -> list, all of one length"


def read(num_neighbors: Any) -> list[Any]:
    """The hops of a :class:`Fanout`.

    Parameters
    ----------
    num_neighbors : list of int, dict of (src, rel, dst) -> list of int, or PyG's ``NumNeighbors``

    Raises
    ------
    FanoutError
        If it is none of these, or lists differ in length.
    """
    default = None
    if not isinstance(num_neighbors, Mapping) and hasattr(num_neighbors, "values"):
        num_neighbors, default = num_neighbors.values, getattr(num_neighbors, "default", None)
    if isinstance(num_neighbors, Mapping):
        return _from_dict(num_neighbors, default)
    return [_number(number) for number in _list(num_neighbors)]


def write(hops: Sequence[Mapping[str, Cell]], schema: Schema | None) -> Any:
    """``num_neighbors``: a list where every hop has one number for all, a dict otherwise.

    Raises
    ------
    FanoutError
        If a cell is no number, or a dict is needed and no schema names all edge types.
    """
    for number, hop in enumerate(hops, 1):
        for name, cell in hop.items():
            if not isinstance(cell, int):
                refuse(ASKED, f"hop {number}, {name!r} is {cell!r}", "whole numbers")
    if all(set(hop) == {"default"} for hop in hops):
        return [hop["default"] for hop in hops]
    if schema is None:
        refuse(ASKED, "edge types differ", "a list without a schema", "Give the schema: to_pyg(schema)")
    named = [{schema.edge_type(n): cell for n, cell in hop.items() if n != "default"} for hop in hops]
    return {
        tuple(edge_type): [
            cells.get(edge_type, hop.get("default", 0)) for cells, hop in zip(named, hops, strict=True)
        ]
        for edge_type in schema.edge_types
    }


def check_sayable(data: Mapping[str, Any]) -> None:
    """Refuse choices of a fanout, as its JSON, that PyG has no word for.

    Raises
    ------
    FanoutError
    """
    unsaid = ("half_life", "static", "window", "strict", "cutoff", "max_nodes")
    found = option_texts({name: data[name] for name in unsaid if data.get(name)})
    found += ["strategy='decay'"] if data["strategy"] == "decay" else []
    found += ["mode='tree'"] if data.get("mode") == "tree" else []
    if found:
        refuse(ASKED, f"the fanout has {', '.join(found)}", "what PyG's loaders can say", DROP)


NUMBERS = "-1 (all), 0 (none) or a positive number"

DROP = "To convert the numbers alone, take fanout.numbers() first"


def refuse(asked: str, got: str, allowed: str, do: str = "") -> NoReturn:
    """Say what could not be converted.

    Raises
    ------
    FanoutError
        Always.
    """
    raise FanoutError(explain(asked, got, allowed, do))


def _from_dict(lists: Mapping[Any, Any], default: Any) -> list[dict[str, int]]:
    named = {_name(key): [_number(number) for number in _list(value)] for key, value in lists.items()}
    if default is not None:
        named["default"] = [_number(number) for number in _list(default)]
    lengths = {len(numbers) for numbers in named.values()}
    if len(lengths) != 1:
        got = f"its lists have lengths {sorted(lengths)}" if lengths else "it names no edge type"
        refuse(READ, got, FORMS)
    return [{name: numbers[hop] for name, numbers in named.items()} for hop in range(lengths.pop())]


def _name(key: Any) -> str:
    """A triplet, or PyG's ``'src__rel__dst'``, as an edge type."""
    if hasattr(key, "to_tuple"):
        key = key.to_tuple()
    if isinstance(key, str) and key.count("__") == 2:
        key = tuple(key.split("__"))
    if isinstance(key, tuple) and len(key) == 3:
        return str(EdgeType(*map(str, key)))
    if isinstance(key, str) and "->" in key:
        return key
    refuse(READ, f"got edge type {key!r}", "triplets (src, rel, dst)")


def _list(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)) and len(value):
        return list(value)
    refuse(READ, f"got {value!r}", FORMS)


def _number(value: Any) -> int:
    number = whole(value)
    if number is None or number < ALL:
        refuse(READ, f"got {value!r}", NUMBERS)
    return number
