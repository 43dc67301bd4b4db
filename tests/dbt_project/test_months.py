"""What rests on the months is made anew when they move, whichever models ran in between."""

from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

Row = tuple[str, dict[str, Any]]
START = datetime(2026, 1, 5)
FOLLOWING = ["int_first_order_windows", "int_order_absences", "trg_win_back", "int_customer_rfm"]
MODELS = [f"+{model}" for model in FOLLOWING]


def order(user: str, at: datetime) -> Row:
    number = f"{user}.{at:%m%d}"
    lines = [{"product_id": "p1", "price": 5, "quantity": 1}]
    return "events", {
        "event_id": f"e.{number}",
        "event_name": "Order Completed",
        "user_id": user,
        "anonymous_id": f"d.{user}",
        "occurred_at": at,
        "received_at": at,
        "properties": {"order_id": f"o.{number}", "total": 5, "products": lines},
        "context": {},
    }


def first_window(shop: Any) -> datetime:
    """When the silence of the customer who ordered once is long."""
    [(found,)] = shop.rows("select due_at from analysis.int_first_order_windows where customer_id = 'once'")
    assert isinstance(found, datetime)
    return found


def tables(shop: Any) -> dict[str, set[tuple[Any, ...]]]:
    return {model: set(shop.rows(f"select * from analysis.{model}")) for model in FOLLOWING}


def rebuilt(shop: Any, at: datetime) -> dict[str, set[tuple[Any, ...]]]:
    shop.run(at, MODELS, "--full-refresh")
    return tables(shop)


def started(shop: Any) -> datetime:
    """A shop of which nothing is known in its first month; then one customer comes back after fifty days."""
    shop.load(START, [order("once", START), order("often", START)])
    shop.run(START, MODELS)
    return START


def test_a_month_that_begins_moves_first_windows(shop: Any) -> None:
    """A product's interval known since a month began, without a load in it, counts for whoever bought it once."""
    at = started(shop)
    assert first_window(shop) == at + timedelta(days=60)
    again = at + timedelta(days=50)
    shop.load(again, [order("often", again)])
    shop.run(again, MODELS)
    assert first_window(shop) == at + timedelta(days=60)
    later = datetime(2026, 3, 1, 6)
    shop.run(later, MODELS)
    # Twice fifty days, as March says: sixty days have not passed when it begins.
    assert first_window(shop) == at + timedelta(days=100)
    found = tables(shop)
    assert rebuilt(shop, later) == found


def test_a_month_is_followed_when_its_intervals_are_there(shop: Any) -> None:
    """Runs of a part of the models, in whichever order, end as one rebuild."""
    at = started(shop)
    again = at + timedelta(days=50)
    shop.load(again, [order("often", again)])
    shop.run(again, MODELS)
    later = datetime(2026, 3, 1, 6)
    shop.run(later, FOLLOWING)
    assert first_window(shop) == at + timedelta(days=60)
    shop.run(later, ["int_vintages", "int_product_intervals"])
    shop.run(later, ["trg_win_back"])
    shop.run(later, MODELS)
    assert first_window(shop) == at + timedelta(days=100)
    found = tables(shop)
    assert rebuilt(shop, later) == found
