"""The budget of features is shared between groups kept whole and the row cache, and never exceeded."""

import pytest

from workbench.errors import BudgetError
from workbench.stores import feature_budget as module
from workbench.stores.feature_budget import feature_options


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, {}),
        ({"feature_budget": "1kB"}, {"resident_bytes": 1000}),
        ({"feature_budget": 0}, {"resident_bytes": 0}),
        ({"feature_budget": 5000, "row_cache": "2 kB"}, {"resident_bytes": 3000, "cache_bytes": 2000}),
        ({"feature_budget": 5000, "row_cache": 5000}, {"resident_bytes": 0, "cache_bytes": 5000}),
        ({"feature_budget": 5000, "row_cache": 0}, {"resident_bytes": 5000, "cache_bytes": 0}),
        ({"row_cache": 100}, {"resident_bytes": 900, "cache_bytes": 100}),
    ],
)
def test_what_it_leaves_to_each(monkeypatch, given, options):
    monkeypatch.setattr(module, "available_memory", lambda: 4000)
    assert feature_options(**given) == options


@pytest.mark.parametrize(
    "given", [{"feature_budget": "much"}, {"feature_budget": -1}, {"row_cache": True}, {"row_cache": 1.5}]
)
def test_what_is_no_size_is_refused(given):
    with pytest.raises(BudgetError, match="a number of bytes, or text such as '4GB'"):
        feature_options(**given)


def test_a_row_cache_beyond_the_budget_is_refused(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 4000)
    with pytest.raises(BudgetError, match=r"row_cache=1001 is more than features may take, which is 1,000"):
        feature_options(row_cache=1001)
