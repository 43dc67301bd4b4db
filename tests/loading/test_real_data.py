"""Two real sources against the same figures worked out in pandas: a cohort's orders, and a panel with its mailings."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activation.loading import LoadReport, load, read_mapping
from activation.warehouses import Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

PROJECT = Path(__file__).parents[2]
MAPPINGS = Path(__file__).parent / "mappings"
DATA = Path(os.environ.get("ACTIVATION_TEST_DATA", PROJECT / ".." / "shared"))
CDNOW = "cdnow/events.parquet"
JOURNEY = "completejourney/events.parquet"
HOUSEHOLDS = "completejourney/demographics.parquet"
NOW = datetime(2019, 1, 1)


def found(name: str) -> Path | None:
    return next((path for path in (DATA / name, DATA / "data" / name) if path.exists()), None)


pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not all(map(found, (CDNOW, JOURNEY, HOUSEHOLDS))),
        reason="cdnow/ and completejourney/ are absent: set ACTIVATION_TEST_DATA",
    ),
]


@contextmanager
def opened(folder: Path) -> Iterator[Warehouse]:
    with DuckDBWarehouse(folder / "warehouse.duckdb", folder / "copy.duckdb") as warehouse:
        warehouse.prepare()
        yield warehouse


def loaded(warehouse: Warehouse, source: str, mapping: str) -> LoadReport:
    chosen = read_mapping(MAPPINGS / f"{mapping}.yml")
    return load([str(found(source))], warehouse=warehouse, now=NOW, mapping=chosen, history=True)


def counts(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Events and people by name."""
    query = "select event_name, count(*) as n, count(distinct user_id) as people from raw.events group by event_name"
    return {row["event_name"]: (row["n"], row["people"]) for row in warehouse.rows(query)}


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with opened(tmp_path_factory.mktemp("cdnow")) as warehouse:
        report = loaded(warehouse, CDNOW, "cdnow")
        assert (report.rows_loaded, report.rows_duplicate, report.rows_quarantined) == (69_659, 0, 0)
        yield warehouse


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with opened(tmp_path_factory.mktemp("journey")) as warehouse:
        orders = loaded(warehouse, JOURNEY, "complete_journey_orders")
        offers = loaded(warehouse, JOURNEY, "complete_journey_offers")
        people = loaded(warehouse, HOUSEHOLDS, "complete_journey_households")
        # What one mapping skips is what the other loads.
        assert orders.reasons == {"not_a_purchase": offers.rows_loaded}
        assert offers.reasons == {"not_an_offer": orders.rows_loaded}
        assert people.rows_loaded == people.rows_read == 801
        yield warehouse


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return pd.read_parquet(str(found(JOURNEY)))


def test_cdnow_has_every_order_of_every_customer(cdnow: Warehouse) -> None:
    """Orders, days and money agree customer by customer; two equal orders of one day are two orders."""
    source = pd.read_parquet(str(found(CDNOW)))
    groups = source.groupby("user_id")
    expected = pd.DataFrame(
        {
            "orders": groups.size(),
            "days": groups["event_time"].nunique(),
            "total": groups["value"].sum().round(2),
            "discs": groups["quantity"].sum(),
            "first": groups["event_time"].min(),
            "last": groups["event_time"].max(),
        }
    )
    query = """
        select user_id, count(*) as orders, count(distinct cast(occurred_at as date)) as days,
            round(sum(cast(properties ->> '$.total' as decimal(18, 2))), 2)::double as total,
            sum(cast(properties ->> '$.quantity' as integer))::bigint as discs,
            min(occurred_at) as first, max(occurred_at) as last
        from raw.events where event_name = 'Order Completed' group by user_id
    """
    rows = {row["user_id"]: row for row in cdnow.rows(query)}
    assert set(rows) == set(expected.index)
    assert len(rows) == 23_570
    for wanted in expected.itertuples():
        row = rows[str(wanted.Index)]
        assert (row["orders"], row["days"], row["discs"]) == (wanted.orders, wanted.days, wanted.discs)
        assert round(row["total"], 2) == wanted.total
        assert (row["first"], row["last"]) == (wanted.first, wanted.last)


def test_cdnow_keeps_its_days_and_ids(cdnow: Warehouse) -> None:
    """Midnight of a day stays on that day; leading noughts of an id are part of it."""
    row = cdnow.rows("select * from raw.events where event_id = 'cd-1'")[0]
    assert (row["user_id"], row["occurred_at"], row["known_at"]) == (
        "00001",
        datetime(1997, 1, 1),
        datetime(1997, 1, 1),
    )
    assert json.loads(row["properties"]) == {"currency": "USD", "order_id": "cd-1", "quantity": 1, "total": 11.77}
    edges = cdnow.rows("select min(occurred_at) as first, max(occurred_at) as last from raw.events")[0]
    assert (edges["first"], edges["last"]) == (datetime(1997, 1, 1), datetime(1998, 6, 30))


