"""Dates that are not written as ISO: which form a column has, and the SQL that reads it.

Nothing is parsed by guess: 01/02/2020 is two days. A column of such dates is named with its form, or with
every form that it may have, and the user decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import product
from typing import Any

from workbench.stores.sql import quote_name, quote_text

ISO = r"^\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}"
"""How a text begins that DuckDB reads as a time in one way only; ``01/02/20`` it would read as the year 1."""

_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
OTHER = (
    r"(?i)^\s*([a-z]{3},? )?(\d{1,2}[-./ ]\d{1,2}[-./ ]\d{4}|\d{2}[-./]\d{2}[-./]\d{2}"
    r"|\d{4}\.\d{1,2}\.\d{1,2}|\d{8}|\d{4}-\d{2}|\d{2}/\d{4}"
    rf"|\d{{1,2}}[- ]?{_MONTH}[- ,]*(\d{{4}}|\d{{2}})|{_MONTH} \d{{1,2}},? \d{{4}})([ T,].*)?$"
)
"""How a text looks that may be a date in another form."""

_YEARS = (1800, 2200)
_SAMPLE = 50
_FEWEST = 0.25
_DATES = (
    *(form.replace("/", mark) for mark in "/.- " for form in ("%d/%m/%Y", "%m/%d/%Y")),
    *(form.replace("/", mark) for mark in "/.-" for form in ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d")),
    "%Y.%m.%d", "%Y%m%d", "%d%m%Y", "%m%d%Y",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d%b%Y", "%d %B %Y", "%b %d, %Y", "%b %d %Y", "%B %d, %Y",
    "%Y-%m", "%m/%Y",
)  # fmt: skip
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H%M", "T%H%M%S",
    ", %H:%M", ", %H:%M:%S", " %H:%M:%S%z",
)  # fmt: skip
TEXT_FORMS = tuple(weekday + date + clock for weekday, date, clock in product(("", "%a, "), _DATES, _CLOCKS))
NUMBER_FORMS = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
"""Integers such as 20200131."""

Ask = Callable[[str, str], list[Any]]
"""(columns, source and conditions) -> the first row"""


def find_forms(column: str, source: str, forms: tuple[str, ...], ask: Ask) -> tuple[tuple[str, ...], int]:
    """The forms that most values have, and how many have them; several if day and month cannot be told.

    Parameters
    ----------
    source : SQL that can be selected from, with that column
    forms : formats of ``strptime``
    """
    name = quote_name(column)
    distinct = (
        f"SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM {source} WHERE {name} IS NOT NULL LIMIT {_SAMPLE}"
    )
    sample = ask("list(v)", f"({distinct})")[0] or []
    # In a sample first: hundreds of forms over every row would take minutes.
    fits = {form: sum(_has_form(text, form) for text in sample) for form in forms}
    likely = [form for form, count in fits.items() if count and count >= max(fits.values()) / 2]
    if not likely:
        return (), 0
    counts = ask(", ".join(_fitting(column, form) for form in likely), source)
    most = max(counts)
    if most < _FEWEST * ask(f"count({name})", source)[0]:  # numbers and codes that now and then are dates
        return (), 0
    return tuple(form for form, count in zip(likely, counts, strict=True) if count == most), most


def _has_form(text: str, form: str) -> bool:
    try:
        return _YEARS[0] <= dt.datetime.strptime(text.strip(), form).year <= _YEARS[1]
    except ValueError:
        return False


def _fitting(column: str, form: str) -> str:
    year = f"year(try_strptime(CAST({quote_name(column)} AS VARCHAR), {quote_text(form)}))"
    return f"count(CASE WHEN {year} BETWEEN {_YEARS[0]} AND {_YEARS[1]} THEN 1 END)"


def derive_sql(column: str, kind: str, form: str, *, every: bool) -> str:
    """The SQL that reads a column of that form as times; ``every``: no value has another form."""
    text = quote_name(column) if kind == "VARCHAR" else f"CAST({quote_name(column)} AS VARCHAR)"
    return f"{'' if every else 'try_'}strptime({text}, {quote_text(form)})"
