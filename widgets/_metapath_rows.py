"""Metapaths as a view draws them: positions in the schema instead of names. JSON values, no widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import workbench as wb
from widgets._metapath_draft import MetapathDraft


def metapath_rows(draft: MetapathDraft) -> dict[str, Any]:
    """The seeds' type, where the active metapath ends, where it may go on, and all metapaths.

    Returns
    -------
    dict
        Types are positions in ``schema.node_types``, edge types in ``schema.edge_types``.
    """
    types, place = draft.schema.node_types, {e: i for i, e in enumerate(draft.schema.edge_types)}
    return {
        "seed": types.index(draft.seed_type),
        "end": types.index(draft.end),
        "active": draft.active,
        "chain": [place[e] for e in draft.chain],
        "ways_on": [place[e] for e in draft.ways()],
        "paths": [_row(path, draft.schema, place) for path in draft.paths],
    }


def _row(path: wb.Metapath, schema: wb.Schema, place: Mapping[wb.EdgeType, int]) -> dict[str, Any]:
    """``cells`` are numbers or shares; ``notes`` say how a cell is drawn that has options of its own."""
    return {
        "chain": [place[e] for e in path.check(schema)],
        "cells": [cell.take if isinstance(cell, wb.Draw) else cell for cell in path.fanouts],
        "notes": [str(cell) if isinstance(cell, wb.Draw) else "" for cell in path.fanouts],
        "static": bool(path.base.static),
    }
