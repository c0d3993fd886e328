"""The manifest: what a committed snapshot of a dataset consists of. One frozen value.

A dataset is a folder

    catalog.lmdb/                        the only mutable file: schema, manifest, dictionaries
    catalog.seal                         checksum of the catalog after its last commit
    tables/<table>/<partition>.parquet   typed columns, rows in node_id (time) order
    graph/<partition>/...                times, CSC arrays, foreign-key columns
    features/<partition>/...             segments of fixed-stride rows, optional slot permutations
    keys/<partition>/...                 sorted key maps

Rows that were edited later lie in further files (``Edit``) over those of the partitions, until a compaction
folds them in. Each edit is a snapshot. All of them since the last compaction can be read, and all that were
there before it (``previous``), until the next compaction or ingest.

Every file but the catalog is immutable, named once, registered here with its size and checksum.
Paths are made of partition names and counters, never of table names, so no table name can escape.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import xxhash

from workbench.errors import SchemaError, StoreError, explain
from workbench.schema import Schema
from workbench.stores.features import GroupColumn, GroupLayout

FORMAT, EDITED, LATE = 1, 2, 3
"""Formats. A dataset with edits has one of its own, and so has one with late rows: a version that knows none
must not read, or compact, past them."""


@dataclass(frozen=True)
class FileEntry:
    """One immutable file.

    Attributes
    ----------
    role : str
        ``table`` (name = table) | ``time`` (table; int64[rows] ascending) |
        ``indptr`` (edge type; int64[num_dst + 1]) | ``nbr`` (edge type; ids) | ``eid`` (edge type; ids) |
        ``features`` (group; uint8[rows, stride]) | ``slot`` (group; uint32[rows]) |
        ``keys`` (table; Arrow IPC of sorted keys and their row ids) |
        ``edit`` (table; Parquet: whole rows, ``__row__`` ascending) |
        ``deleted`` (table; Parquet: ``__row__``) |
        ``delta`` (group; int64[n] row ids ascending, then uint8[n, stride] as in the segment) |
        ``link`` (JSON of table and column; ids of the rows that appended rows point at) |
        ``late`` (table; Parquet: rows that wait for a compaction, ``__row__`` in the order of arrival) |
        ``late-delta`` (group; as ``delta``, of late rows)
    name : str  table, group or edge type as text
    path : str  relative to the dataset, with forward slashes
    bytes : int
    checksum : str  xxh3-64 of the file, 16 hex digits
    """

    role: str
    name: str
    path: str
    bytes: int
    checksum: str


@dataclass(frozen=True)
class Partition:
    """A time partition: rows of every table, under 2^31 per table, local ids in time order."""

    name: str
    rows: Mapping[str, int]
    files: tuple[FileEntry, ...]

    def numbering(self) -> str:
        """Which ids its rows have: 16 hex digits of how many there are, and of their times and keys."""
        facts = [[e.role, e.name, e.checksum] for e in self.files if e.role in ("time", "keys")]
        text = json.dumps([sorted(self.rows.items()), sorted(facts)])
        return xxhash.xxh3_64_hexdigest(text.encode())


@dataclass(frozen=True)
class Edit:
    """What one transaction changed.

    Attributes
    ----------
    snapshot : int  the one that it made
    files : tuple of FileEntry  of the roles from ``edit`` on; later edits win
    before : tuple of GroupLayout  feature groups as they were: fewer categories, fewer rows
    rows : dict table -> rows that were appended; tables without any may be absent
    dated, follow : ``dated_rows`` and ``edges_follow_nodes`` of the manifest as they were
    late : dict table -> rows that came too late for a place behind the others, and wait for a compaction
    """

    snapshot: int
    files: tuple[FileEntry, ...]
    before: tuple[GroupLayout, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    dated: Mapping[str, int] = field(default_factory=dict)
    follow: tuple[str, ...] = ()
    late: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """A committed snapshot.

    Attributes
    ----------
    snapshot : int  1 for the first commit, then counting up
    schema : Schema
    partitions : tuple of Partition  the first version ships one
    groups : tuple of GroupLayout  feature groups
    id_dtype : str  ``uint32`` or ``int64``
    dated_rows : dict table -> rows that have a time; tables without a time column are absent
    edges_follow_nodes : names of edge types whose every edge is at or after its src node's time
    report : the ingest report as plain JSON (warnings, counts)
    edits : tuple of Edit  in order; none after an ingest or a compaction
    previous : Manifest or None  of the last snapshot before a compaction: who reads it goes on
    numbering : str
        Of the ids: another one after an ingest, or a compaction that gave rows other ids; appended rows get
        further ids of it. Empty: written by a version that did not say.
    """

    snapshot: int
    schema: Schema
    partitions: tuple[Partition, ...]
    groups: tuple[GroupLayout, ...]
    id_dtype: str = "uint32"
    dated_rows: Mapping[str, int] = field(default_factory=dict)
    edges_follow_nodes: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    previous: Manifest | None = None
    numbering: str = ""

    def rows(self, table: str) -> int:
        """Rows of a table, those that were appended since the last compaction among them."""
        return self.stored_rows(table) + sum(edit.rows.get(table, 0) for edit in self.edits)

    def stored_rows(self, table: str) -> int:
        """Rows of a table over all partitions."""
        return sum(partition.rows[table] for partition in self.partitions)

    def late_rows(self, table: str) -> int:
        """Rows of a table that wait for a compaction; no reader sees them yet."""
        return sum(edit.late.get(table, 0) for edit in self.edits)

    def edited(
        self,
        files: Iterable[FileEntry],
        rows: Mapping[str, int],
        late: Mapping[str, int] = MappingProxyType({}),
        **changed: Any,
    ) -> Manifest:
        """The manifest after one more edit.

        Parameters
        ----------
        files, rows, late : as in :class:`Edit`
        changed : ``groups``, ``dated_rows`` and ``edges_follow_nodes``, where they are others now
        """
        number = self.snapshot + 1
        edit = Edit(
            number,
            tuple(files),
            self.groups,
            rows,
            self.dated_rows,
            self.edges_follow_nodes,
            dict(late),
        )
        return replace(self, snapshot=number, edits=(*self.edits, edit), **changed)

    def find(self, role: str, name: str) -> FileEntry | None:
        """The file of that role and name in the first partition, or None."""
        for entry in self.partitions[0].files:
            if entry.role == role and entry.name == name:
                return entry
        return None

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Every file: of the partitions, then of the edits in order."""
        lists = [part.files for part in self.partitions] + [edit.files for edit in self.edits]
        return tuple(entry for entries in lists for entry in entries)

    @property
    def kept_files(self) -> tuple[FileEntry, ...]:
        """Every file that some snapshot which can be opened has, each once."""
        older = () if self.previous is None else self.previous.files
        return tuple({entry.path: entry for entry in (*self.files, *older)}.values())

    def at(self, snapshot: int) -> Manifest | None:
        """The manifest as it was at an earlier snapshot; None if that one is not kept."""
        later = [edit for edit in self.edits if edit.snapshot > snapshot]
        if snapshot == self.snapshot:
            return self
        if not later or snapshot < self.edits[0].snapshot - 1:
            return None if self.previous is None else self.previous.at(snapshot)
        kept = self.edits[: len(self.edits) - len(later)]
        first = later[0]
        return replace(
            self,
            snapshot=snapshot,
            edits=kept,
            groups=first.before,
            dated_rows=first.dated,
            edges_follow_nodes=first.follow,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        data = asdict(replace(self, previous=None))
        data["format"] = FORMAT
        data["schema"] = self.schema.to_dict()
        for column in (column for group in data["groups"] for column in group["columns"]):
            if not column["code"]:  # earlier versions know no codes, and read what has none
                del column["code"]
        if self.edits or self.previous:
            previous = None if self.previous is None else self.previous.to_dict()
            waiting = any(edit.late for edit in self.edits)
            return {**data, "format": LATE if waiting else EDITED, "previous": previous}
        del data["edits"], data["previous"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Read back what :meth:`to_dict` wrote.

        Raises
        ------
        StoreError
            If another version wrote it: it is of another format, or not as this version writes it.
        """
        asked, do = "a dataset was opened", "Ingest the tables again with this version"
        if data.get("format") not in (FORMAT, EDITED, LATE):
            got = f"its format is {data.get('format')!r}"
            raise StoreError(explain(asked, got, f"format {FORMAT}, {EDITED} or {LATE}", do))
        try:
            edited = data["format"] != FORMAT
            older = data["previous"] if edited else None
            return cls(
                snapshot=int(data["snapshot"]),
                schema=Schema.from_dict(data["schema"]),
                partitions=tuple(_partition(part) for part in data["partitions"]),
                groups=tuple(_layout(group) for group in data["groups"]),
                id_dtype=str(data["id_dtype"]),
                dated_rows=dict(data["dated_rows"]),
                edges_follow_nodes=tuple(data["edges_follow_nodes"]),
                report=dict(data["report"]),
                edits=tuple(map(_edit, data["edits"])) if edited else (),
                previous=None if older is None else cls.from_dict(older),
                numbering=str(data.get("numbering", "")),
            )
        except (KeyError, TypeError, ValueError, SchemaError) as error:
            raise StoreError(explain(asked, f"its manifest is malformed ({error!r})", do=do)) from error


def _partition(data: Mapping[str, Any]) -> Partition:
    files = tuple(FileEntry(**entry) for entry in data["files"])
    return Partition(data["name"], dict(data["rows"]), files)


def _edit(data: Mapping[str, Any]) -> Edit:
    files = tuple(FileEntry(**entry) for entry in data["files"])
    before = tuple(_layout(group) for group in data["before"])
    number, follow, late = int(data["snapshot"]), tuple(data["follow"]), dict(data.get("late", {}))
    return Edit(number, files, before, dict(data["rows"]), dict(data["dated"]), follow, late)


def _layout(data: Mapping[str, Any]) -> GroupLayout:
    columns = tuple(GroupColumn(**column) for column in data["columns"])
    return GroupLayout(data["group"], data["rows"], columns)
