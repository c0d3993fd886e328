"""Kumo's ``num_neighbors``, read and written: numbers per hop and per connection of two keys.

    {"hop1": {"default": 16, "users.user_id->orders.user_id": 128}, "hop2": {"default": 8}}

A connection is written **as the walk goes**, from the node at hand to the one that is drawn, so
``users.user_id->orders.user_id`` draws orders of a user: our edge type ``orders-user_id->users``, along
which messages flow the other way. Short forms are read where they are unambiguous: ``[16, 8]`` and
``{"hop1": 16}`` for defaults, ``users->orders.user_id`` and ``users->orders`` without a column. A list
of one such value (Kumo lists candidates to tune over) is that value.

Kumo numbers connections and nothing else: shares, options of a cell, and every choice of a fanout
beside its numbers are refused, as are more than 6 hops, a default above 128 and a number above 512. A
table folded into edges and a link to a table without a primary key have no name in Kumo; they can
only be written where they have the default. Kumo's ``'inferred'`` has no number here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workbench.errors import FanoutError, did_you_mean, explain
from workbench.plan.cells import Cell
from workbench.plan.draw import option_texts, whole
from workbench.plan.pyg_neighbors import DROP, NUMBERS, refuse
from workbench.schema import EdgeType, Schema
from workbench.stores.steps import ALL

ASKED, READ = "Kumo's num_neighbors was asked for", "Kumo's num_neighbors was read"

FORMS = "{'hop1': {'default': 16, 'A.x->B.y': 8}, 'hop2': ...}, or a list of numbers such as [16, 8]"

MOST_HOPS, MOST_DEFAULT, MOST = 6, 128, 512
"""Kumo's limits: hops, a hop's default, and the number of a connection."""


class Connection(NamedTuple):
    """An edge type as Kumo names it: from the key of the node at hand to that of the drawn one."""

    edge_type: EdgeType
    start: str
    start_key: str
    end: str
    end_key: str

    def __str__(self) -> str:
        return f"{self.start}.{self.start_key}->{self.end}.{self.end_key}"

    def texts(self) -> set[str]:
        """Every form, from full to short."""
        starts, ends = (
            {self.start, f"{self.start}.{self.start_key}"},
            {self.end, f"{self.end}.{self.end_key}"},
        )
        return {f"{start}->{end}" for start in starts for end in ends}


def connections(schema: Schema) -> list[Connection]:
    """Edge types that have a name in Kumo."""
    found = []
    for spec in schema.edge_specs:
        forward = spec.layout == "fact"
        key = spec.dst_column if forward else spec.src_column
        parent = spec.edge_type.dst if forward else spec.edge_type.src
        primary = schema[parent].primary_key
        if spec.layout == "edges" or primary is None or key is None:
            continue
        # sampling walks dst -> src: along a foreign key from the parent to its facts, and back
        ends = ((parent, primary), (spec.table, key))
        (start, start_key), (end, end_key) = ends if forward else ends[::-1]
        found.append(Connection(spec.edge_type, start, start_key, end, end_key))
    return found


def read(num_neighbors: Any, schema: Schema | None = None) -> list[Any]:
    """The hops of a :class:`Fanout`.

    Raises
    ------
    FanoutError
        If it is no ``num_neighbors``, or a connection is unknown or ambiguous.
    """
    value = _only_candidate(num_neighbors)
    if isinstance(value, (list, tuple)) and value:
        return [_number(f"hop{i}", "default", number) for i, number in enumerate(value, 1)]
    if not isinstance(value, Mapping) or not value:
        refuse(READ, f"got {num_neighbors!r}", FORMS)
    wanted = [f"hop{i}" for i in range(1, len(value) + 1)]
    if sorted(value, key=str) != sorted(wanted):
        refuse(READ, f"its hops are {', '.join(map(str, value))}", f"consecutive hops: {', '.join(wanted)}")
    return [_read_hop(name, value[name], schema) for name in wanted]


def write(hops: Sequence[Mapping[str, Cell]], schema: Schema | None) -> dict[str, dict[str, int]]:
    """``num_neighbors`` in full: a default for every hop, connections with both keys.

    Raises
    ------
    FanoutError
        If a cell is no number, a number or the depth is above Kumo's limits, an edge type has no name
        there, or edge types are named and there is no schema.
    """
    if len(hops) > MOST_HOPS:
        refuse(ASKED, f"the fanout has {len(hops)} hops", f"at most {MOST_HOPS}")
    names = {} if schema is None else {each.edge_type: str(each) for each in connections(schema)}
    found = {}
    for number, hop in enumerate(hops, 1):
        entries = {"default": 0}
        for name, cell in hop.items():
            limit = MOST_DEFAULT if name == "default" else MOST
            if not isinstance(cell, int) or cell > limit:
                refuse(ASKED, f"hop {number}, {name!r} is {cell!r}", f"whole numbers up to {limit}")
            entries[_kumo_name(name, schema, names)] = int(cell)  # type: ignore[arg-type]
        found[f"hop{number}"] = entries
    return found


def check_sayable(data: Mapping[str, Any]) -> None:
    """Refuse choices of a fanout, as its JSON, that Kumo has no word for: all but its numbers.

    Raises
    ------
    FanoutError
    """
    usual = {"strategy": "uniform", "disjoint": True}
    found = option_texts({k: v for k, v in data.items() if k != "hops" and v and v != usual.get(k)})
    found += ["mode='joint'"] if not data["disjoint"] else []
    if found:
        refuse(ASKED, f"the fanout has {', '.join(found)}", "numbers alone", DROP)


def _kumo_name(name: str, schema: Schema | None, names: Mapping[EdgeType, str]) -> str:
    if name == "default":
        return name
    if schema is None:
        refuse(ASKED, f"the fanout names {name!r}", "defaults", "Give the schema: to_kumo(schema)")
    edge_type = schema.edge_type(name)
    if edge_type not in names:
        refuse(ASKED, f"{name!r} is no link of a foreign key to a primary key", ", ".join(names.values()))
    return names[edge_type]


def _only_candidate(value: Any) -> Any:
    """The value itself, or the one candidate of a list of them."""
    if not isinstance(value, (list, tuple)) or not value or not isinstance(value[0], (list, tuple, Mapping)):
        return value
    if len(value) > 1:
        refuse(READ, f"it lists {len(value)} candidates to tune over", "one", "Convert them one by one")
    return value[0]


def _read_hop(hop: str, entries: Any, schema: Schema | None) -> Any:
    if not isinstance(entries, Mapping):
        return _number(hop, "default", entries)
    if "default" not in entries:
        refuse(READ, f"{hop} has no 'default'", "a default in every hop; 0 follows nothing else")
    found: dict[str, int] = {}
    for name, number in entries.items():
        text = name if name == "default" else _edge_name(hop, str(name), schema)
        if text in found:
            refuse(READ, f"{hop} names the connection {name!r} twice", "one number each")
        found[text] = _number(hop, str(name), number)
    return found


def _edge_name(hop: str, text: str, schema: Schema | None) -> str:
    if schema is None:
        refuse(READ, f"{hop} names {text!r}", "defaults", "Give the schema: from_kumo(value, schema)")
    known, plain = connections(schema), re.sub(r"\s*->\s*", "->", text.strip())
    fits = [each for each in known if plain in each.texts()]
    if len(fits) == 1:
        return str(fits[0].edge_type)
    names = [str(each) for each in fits or known]
    near = "" if fits else did_you_mean(plain, names)
    got = f"{hop} names {text!r}, which {'is more than one' if fits else 'is no connection of the schema'}"
    raise FanoutError(explain(READ, got, ", ".join(names), near))


def _number(hop: str, name: str, value: Any) -> int:
    number = whole(value)
    if number is None or number < ALL:
        refuse(READ, f"{hop}, {name!r} is {value!r}", NUMBERS)
    return number
