"""What the sectors write in a whole shop: every thing's rows and events tell a life that can be true."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from activation.simulator.business_sectors import SECTORS
from activation.simulator.loyalty import FEWEST_TO_SPEND
from activation.simulator.memberships import ATTEMPTS

DOCUMENTED = (Path(__file__).parents[2] / "docs/events.md").read_text(encoding="utf-8")
EVENTS = (
    "Order Shipped", "Order Delivered", "Product Reviewed", "Document Downloaded", "Trial Started", "Feature Used",
    "Opportunity Opened",
)  # fmt: skip
CLOCK = pd.Timedelta(minutes=2)  # the most by which a device's clock is wrong


def lives(sample, table):
    """The rows of one table as they were written: without repeats, thing by thing in the order of time."""
    rows = sample.changes(table).drop_duplicates(["id", "changed_at"])
    rows = rows.sort_values(["id", "changed_at"], kind="stable").reset_index(drop=True)
    for column in ("started_at", "ends_at", "starts_at", "issued_at", "due_at", "opened_at", "closed_at", "expires_at"):
        if column in rows:
            rows[column] = pd.to_datetime(rows[column]).dt.tz_localize(None)
    return rows


def named(sample, *names):
    """Events with their properties as columns."""
    rows = sample.clean[sample.clean["event_name"].isin(names)].reset_index(drop=True)
    return pd.concat([rows, pd.json_normalize(rows["properties"].tolist())], axis=1)


def paths(rows):
    return rows.groupby("id")["status"].agg(tuple)


def documented(heading):
    """What a table of the vocabulary says: per name the words in code letters of its row."""
    found = {}
    section = DOCUMENTED.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| (?!---|event |table )(.+) \|$", section, re.MULTILINE):
        names, _, columns = line.partition(" | ")
        # What stands in parentheses explains a column, or lists its values.
        words = set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", columns)))
        found.update({name.strip(" `"): words for name in names.split(",")})
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_events_have_the_documented_properties(sample, name):
    """Exactly the properties of the vocabulary."""
    rows = sample.named(name)
    assert len(rows)
    assert {frozenset(row) for row in rows["properties"]} == {frozenset(documented("Events")[name])}


TABLES = ("accounts", "subscriptions", "invoices", "bookings", "incidents", "loyalty_points", "service_contacts")


@pytest.mark.parametrize("table", TABLES)
def test_rows_have_the_documented_attributes(sample, table):
    """Together they have all attributes of the vocabulary, and no other one."""
    texts = sample.changes(table)
    attributes = {column for column in texts.columns if texts[column].notna().any()}
    assert attributes - {"id", "changed_at", "is_deleted", "file"} == documented("Rows of change")[table]


def test_parcels_follow_orders(sample):
    """Sent after the order, delivered after that, once each; never for a cancelled order."""
    columns = ["order_id", "occurred_at"]
    ordered = named(sample, "Order Completed")[columns].set_index("order_id")["occurred_at"]
    shipped = named(sample, "Order Shipped").set_index("order_id")["occurred_at"]
    delivered = named(sample, "Order Delivered").set_index("order_id")["occurred_at"]
    assert shipped.index.is_unique
    assert delivered.index.is_unique
    cancelled = set(named(sample, "Order Cancelled")["order_id"])
    assert cancelled
    assert not cancelled & set(shipped.index)
    both = pd.concat([ordered, shipped, delivered], axis=1, keys=["ordered", "shipped", "delivered"])
    sent = both.dropna(subset=["ordered", "shipped"])
    assert (sent["shipped"] > sent["ordered"] - CLOCK).all()
    come = both.dropna()
    days = (come["delivered"] - come["shipped"]) / pd.Timedelta(days=1)
    assert (days > 0).all()
    assert 0.85 < (days < 8).mean() < 1


def test_reviews_are_of_what_was_delivered(sample):
    """A product of the order, at least a day after it came, with one star to five."""
    reviews = named(sample, "Product Reviewed")
    delivered = named(sample, "Order Delivered").set_index("order_id")["occurred_at"]
    products = {
        row["order_id"]: {line["product_id"] for line in row["products"]}
        for row in sample.named("Order Completed")["properties"]
    }
    assert set(reviews["rating"]) == {1, 2, 3, 4, 5}
    known = reviews[reviews["order_id"].isin(products) & reviews["order_id"].isin(delivered.index)]
    assert len(known) > 0.9 * len(reviews) > 50
    for order, product, at in zip(known["order_id"], known["product_id"], known["occurred_at"], strict=True):
        assert product in products[order]
        assert at > delivered[order] + pd.Timedelta(days=1) - CLOCK


def test_a_balance_is_the_sum_of_its_changes(sample):
    """Every row's balance is what came and went up to then, and never below nothing."""
    rows = lives(sample, "loyalty_points")
    assert (rows["balance"] == rows.groupby("id")["change"].cumsum()).all()
    assert (rows["balance"] >= 0).all()
    assert set(rows["reason"]) == {"gift", "order", "redeemed", "refund", "expired"}
    gains = rows["reason"].isin(["gift", "order"])
    assert (rows[gains]["change"] > 0).all()
    assert (rows[~gains]["change"] < 0).all()
    assert rows.groupby("id")["customer_id"].nunique().max() == 1


