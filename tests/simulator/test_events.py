"""The events: what kinds there are, that they fit together, and what is wrong with some of them."""

import json
from datetime import timedelta

import pandas as pd
import pytest

from activation.simulator.catalogue import PRODUCTS
from activation.simulator.documents import event_ids
from activation.simulator.vocabulary import NAMES

# The sectors and the messages bring the others.
OWN = [*NAMES[:16], "Quote Requested", "Quote Declined", "Page Viewed", "Application Opened"]
PRODUCT_IDS = {product.product_id for product in PRODUCTS}


@pytest.mark.parametrize("name", OWN)
def test_every_kind_of_event_happens(sample, name):
    """No promised kind of event is missing."""
    assert len(sample.named(name)) > 0


def test_a_live_day_has_the_promised_volumes(sample):
    """Per thousand customers and day: sign-ups, abandoned carts and orders, half of what two thousand have."""
    for report in sample.reports[1:]:
        assert 6 <= report.counts["confirmed_sign_ups"] <= 22
        assert 13 <= report.counts["abandoned_carts"] <= 45
        assert 15 <= report.counts["orders"] <= 55
    assert sample.reports[-1].counts["known_customers"] == pytest.approx(1000, rel=0.15)


def test_nothing_is_later_than_the_file_that_holds_it(sample):
    """No row occurred or was received after the end of its step."""
    ends = pd.to_datetime(sample.events["file"], format="%Y-%m-%dT%H-%M-%S")
    assert (sample.events["received_at"] <= ends).all()
    assert (sample.events["occurred_at"].isna() | (sample.events["occurred_at"] <= ends)).all()


def test_late_events_come_in_a_later_file(sample):
    """Some events arrive minutes to days late, and so a step later than they happened."""
    delay = sample.clean["received_at"] - sample.clean["occurred_at"]
    late = delay > timedelta(minutes=4)
    assert 0.02 < late.mean() < 0.06
    assert delay.max() > timedelta(days=2)
    history = sample.reports[0].end
    assert ((sample.clean["occurred_at"] < history) & (sample.clean["received_at"] > history)).any()


def test_repeats_are_identical_but_for_their_arrival(sample):
    """About one event in fifty comes twice, some of them in a later file."""
    repeats = sample.events[sample.events.duplicated("event_id", keep=False)]
    share = sample.events.duplicated("event_id").mean()
    assert 0.01 < share < 0.03
    same = repeats.drop(columns=["received_at", "file"]).groupby("event_id").nunique(dropna=False)
    assert (same == 1).all(axis=None)
    assert (repeats.groupby("event_id")["file"].nunique() > 1).any()


def test_some_rows_are_broken_in_every_way(sample):
    """Rows without ids, without a time, without a name, with a broken text: few, and all of them extra."""
    events = sample.events.drop_duplicates("event_id")
    broken = events[~events["event_id"].isin(sample.clean["event_id"])]
    assert 0.0005 < len(broken) / len(events) < 0.005
    assert broken["occurred_at"].isna().any()
    assert (broken["event_name"] == "").any()
    assert (broken["user_id"].isna() & broken["anonymous_id"].isna()).any()
    assert broken["properties"].str.endswith("p-0").any()


def test_json_is_canonical(sample):
    """Every text is what Python's json would write, sorted and compact: numbers and letters too."""
    texts = pd.concat([sample.events["properties"], sample.events["context"]]).drop_duplicates()
    texts = texts[~texts.str.endswith("p-0")]
    assert len(texts) > 1000
    for text in texts:
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_products_exist(sample):
    """Whatever was seen, carted or bought is in the catalogue."""
    for name in ("Product Viewed", "Product Added", "Product Removed"):
        assert {row["product_id"] for row in sample.named(name)["properties"]} <= PRODUCT_IDS
    for name in ("Checkout Started", "Order Completed"):
        for properties in sample.named(name)["properties"]:
            ids = [line["product_id"] for line in properties["products"]]
            assert ids
            assert len(ids) == len(set(ids))
            assert set(ids) <= PRODUCT_IDS


def test_totals_add_up(sample):
    """An order's total is the sum of its lines less the discount, a checkout's value and a quote's the sum."""
    for name, field in (("Checkout Started", "value"), ("Order Completed", "total"), ("Quote Requested", "value")):
        for properties in sample.named(name)["properties"]:
            lines = sum(line["price"] * line["quantity"] for line in properties["products"])
            assert properties[field] == pytest.approx(lines - properties.get("discount", 0))


