"""What may be said of a trigger, and what is refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from activation.config import describe_validation
from activation.model import Channel, OnUnknown
from activation.policy import TriggerPolicy

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
OWED: dict[str, Any] = {**GOOD, "purpose": "transactional", "basis": "contract"}
TWO: dict[str, Any] = {
    **GOOD,
    "channels": {"names": ["email", "sms"]},
    "templates": {"email": "cart_abandonment", "sms": "cart_short"},
}


def policy(**change: Any) -> TriggerPolicy:
    return TriggerPolicy.model_validate({**GOOD, **change})


def variants(*several: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An experiment whose variants share the treated."""
    rest = 100 - 10 * (len(several) - 1)
    weights = [rest, *[10] * (len(several) - 1)]
    named = [
        {"name": f"v{position}", "weight": weight, **variant}
        for position, (variant, weight) in enumerate(zip(several, weights, strict=True))
    ]
    return {"experiment": {"salt": "cart_1", "variants": named, **more}}


def ramp(*steps: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"percent": percent, "from": start} for percent, start in steps]


def told(document: dict[str, Any], **context: Any) -> str:
    """What the refusal of a policy says."""
    with pytest.raises(ValidationError) as caught:
        TriggerPolicy.model_validate(document, context=context)
    return describe_validation(caught.value)


def test_named_priorities_become_numbers_of_which_1_is_first() -> None:
    """A level is a number, so that the SQL compares one thing; a project may have levels of its own."""
    assert policy().priority == 10
    assert policy(priority=17).priority == 17
    assert policy(priority="critical").priority == 1
    own = {"priority_levels": {"urgent": 3}}
    assert TriggerPolicy.model_validate({**GOOD, "priority": "urgent"}, context=own).priority == 3
    assert "'high' is not a level: use urgent or a number" in told(GOOD, **own)


def test_doubtful_messages_are_held_for_marketing_and_sent_again_for_the_rest() -> None:
    """What nobody knows about is treated by purpose unless the policy says otherwise."""
    service = {**GOOD, "purpose": "service", "basis": "contract"}
    assert policy().unknown_rule is OnUnknown.HOLD
    assert TriggerPolicy.model_validate(service).unknown_rule is OnUnknown.RESEND
    assert TriggerPolicy.model_validate({**service, "on_unknown": "hold"}).unknown_rule is OnUnknown.HOLD


def test_what_was_withheld_grows_stale_by_purpose() -> None:
    """Marketing after a day, the rest never, unless the policy says otherwise."""
    assert policy().stale_rule == timedelta(days=1)
    assert policy(stale_after="3h").stale_rule == timedelta(hours=3)
    assert policy(stale_after="never").stale_rule is None
    assert TriggerPolicy.model_validate(OWED).stale_rule is None
    assert TriggerPolicy.model_validate({**OWED, "stale_after": "2d"}).stale_rule == timedelta(days=2)


