"""How the reference reads a policy: arms as ranges of buckets, a variant's channels and content, the ramp in force."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation.decisions.calendar import SendWindow, minutes_of
from activation.policy import TriggerPolicy, Variant
from activation.policy.fields import Weekday

BUCKETS = 10_000
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Arm:
    """What the units get whose bucket lies in a half-open range."""

    arm: str
    variant: str | None
    bucket_from: int
    bucket_to: int


def stable_key(*parts: str) -> str:
    """The hex md5 of the compact JSON array of the parts as strings."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def bucket(salt: str, unit_id: str) -> int:
    """Where a unit falls: the first eight hex digits of the md5 of salt and unit, modulo 10,000."""
    return int(hashlib.md5(f"{salt}|{unit_id}".encode(), usedforsecurity=False).hexdigest()[:8], 16) % BUCKETS


def rounded(value: float) -> int:
    """Halves away from zero, as the share of a holdout is turned into buckets."""
    return int(value + 0.5)


def arms(policy: TriggerPolicy) -> list[Arm]:
    """The held out come first; the treated share the rest by weight."""
    if policy.experiment is None:
        return []
    held_out = rounded(round(policy.experiment.holdout * BUCKETS, 6))
    ranges = [Arm("held_out", None, 0, held_out)]
    weight, start = 0, held_out
    for name, share in [(one.name, one.weight) for one in policy.variants] or [(DEFAULT, 100)]:
        weight += share
        end = held_out + rounded((BUCKETS - held_out) * weight / 100)
        ranges.append(Arm("treated", name, start, end))
        start = end
    return ranges


def weight_epoch(policy: TriggerPolicy) -> str:
    """Names the weights under which a unit was assigned."""
    holdout = policy.experiment.holdout if policy.experiment else 0
    return "|".join([str(holdout), *(f"{one.name}:{one.weight}" for one in policy.variants)])


def variants(policy: TriggerPolicy) -> Sequence[str]:
    """The variants that a unit may be in; `default` where there is no experiment, or none is named."""
    return [one.name for one in policy.variants] or [DEFAULT]


def routes(policy: TriggerPolicy) -> list[str]:
    """What differs in its channels: each variant with channels of its own, and the trigger's for all others."""
    return sorted({one.name if one.channels else DEFAULT for one in policy.variants} or {DEFAULT})


def variant_of(policy: TriggerPolicy, name: str | None) -> Variant | None:
    """The variant of that name, if the trigger has it."""
    return next((one for one in policy.variants if one.name == name), None)


def channels_of(policy: TriggerPolicy, name: str | None) -> list[str]:
    """The channels of a variant in the order of preference: its own, else the trigger's."""
    variant = variant_of(policy, name)
    own = variant.channels if variant else None
    return [str(channel) for channel in own or policy.channels.names]


def template_of(policy: TriggerPolicy, name: str | None, channel: str) -> str:
    """A variant's template on a channel, else the trigger's."""
    variant = variant_of(policy, name)
    templates = {str(one): text for one, text in policy.templates.items()}
    if variant:
        templates |= {str(one): text for one, text in variant.templates.items()}
    return templates[channel]


def delay_of(policy: TriggerPolicy, name: str | None) -> timedelta:
    """How much later than eligible a variant goes out."""
    variant = variant_of(policy, name)
    return variant.delay if variant else timedelta(0)


def ramp_percent(policy: TriggerPolicy, as_of: datetime) -> int:
    """The share of units that takes part: the step of the ramp in force, 0 before the first, 100 without a ramp."""
    if policy.ramp is None:
        return 100
    begun = [step for step in policy.ramp if step.starts_at <= as_of]
    return max(begun, key=lambda step: step.starts_at).percent if begun else 0


def send_window(policy: TriggerPolicy) -> SendWindow | None:
    """A policy's own hours, as the calendar takes them."""
    window = policy.send_window
    if window is None:
        return None
    days = "".join(str(number) for number, name in enumerate(Weekday, 1) if name in window.days)
    return SendWindow(minutes_of(window.starts), minutes_of(window.ends), days, window.holidays)
