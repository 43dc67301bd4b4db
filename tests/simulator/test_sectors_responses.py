"""What becomes of messages: what people do, and what their mailboxes' machines do before them."""

import json
import re
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from activation.model import Purpose
from activation.simulator.effects import DeliveredMessage, Effect
from activation.simulator.habits import draw_people
from activation.simulator.people import HOUR, People, to_micros
from activation.simulator.responses import (
    ARRIVES_WITHIN,
    FOOTER,
    MACHINE_WITHIN,
    PROXY_AGENT,
    SCANNER_AGENT,
    WEBMAIL_AGENT,
    respond,
)
from activation.simulator.vocabulary import NAMES

NOW = datetime(2026, 3, 2, 6)
PEOPLE = 3000
EFFECTS = {"strong": Effect(1.0, timedelta(days=3), 0.0), "weak": Effect(0.0, timedelta(days=3), 0.0)}


@pytest.fixture(scope="module")
def people() -> People:
    people = draw_people(np.random.default_rng(1), PEOPLE, 1)
    people.customer = 1 + np.arange(PEOPLE, dtype=np.int64)
    people.account = np.where(np.arange(PEOPLE) < 300, 1 + np.arange(PEOPLE) // 3, 0).astype(np.int32)
    people.app_device = np.where(np.arange(PEOPLE) % 2, 500_000_001 + np.arange(PEOPLE), 0)
    return people


def messages(trigger="strong", *, channel="email", purpose=Purpose.MARKETING, count=PEOPLE):
    return [
        DeliveredMessage(
            message_key=f"{trigger}-{number}",
            customer_id=f"cust-{number + 1:07d}",
            trigger_id=trigger,
            purpose=purpose,
            channel=channel,
            accepted_at=NOW + timedelta(seconds=number),
        )
        for number in range(count)
    ]


def responses(people, delivered, *, fatigue=0.0, leaves=(), seed=1):
    """The events as a table; `leaves` are the places of messages that made somebody unsubscribe two hours later."""
    unsubscribed_at = np.zeros(len(delivered), dtype=np.int64)
    for place in leaves:
        unsubscribed_at[place] = to_micros(delivered[place].accepted_at) + 2 * HOUR
    tired = np.full(len(delivered), fatigue)
    events = respond(np.random.default_rng(seed), people, delivered, unsubscribed_at, tired, EFFECTS)
    contexts = [None] * len(events) if events.context is None else events.context.to_pylist()
    rows = pd.DataFrame(
        {
            "name": [NAMES[kind] for kind in events.kind],
            "person": events.person,
            "customer": events.customer,
            "device": events.device,
            "at": pd.to_datetime(events.occurred_at, unit="us"),
            "properties": [json.loads(text) for text in events.properties.to_pylist()],
            "context": [json.loads(text) if text else {} for text in contexts],
        }
    )
    rows["message"] = rows["properties"].map(lambda each: each["message_id"])
    rows["agent"] = rows["context"].map(lambda each: each.get("user_agent", ""))
    rows["proxy"], rows["scanner"] = rows["agent"] == PROXY_AGENT, rows["agent"] == SCANNER_AGENT
    rows["human"] = ~rows["proxy"] & ~rows["scanner"]
    return rows


@pytest.fixture(scope="module")
def rows(people):
    return responses(people, messages(), leaves=range(0, PEOPLE, 100))


def sent(rows):
    return pd.Series(NOW, rows.index) + pd.to_timedelta(rows["message"].str.partition("-")[2].astype(int), unit="s")


def test_every_mail_is_delivered_or_bounces(rows):
    """One of both per message, within a minute; nothing else comes of one that bounced."""
    arrives = rows[rows["name"].isin(["Email Delivered", "Email Bounced"])]
    assert sorted(arrives["message"]) == sorted(f"strong-{number}" for number in range(PEOPLE))
    assert (arrives["at"] - sent(arrives)).between(timedelta(0), timedelta(seconds=ARRIVES_WITHIN + 3)).all()
    bounced = set(arrives[arrives["name"] == "Email Bounced"]["message"])
    assert 5 < len(bounced) < 40
    assert rows[rows["message"].isin(bounced)]["name"].nunique() == 1


def test_nothing_comes_before_the_message(rows):
    """Whatever is done with a message follows its delivery."""
    delivered = rows[rows["name"] == "Email Delivered"].set_index("message")["at"]
    later = rows[~rows["name"].isin(["Email Delivered", "Email Bounced"])]
    assert (later["at"] > later["message"].map(delivered)).all()
    assert (later["at"] < later["message"].map(delivered) + timedelta(days=3)).all()


def test_machines_act_within_seconds(rows):
    """Proxies open and scanners click before any person could."""
    delivered = rows[rows["name"] == "Email Delivered"].set_index("message")["at"]
    after = rows["at"] - rows["message"].map(delivered)
    machines = rows[~rows["human"]]
    assert set(machines["name"]) == {"Email Opened", "Email Link Clicked"}
    assert (after[~rows["human"]] <= timedelta(seconds=MACHINE_WITHIN + 2)).all()
    people_open = rows["human"] & (rows["name"] == "Email Opened")
    assert (after[people_open] > timedelta(minutes=1)).all()
    assert not (rows["proxy"] & (rows["name"] == "Email Link Clicked")).any()


def test_scanners_visit_every_link_at_once(rows):
    """Each message that is scanned has one click per link within a second; most of them go to businesses."""
    clicks = rows[rows["scanner"] & (rows["name"] == "Email Link Clicked")]
    of_message = clicks.groupby("message")
    assert (of_message.size() == 1 + len(FOOTER)).all()
    assert (of_message["at"].agg(np.ptp) <= timedelta(seconds=1)).all()
    urls = clicks["properties"].map(lambda each: each["url"])
    assert set(FOOTER) < set(urls)
    for_business = clicks["person"] < 300
    assert for_business.sum() > len(clicks) / 2
    assert (~for_business).any()


def test_a_proxy_hides_what_its_people_open(rows):
    """Whoever has a proxy is never seen to open, but may click; it is the same people for every message."""
    proxied = set(rows[rows["proxy"]]["person"])
    assert 0.3 * PEOPLE < len(proxied) < 0.4 * PEOPLE
    by_people = rows[rows["human"]]
    assert not proxied & set(by_people[by_people["name"] == "Email Opened"]["person"])
    assert proxied & set(by_people[by_people["name"] == "Email Link Clicked"]["person"])


def test_webmail_shows_when_its_people_open_but_not_who(rows):
    """The provider's proxy stands for some people's opens, never for a click."""
    webmail = rows[rows["agent"] == WEBMAIL_AGENT]
    assert set(webmail["name"]) == {"Email Opened"}
    opened = rows[rows["human"] & (rows["name"] == "Email Opened")]
    assert 0.15 < len(webmail) / len(opened) < 0.35


def test_events_name_the_message_and_a_documented_address(rows):
    """Exactly the documented properties; addresses are from the ranges for documentation; the server reports all."""
    for name, of_name in rows.groupby("name"):
        wanted = {"message_id", "url"} if name == "Email Link Clicked" else {"message_id"}
        assert {frozenset(each) for each in of_name["properties"]} == {frozenset(wanted)}
    seen = rows[rows["name"].isin(["Email Opened", "Email Link Clicked"])]
    addresses = seen["context"].map(lambda each: each["ip"])
    assert addresses.map(lambda ip: bool(re.fullmatch(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}", ip))).all()
    assert addresses.str.rpartition(".")[2].astype(int).between(1, 254).all()
    assert (rows["device"] == 0).all()
    assert (rows["customer"] == rows["person"] + 1).all()


def test_who_unsubscribes_has_opened(rows):
    """The messages that made somebody leave say so at that instant, and only they."""
    left = rows[rows["name"] == "Unsubscribed"]
    assert set(left["message"]) == {f"strong-{number}" for number in range(0, PEOPLE, 100)}
    assert (left["at"] - sent(left) == timedelta(hours=2)).all()
    opened = rows[rows["name"] == "Email Opened"]
    assert set(left["message"]) <= set(opened["message"])


def clicks_of(rows):
    return int((rows["human"] & (rows["name"] == "Email Link Clicked")).sum())


def opens_of(rows):
    return int((rows["human"] & (rows["name"] == "Email Opened")).sum())


def test_what_works_is_clicked_more(people):
    """The true effect shows in people's clicks, and not in their opens."""
    strong, weak = (responses(people, messages(trigger)) for trigger in ("strong", "weak"))
    assert clicks_of(strong) > 2 * clicks_of(weak) > 50
    assert opens_of(strong) == pytest.approx(opens_of(weak), rel=0.12)


def test_tired_people_open_less_and_complain_more(people):
    """Fatigue takes most of the opens and clicks."""
    fresh, tired = (responses(people, messages(), fatigue=fatigue) for fatigue in (0.0, 1.0))
    assert opens_of(tired) < 0.5 * opens_of(fresh)
    assert clicks_of(tired) < 0.5 * clicks_of(fresh)
    complaints = [(rows["name"] == "Email Marked as Spam").sum() for rows in (fresh, tired)]
    assert complaints[0] < complaints[1]


def test_purposes_are_read_differently(people):
    """Transactional messages are opened most, marketing least; only marketing is complained about."""
    order = (Purpose.MARKETING, Purpose.SERVICE, Purpose.TRANSACTIONAL)
    rows = [responses(people, messages("weak", purpose=purpose), fatigue=0.5) for purpose in order]
    opens = [opens_of(each) for each in rows]
    assert opens == sorted(opens)
    assert not any((each["name"] == "Email Marked as Spam").any() for each in rows[1:])


def test_push_is_tapped_on_its_device(people):
    """A tap comes from the app's device, and is all that becomes of a push notification."""
    rows = responses(people, messages(channel="push"))
    assert set(rows["name"]) == {"Push Notification Tapped"}
    assert (rows["device"] == people.app_device[rows["person"]]).all()
    assert 100 < len(rows) < 1000


def test_one_may_unsubscribe_on_any_channel(people):
    """The event says which message did it, whatever it was."""
    for channel in ("email", "sms", "push", "post"):
        rows = responses(people, messages(channel=channel, count=50), leaves=[7])
        left = rows[rows["name"] == "Unsubscribed"]
        assert left["message"].to_list() == ["strong-7"]


def test_other_channels_and_strangers_bring_nothing_about(people):
    """Nobody answers by post, and nobody unknown answers at all."""
    assert responses(people, messages(channel="email", count=1)).shape[0] > 0
    strangers = [
        DeliveredMessage("k", customer_id, "strong", Purpose.MARKETING, "email", NOW)
        for customer_id in ("cust-9999999", "somebody", "")
    ]
    for nothing in ([], strangers, messages(channel="sms"), messages(channel="post")):
        unsubscribed_at = np.zeros(len(nothing), dtype=np.int64)
        events = respond(np.random.default_rng(1), people, nothing, unsubscribed_at, np.zeros(len(nothing)), EFFECTS)
        assert len(events) == 0


def test_the_same_messages_bring_about_the_same(people):
    """Seed and messages decide; what becomes of one message does not depend on the others."""
    delivered = messages()
    one, two = responses(people, delivered), responses(people, delivered)
    pd.testing.assert_frame_equal(one, two)
    other = responses(people, delivered, seed=2)
    assert opens_of(other) != opens_of(one) or clicks_of(other) != clicks_of(one)
    half = responses(people, delivered[::2])
    kept = one[one["message"].isin(half["message"])]
    key = ["message", "name", "at"]
    assert half[key].sort_values(key).values.tolist() == kept[key].sort_values(key).values.tolist()
