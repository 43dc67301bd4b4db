"""Messages work as `EFFECTS` says: on orders while the window lasts, and on consent."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from activation.model import Purpose
from activation.simulator.effects import EFFECTS, DeliveredMessage, Effect
from activation.simulator.shop import Shop

END = datetime(2026, 3, 2, 6)
STRONG = {"push": Effect(lift=3.0, window=timedelta(days=4), unsubscribe=0.0)}
HATED = {"push": Effect(lift=0.0, window=timedelta(days=4), unsubscribe=1.0)}


def customers_of(shop):
    rows = pd.concat([pd.read_parquet(path) for path in shop.landing_path.glob("history/customers/*.parquet")])
    return sorted(rows["id"].unique())


def messages(customers, purpose=Purpose.MARKETING):
    return [DeliveredMessage(f"key-{customer}", customer, "push", purpose, "email", END) for customer in customers]


def make(folder, effects):
    shop = Shop(folder, effects)
    shop.create(end=END, customers=1500, days=20, seed=5)
    return shop


def buyers_of(report):
    events = pd.concat([pd.read_parquet(path) for path in report.files if path.parent.name == "events"])
    return set(events.loc[events["event_name"] == "Order Completed", "user_id"])


def test_a_strong_effect_shows_in_those_who_got_the_message(tmp_path):
    """Four times the chance in every visit: far more buyers among the treated half, none the fewer in the other."""
    shop = make(tmp_path, STRONG)
    customers = customers_of(shop)
    treated, held_out = set(customers[::2]), set(customers[1::2])
    buyers = buyers_of(shop.advance(to=END + timedelta(days=4), delivered=messages(treated)))
    assert len(buyers & treated) > 2 * len(buyers & held_out) > 0


def test_the_effect_ends_with_its_window(tmp_path):
    """After the window both halves buy alike."""
    shop = make(tmp_path, STRONG)
    customers = customers_of(shop)
    shop.advance(to=END + timedelta(days=5), delivered=messages(customers[::2]))
    buyers = buyers_of(shop.advance(to=END + timedelta(days=12)))
    treated, held_out = (len(buyers & set(half)) for half in (customers[::2], customers[1::2]))
    assert treated == pytest.approx(held_out, rel=0.3)


@pytest.mark.parametrize("purpose", [Purpose.SERVICE, Purpose.TRANSACTIONAL])
def test_only_marketing_works(tmp_path, purpose):
    """A service message changes nothing: the step is the same as without it, byte by byte."""
    with_messages, without = make(tmp_path / "one", STRONG), make(tmp_path / "two", STRONG)
    one = with_messages.advance(to=END + timedelta(days=1), delivered=messages(customers_of(with_messages), purpose))
    two = without.advance(to=END + timedelta(days=1))
    assert [path.read_bytes() for path in one.files] == [path.read_bytes() for path in two.files]


def test_messages_make_people_unsubscribe(tmp_path):
    """Consents are withdrawn within hours, of those who had given one."""
    shop = make(tmp_path, HATED)
    report = shop.advance(to=END + timedelta(days=1), delivered=messages(customers_of(shop)))
    (path,) = (path for path in report.files if path.parent.name == "consents")
    consents = pd.read_parquet(path).drop_duplicates()
    by_link = consents[consents["attributes"].str.contains('"source":"unsubscribe_link","status":"withdrawn"')]
    assert len(by_link) == report.counts["unsubscribed"] > 500
    assert by_link["changed_at"].between(END, END + timedelta(hours=12)).all()


def test_the_order_of_messages_does_not_matter(tmp_path):
    """The same messages in another order give the same bytes."""
    forth, back = make(tmp_path / "one", EFFECTS), make(tmp_path / "two", EFFECTS)
    sent = messages(customers_of(forth))
    one = forth.advance(to=END + timedelta(days=1), delivered=sent)
    two = back.advance(to=END + timedelta(days=1), delivered=sent[::-1])
    assert [path.read_bytes() for path in one.files] == [path.read_bytes() for path in two.files]


def test_every_effect_is_possible():
    """Lifts are not negative, windows last, chances are chances."""
    assert EFFECTS
    for effect in EFFECTS.values():
        assert effect.lift >= 0
        assert effect.window > timedelta(0)
        assert 0 <= effect.unsubscribe <= 1


def test_the_page_tells_the_effects_as_they_are():
    """The table in `docs/simulator.md` is `EFFECTS`."""
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    for trigger, effect in EFFECTS.items():
        row = f"| `{trigger}` | +{effect.lift:.0%} | {effect.window.days} d | {effect.unsubscribe:.1%} |"
        assert row.replace("%", " %") in page
