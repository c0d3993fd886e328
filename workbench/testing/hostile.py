"""A hundred strings that nobody should name data by, and that data are named by: markup, marks, a megabyte.

What is marked up would set ``window.hacked``, or ask another machine for something, if it were ever parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from workbench.schema import Column, ForeignKey, Schema, Stype, Table

MARKUP = (
    "script>window.hacked=1</script",
    "img src=x onerror=window.hacked=1",
    "svg onload=window.hacked=1",
    "iframe srcdoc='<script>parent.hacked=1</script>'",
    "style>@import 'http://hostile.example/a.css';</style",
    "b onmouseover=window.hacked=1",
    "title",
    "/svg",
    "a href='javascript:window.hacked=1'",
)
"""Tags without their brackets."""

WRAPS = ("<{}>", "<{}/>", "</{}>", "'><{}>", '"><{}>', "]]><{}>", "<!--<{}>-->", "&lt;{}&gt;", "<{}", "{}>")
"""Where markup may stand: as it is, behind what ends an attribute or a comment, escaped already, cut off."""

MARKS = (
    *("\u05d0\u05d1 1 ", "\u202e", "\u2066", "\u200f", "\u200b", "\ufeff"),  # of direction, and of no width
    *("\x00", "\x1b[31m", "\ud800", "\uffff", "\n\n", "\t"),
)
"""Characters that turn, end, colour or break what stands behind them; half a character is among them."""

WORDS = (
    *("javascript:window.hacked=1", '" onfocus=window.hacked=1 autofocus x="', "';window.hacked=1;//"),
    *("${window.hacked=1}", "url(http://hostile.example/a)", "$$\\href{javascript:window.hacked=1}{x}$$"),
    *("->", "a->b", "a-b->c", "-", " ", "'", '"', "\\", "{}", "__proto__", "constructor", "NaN", "null"),
)
"""What is taken for code, for an edge type, a member of every object, or nothing."""

HOSTILE = (
    *(wrap.format(tag) for tag in MARKUP for wrap in WRAPS),
    *(f"a{mark}b" for mark in MARKS),
    *WORDS,
    "x" * 1_000_000,
)
"""All of them, each once."""

SHOWN = 118
"""Characters of :func:`joined` strings: views show a little more of a name."""


def storable(strings: Iterable[str]) -> list[str]:
    """Those that tables can be named by: no NUL, no half character, which UTF-8 has no place for."""
    return [
        text for text in strings if "\x00" not in text and text == text.encode("utf-8", "ignore").decode()
    ]


def joined(strings: Iterable[str]) -> list[str]:
    """Few names that hold all of the strings: as many in each as views show of a name."""
    names: list[str] = []
    for text in strings:
        together = f"{names[-1]} {text}" if names else text
        if names and len(together) <= SHOWN:
            names[-1] = together
        else:
            names.append(text)
    return names


def hostile_schema(names: Sequence[str]) -> Schema:
    """Tables of these names, each with a column of its name, which point at ``users``."""
    users = Table("users", (Column("id", Stype.ID),), "id")
    keys = (ForeignKey("k", "users"),)
    columns = [(Column(name, Stype.TEXT), Column("k", Stype.ID)) for name in names]
    facts = [Table(name, c, foreign_keys=keys) for name, c in zip(names, columns, strict=True)]
    return Schema((users, *facts))


def hostile_tables(names: Sequence[str], keys: Sequence[str]) -> tuple[dict[str, pa.Table], Schema]:
    """Tables that can be ingested: ``users`` with these keys, and a table with times per name.

    Parameters
    ----------
    names : of the tables, of a column in each, and of columns of ``users``; the first has events enough
        to be predicted
    keys : of the users; text values of the other tables, too
    """
    rng = np.random.default_rng(0)
    count = len(keys)
    users = {"key": pa.array(keys), **{name: rng.random(count) for name in names}}
    tables = {"users": pa.table(users)}
    columns = (Column("key", Stype.ID), *(Column(name, Stype.NUMERICAL) for name in names))
    schema = [Table("users", columns, "key")]
    for place, name in enumerate(names):
        rows = 3 * count if place == 0 else 4
        drawn = np.sort(rng.integers(0, 60, rows)).astype("timedelta64[D]")
        to, said = (pa.array([keys[i] for i in rng.integers(0, count, rows)]) for _ in range(2))
        at = pa.array(np.datetime64("2026-01-01", "us") + drawn)
        tables[name] = pa.table({"to": to, name: said, "at": at})
        columns = (Column("to", Stype.ID), Column(name, Stype.CATEGORICAL), Column("at", Stype.TIMESTAMP))
        schema.append(Table(name, columns, time="at", foreign_keys=(ForeignKey("to", "users"),)))
    return tables, Schema(tuple(schema))
