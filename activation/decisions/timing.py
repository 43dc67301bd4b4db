"""Check (7) for one message: may it go now, and if not, why."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from activation.decisions.calendar import Calendar, Closure, Place, SendWindow

BUCKETS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedDraw:
    """A message that was drawn: `due_at` is `eligible_at` and its variant's delay, `scores` its customer's hours."""

    trigger_id: str
    unit_id: str
    brand: str
    purpose: str
    channel: str
    place: Place
    eligible_at: datetime
    due_at: datetime
    expires_at: datetime
    window: SendWindow | None = None
    quiet_hours: str = "defer"
    send_time_within: timedelta | None = None
    send_time_control: float = 0.0
    scores: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timing:
    """`reason` is None when it may go now; `closes_at` is then the end of the hours in which it may."""

    reason: str | None
    closes_at: datetime | None


def judge(calendar: Calendar, draw: TimedDraw, as_of: datetime) -> Timing:
    """What `act_timing` says of it."""
    where = (draw.window, draw.channel, draw.purpose, draw.brand, draw.place)
    present = calendar.stretch(*where, as_of)
    closes_at = None if isinstance(present, Closure) else present.closes_at
    # What an `advance` sends early is due already, though its own time has not come.
    if as_of < draw.due_at and draw.eligible_at < draw.due_at:
        return Timing("variant_delay", closes_at)
    if isinstance(present, Closure):
        return Timing("dropped_window" if draw.quiet_hours == "drop" else present.reason, None)
    if _waits_for_its_hour(calendar, draw, as_of):
        return Timing("better_hour", closes_at)
    return Timing(None, closes_at)


def _waits_for_its_hour(calendar: Calendar, draw: TimedDraw, as_of: datetime) -> bool:
    if draw.send_time_within is None or as_of < draw.due_at or is_control(draw):
        return False
    limit = min(draw.due_at + draw.send_time_within, draw.expires_at)
    if limit <= as_of:
        return False
    best = calendar.best_hour(
        draw.scores, draw.window, draw.channel, draw.purpose, draw.brand, draw.place, draw.due_at, limit
    )
    return best is not None and best > as_of


def is_control(draw: TimedDraw) -> bool:
    """Whether the unit is of those that send at once, so that the others can be compared with them."""
    return bucket(f"send_time:{draw.trigger_id}", draw.unit_id) < BUCKETS * draw.send_time_control


def bucket(salt: str, unit_id: str) -> int:
    """Where a unit falls: the first 8 hex digits of md5(salt | unit), modulo 10,000."""
    digest = hashlib.md5(f"{salt}|{unit_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % BUCKETS