def test_the_journey_is_counted_by_name(journey: Warehouse, panel: pd.DataFrame) -> None:
    """Baskets, mailings and redemptions, and how many households had each."""
    kinds = dict(iter(panel.groupby("event_type")))
    baskets = kinds["purchase"]
    assert counts(journey) == {
        "Order Completed": (baskets["order_id"].nunique(), baskets["user_id"].nunique()),
        "Letter Sent": (len(kinds["message_sent"]), kinds["message_sent"]["user_id"].nunique()),
        "Offer Redeemed": (len(kinds["coupon_redeemed"]), kinds["coupon_redeemed"]["user_id"].nunique()),
    }


def test_every_basket_of_the_journey_is_one_order(journey: Warehouse, panel: pd.DataFrame) -> None:
    """Household, time, lines, pieces and total agree basket by basket."""
    groups = panel[panel["event_type"] == "purchase"].groupby("order_id")
    expected = pd.DataFrame(
        {
            "user_id": groups["user_id"].first(),
            "at": groups["event_time"].min(),
            "lines": groups.size(),
            "pieces": groups["quantity"].sum(),
            "total": groups["value"].sum().round(2),
        }
    )
    baskets = expected.to_dict("index")
    orders = journey.rows("select * from raw.events where event_name = 'Order Completed'")
    details: dict[str, dict[str, Any]] = {row["event_id"]: json.loads(row["properties"]) for row in orders}
    assert {f"order:{order_id}" for order_id in expected.index} == set(details)
    for row in orders:
        order = details[row["event_id"]]
        wanted = baskets[order["order_id"]]
        assert (row["user_id"], row["occurred_at"]) == (wanted["user_id"], wanted["at"].to_pydatetime())
        assert (len(order["products"]), round(order["total"], 2)) == (wanted["lines"], wanted["total"])
        assert sum(line["quantity"] for line in order["products"]) == wanted["pieces"]


def test_redemptions_are_joined_to_their_mailing_and_to_purchases(journey: Warehouse, panel: pd.DataFrame) -> None:
    """Message to redemption by the message's id, redemption to purchase by household and day, as pandas joins them."""
    sent = panel[panel["event_type"] == "message_sent"][["user_id", "campaign_id", "event_time"]]
    redeemed = panel[panel["event_type"] == "coupon_redeemed"][["event_id", "user_id", "campaign_id", "event_time"]]
    pairs = redeemed.merge(sent, on=["user_id", "campaign_id"], how="left", suffixes=("", "_sent"))
    after = pairs[pairs["event_time_sent"] <= pairs["event_time"]]
    bought = panel[panel["event_type"] == "purchase"].assign(day=lambda rows: rows["event_time"].dt.date)
    days = set(zip(bought["user_id"], bought["day"], strict=True))
    on_day = [pair in days for pair in zip(after["user_id"], after["event_time"].dt.date, strict=True)]
    query = """
        with events as (
            select *, properties ->> '$.message_id' as message_id, cast(occurred_at as date) as day from raw.events
        ),
        redeemed as (select * from events where event_name = 'Offer Redeemed'),
        sent as (select * from events where event_name = 'Letter Sent'),
        joined as (
            select redeemed.* from redeemed
            join sent on redeemed.message_id = sent.message_id and sent.occurred_at <= redeemed.occurred_at
        )
        select count(*) as redemptions, count(distinct message_id) as messages,
            count(case when exists (
                select 1 from events as orders where orders.event_name = 'Order Completed'
                    and orders.user_id = joined.user_id and orders.day = joined.day
            ) then 1 end) as bought
        from joined
    """
    row = journey.rows(query)[0]
    assert row == {
        "redemptions": len(after),
        "messages": len(after.drop_duplicates(["user_id", "campaign_id"])),
        "bought": sum(on_day),
    }
    assert row["redemptions"] > 2_000
    assert row["bought"] > 500


def test_households_keep_what_is_known_of_them(journey: Warehouse) -> None:
    """Every other column becomes an attribute, blanks left out."""
    source = pd.read_parquet(str(found(HOUSEHOLDS))).set_index("household_id")
    for row in journey.rows("select id, attributes from raw.customers"):
        assert json.loads(row["attributes"]) == source.loc[row["id"]].dropna().to_dict()


def test_loading_the_same_again_adds_nothing(cdnow: Warehouse, journey: Warehouse) -> None:
    """Each row is a duplicate the second time."""
    assert loaded(cdnow, CDNOW, "cdnow").rows_loaded == 0
    for source, mapping in (
        (JOURNEY, "complete_journey_orders"),
        (JOURNEY, "complete_journey_offers"),
        (HOUSEHOLDS, "complete_journey_households"),
    ):
        report = loaded(journey, source, mapping)
        assert (report.rows_loaded, report.rows_quarantined) == (0, 0)
