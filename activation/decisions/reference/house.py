"""How the reference reads the policy of the house."""

from datetime import date, datetime

from activation.decisions import contest
from activation.decisions.reference.policies import BUCKETS, rounded
from activation.policy.house import Cap, HousePolicy

SCOPES = {"country": "country_code"}


def caps(house: HousePolicy) -> list[contest.Cap]:
    """The caps in their order, as the contest takes them."""
    return [
        contest.Cap(one.cap_id, one.max_messages, one.days, one.hours, one.runs, one.per, _only(one))
        for one in house.caps
    ]


def _only(cap: Cap) -> dict[str, str]:
    named = {name: getattr(cap, name) for name in ("purpose", "channel", "cap_group", "brand", "country", "region")}
    return {SCOPES.get(name, name): str(value) for name, value in named.items() if value is not None}


def holdout_buckets(house: HousePolicy) -> int:
    """How many of the 10,000 buckets are held out of all marketing."""
    return rounded(round(house.global_holdout_share * BUCKETS, 6))


def youngest_birth_date(house: HousePolicy, as_of: datetime) -> date:
    """Whoever was born after this day is too young for marketing."""
    year = as_of.year - house.minimum_marketing_age_years
    is_leap_day = (as_of.month, as_of.day) == (2, 29)
    return date(year, 2, 28) if is_leap_day and year % 4 else date(year, as_of.month, as_of.day)
