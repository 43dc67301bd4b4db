"""What was in force at an instant, as its definition says it, row by row."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

START = datetime(2026, 1, 1)
LOOK_BACK = timedelta(days=30)
COLUMNS = "product_id, currency_code, cast(price_amount as double), cast(stock_count as double), is_deleted, changed_at"
Row = tuple[Any, ...]


def change(chance: random.Random, loaded_at: datetime) -> dict[str, Any]:
    """A change of one of four products, up to twelve days old; now and then the product's end."""
    attributes = {
        "currency": chance.choice(["EUR", "EUR", "EUR", "USD"]),
        "price": chance.choice([5, 10, 12, 20]),
        "stock": chance.choice([0, 3, 9, None]),
    }
    changed_at = loaded_at - timedelta(hours=chance.randrange(288))
    row = {"id": f"p{chance.randrange(4)}", "attributes": attributes, "changed_at": changed_at}
    return row | {"is_deleted": chance.random() < 0.1}


def stated(row: dict[str, Any]) -> Row:
    """What a change says, in the order of COLUMNS; nothing is left of a deleted product."""
    attributes = row["attributes"]
    stock = 0 if row["is_deleted"] else attributes["stock"]
    return row["id"], attributes["currency"], attributes["price"], stock, row["is_deleted"], row["changed_at"]


def in_force(deliveries: Sequence[tuple[datetime, Row]], product: str, at: datetime) -> Row | None:
    """Of what was known, the change that is newest at its source; of two of one instant the one told last."""
    first_known: dict[Row, datetime] = {}
    for known_at, row in deliveries:
        if row[0] == product and known_at <= at:
            first_known[row] = min(known_at, first_known.get(row, known_at))
    return max(first_known, key=lambda row: (row[5], first_known[row]), default=None)


def load(shop: Any, chance: random.Random) -> list[tuple[datetime, Row]]:
    """Changes out of order and some of them again, over twelve loads; no two of one load are of the same instant."""
    deliveries: list[tuple[datetime, Row]] = []
    rows: list[dict[str, Any]] = []
    for number in range(12):
        loaded_at = START + timedelta(days=5 * number, minutes=7)
        batch = [change(chance, loaded_at) for _ in range(8)] + chance.sample(rows, min(3, len(rows)))
        batch = list({(row["id"], row["changed_at"]): row for row in batch}.values())
        rows += batch
        shop.load(loaded_at, [("products", row) for row in batch])
        deliveries += [(loaded_at, stated(row)) for row in batch]
    return deliveries


@pytest.mark.parametrize("seed", range(2))
def test_versions_and_their_lowest_prices_are_those_of_the_definition(shop: Any, seed: int) -> None:
    """At every load's instant the definition's row is in force, and a price's least is that of the days before."""
    deliveries = load(shop, random.Random(seed))
    shop.run(START + timedelta(days=90), ["stg_activation__product_changes", "int_product_changes"])
    others = "valid_from, valid_to, cast(lowest_price_amount as double)"
    rows = shop.rows(f"select {COLUMNS}, {others} from analysis.int_product_changes order by product_id, valid_from")
    for product in ("p0", "p1", "p2", "p3"):
        for at in sorted({known_at for known_at, _ in deliveries}):
            shown = [row[:6] for row in rows if row[0] == product and row[6] <= at and (row[7] is None or row[7] > at)]
            expected = in_force(deliveries, product, at)
            assert shown == ([] if expected is None else [expected])
    compared = [(before, row) for before, row in pairwise(rows) if before[:2] == row[:2]]
    assert len(compared) > 5
    for _, row in compared:
        earlier = [other for other in rows if other[:2] == row[:2] and other[6] < row[6]]
        assert row[8] == min(other[2] for other in earlier if other[7] >= row[6] - LOOK_BACK)
