"""The plain reference of time: when a message of a purpose may reach somebody who lives at some place.

It says in Python what `act_windows` computes in sets, and tests hold the two equal. All instants are UTC, without a
zone. Time is cut into quarters of an hour of UTC; what a clock on the spot shows when one begins holds for all of it.
Going from UTC to local time is unambiguous everywhere, so hours that a clock change skips or repeats, and midnights
that do not exist, need no rule of their own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

ANY = "*"
SLOT = timedelta(minutes=15)
LOOKS_BACK = timedelta(days=2)
LOOKS_AHEAD = timedelta(days=8)
FAR_PAST = datetime(1900, 1, 1)
FAR_FUTURE = datetime(9999, 12, 31)
REASONS = ("frozen", "quiet_hours", "send_window")
"""Why it is closed; the first that applies is named."""


@dataclass(frozen=True, slots=True)
class HoursRule:
    """A row of `seeds/quiet_hours.csv`: PERMITTED hours, in minutes after local midnight, `closes` exclusive.

    Country '*' stands for the countries that have no row of their own, region '' for all of a country, channel and
    purpose '*' for all. Weekdays are digits, 1 is Monday.
    """

    country_code: str
    region: str
    channel: str
    purpose: str
    opens: int
    closes: int
    days: str
    holidays: bool


@dataclass(frozen=True, slots=True)
class SendWindow:
    """What a policy narrows its hours to."""

    opens: int
    closes: int
    days: str = "1234567"
    holidays: bool = True


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A row of `seeds/country_zones.csv`; position 1 is where most people of the country live."""

    country_code: str
    region: str
    region_name: str
    timezone: str
    position: int


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; without a region of the whole country."""

    country_code: str
    region: str | None
    holiday_on: date


@dataclass(frozen=True, slots=True)
class Freeze:
    """Local calendar days, both included, on which nothing goes out that matches; None matches everything."""

    freeze_id: str
    starts_on: date
    ends_on: date
    purpose: str | None = None
    channel: str | None = None
    brand: str | None = None
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Where somebody may be, and whose law may hold there."""

    timezone: str
    country_code: str
    region: str


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where somebody is; `members` is everywhere that it may be.

    `timezone` is the known one, `day_zone` the one by which calendar days are counted.
    """

    place_id: str
    timezone: str | None
    day_zone: str
    country_code: str | None
    region: str | None
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `opens_at` until before `closes_at` it may go; cut off where the calendar does not look further."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Closure:
    """It may not go now. `next_opens_at` is None when that is further away than the calendar looks."""

    reason: str
    next_opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that must permit a message, by the clocks of one zone."""

    reason: str
    timezone: str
    hours: HoursRule | SendWindow | None = None
    holidays: frozenset[date] = frozenset()
    freeze: Freeze | None = None

    def permits(self, slot: datetime) -> bool:
        local = local_time(slot, self.timezone)
        if self.freeze is not None:
            return not self.freeze.starts_on <= local.date() <= self.freeze.ends_on
        if self.hours is None:
            return True
        return (
            self.hours.opens <= local.hour * 60 + local.minute < self.hours.closes
            and str(local.isoweekday()) in self.hours.days
            and (self.hours.holidays or local.date() not in self.holidays)
        )


