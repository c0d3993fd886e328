"""Names of columns and tables, taken apart."""

from __future__ import annotations

import pytest

from workbench.ingestion import names


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("CustomerID", ["customer", "id"]),
        ("user_id", ["user", "id"]),
        ("raceId", ["race", "id"]),
        ("HTTPStatus code", ["http", "status", "code"]),
        ("", []),
    ],
)
def test_words(name: str, parts: list[str]) -> None:
    assert names.words(name) == parts


@pytest.mark.parametrize(
    ("plural", "one"),
    [("users", "user"), ("categories", "category"), ("boxes", "box"), ("status", "status"), ("bus", "bus"),
     ("addresses", "address"), ("races", "race"), ("class", "class"), ("news", "new")],
)  # fmt: skip
def test_singular(plural: str, one: str) -> None:
    assert names.singular(plural) == one


def test_stems_and_entities_meet() -> None:
    assert names.stem("user_id") == names.entity("users") == "user"
    assert names.stem("OrderLineID") == names.entity("order_lines") == "orderline"


@pytest.mark.parametrize("name", ["dob", "birth_date", "dateOfBirth", "born"])
def test_births(name: str) -> None:
    assert names.is_birth_like(name)


def test_the_best_clock_wins() -> None:
    def best(table: str, *columns: str) -> str:
        return max(columns, key=lambda column: names.time_score(table, column))

    assert best("orders", "updated_at", "order_date", "shipped_date") == "order_date"
    assert best("users", "last_login_at", "created_at") == "created_at"
    assert best("trips", "end_time", "start_time") == "start_time"
    assert best("flights", "sched_dep", "known_at") == "known_at"


def test_the_best_key_wins() -> None:
    def best(table: str, *columns: str) -> str:
        return max(columns, key=lambda column: names.key_score(table, column, columns.index(column)))

    assert best("drivers", "driverRef", "driverId") == "driverId"
    assert best("orders", "user_id", "order_id") == "order_id"
    assert best("items", "sku_code", "id") == "id"
    assert names.key_score("orders", "amount", 3) <= 0
