"""The scenarios: nothing goes wrong, things go wrong, a sale, an outage."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from activation.cli import simulated
from activation.errors import InputError
from activation.simulator.scenario import DEFAULT, SCENARIOS
from activation.simulator.shop import Shop

END = datetime(2026, 3, 2, 6)
DAY = timedelta(days=1)


def make(folder, scenario, days=10, customers=800):
    shop = Shop(folder)
    shop.create(end=END, customers=customers, days=days, seed=9, scenario=scenario)
    return shop


def rows_of(report, table):
    files = [pd.read_parquet(path) for path in report.files if path.parent.name == table]
    return pd.concat(files) if files else pd.DataFrame(columns=["id", "changed_at"])


def test_in_a_clean_world_nothing_goes_wrong(tmp_path):
    """No repeats, no late arrivals, no wrong clocks, nobody called null, and every row whole."""
    report = make(tmp_path, "clean").advance(to=END + DAY)
    events = rows_of(report, "events")
    assert len(events) > 500
    assert events["event_id"].is_unique
    assert not events["user_id"].isin(["null", "guest"]).any()
    assert (events["event_name"] != "").all()
    delay = events["received_at"] - events["occurred_at"]
    assert delay.between(timedelta(0), timedelta(seconds=5)).all()
    for table in ("customers", "consents", "products"):
        assert not rows_of(report, table).duplicated().any()


def test_messy_is_what_there_is_without_asking(tmp_path):
    """The scenario that is not named is `messy`: repeats, broken rows, late arrivals."""
    named, unnamed = make(tmp_path / "one", "messy"), Shop(tmp_path / "two")
    unnamed.create(end=END, customers=800, days=10, seed=9)
    assert named.state_path.read_bytes() == unnamed.state_path.read_bytes()
    events = rows_of(named.advance(to=END + DAY), "events")
    assert events["event_id"].duplicated().any()
    assert (events["received_at"] - events["occurred_at"] > timedelta(minutes=5)).any()


def test_a_sale_cuts_prices_and_brings_crowds(tmp_path):
    """From the third day on for five days; before and after prices are as usual."""
    shop, usual = make(tmp_path / "sale", "sale"), make(tmp_path / "usual", "messy")
    reports, others = ([each.advance(to=END + day * DAY) for day in range(1, 10)] for each in (shop, usual))
    visits, orders = ([report.counts[name] for report in reports] for name in ("visits", "orders"))
    other_visits, other_orders = ([report.counts[name] for report in others] for name in ("visits", "orders"))
    assert sum(visits[2:7]) > 1.5 * sum(other_visits[2:7])
    assert sum(orders[2:7]) > 1.5 * sum(other_orders[2:7])
    assert visits[:2] == other_visits[:2]
    opening, closing = rows_of(reports[1], "products"), rows_of(reports[6], "products")
    prices = [
        rows.drop_duplicates("id")["attributes"].str.extract(r'"price":([\d.]+)')[0] for rows in (opening, closing)
    ]
    assert len(prices[0]) >= 40
    assert prices[0].astype(float).mean() < 0.85 * prices[1].astype(float).mean()


def test_an_outage_holds_events_back(tmp_path):
    """What happens while the collector is away comes in a burst when it is back, in the next step's file."""
    shop = make(tmp_path, "outage")
    reports = [shop.advance(to=END + day * DAY) for day in (1, 2, 3)]
    away, back = END + timedelta(hours=38), END + timedelta(hours=51)
    before, after = rows_of(reports[1], "events"), rows_of(reports[2], "events")
    assert not before["received_at"].between(away, END + 2 * DAY).any()
    missed = after[after["occurred_at"].between(away, END + 2 * DAY)]
    assert len(missed) > 50
    assert missed["received_at"].between(back, back + timedelta(minutes=10)).mean() > 0.9


def test_an_outage_leaves_one_day_of_products_untold(tmp_path):
    """The day after, what changed meanwhile is told as it stands then."""
    shop, usual = make(tmp_path / "outage", "outage"), make(tmp_path / "usual", "clean")
    for day in (1, 2):
        for each in (shop, usual):
            each.advance(to=END + day * DAY)
    silent, told = shop.advance(to=END + 3 * DAY), usual.advance(to=END + 3 * DAY)
    assert len(rows_of(told, "products")) > 0
    assert len(rows_of(silent, "products")) == 0
    later = rows_of(shop.advance(to=END + 4 * DAY), "products")
    assert set(rows_of(told, "products")["id"]) <= set(later["id"])


def test_the_command_line_knows_the_scenarios():
    """Those that may be chosen are those that there are, and so is the default."""
    assert set(simulated.SCENARIOS) == set(SCENARIOS)
    assert simulated.DEFAULT == DEFAULT


def test_there_is_no_other_scenario(tmp_path):
    """An unknown name is refused, and nothing is written."""
    with pytest.raises(InputError, match="no scenario 'storm'"):
        Shop(tmp_path).create(end=END, scenario="storm")
    assert not list(tmp_path.iterdir())