@pytest.mark.parametrize(
    ("text", "launch"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01 08:30", datetime(2026, 3, 1, 8, 30)),
        ("2026-03-01T08:30:00Z", datetime(2026, 3, 1, 8, 30)),
        ("-2d", timedelta(days=-2)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_launch_is_an_instant_in_utc_or_an_offset(text: str, launch: datetime | timedelta) -> None:
    """Everything that the SQL reads alike."""
    assert policy(live_from=text).live_from == launch


def test_a_number_is_a_ramp_that_has_always_held() -> None:
    """One step from the far past, as the table of the ramps has it."""
    (step,) = policy(ramp=10).ramp or []
    assert (step.percent, step.starts_at.year) == (10, 1900)
    steps = [{"percent": 5, "from": "2026-03-01"}, {"percent": 100, "from": "2026-03-08 12:00"}]
    assert [step.percent for step in policy(ramp=steps).ramp or []] == [5, 100]


def test_a_window_is_every_day_unless_it_says_otherwise() -> None:
    """Weekdays and public holidays are in it by default."""
    window = policy(send_window={"from": "09:00", "to": "24:00"}).send_window
    assert window is not None
    assert len(window.days) == 7
    assert window.holidays


def test_a_variant_may_go_another_way() -> None:
    """Its channels replace the trigger's, with templates of its own or the trigger's."""
    found = policy(**variants({}, {"channels": ["sms"], "templates": {"sms": "short"}, "sender": "texts"}))
    assert found.channels_used == [Channel.EMAIL, Channel.SMS]
    assert found.senders == ["shop", "texts"]
    shared = {"channels": {"names": ["email"]}, "templates": TWO["templates"]}
    assert policy(**shared, **variants({}, {"channels": ["sms"]})).channels_used == [Channel.EMAIL, Channel.SMS]


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
        ({"priority": 0}, "priority", "1 or more"),
        ({"priority": "17"}, "priority", "not a level"),
        ({"templates": {}}, "templates", "templates has none for the channel email"),
        ({"channels": {"names": []}}, "channels.names", "at least 1"),
        ({"channels": {"names": ["email", "email"]}}, "channels.names", "twice"),
        ({"channels": {"mode": "best", "names": ["email"]}}, "channels.mode", "'first' or 'all'"),
        ({"templates": {"email": "a", "sms": "b"}}, "top level", "sms, which is no channel"),
        (
            {"experiment": {"salt": "abc", "variants": [{"name": "a", "weight": 100, "templates": {"sms": "b"}}]}},
            "experiment",
            "sms, which is no channel of it",
        ),
        ({"reentry": "-7d"}, "reentry", "longer than nothing"),
        ({"min_gap": "0h"}, "min_gap", "longer than nothing"),
        ({"time_to_live": "-1h"}, "time_to_live", "longer than nothing"),
        ({"goal": {"event": "Order Completed", "window": "0d"}}, "goal.window", "longer than nothing"),
        ({"experiment": {"salt": "cart", "holdout": 1.0}}, "experiment.holdout", "less than 1"),
        ({"experiment": {"salt": "cart", "variants": [{"name": "a", "weight": 40}]}}, "variants", "add up to 100"),
        ({"basis": "contract"}, "basis", "basis of a marketing trigger"),
        ({"purpose": "service"}, "basis", "basis consent is for marketing only"),
        ({"mandatory": True}, "mandatory", "mandatory is not for marketing"),
        (
            {"purpose": "transactional", "basis": "contract", "experiment": {"salt": "abc"}},
            "experiment",
            "never held out",
        ),
        ({"live_from": "soon"}, "live_from", "not a duration"),
        ({"live_from": "2026-03-01T08:00:00+02:00"}, "live_from", "an instant in UTC"),
        ({"live_from": "20260301"}, "live_from", "an instant in UTC"),
        ({"owner": ""}, "owner", "at least 3"),
        # lengths of time
        ({"reentry": "99999999999999999d"}, "reentry", "ten years"),
        ({"reentry": "\u0663d"}, "reentry", "digits 0 to 9"),
        ({"time_to_live": 24}, "time_to_live", "number and s, m, h or d"),
        ({"stale_after": "0s"}, "stale_after", "longer than nothing"),
        ({"stale_after": "ever"}, "stale_after", "not a duration"),
        ({"live_from": "-9999d"}, "live_from", "ten years"),
        # what the SQL would read otherwise
        ({"enabled": "yes"}, "enabled", "boolean"),
        ({"version": "1"}, "version", "integer"),
        ({"max_volume": 10.0}, "max_volume", "integer"),
        ({"experiment": {"salt": "cart", "holdout": "0.1"}}, "experiment.holdout", "valid number"),
        ({"sender": " "}, "sender", "pattern"),
        # experiments
        ({"experiment": {"salt": "global:2026q1"}}, "experiment.salt", "pattern"),
        ({"experiment": {"salt": "cart", "holdout": 0.00001}}, "experiment.holdout", "steps of 0.0001"),
        (variants({"name": "default"}), "variants.0.name", "meaning of its own"),
        (variants({}, {"name": "v0"}), "variants", "same name"),
        (variants({"delay": "31d"}), "variants.0.delay", "at most 30d"),
        (variants({"delay": "-1h"}), "variants.0.delay", "negative"),
        ({"goal": {"event": "x", "window": "7d"}, **variants({"delay": "7d"})}, "experiment", "shorter than the goal"),
        (variants({"channels": ["sms"]}), "experiment", "no template for the channel sms"),
        (variants({"channels": []}), "variants.0.channels", "at least 1"),
        (variants({"subject": ""}), "variants.0.subject", "pattern"),
        (
            {"channels": {"mode": "all", "names": ["email"]}, **variants({"channels": ["email"]})},
            "experiment",
            "need channels.mode: first",
        ),
        # series
        ({"after_step": "next"}, "after_step", "'previous' or 'none'"),
        ({"after_step": "none", "min_gap": "1h"}, "min_gap", "after_step: previous"),
        # time
        ({"quiet_hours": "ignore"}, "quiet_hours", "'defer', 'advance' or 'drop'"),
        ({"send_window": {}}, "send_window.from", "required"),
        ({"send_window": {"from": "18:00", "to": "09:00"}}, "send_window.to", "cannot span midnight"),
        ({"send_window": {"from": "09:00", "to": "09:00"}}, "send_window.to", "later than from"),
        ({"send_window": {"from": "24:00", "to": "24:00"}}, "send_window.from", "only be the end"),
        ({"send_window": {"from": "9:00", "to": "17:00"}}, "send_window.from", "quarter of an hour"),
        ({"send_window": {"from": "09:00", "to": "17:05"}}, "send_window.to", "quarter of an hour"),
        ({"send_window": {"from": "09:00", "to": 1020}}, "send_window.to", "in quotes, for example '17:00'"),
        ({"send_window": {"from": "09:00", "to": "17:00", "days": []}}, "send_window.days", "at least 1"),
        ({"send_window": {"from": "09:00", "to": "17:00", "days": ["mon", "mon"]}}, "send_window.days", "twice"),
        ({"send_window": {"from": "09:00", "to": "17:00", "days": ["monday"]}}, "send_window.days.0", "'mon'"),
        ({"send_time": {}}, "send_time", "says nothing"),
        ({"send_time": {"within": "25h"}}, "send_time.within", "1h to 24h"),
        ({"send_time": {"control": 1.0}}, "send_time.control", "less than 1"),
        # guards
        ({"approval": -1}, "approval", "greater than or equal to 0"),
        ({"approval": 100, "max_volume": 100}, "approval", "below max_volume (100)"),
        ({"ramp": 0}, "ramp.0.percent", "greater than or equal to 1"),
        ({"ramp": 101}, "ramp.0.percent", "less than or equal to 100"),
        ({"ramp": True}, "ramp", "whole number from 1 to 100"),
        ({"ramp": "10%"}, "ramp", "whole number from 1 to 100"),
        ({"ramp": []}, "ramp", "at least 1"),
        ({"ramp": ramp((5, "2026-03-08"), (10, "2026-03-01"))}, "ramp", "follow one another in time"),
        ({"ramp": ramp((5, "2026-03-01"), (5, "2026-03-08"))}, "ramp", "must rise"),
        ({"ramp": ramp((5, "next week"))}, "ramp.0.from", "not an instant in UTC"),
        ({"countries": []}, "countries", "at least 1"),
        ({"countries": ["XX"]}, "countries.0", "'XX' is no country"),
        ({"countries": ["de"]}, "countries.0", "write DE"),
        ({"countries": [False]}, "countries.0", "write 'NO'"),
        ({"countries": ["DE", "DE"]}, "countries", "twice"),
        ({"schedule": "monthly"}, "schedule", "'weekly'"),
    ],
)
def test_an_impossible_policy_is_refused_by_field(change: dict[str, Any], field: str, words: str) -> None:
    """The refusal names the field and says what would be right."""
    refusal = told({**GOOD, **change})
    assert f"{field}`" in refusal
    assert words in refusal


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"send_time": {"within": "4h"}}, "send_time", "what is owed goes at once"),
        ({"digest": "daily"}, "digest", "what is owed goes at once"),
        ({"approval": 10}, "approval", "waits for nobody"),
        ({"mandatory": True, "on_cap": "drop"}, "mandatory", "use on_cap: defer"),
        ({"mandatory": True, "quiet_hours": "drop"}, "mandatory", "use quiet_hours: defer"),
    ],
)
def test_what_is_owed_is_neither_delayed_nor_dropped(change: dict[str, Any], field: str, words: str) -> None:
    """A transactional message is no matter of taste."""
    refusal = told({**OWED, **change})
    assert f"`{field}`" in refusal
    assert words in refusal