def test_coupons_belong_to_orders(sample):
    """Whatever coupon was applied stands in an order of the same cart or number, with what it took off."""
    orders = sample.named("Order Completed")["properties"].tolist()
    known = {(row.get("cart_id"), row.get("coupon"), row.get("discount")) for row in orders}
    known |= {(row["order_id"], row.get("coupon"), row.get("discount")) for row in orders}
    applied = sample.named("Coupon Applied")["properties"].tolist()
    assert len(applied) > 20
    for row in applied:
        assert (row.get("cart_id", row.get("order_id")), row["coupon_id"], row["discount"]) in known


def test_wish_lists_hold_together(sample):
    """Nothing is taken off a wish list that was not put on it."""
    wishes = sample.clean[sample.clean["event_name"].str.startswith("Wishlist")].sort_values("occurred_at")
    held: set[tuple[str, str]] = set()
    removed = 0
    for name, properties in zip(wishes["event_name"], wishes["properties"], strict=True):
        wish = (properties["wishlist_id"], properties["product_id"])
        if name == "Wishlist Product Added":
            held.add(wish)
        else:
            removed += 1
            assert wish in held
            held.discard(wish)
    assert removed > 3


def test_quotes_are_declined_after_they_were_asked_for(sample):
    """Every declined quote is one that was asked for, by the same person, days before."""
    asked = {row["quote_id"]: at for row, at in sample.named("Quote Requested")[["properties", "occurred_at"]].values}
    declined = sample.named("Quote Declined")
    assert len(declined) > 0
    for properties, at in declined[["properties", "occurred_at"]].values:
        assert at - asked[properties["quote_id"]] > timedelta(days=1)


def test_visits_in_the_app_begin_with_its_opening(sample):
    """Devices of the app say so of themselves, and each of them opened it."""
    library = sample.clean["context"].map(lambda text: json.loads(text)["library"]["name"])
    in_app = sample.clean[library.isin(["ios", "android"]) & sample.clean["anonymous_id"].notna()]
    opened = sample.named("Application Opened")
    assert set(in_app.loc[in_app["event_name"] == "Product Viewed", "anonymous_id"]) <= set(opened["anonymous_id"])
    assert {row["platform"] for row in opened["properties"]} == {"ios", "android"}


def test_people_have_several_devices_and_share_some(sample):
    """Some customers are seen on three devices, and some devices by two customers who sign in and out."""
    seen = sample.clean[sample.clean["user_id"].str.startswith("cust-", na=False)].dropna(subset="anonymous_id")
    assert (seen.groupby("user_id")["anonymous_id"].nunique() >= 3).any()
    assert (seen.groupby("anonymous_id")["user_id"].nunique() >= 2).any()
    assert len(sample.named("Signed Out")) > 5


def test_who_signs_out_must_sign_in_again(sample):
    """A device does not name a customer who signed out of it before that customer's next sign-in on it."""
    names = ("Signed Out", "Signed In", "Signed Up", "Product Viewed")
    seen = sample.clean[sample.clean["event_name"].isin(names)].sort_values("occurred_at")
    out, again = set(), 0
    for name, device, user in zip(seen["event_name"], seen["anonymous_id"], seen["user_id"], strict=True):
        if name == "Signed Out":
            out.add((device, user))
        elif name in ("Signed In", "Signed Up"):
            again += (device, user) in out
            out.discard((device, user))
        else:
            assert (device, user) not in out
    assert again > 0


def test_some_say_null_where_they_know_nobody(sample):
    """A few anonymous events claim a user called "null" or "guest", on many devices."""
    nobody = sample.clean[sample.clean["user_id"].isin(["null", "guest"])]
    assert 0.0002 < len(nobody) / len(sample.clean) < 0.005
    assert nobody["anonymous_id"].nunique() > 10


