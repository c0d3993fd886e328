"""What a resolved query says of itself."""

from __future__ import annotations

import pytest

from workbench.query.labels import column_types, connection
from workbench.query.parser import parse
from workbench.query.resolve import resolve
from workbench.temporal import Span

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def resolved(shop):
    with connection(shop) as con:
        types = column_types(con, shop.schema)
    return lambda text: resolve(parse(text), shop.schema, types)


def test_the_windows_of_a_forecast_follow_one_another(resolved):
    query = resolved("PREDICT SUM(orders.qty, 2, 9) FORECAST 3 TIMEFRAMES FOR users.user_id")
    (source,) = query.sources.values()
    assert [source.window(i) for i in range(3)] == [
        (Span((2 + 7 * i) * DAY), Span((9 + 7 * i) * DAY)) for i in range(3)
    ]
    assert query.horizon == (Span(23 * DAY),)
    months = resolved("PREDICT SUM(orders.qty, 0, 2, months) FORECAST 6 TIMEFRAMES FOR users.user_id")
    assert months.horizon == (Span(months=12),)


def test_an_aggregate_keeps_its_window_beside_a_forecast_of_it(resolved):
    same = "COUNT(orders.*, 0, 7)"
    query = resolved(f"PREDICT {same} FORECAST 2 TIMEFRAMES FOR users.user_id ASSUMING {same} > 0")
    assert len(query.sources) == 2
    assert query.horizon == (Span(14 * DAY), Span(7 * DAY))


def test_a_static_query_hides_its_target(resolved):
    query = resolved("PREDICT users.score > 1 OR users.country = 'DE' FOR users.user_id WHERE users.active")
    assert (query.static, query.hidden, query.forward) == (True, {"users": ("country", "score")}, ())
    later = resolved("PREDICT COUNT(orders.*, 0, 7) > 0 AND users.country = 'DE' FOR users.user_id")
    assert (later.static, later.hidden) == (False, {})
