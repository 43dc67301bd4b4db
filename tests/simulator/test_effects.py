"""Messages work as `EFFECTS` says: on orders while the window lasts, and on consent."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from activation.model import Purpose
from activation.simulator.effects import EFFECTS, DeliveredMessage, Effect, annoyed, worn
from activation.simulator.shop import Shop
from activation.simulator.vocabulary import NAMES

END = datetime(2026, 3, 2, 6)
STRONG = {"push": Effect(lift=3.0, window=timedelta(days=4), unsubscribe=0.0)}
HATED = {"push": Effect(lift=0.0, window=timedelta(days=4), unsubscribe=1.0)}


def customers_of(shop):
    rows = pd.concat([pd.read_parquet(path) for path in shop.landing_path.glob("history/customers/*.parquet")])
    return sorted(rows["id"].unique())


def messages(customers, purpose=Purpose.MARKETING, trigger="push", key="key"):
    return [DeliveredMessage(f"{key}-{who}", who, trigger, purpose, "email", END) for who in sorted(customers)]


def happened(report):
    """What people truly did, but for what they did with messages: name, customer, time, on which product or order."""
    events = pd.concat([pd.read_parquet(path) for path in report.files if path.parent.name == "events"])
    events = events[events["event_name"].isin(NAMES[:9])]
    properties = events["properties"].map(json.loads)
    what = properties.map(lambda row: (row.get("product_id"), row.get("total")))
    return set(zip(events["event_name"], events["user_id"].fillna(""), events["occurred_at"], what, strict=True))


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A shop's past, on which effects have no bearing: made once."""
    home = tmp_path_factory.mktemp("past")
    Shop(home).create(end=END, customers=1500, days=20, seed=5, scenario="clean")
    return home


@pytest.fixture
def make(past, tmp_path):
    """Makes shops that have this past, each below a folder of its own."""

    def shop(folder, effects):
        return Shop(shutil.copytree(past, tmp_path / folder), effects)

    return shop


def buyers_of(report):
    events = pd.concat([pd.read_parquet(path) for path in report.files if path.parent.name == "events"])
    return set(events.loc[events["event_name"] == "Order Completed", "user_id"])


def test_a_strong_effect_shows_in_those_who_got_the_message(make):
    """Four times the chance in every visit: far more buyers among the treated half, none the fewer in the other."""
    shop = make("shop", STRONG)
    customers = customers_of(shop)
    treated, held_out = set(customers[::2]), set(customers[1::2])
    buyers = buyers_of(shop.advance(to=END + timedelta(days=4), delivered=messages(treated)))
    assert len(buyers & treated) > 2 * len(buyers & held_out) > 0


def test_the_effect_ends_with_its_window(make):
    """After the window both halves buy alike."""
    shop = make("shop", STRONG)
    customers = customers_of(shop)
    shop.advance(to=END + timedelta(days=5), delivered=messages(customers[::2]))
    buyers = buyers_of(shop.advance(to=END + timedelta(days=12)))
    treated, held_out = (len(buyers & set(half)) for half in (customers[::2], customers[1::2]))
    assert treated == pytest.approx(held_out, rel=0.3)


@pytest.mark.parametrize(("purpose", "trigger"), [(Purpose.SERVICE, "other"), (Purpose.TRANSACTIONAL, "push")])
def test_other_purposes_change_nothing(make, purpose, trigger):
    """But for what is done with the messages themselves the step is the same as without them."""
    with_messages, without = make("one", STRONG), make("two", STRONG)
    sent = messages(customers_of(with_messages), purpose, trigger)
    one = with_messages.advance(to=END + timedelta(days=1), delivered=sent)
    two = without.advance(to=END + timedelta(days=1))
    assert happened(one) == happened(two) != set()
    assert with_messages.truth()["realised"][trigger]["caused_orders"] == 0