def test_staples_are_bought_again_after_their_own_time(sample):
    """There are customers who buy one product several times, at about equal intervals."""
    rows = [
        (user, line["product_id"], at)
        for user, at, properties in sample.named("Order Completed")[["user_id", "occurred_at", "properties"]].values
        for line in properties["products"]
    ]
    bought = pd.DataFrame(rows, columns=["user", "product", "at"]).sort_values("at")
    gaps = bought.groupby(["user", "product"])["at"].apply(lambda times: times.diff().dropna().dt.days.tolist())
    regular = [gap for gap in gaps if len(gap) >= 2 and max(gap) - min(gap) <= 4 and min(gap) >= 13]
    assert len(regular) >= 3


def orders_of(rows):
    return rows["properties"].map(lambda properties: properties["order_id"])


def test_refunds_and_cancellations_follow_their_orders(sample):
    """Each names an order of the same customer that came before, at most once, and no more than its total."""
    orders = sample.named("Order Completed")
    total = dict(zip(orders_of(orders), [row["total"] for row in orders["properties"]], strict=True))
    buyer = dict(zip(orders_of(orders), orders["user_id"], strict=True))
    at = dict(zip(orders_of(orders), orders["occurred_at"], strict=True))
    refunds = sample.named("Order Refunded")
    after = pd.concat([refunds, sample.named("Order Cancelled")])
    # An order can arrive later than its refund; those are few.
    known = after[orders_of(after).isin(total)]
    assert len(known) > 0.9 * len(after)
    assert orders_of(after).is_unique
    for order, user, occurred_at in zip(orders_of(known), known["user_id"], known["occurred_at"], strict=True):
        assert user == buyer[order]
        # A wrong clock may be two minutes ahead.
        assert occurred_at > at[order] - timedelta(minutes=2)
    shares = [row["total"] / total[row["order_id"]] for row in refunds["properties"] if row["order_id"] in total]
    assert max(shares) == 1
    assert 0 < min(shares) < 1


def test_carts_hold_what_is_removed_and_bought(sample):
    """Nothing leaves a cart, and nothing is bought from it, that was not put in."""
    added: dict[str, set[str]] = {}
    for row in sample.named("Product Added")["properties"]:
        added.setdefault(row.get("cart_id"), set()).add(row["product_id"])
    removed = [row for row in sample.named("Product Removed")["properties"] if "cart_id" in row]
    bought = [row for row in sample.named("Order Completed")["properties"] if "cart_id" in row]
    assert removed
    assert bought
    missing = [row for row in removed if row["product_id"] not in added.get(row["cart_id"], set())]
    missing += [
        row
        for row in bought
        if not {line["product_id"] for line in row["products"]} <= added.get(row["cart_id"], set())
    ]
    # What was added may still be on its way.
    assert len(missing) < 0.05 * (len(removed) + len(bought))


def test_some_carts_have_no_id(sample):
    """Some people's devices send no cart id, and a few orders name no checkout."""
    for name, field in (("Product Added", "cart_id"), ("Order Completed", "checkout_id")):
        share = sum(field not in row for row in sample.named(name)["properties"]) / len(sample.named(name))
        assert 0.01 < share < 0.25


def test_visitors_are_identified_by_signing_up_or_in(sample):
    """Both events carry both ids; devices are anonymous before, and some stay so."""
    for name in ("Signed Up", "Signed In"):
        assert sample.named(name)[["user_id", "anonymous_id"]].notna().all(axis=None)
    with_device = sample.clean[sample.clean["anonymous_id"].notna()]
    known = with_device.groupby("anonymous_id")["user_id"].agg(["count", "size"])
    assert (known["count"] == 0).any()
    assert ((known["count"] > 0) & (known["count"] < known["size"])).any()
    assert (with_device.groupby("user_id")["anonymous_id"].nunique() > 1).any()
    assert sample.named("Order Completed")["user_id"].notna().all()


def test_nobody_signs_up_twice(sample):
    """A customer's sign-up is one event, and the customer's record says the same instant."""
    signed_up = sample.named("Signed Up")
    assert signed_up["user_id"].is_unique
    assert signed_up["user_id"].isin(sample.changes("customers")["id"]).all()


def test_event_ids_are_unique_and_unordered():
    """A million numbers give a million ids of one length, which do not sort by number."""
    ids = pd.Series(event_ids(1, 1_000_000).to_pylist())
    assert ids.is_unique
    assert set(ids.str.len()) == {16}
    assert not ids.is_monotonic_increasing
    assert event_ids(77, 2).to_pylist() == ids[76:78].to_list()
