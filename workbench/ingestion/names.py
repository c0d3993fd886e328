"""What column and table names hint at."""

from __future__ import annotations

import re
from functools import lru_cache

_ONCE = lru_cache(maxsize=1024)
"""Every column is compared with every table: their names are taken apart once, not for each pair."""

GENERIC_KEYS = {"id", "key", "code", "name", "uid", "uuid", "guid", "no", "number", "pk", "index", "ref"}
"""Key names that say nothing about which table they belong to."""

_ID_ENDINGS = ("id", "key", "uuid", "guid", "pk", "no", "code", "ref", "number", "num")
_BIRTH = {"dob", "birth", "born", "birthdate", "birthday", "dateofbirth"}
_END = {
    "end", "ended", "ends", "finish", "finished", "expires", "expiry", "expiration", "expired",
    "until", "to", "closed", "deleted", "stop", "stopped", "thru",
}  # fmt: skip
_LATE = {
    "updated", "modified", "last", "ship", "shipped", "due", "delivered", "delivery", "required",
    "loaded", "changed", "returned", "paid", "approved", "out", "cancelled", "canceled", "refunded",
    "archived", "removed", "discontinued", "resolved", "completed",
}  # fmt: skip
_CLOCK = {
    "time", "date", "timestamp", "datetime", "ts", "at", "created", "when", "on", "epoch", "day",
    "dt", "occurred", "event", "start", "started", "posted", "signup", "joined", "registered",
    "hour",
}  # fmt: skip
_VALID = {"valid", "effective", "since"}
_VERSIONS = {
    "history", "histories", "version", "versions", "change", "changes", "revision", "revisions", "snapshots",
}  # fmt: skip
_PARENT = {"parent", "manager", "reply", "replyto", "referrer", "supervisor", "previous", "prev"}


def words(name: str) -> list[str]:
    """Lower-case words of ``snake_case``, ``camelCase`` and spaced names: ``CustomerID`` -> customer, id."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name))
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


@_ONCE
def flat(name: str) -> str:
    """The name without case and separators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(word: str) -> str:
    """A guess at the singular of an English noun; good enough to compare names."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes")) and len(word) > 4:
        return word[:-2]
    return (
        word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word
    )


@_ONCE
def entity(table: str) -> str:
    """Flat singular of a table's name: ``Order_Lines`` -> ``orderline``."""
    parts = words(table)
    return "".join([*parts[:-1], singular(parts[-1])]) if parts else flat(table)


@_ONCE
def stem(column: str) -> str:
    """A key column's name without its id ending, flat and singular: ``user_id`` -> ``user``."""
    parts = words(column)
    while len(parts) > 1 and parts[-1] in _ID_ENDINGS:
        parts = parts[:-1]
    return "".join([*parts[:-1], singular(parts[-1])]) if parts else flat(column)


def is_id_like(column: str) -> bool:
    """Whether the name ends like an identifier's: ``id``, ``userId``, ``order_no``, ``zip code``."""
    parts = words(column)
    return bool(parts) and parts[-1] in _ID_ENDINGS


def is_birth_like(column: str) -> bool:
    """Whether a date of that name is when somebody was born: an attribute, no event."""
    return flat(column) in _BIRTH or any(word in _BIRTH for word in words(column))


def is_end_like(column: str) -> bool:
    """Whether a time of that name is when something ended."""
    return any(word in _END for word in words(column))


def is_late_like(column: str) -> bool:
    """Whether a time of that name is when something became of a row that was known before."""
    return is_end_like(column) or any(word in _LATE for word in words(column))


def is_clock_like(column: str) -> bool:
    """Whether a text of that name ought to be a time."""
    parts = words(column)
    return parts[-1:] in (["date"], ["timestamp"], ["datetime"]) or parts[-2:] == ["created", "at"]


def is_history_like(table: str, time: str) -> bool:
    """Whether rows of a table of that name, with a time of that name, sound like versions of something."""
    return not _VALID.isdisjoint(words(time)) or not _VERSIONS.isdisjoint(words(table))


def is_parent_like(column: str) -> bool:
    """Whether a key of that name points at another row of its own table."""
    return any(word in _PARENT for word in words(column))


def is_time_like(column: str) -> bool:
    """Whether a number or text of that name may be a time."""
    return any(word in _CLOCK for word in words(column))


def time_score(table: str, column: str) -> int:
    """How well a name says "this is when the row happened"; higher is better."""
    parts = words(column)
    score = 2 * sum(word in _CLOCK for word in parts)
    if len(parts) == 1 and parts[0] in _CLOCK:
        score += 2
    score += 3 * ("created" in parts)
    score += entity(table) in stem(column) or entity(table) in flat(column)
    score -= 5 * any(word in _LATE for word in parts)
    score -= 8 * is_end_like(column)
    return score


def key_score(table: str, column: str, position: int) -> int:
    """How well a name says "this is the table's key"; 0 or less: it does not.

    The table's own name counts most, then a bare ``id``, then the first column.
    """
    name, owner = flat(column), entity(table)
    score = 0
    if name in (
        f"{owner}id",
        f"{flat(table)}id",
        owner,
        f"{owner}key",
        f"{owner}no",
        f"{owner}code",
        f"{owner}uuid",
    ):
        score += 8
    elif name in ("id", "uid", "uuid", "guid", "pk", "key"):
        score += 7
    elif is_id_like(column):
        score += 3 + (words(column)[-1] in ("id", "key", "uuid"))
        score += words(column)[0] in words(table) or singular(words(table)[0]) == words(column)[0]
    return score + (2 if position == 0 else 0)