def test_points_expire_when_they_were_said_to(sample):
    """The oldest points expire within a year or so, all at once, at the instant that the row before named."""
    rows = lives(sample, "loyalty_points")
    has_points = rows["balance"] > 0
    assert (rows["expires_at"].notna() == has_points).all()
    assert (rows["expiring"].fillna(0) <= rows["balance"]).all()
    ahead = rows[has_points]["expires_at"] - rows[has_points]["changed_at"]
    assert ahead.between(pd.Timedelta(0), pd.Timedelta(days=393)).all()
    before = rows.groupby("id")[["expires_at", "expiring"]].shift()
    expired = rows["reason"] == "expired"
    assert expired.sum() >= 3
    assert (before[expired]["expiring"] == -rows[expired]["change"]).all()
    assert (before[expired]["expires_at"] - rows[expired]["changed_at"]).abs().max() < pd.Timedelta(seconds=5)


def test_points_are_earned_by_what_arrives_and_spent_with_an_order(sample):
    """Rows of orders come at the delivery, whole hundreds are spent, and a refund takes back at most what came."""
    rows = lives(sample, "loyalty_points")
    delivered = named(sample, "Order Delivered").set_index("order_id")["occurred_at"]
    earned = rows[(rows["reason"] == "order") & rows["order_id"].isin(delivered.index)]
    assert len(earned) > 100
    gap = earned["changed_at"] - earned["order_id"].map(delivered)
    assert gap.between(pd.Timedelta(0), pd.Timedelta(seconds=5)).all()
    spent = rows[rows["reason"] == "redeemed"]
    assert (spent["change"] % 100 == 0).all()
    assert (spent["balance"] - spent["change"] >= FEWEST_TO_SPEND).all()
    gained = rows[(rows["reason"] == "order") & rows["order_id"].notna()].set_index("order_id")["change"]
    refunds = rows[(rows["reason"] == "refund") & rows["order_id"].isin(gained.index)]
    assert len(refunds)
    assert (-refunds["change"] <= refunds["order_id"].map(gained)).all()


def test_subscriptions_go_from_trial_to_end(sample):
    """What was cancelled does not come back, what ended is over; only the running ones renew."""
    rows = lives(sample, "subscriptions")
    followed = {
        "trialing": {"trialing", "active", "cancelled", "ended"},
        "active": {"active", "past_due", "cancelled", "ended"},
        "past_due": {"active", "ended"},
        "cancelled": {"ended"},
        "ended": set(),
    }
    for path in paths(rows):
        assert path[0] in {"trialing", "active"}
        assert all(later in followed[earlier] for earlier, later in pairwise(path))
    assert set(rows["status"]) == set(followed)
    assert not rows[rows["status"].isin(["cancelled", "ended"])]["is_renewing"].any()
    assert (rows.groupby("id")["started_at"].nunique() == 1).all()
    assert (rows.groupby("id")["is_renewing"].nunique() > 1).any()
    running = rows[rows["status"] != "ended"]
    assert (running.groupby("id")["ends_at"].diff().dropna() >= pd.Timedelta(0)).all()
    assert (running["ends_at"] >= running["changed_at"]).all()
    ended = rows[rows["status"] == "ended"]
    assert (ended["ends_at"] <= ended["changed_at"]).all()


def test_invoices_are_paid_or_void_at_the_end(sample):
    """Open first, then failures that count up, then paid or void and nothing after; never more than three failures."""
    rows = lives(sample, "invoices")
    for path in paths(rows):
        assert path[0] == "open"
        assert not {"open"} & set(path[1:])
        assert not {"paid", "void"} & set(path[:-1])
    failed = rows[rows["status"] == "failed"]
    assert (failed["failure_count"] == failed.groupby("id").cumcount() + 1).all()
    assert failed["failure_count"].max() == ATTEMPTS
    first = failed.groupby("id")["changed_at"].transform("min")
    days = ((failed["changed_at"] - first) / pd.Timedelta(days=1)).round(6)
    assert set(zip(failed["failure_count"], days, strict=True)) == {(1, 0), (2, 3), (3, 7)}
    assert (rows["issued_at"] <= rows["changed_at"]).all()


def test_a_failed_payment_shows_in_its_subscription(sample):
    """The first failure makes it past due; a void invoice goes with its end."""
    invoices, subscriptions = lives(sample, "invoices"), lives(sample, "subscriptions")
    known = set(zip(subscriptions["id"], subscriptions["changed_at"], subscriptions["status"], strict=True))
    failed = invoices[(invoices["status"] == "failed") & (invoices["failure_count"] == 1)]
    void = invoices[(invoices["status"] == "void") & (invoices["failure_count"] == ATTEMPTS)]
    assert len(failed) > 5
    assert len(void)
    for rows, status in ((failed, "past_due"), (void, "ended")):
        wanted = {(sub, at, status) for sub, at in zip(rows["subscription_id"], rows["changed_at"], strict=True)}
        assert wanted <= known