def test_only_those_who_got_messages_do_otherwise(make, tmp_path):
    """In a world without the messages all others do the same, to the millisecond; the difference is what was caused."""
    shops = [make(name, STRONG) for name in ("with", "without")]
    treated = set(customers_of(shops[0])[::3])
    one = happened(shops[0].advance(to=END + timedelta(days=1), delivered=messages(treated)))
    two = happened(shops[1].advance(to=END + timedelta(days=1)))
    assert one != two
    others = [{row for row in rows if row[1] and row[1] not in treated} for rows in (one, two)]
    assert others[0] == others[1]
    assert len(others[0]) > 500
    bought = [{row[1] for row in rows if row[0] == "Order Completed"} for rows in (one, two)]
    caused = pd.concat([pd.read_parquet(path) for path in (tmp_path / "with").glob("simulator/caused_orders/*")])
    assert bought[1] < bought[0]
    arrived = caused["ordered_at"] < END + timedelta(days=1) - timedelta(minutes=1)  # the others are on their way
    assert bought[0] - bought[1] == set(caused.loc[arrived, "customer_id"])
    realised = shops[0].truth()["realised"]["push"]
    assert realised["caused_orders"] == len(caused)
    assert realised["caused_amount"] == pytest.approx(caused["amount"].sum())


def test_the_truth_is_what_the_effect_says(make):
    """Of the orders of those under a lift of 3 about three in four would not have been; the rest would."""
    shop = make("shop", STRONG)
    shop.advance(to=END + timedelta(days=4), delivered=messages(customers_of(shop)))
    realised = shop.truth()["realised"]["push"]
    assert realised["orders"] > 200
    assert 0.5 < realised["caused_orders"] / realised["orders"] < 0.8
    assert shop.truth()["effects"]["push"] == {"lift": 3.0, "window_days": 4.0, "unsubscribe": 0.0}


def test_many_messages_tire(make):
    """The more marketing somebody got lately, the less a message lifts and the likelier it drives away."""
    assert worn(0.3, 0) == 0.3
    assert worn(0.3, 2) == pytest.approx(0.3 / 1.3)
    assert annoyed(0.01, 2) == pytest.approx(0.022)
    assert annoyed(0.9, 5) == 1.0
    mild = {"push": Effect(lift=0.0, window=timedelta(days=4), unsubscribe=0.02)}
    once, often = make("one", mild), make("two", mild)
    customers = customers_of(once)
    first = once.advance(to=END + timedelta(days=1), delivered=messages(customers)).counts["unsubscribed"]
    many = [each for number in range(8) for each in messages(customers, key=str(number))]
    last = often.advance(to=END + timedelta(days=1), delivered=many).counts["unsubscribed"]
    assert last > 12 * first > 0


def test_messages_make_people_unsubscribe(make):
    """Consents are withdrawn within hours, of those who had given one."""
    shop = make("shop", HATED)
    report = shop.advance(to=END + timedelta(days=1), delivered=messages(customers_of(shop)))
    (path,) = (path for path in report.files if path.parent.name == "consents")
    consents = pd.read_parquet(path).drop_duplicates()
    by_link = consents[consents["attributes"].str.contains('"source":"unsubscribe_link","status":"withdrawn"')]
    assert len(by_link) == report.counts["unsubscribed"] > 500
    assert by_link["changed_at"].between(END, END + timedelta(hours=12)).all()


def test_the_order_of_messages_does_not_matter(make):
    """The same messages in another order give the same bytes: of the files, the state and the truth."""
    shops = [make(name, EFFECTS) for name in ("one", "two")]
    sent = messages(customers_of(shops[0]), trigger="win_back")
    for shop, delivered in zip(shops, (sent, sent[::-1]), strict=True):
        shop.advance(to=END + timedelta(days=1), delivered=delivered)
    one, two = (
        {path.relative_to(shop.home): path.read_bytes() for path in shop.home.rglob("*") if path.is_file()}
        for shop in shops
    )
    assert one == two
    assert any(path.parent.name == "caused_orders" for path in one)


def test_every_effect_is_possible():
    """Lifts are not negative, windows last, chances are chances."""
    assert EFFECTS
    for effect in EFFECTS.values():
        assert effect.lift >= 0
        assert effect.window > timedelta(0)
        assert 0 <= effect.unsubscribe <= 1


def test_every_trigger_has_an_effect_of_its_own():
    """What is in the triggers' folder is in `EFFECTS`, so that each report can be compared with a truth."""
    folder = Path(__file__).parents[2] / "dbt_project" / "models" / "triggers"
    triggers = {path.stem.removeprefix("trg_") for path in folder.glob("trg_*.sql")}
    assert len(triggers) >= 4
    assert triggers <= set(EFFECTS)


def test_the_page_tells_the_effects_as_they_are():
    """The table in `docs/simulator.md` is `EFFECTS`."""
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    for trigger, effect in EFFECTS.items():
        row = f"| `{trigger}` | +{effect.lift:.0%} | {effect.window.days} d | {effect.unsubscribe:.1%} |"
        assert row.replace("%", " %") in page
