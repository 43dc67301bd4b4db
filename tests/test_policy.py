"""What may be said of a trigger, and what is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from activation.config import describe_validation
from activation.model import OnUnknown
from activation.policy import TriggerPolicy, reference

GOOD: dict[str, Any] = {
    "id": "cart_abandonment",
    "kind": "absence",
    "purpose": "marketing",
    "basis": "consent",
    "priority": "high",
    "channels": {"mode": "first", "names": ["email"]},
    "templates": {"email": "cart_abandonment"},
    "sender": "shop",
    "owner": "crm@shop.example",
}


def test_named_priorities_become_numbers() -> None:
    """A level is a number, so that the SQL compares one thing."""
    assert TriggerPolicy.model_validate(GOOD).priority == 300
    assert TriggerPolicy.model_validate({**GOOD, "priority": 17}).priority == 17


def test_doubtful_messages_are_held_for_marketing_and_sent_again_for_the_rest() -> None:
    """What nobody knows about is treated by purpose unless the policy says otherwise."""
    service = {**GOOD, "purpose": "service", "basis": "contract"}
    assert TriggerPolicy.model_validate(GOOD).unknown_rule is OnUnknown.HOLD
    assert TriggerPolicy.model_validate(service).unknown_rule is OnUnknown.RESEND
    assert TriggerPolicy.model_validate({**service, "on_unknown": "hold"}).unknown_rule is OnUnknown.HOLD


@pytest.mark.parametrize(
    ("text", "launch"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01 08:30", datetime(2026, 3, 1, 8, 30)),
        ("2026-03-01T08:30:00Z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("-2d", timedelta(days=-2)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_launch_is_an_instant_in_utc_or_an_offset(text: str, launch: datetime | timedelta) -> None:
    """Everything that the SQL reads alike."""
    assert TriggerPolicy.model_validate({**GOOD, "live_from": text}).live_from == launch


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"colour": "red"}, "colour", "not permitted"),
        ({"id": "Cart Abandonment"}, "id", "pattern"),
        ({"version": 0}, "version", "greater"),
        ({"purpose": "promotional"}, "purpose", "transactional"),
        ({"priority": "urgent"}, "priority", "critical, high, medium, low"),
        ({"priority": True}, "priority", "whole number"),
        ({"reentry": "7 days"}, "reentry", "number and s, m, h or d"),
        ({"templates": {}}, "top level", "templates has none for the channel email"),
        ({"channels": {"names": []}}, "channels.names", "at least 1"),
        ({"channels": {"names": ["email", "email"]}}, "channels.names", "twice"),
        ({"channels": {"mode": "all", "names": ["email"]}}, "channels.mode", "cannot be decided yet: use first"),
        ({"channels": {"mode": "best", "names": ["email"]}}, "channels.mode", "'first'"),
        ({"templates": {"email": "a", "sms": "b"}}, "top level", "sms, which is no channel"),
        (
            {"experiment": {"salt": "abc", "variants": [{"name": "a", "weight": 100, "templates": {"sms": "b"}}]}},
            "top level",
            "sms, which is no channel",
        ),
        ({"reentry": "-7d"}, "reentry", "longer than nothing"),
        ({"min_gap": "0h"}, "min_gap", "longer than nothing"),
        ({"time_to_live": "-1h"}, "time_to_live", "longer than nothing"),
        ({"goal": {"event": "Order Completed", "window": "0d"}}, "goal.window", "longer than nothing"),
        ({"experiment": {"salt": "cart", "holdout": 1.0}}, "experiment.holdout", "less than 1"),
        ({"experiment": {"salt": "cart", "variants": [{"name": "a", "weight": 40}]}}, "variants", "add up to 100"),
        ({"basis": "contract"}, "top level", "basis of a marketing trigger"),
        ({"purpose": "service"}, "top level", "basis consent is for marketing only"),
        ({"mandatory": True}, "top level", "mandatory is not for marketing"),
        (
            {"purpose": "transactional", "basis": "contract", "experiment": {"salt": "abc"}},
            "top level",
            "never held out",
        ),
        ({"live_from": "soon"}, "live_from", "not a duration"),
        ({"live_from": "2026-03-01T08:00:00+02:00"}, "live_from", "an instant in UTC"),
        ({"live_from": "20260301"}, "live_from", "an instant in UTC"),
        ({"owner": ""}, "owner", "at least 3"),
    ],
)
def test_an_impossible_policy_is_refused_by_field(change: dict[str, Any], field: str, words: str) -> None:
    """The refusal names the field and says what would be right."""
    with pytest.raises(ValidationError) as caught:
        TriggerPolicy.model_validate({**GOOD, **change})
    told = describe_validation(caught.value)
    assert field in told
    assert words in told


def test_the_reference_page_is_current() -> None:
    """docs/policy.md is what the models say today, with a meaning for every field."""
    page = (Path(__file__).parents[1] / "docs/policy.md").read_text(encoding="utf-8")
    assert page == reference()
    assert "None" not in page