def test_bookings_are_confirmed_then_cancelled_or_done(sample):
    """The first row confirms a time to come; nothing follows the end; what is done is done when it ends."""
    rows = lives(sample, "bookings")
    for path in paths(rows):
        assert path[0] == "confirmed"
        assert not {"cancelled", "done"} & set(path[:-1])
    assert set(rows["status"]) == {"confirmed", "cancelled", "done"}
    assert (rows["due_at"] < rows["ends_at"]).all()
    assert (rows[rows["status"] == "confirmed"]["due_at"] > rows[rows["status"] == "confirmed"]["changed_at"]).all()
    done = rows[rows["status"] == "done"]
    assert (done["changed_at"] == done["ends_at"]).all()
    assert (rows.groupby("id")["service_id"].nunique() > 1).any()


def test_a_service_has_one_time_and_place(sample):
    """Whoever books the same service books the same kind, place and time, unless an incident delayed it."""
    rows, incidents = lives(sample, "bookings"), lives(sample, "incidents")
    delayed = set(incidents[incidents["kind"] == "delay"]["service_id"])
    rest = rows[~rows["service_id"].isin(delayed)].groupby("service_id")
    assert (rest[["kind", "place", "due_at", "ends_at"]].nunique() == 1).all(axis=None)


def test_incidents_meet_active_bookings(sample):
    """When an incident opens, somebody has booked its service; nobody attends what was cancelled."""
    rows, incidents = lives(sample, "bookings"), lives(sample, "incidents")
    opened = incidents[incidents["status"] == "open"].groupby("id").first()
    assert len(opened) > 5
    for service, at in zip(opened["service_id"], opened["changed_at"], strict=True):
        latest = rows[rows["changed_at"] < at].groupby("id").last()
        met = latest[(latest["service_id"] == service) & (latest["status"] == "confirmed")]
        assert len(met)
    for path in paths(incidents):
        assert path[0] == "open"
        assert "resolved" not in path[:-1]
    cancelled = incidents[incidents["kind"] == "cancellation"]["service_id"]
    assert not set(cancelled) & set(rows[rows["status"] == "done"]["service_id"])
    revisions = incidents[incidents["status"] == "open"]
    assert (revisions["revision"] == revisions.groupby("id").cumcount() + 1).all()
    assert incidents["revision"].max() > 1


def test_service_contacts_open_and_close_in_turn(sample):
    """Open, closed, and some open and closed once more; the closing time stands in the closed rows alone."""
    rows = lives(sample, "service_contacts")
    assert set(paths(rows)) <= {("open",), ("open", "closed"), ("open", "closed", "open"), ("open", "closed") * 2}
    assert ("open", "closed") * 2 in set(paths(rows))
    assert (rows["closed_at"].notna() == (rows["status"] == "closed")).all()
    closed = rows.dropna(subset=["closed_at"])
    assert (closed["closed_at"] == closed["changed_at"]).all()
    assert (rows["opened_at"] <= rows["changed_at"]).all()
    about = rows["topic"].isin(["delivery", "return"])
    assert (rows["order_id"].notna() == about).all()
    ordered = named(sample, "Order Completed").set_index("order_id")["occurred_at"]
    known = rows[about & rows["order_id"].isin(ordered.index)]
    assert len(known)
    assert (known["opened_at"] > known["order_id"].map(ordered)).all()


def test_businesses_are_known_by_their_contacts(sample):
    """Every account that an event or a customer names has been written, no later than that."""
    rows = lives(sample, "accounts")
    first = rows.groupby("id")["changed_at"].min()
    signals = named(sample, "Trial Started", "Feature Used", "Opportunity Opened")
    assert len(signals)
    assert (signals["occurred_at"] > signals["account_id"].map(first) - CLOCK).all()
    customers = sample.changes("customers").dropna(subset=["account_id"])
    assert set(customers["account_id"]) == set(first.index)
    assert (rows["employee_count"] > 0).all()
    assert rows["domain"].str.endswith(".example").all()
    assert (rows.groupby("id")["employee_count"].diff().dropna() >= 0).all()


def test_bots_are_nobody(sample):
    """Their devices name no customer, have addresses for documentation, and look at hundreds of products a night."""
    events = sample.clean.assign(agent=sample.clean["context"].map(lambda text: json.loads(text).get("user_agent")))
    bots = events[events["anonymous_id"].fillna("").str.startswith("anon-99")]
    assert not bots["user_id"].fillna("guest").str.startswith("cust-").any()
    assert bots["agent"].notna().all()
    addresses = bots["context"].map(lambda text: json.loads(text)["ip"])
    assert addresses.str.match(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$").all()
    views = bots[bots["event_name"] == "Product Viewed"]
    nights = views.groupby(["anonymous_id", views["occurred_at"].dt.date]).size()
    assert len(nights) > 5
    assert nights.median() > 100
    assert views["agent"].nunique() == 2
    assert len(bots) < 0.2 * len(events)


def test_every_sector_has_a_name_of_its_own():
    """What a sector remembers is kept under its name."""
    names = [sector.name for sector in SECTORS]
    assert len(names) == len(set(names)) >= 7
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
