"""Unsubscribe links: who can make one, what one tells, how long one lasts."""

import base64
import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.errors import MissingSecretError
from activation.feedback.links import LIFETIME, Subscription, UnsubscribeLinks
from activation.model import Channel, Message, OnUnknown, Purpose
from activation.settings import Secret, Settings

KEY = Secret("k" * 32)
NOW = datetime(2026, 3, 1, 12)
SUBSCRIPTION = Subscription("default", "email", "marketing", "0123456789abcdef0123456789abcdef")


def links(now: datetime = NOW, key: Secret = KEY) -> UnsubscribeLinks:
    return UnsubscribeLinks("https://shop.example/", key, lambda: now)


def message() -> Message:
    return Message(
        message_key=SUBSCRIPTION.message_key,
        decision_id="d",
        run_id=1,
        environment="dev",
        brand="default",
        trigger_id="win_back",
        trigger_version=1,
        step=1,
        occurrence_ids=("o",),
        customer_id="customer-77",
        unit_id="customer-77",
        purpose=Purpose.MARKETING,
        channel=Channel.EMAIL,
        contact_point="jane@mail.example",
        contact_point_id="point-88",
        template="win_back",
        variant="a",
        sender="shop",
        locale="en",
        timezone="UTC",
        priority=100,
        on_unknown=OnUnknown.HOLD,
        mandatory=False,
        context={},
        customer={},
        send_not_before=NOW,
        send_not_after=NOW,
        decided_at=NOW,
    )


def token_of(link: str) -> str:
    return urlsplit(link).path.removeprefix("/u/")


def test_a_link_comes_back() -> None:
    """The link of a message stands for that message's subscription, and is the same whenever it is made."""
    link = links().link(message())
    assert link.startswith("https://shop.example/u/1.")
    assert links().read(token_of(link)) == SUBSCRIPTION
    assert links(NOW + timedelta(days=30)).link(message()) == link
    assert len(link) < 300


def test_a_link_tells_nothing_of_the_person() -> None:
    """Neither address nor customer can be read from it, decoded or not."""
    link = links().link(message())
    payload = token_of(link).split(".")[1]
    decoded = base64.urlsafe_b64decode(payload + "==").decode()
    for secret in ("jane", "mail.example", "customer-77", "point-88"):
        assert secret not in link
        assert secret not in decoded


def test_a_link_lasts_400_days() -> None:
    """To the end of its last day, and not a day longer."""
    token = token_of(links().link(message()))
    assert links(NOW + LIFETIME).read(token) == SUBSCRIPTION
    assert links(NOW + LIFETIME + timedelta(days=1)).read(token) is None


def test_only_the_key_makes_links() -> None:
    """Another key, another version or a changed payload is no link."""
    token = token_of(links().link(message()))
    version, payload, signature = token.split(".")
    assert links(key=Secret("x" * 32)).read(token) is None
    assert links().read(f"2.{payload}.{signature}") is None
    other = json.dumps(["default", "email", "marketing", "f" * 32, 99999]).encode()
    forged = base64.urlsafe_b64encode(other).rstrip(b"=").decode()
    assert links().read(f"{version}.{forged}.{signature}") is None


@pytest.mark.parametrize("token", ["", ".", "..", "1..", "1.a.b", "a" * 5000, "1.é.x", "1.YQ." + "A" * 43, "../../x"])
def test_nonsense_is_no_link(token: str) -> None:
    """Whatever comes in over the wire is answered with None."""
    assert links().read(token) is None


@given(position=st.integers(min_value=0), replacement=st.characters(codec="ascii"))
def test_no_character_may_change(position: int, replacement: str) -> None:
    """Every character of a token matters."""
    token = links().token(SUBSCRIPTION, NOW + LIFETIME)
    position %= len(token)
    changed = token[:position] + replacement + token[position + 1 :]
    assert changed == token or links().read(changed) is None


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=60))
def test_any_words_come_back(brand: str, channel: str, message_key: str) -> None:
    """Brands and keys of any script survive the way."""
    subscription = Subscription(brand[:20], channel[:10], "marketing", message_key[:32])
    assert links().read(links().token(subscription, NOW)) == subscription


def test_without_a_key_there_are_no_links() -> None:
    """The error says what to set; the key shows in no repr."""
    settings = Settings.from_environ({"ACTIVATION_HOME": "/nowhere"})
    with pytest.raises(MissingSecretError, match="ACTIVATION_SIGNING_KEY"):
        UnsubscribeLinks.from_settings(settings)
    assert "kkk" not in repr(links())
