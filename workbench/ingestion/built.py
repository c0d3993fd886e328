"""What the stages of an ingest have made so far: each reads what the ones before it left here."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.ingestion.edges import Link
from workbench.stores.features import GroupLayout
from workbench.stores.key_map import KeyMap
from workbench.types import TimeArray


@dataclass
class Built:
    """In the order in which the stages fill it.

    Attributes
    ----------
    rows : dict table -> rows
    times : dict table -> int64[rows]  microseconds; tables without a time column are absent
    keys : dict table -> KeyMap
    groups : list of GroupLayout  tables without feature columns have none
    dictionaries : dict (table, column) -> categories in code order
    links : dict (table, column) -> Link  every foreign key as row ids
    edges : dict edge type -> stored edges
    follow : list of str  edge types whose every edge is at or after its src node's time
    """

    rows: dict[str, int] = field(default_factory=dict)
    times: dict[str, TimeArray] = field(default_factory=dict)
    keys: dict[str, KeyMap] = field(default_factory=dict)
    groups: list[GroupLayout] = field(default_factory=list)
    dictionaries: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    edges: dict[str, int] = field(default_factory=dict)
    follow: list[str] = field(default_factory=list)