class Calendar:
    """What the seeds, the public holidays, the freezes and the markets of a deployment say of time."""

    def __init__(
        self,
        rules: Iterable[HoursRule],
        zones: Iterable[ZoneRow],
        holidays: Iterable[Holiday],
        freezes: Iterable[Freeze],
        markets: Sequence[str],
    ) -> None:
        self._rules, self._freezes, self._markets = list(rules), list(freezes), list(markets)
        self._zones: dict[str, list[ZoneRow]] = {}
        for row in zones:
            self._zones.setdefault(row.country_code, []).append(row)
        self._holidays = list(holidays)
        # Only remembers what the methods below would find out again.
        self._limits = cache(self._find_limits)
        self._days_off = cache(self._find_days_off)

    # Where

    def place(self, timezone: str | None, country: str | None, region: str | None) -> Place:
        """The place of a profile's own words; what is not recognised is unknown."""
        zone = timezone if timezone in known_zones() else None
        code = country.strip().upper() if country else None
        code = code if code in self._zones else None
        area = self._region_code(code, region) if code and region else None
        rows = [row for market in ([code] if code else self._markets) for row in self._rows_of(market, area, zone)]
        members = {Member(zone or row.timezone, row.country_code, row.region) for row in rows}
        return Place(
            place_id="|".join(part or "" for part in (zone, code, area)),
            timezone=zone,
            day_zone=zone or rows[0].timezone,
            country_code=code,
            region=area,
            members=tuple(sorted(members, key=lambda member: (member.country_code, member.region, member.timezone))),
        )

    def _region_code(self, country: str, region: str) -> str | None:
        """A region by its code, alone or behind the country's, or by its name."""
        wanted = region.strip().lower()
        for row in self._zones[country]:
            if row.region and wanted in (
                row.region.lower(),
                f"{country}-{row.region}".lower(),
                row.region_name.lower(),
            ):
                return row.region
        return None

    def _rows_of(self, country: str, region: str | None, zone: str | None) -> list[ZoneRow]:
        """Where in a country somebody may be: in the regions that keep the known zone, if any of them does."""
        rows = [row for row in self._zones[country] if region is None or row.region == region]
        rows.sort(key=lambda row: (row.position, row.region, row.timezone))
        return [row for row in rows if row.timezone == zone] or rows

    # When

    def stretch(
        self, window: SendWindow | None, channel: str, purpose: str, brand: str, place: Place, instant: datetime
    ) -> Stretch | Closure:
        """The hours that hold an instant: open ones from beginning to end, or why they are closed."""
        limits = self._limits(window, channel, purpose, brand, place.members)
        if not limits:
            return Stretch(FAR_PAST, FAR_FUTURE)
        slot = slot_of(instant)
        ahead = range_of_slots(slot, slot + LOOKS_AHEAD)
        if reason := _closed_by(limits, slot):
            return Closure(reason, next((later for later in ahead if not _closed_by(limits, later)), None))
        opens_at = slot
        while opens_at > slot - LOOKS_BACK and not _closed_by(limits, opens_at - SLOT):
            opens_at -= SLOT
        return Stretch(opens_at, next((later for later in ahead if _closed_by(limits, later)), slot + LOOKS_AHEAD))

    def closes_before(
        self, window: SendWindow | None, channel: str, purpose: str, brand: str, place: Place, instant: datetime
    ) -> datetime | None:
        """When the closed hours began that hold an instant; None where it is open, or closed for over two days."""
        limits = self._limits(window, channel, purpose, brand, place.members)
        slot = slot_of(instant)
        if not _closed_by(limits, slot):
            return None
        for steps in range(LOOKS_BACK // SLOT):
            if not _closed_by(limits, slot - (steps + 1) * SLOT):
                return slot - steps * SLOT
        return None

    def best_hour(
        self,
        scores: Mapping[int, int],
        window: SendWindow | None,
        channel: str,
        purpose: str,
        brand: str,
        place: Place,
        due_at: datetime,
        limit: datetime,
    ) -> datetime | None:
        """The first quarter of the best permitted hour of somebody's week from `due_at` until before `limit`.

        None when no hour with a score is permitted.
        """
        limits = self._limits(window, channel, purpose, brand, place.members)
        best, best_score = None, 0
        for slot in range_of_slots(slot_of(due_at), limit):
            score = scores.get(hour_of_week(slot, place.day_zone), 0)
            if score > best_score and not _closed_by(limits, slot):
                best, best_score = slot, score
        return best

    def _find_limits(
        self, window: SendWindow | None, channel: str, purpose: str, brand: str, members: tuple[Member, ...]
    ) -> tuple[Limit, ...]:
        """All that must permit it, the first reason first: whoever may be anywhere needs everybody's permission."""
        found: dict[Limit, None] = {}
        for member in members:
            days_off = self._days_off(member.country_code, member.region)
            for freeze in self._freezes:
                if _matches(freeze, purpose, channel, brand, member):
                    found[Limit("frozen", member.timezone, freeze=freeze)] = None
            for rule in self._rules_of(member, channel, purpose):
                found[Limit("quiet_hours", member.timezone, rule, _unless(rule.holidays, days_off))] = None
            if window is not None:
                found[Limit("send_window", member.timezone, window, _unless(window.holidays, days_off))] = None
        return tuple(sorted(found, key=lambda limit: REASONS.index(limit.reason)))

    def _rules_of(self, member: Member, channel: str, purpose: str) -> list[HoursRule]:
        fitting = [rule for rule in self._rules if rule.channel in (ANY, channel) and rule.purpose in (ANY, purpose)]
        own = [
            rule for rule in fitting if rule.country_code == member.country_code and rule.region in ("", member.region)
        ]
        return own or [rule for rule in fitting if rule.country_code == ANY]

    def _find_days_off(self, country_code: str, region: str) -> frozenset[date]:
        return frozenset(
            holiday.holiday_on
            for holiday in self._holidays
            if holiday.country_code == country_code and holiday.region in (None, region)
        )


@lru_cache(maxsize=1 << 18)
def local_time(instant: datetime, timezone: str) -> datetime:
    """What the clocks of a zone show, without a zone."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def local_date(instant: datetime, timezone: str) -> date:
    """The calendar day of an instant in a zone."""
    return local_time(instant, timezone).date()


def hour_of_week(instant: datetime, timezone: str) -> int:
    """The hour of an instant in a zone: 0 is the first of Monday, 167 the last of Sunday."""
    local = local_time(instant, timezone)
    return local.weekday() * 24 + local.hour


def slot_of(instant: datetime) -> datetime:
    """When the quarter of an hour began that holds an instant."""
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)


def range_of_slots(start: datetime, end: datetime) -> Iterator[datetime]:
    """The quarters that begin from `start` until before `end`."""
    while start < end:
        yield start
        start += SLOT


def minutes_of(clock: str) -> int:
    """A time such as 08:15 or 24:00 in minutes after midnight."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _closed_by(limits: Iterable[Limit], slot: datetime) -> str | None:
    """The first reason for which a quarter is closed."""
    return next((limit.reason for limit in limits if not limit.permits(slot)), None)


def _matches(freeze: Freeze, purpose: str, channel: str, brand: str, member: Member) -> bool:
    return (
        freeze.purpose in (None, purpose)
        and freeze.channel in (None, channel)
        and freeze.brand in (None, brand)
        and freeze.country_code in (None, member.country_code)
    )


def _unless(permitted: bool, days: frozenset[date]) -> frozenset[date]:
    return frozenset() if permitted else days


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones; looking them up takes a while."""
    return frozenset(available_timezones())
