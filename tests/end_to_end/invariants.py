"""What must hold of whatever was sent: read from the ledger's copy and from profiles, judged by plain Python."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from activation.decisions.calendar import Calendar, Closure, Holiday, Place, local_date
from activation.decisions.seeds import read_time_seeds
from activation.policy.house import Cap, HousePolicy

ROOT = Path(__file__).parents[2]
Rows = Callable[[str], list[dict[str, Any]]]
WENT_OUT = "('claimed', 'accepted', 'delivered', 'bounced', 'unknown')"


@dataclass(frozen=True)
class Sent:
    """One message that went out, or may have, with where its customer is."""

    message_key: str
    trigger_id: str
    customer_id: str
    contact_point: str
    channel: str
    purpose: str
    brand: str
    place: Place
    sent_at: datetime


def read_calendar(rows: Rows, house: HousePolicy) -> Calendar:
    """The hours of the seeds and the holidays of the warehouse; the shipped house has no freezes."""
    seeds = read_time_seeds(ROOT / "dbt_project/seeds")
    found = rows("select country_code, region, cast(holiday_on as date) as holiday_on from engine.public_holidays")
    holidays = [Holiday(row["country_code"], row["region"], row["holiday_on"]) for row in found]
    return Calendar(seeds.rules, seeds.zones, holidays, [], house.markets)


def read_sent(rows: Rows, calendar: Calendar) -> list[Sent]:
    """Everything that went out, oldest first, but to whoever moved: where they were then is not known."""
    homes = {
        row["customer_id"]: calendar.place(row["timezone"], row["country_code"], row["region"])
        for row in rows("select customer_id, timezone, country_code, region from activation.dim_customers")
    }
    moved = {
        row["id"]
        for row in rows(
            "select id from raw.customers group by id having count(distinct concat_ws('|', "
            "attributes ->> 'timezone', attributes ->> 'country', attributes ->> 'region')) > 1"
        )
    }
    found = rows(
        "select message_key, max(trigger_id) as trigger_id, max(customer_id) as customer_id, "
        "max(contact_point) as contact_point, max(channel) as channel, max(purpose) as purpose, max(brand) as brand, "
        f"min(changed_at) as sent_at from engine.delivery_changes where state in {WENT_OUT} "
        "group by message_key order by sent_at, message_key"
    )
    unknown = calendar.place(None, None, None)
    return [
        Sent(**row, place=homes.get(row["customer_id"], unknown)) for row in found if row["customer_id"] not in moved
    ]


def over_cap(sent: Iterable[Sent], house: HousePolicy) -> Iterator[tuple[str, str, datetime]]:
    """(cap, customer or address, when) of every message with which more had gone out than the cap permits."""
    for cap in house.caps:
        holders: dict[str, list[Sent]] = defaultdict(list)
        for one in sent:
            if _counts(cap, one, house):
                holders[one.customer_id if cap.per == "customer" else one.contact_point].append(one)
        for holder, messages in holders.items():
            for last in messages:
                if sum(_is_within(cap, one, last) for one in messages) > cap.max_messages:
                    yield cap.cap_id, holder, last.sent_at


def _counts(cap: Cap, one: Sent, house: HousePolicy) -> bool:
    if cap.cap_group is not None:
        raise AssertionError(f"{cap.cap_id} counts a group, which the ledger does not know")
    if cap.purpose is None and one.purpose in house.cap_exempt_purposes:
        return False
    said = {"purpose": one.purpose, "channel": one.channel, "brand": one.brand}
    where = {"country": one.place.country_code, "region": one.place.region}
    return all(getattr(cap, scope) in (None, value) for scope, value in (said | where).items())


def _is_within(cap: Cap, one: Sent, last: Sent) -> bool:
    """Whether a message lies in the days or hours of the cap that end with another."""
    if one.sent_at > last.sent_at:
        return False
    if cap.hours is not None:
        return last.sent_at - one.sent_at < timedelta(hours=cap.hours)
    if cap.days is None:
        raise AssertionError(f"{cap.cap_id} counts runs, which the ledger does not know")
    zone = last.place.day_zone
    return (local_date(last.sent_at, zone) - local_date(one.sent_at, zone)).days < cap.days


def in_closed_hours(sent: Iterable[Sent], calendar: Calendar) -> Iterator[tuple[Sent, str]]:
    """Every message that left when nothing of its purpose and channel goes to where its customer is."""
    for one in sent:
        hours = calendar.stretch(None, one.channel, one.purpose, one.brand, one.place, one.sent_at)
        if isinstance(hours, Closure):
            yield one, hours.reason


def reconciliation() -> str:
    """The query of the page of decisions that adds up to zero, upon the live schema."""
    page = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    return re.sub(r"\bfrom (act_\w+)|\bjoin (act_\w+)", lambda found: _placed(found.group(0)), query)


def _placed(clause: str) -> str:
    word, _, table = clause.partition(" ")
    return f"{word} activation.{table}"
