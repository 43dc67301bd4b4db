"""What the permitted hours of a market leave of a send window, over one week and on public holidays."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from activation.model import Channel
from activation.policy.timing import SendWindow
from activation.policy.trigger import TriggerPolicy

ANY = "*"
SLOT_MINUTES = 15
WEEKDAYS = "1234567"

Slot = tuple[str, bool, int]
"""A weekday (1 is Monday), whether it is a public holiday, and the minute at which the quarter of an hour begins."""


@dataclass(frozen=True, slots=True)
class HoursRule:
    """A row of `seeds/quiet_hours.csv` that holds in all of a country: the hours that are permitted."""

    country: str
    channel: str
    purpose: str
    opens: int
    closes: int
    days: str
    holidays: bool

    def slots(self) -> set[Slot]:
        return _slots(self.opens, self.closes, self.days, self.holidays)


def read_rules(seed: Path) -> list[HoursRule]:
    """The rules of whole countries; those of regions alone close no market."""
    if not seed.exists():
        return []
    with seed.open(encoding="utf-8", newline="") as file:
        return [_rule(row) for row in csv.DictReader(file) if not row["region"]]


def closed_markets(
    policy: TriggerPolicy, rules: Sequence[HoursRule], markets: Iterable[str]
) -> dict[Channel, list[str]]:
    """By channel the markets whose permitted hours leave nothing of a trigger's send window."""
    if policy.send_window is None:
        return {}
    window, named = _window_slots(policy.send_window), policy.countries or markets
    found = {
        channel: [country for country in named if not window & _permitted(rules, country, channel, policy.purpose)]
        for channel in policy.channels_used
    }
    return {channel: closed for channel, closed in found.items() if closed}


def _permitted(rules: Sequence[HoursRule], country: str, channel: str, purpose: str) -> set[Slot]:
    """A country has its own rules for a channel and purpose, or those of all countries that have none."""
    matching = [rule for rule in rules if rule.channel in (ANY, channel) and rule.purpose in (ANY, purpose)]
    own = [rule for rule in matching if rule.country == country]
    slots = _slots(0, 24 * 60, WEEKDAYS, holidays=True)
    for rule in own or [rule for rule in matching if rule.country == ANY]:
        slots &= rule.slots()
    return slots


def _window_slots(window: SendWindow) -> set[Slot]:
    days = "".join(WEEKDAYS[position] for position, name in enumerate(type(window.days[0])) if name in window.days)
    return _slots(_minutes(window.starts), _minutes(window.ends), days, window.holidays)


def _slots(opens: int, closes: int, days: str, holidays: bool) -> set[Slot]:
    kinds = (False, True) if holidays else (False,)
    return {
        (day, is_holiday, minute)
        for day in days
        for is_holiday in kinds
        for minute in range(opens, closes - SLOT_MINUTES + 1, SLOT_MINUTES)
    }


def _rule(row: dict[str, str]) -> HoursRule:
    return HoursRule(
        country=row["country_code"] or ANY,
        channel=row["channel"] or ANY,
        purpose=row["purpose"] or ANY,
        opens=_minutes(row["local_from"]),
        closes=_minutes(row["local_to"]),
        days=row["days"] or WEEKDAYS,
        holidays=row["holidays"].lower() in ("true", "t", "1", "yes"),
    )


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
