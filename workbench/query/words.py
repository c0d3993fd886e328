"""Words of other languages for words of ours: what to propose where a spelling alone would not tell."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.errors import did_you_mean

SYNONYMS: dict[str, str] = {
    "MEAN": "AVG",
    "AVERAGE": "AVG",
    "TOTAL": "SUM",
    "ADD": "SUM",
    "MAXIMUM": "MAX",
    "LARGEST": "MAX",
    "MINIMUM": "MIN",
    "SMALLEST": "MIN",
    "NUMBER": "COUNT",
    "CNT": "COUNT",
    "SIZE": "COUNT",
    "NUNIQUE": "COUNT_DISTINCT",
    "UNIQUE": "LIST_DISTINCT",
    "LIST": "LIST_DISTINCT",
    "EARLIEST": "FIRST",
    "LATEST": "LAST",
    "THROUGH": "VIA",
    "LEN": "COUNT",
    "FREQUENCY": "COUNT",
    "SELECT": "PREDICT",
    "HAVING": "WHERE",
    "IF": "WHERE",
    "WHEN": "WHERE",
    "GIVEN": "ASSUMING",
    "ASSUME": "ASSUMING",
    "ALL": "EACH",
    "EVERY": "EACH",
    "PER": "FOR",
    "BY": "FOR",
    "GROUP": "FOR",
    "FROM": "FOR",
    "&": "AND",
    "|": "OR",
    "!": "NOT",
    "~": "NOT",
    "S": "seconds",
    "SEC": "seconds",
    "SECS": "seconds",
    "MIN": "minutes",
    "MINS": "minutes",
    "H": "hours",
    "HR": "hours",
    "HRS": "hours",
    "D": "days",
    "W": "weeks",
    "WK": "weeks",
    "M": "months",
    "MO": "months",
    "MON": "months",
    "Y": "years",
    "YR": "years",
    "YRS": "years",
}
"""What other languages say, in capitals -> what this one says; used only where that word may stand."""

ADVICE: dict[str, str] = {
    "DISTINCT": "Write COUNT_DISTINCT(table.column, ...) or LIST_DISTINCT(table.column, ...)",
    "BETWEEN": "Write column >= a AND column <= b",
    "ILIKE": "LIKE, CONTAINS, STARTS WITH and ENDS WITH tell capitals from small letters",
    "STARTSWITH": "Write STARTS WITH",
    "ENDSWITH": "Write ENDS WITH",
    "EXISTS": "Write COUNT(table.*, ...) > 0",
    "EVALUATE": "Begin with PREDICT; run.metrics('test') evaluates",
    "EXPLAIN": "Begin with PREDICT; task.describe() explains",
    "LIMIT": "Write RANK TOP k behind the target",
}
"""Words of other languages that this one says in another way -> how."""


def nearest(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'AVG'?`` by meaning, else by spelling; empty where nothing is near.

    Parameters
    ----------
    word : str  as it was written
    known : iterable of str  the words that may stand there
    """
    allowed = list(known)
    meant = SYNONYMS.get(word.upper(), "")
    return f"Did you mean {meant!r}?" if meant in allowed else did_you_mean(word, allowed)
