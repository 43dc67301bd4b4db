"""Every shipped vocabulary in one warehouse, through to orders, carts and merged customers."""

import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from activation.app import App, open_app
from activation.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests/loading/samples"
SOURCES = {
    "segment.jsonl": ("segment", "segment_customers", "segment_merges", "segment_emails", "segment_accounts"),
    "rudderstack.jsonl": ("rudderstack", "rudderstack_merges"),
    "ga4.jsonl": ("ga4",),
    "snowplow.jsonl": ("snowplow",),
    "shopify_orders.jsonl": ("shopify_orders", "shopify_cancellations", "shopify_refunds"),
    "shopify_customers.jsonl": ("shopify_customers", "shopify_emails", "shopify_email_consents"),
    "order_lines.csv": ("order_lines",),
}

pytestmark = pytest.mark.dbt


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    environ = {
        **os.environ,
        "ACTIVATION_PROJECT": str(ROOT),
        "ACTIVATION_HOME": str(tmp_path_factory.mktemp("vocabularies") / "var"),
        "ACTIVATION_ENVIRONMENT": "simulation",
    }
    with open_app(Settings.from_environ(environ)) as opened:
        opened.ledger.clock.set(datetime(2026, 3, 1, 12))
        for sample, mappings in SOURCES.items():
            for mapping in mappings:
                report = opened.load([str(SAMPLES / sample)], table="events", mapping=Path(mapping), history=True)
                assert report.rows_loaded
        run = opened.start_run()
        wanted = "+int_orders +int_cart_changes +int_customer_merges"
        built = opened.project.run(opened._variables(run), target="live", select=wanted)
        assert built.passed, built.failures
        yield opened


def rows(app: App, query: str) -> list[tuple[Any, ...]]:
    with app._warehouse() as warehouse:
        return [tuple(row.values()) for row in warehouse.rows(query)]


def test_orders_of_all_sources_are_net_of_their_refunds(app: App) -> None:
    """By id, by product where a refund names no order, by cancellation; guests are people of their own."""
    found = rows(app, "select order_id, customer_id, net_amount, is_net from activation.int_orders order by order_id")
    assert found == [
        ("42", "u-3", Decimal("9.00"), True),
        ("7001", "301", Decimal("11.70"), True),
        ("7002", "anonymous:guest:7002", Decimal("0.00"), False),
        ("7005", "302", Decimal("3.00"), True),
        ("A-1", "c-1", Decimal("40.18"), True),
        ("A-2", "anonymous:guest:A-2", Decimal("19.99"), True),
        ("A-5", "c-3", Decimal("7.00"), True),
        ("T-55", "g-1", Decimal("9.00"), True),
        ("o-1", "u-1", Decimal("7.20"), True),
        ("o-900", "u-1", Decimal("25.00"), True),
        ("tr-1", "u-1", Decimal("9.00"), True),
    ]


def test_several_products_added_at_once_are_all_in_the_cart(app: App) -> None:
    """A cart of GA4's and one of Snowplow's hold two kinds of tea each, three packets, 15.00."""
    query = """
        select cart_key, item_count, cart_amount from activation.int_cart_changes
        where event_id like 'ga4:%:2' or event_id = '5f0c-04:2' order by cart_key
    """
    assert [(key.split(":")[0], int(count), float(amount)) for key, count, amount in rows(app, query)] == [
        ("ga4", 3, 15.0),
        ("k-1", 3, 15.0),
    ]


def test_an_alias_merges_the_former_customer(app: App) -> None:
    """Segment's and RudderStack's each absorb an id into the same customer."""
    query = "select absorbed_customer_id, customer_id from activation.int_customer_merges order by 1"
    assert rows(app, query) == [("u-1-app", "u-1"), ("u-1-old", "u-1")]
