"""What may be said in the house's variables, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from activation.config import describe_validation
from activation.errors import PolicyError
from activation.model import Purpose
from activation.policy import HousePolicy, TriggerPolicy
from activation.policy.declared import house_policy

ROOT = Path(__file__).parents[2]
SHIPPED: dict[str, Any] = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))["vars"]
GOOD: dict[str, Any] = {
    "id": "news",
    "kind": "absence",
    "purpose": "marketing",
    "basis": "consent",
    "priority": "high",
    "channels": {"names": ["email"]},
    "templates": {"email": "news"},
    "sender": "shop",
    "owner": "lifecycle",
}
CAP = {"cap_id": "daily", "max_messages": 1, "days": 1}
FREEZE = {"freeze_id": "feast", "from": "2026-12-24", "to": "2026-12-26"}


def house(**change: Any) -> HousePolicy:
    return HousePolicy.of_variables({**SHIPPED, **change})


def cap(**change: Any) -> dict[str, Any]:
    return {"caps": [{**CAP, **change}]}


def freeze(**change: Any) -> dict[str, Any]:
    return {"freezes": [{**FREEZE, **change}]}


def test_the_shipped_house_is_in_order() -> None:
    """With the levels that the shipped triggers name."""
    assert house().priority_levels == {"critical": 1, "high": 10, "medium": 20, "low": 30}
    assert house().cap_exempt_purposes == [Purpose.TRANSACTIONAL]


def test_a_refusal_names_the_file_and_the_variable() -> None:
    """And where every variable is listed."""
    with pytest.raises(PolicyError) as caught:
        house_policy({**SHIPPED, "contest_rounds": 0})
    assert caught.value.message.startswith("dbt_project/dbt_project.yml: vars: `contest_rounds`: ")
    assert "docs/policy.md" in caught.value.remedy


def test_a_cap_of_nothing_is_legal() -> None:
    """It closes its scope, which is defined."""
    assert house(**cap(max_messages=0)).caps[0].max_messages == 0


@pytest.mark.parametrize("name", list(HousePolicy.model_fields))
def test_every_variable_is_needed(name: str) -> None:
    """Each has its one default in `dbt_project.yml`, so one that is gone is named."""
    with pytest.raises(ValidationError) as caught:
        HousePolicy.of_variables({key: value for key, value in SHIPPED.items() if key != name})
    assert f"`{name}`: Field required" in describe_validation(caught.value)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (cap(max_messages=-1), "caps.0.max_messages", "greater than or equal to 0"),
        (cap(max_messages="1"), "caps.0.max_messages", "integer"),
        (cap(days=0), "caps.0.days", "greater than or equal to 1"),
        (cap(days=None), "caps.0", "exactly one of days, hours and runs"),
        (cap(hours=24), "caps.0", "exactly one of days, hours and runs"),
        (cap(days=None, runs=2), "caps.0.runs", "should be 1"),
        (cap(per="household"), "caps.0.per", "'customer' or 'contact_point'"),
        (cap(purpose="promotional"), "caps.0.purpose", "'marketing'"),
        (cap(channel="pigeon"), "caps.0.channel", "'email'"),
        (cap(country="UK"), "caps.0.country", "'UK' is no country"),
        (cap(region="FL"), "caps.0.region", "needs a country"),
        (cap(country="US", region="US-FL"), "caps.0.region", "FL for US-FL"),
        (cap(colour="red"), "caps.0.colour", "not permitted"),
        ({"caps": [CAP, CAP]}, "caps", "two have the id daily"),
        (freeze(to="2026-12-23"), "freezes.0.to", "not be earlier"),
        (freeze(**{"from": "Christmas"}), "freezes.0.from", "not a day"),
        (freeze(channels=[]), "freezes.0.channels", "at least 1"),
        (freeze(countries=["Germany"]), "freezes.0.countries.0", "no country"),
        ({"freezes": [FREEZE, FREEZE]}, "freezes", "two have the id feast"),
        ({"markets": []}, "markets", "at least 1"),
        ({"markets": ["DE", "DE"]}, "markets", "twice"),
        ({"markets": ["gb"]}, "markets.0", "write GB"),
        ({"cap_exempt_purposes": ["owed"]}, "cap_exempt_purposes.0", "'transactional'"),
        ({"priority_levels": {}}, "priority_levels", "at least 1"),
        ({"priority_levels": {"high": 0}}, "priority_levels.high", "greater than or equal to 1"),
        ({"global_holdout_share": 1.0}, "global_holdout_share", "less than 1"),
        ({"global_holdout_share": -0.1}, "global_holdout_share", "greater than or equal to 0"),
        ({"global_holdout_salt": ""}, "global_holdout_salt", "at least 3"),
        ({"global_holdout_window_days": 0}, "global_holdout_window_days", "greater than or equal to 1"),
        ({"minimum_marketing_age_years": -1}, "minimum_marketing_age_years", "greater than or equal to 0"),
        ({"max_customers_per_contact_point": 0}, "max_customers_per_contact_point", "greater than or equal to 1"),
        ({"contest_rounds": 65}, "contest_rounds", "less than or equal to 64"),
        ({"advance_lead_hours": 25}, "advance_lead_hours", "less than or equal to 24"),
    ],
)
def test_an_impossible_house_is_refused_by_variable(change: dict[str, Any], field: str, words: str) -> None:
    """The refusal names the variable and says what would be right."""
    with pytest.raises(ValidationError) as caught:
        house(**change)
    told = describe_validation(caught.value)
    assert f"`{field}`" in told
    assert words in told


@pytest.mark.parametrize(
    ("scope", "policy", "words"),
    [
        ({}, {}, None),
        ({}, {"purpose": "transactional", "basis": "contract"}, "purpose not exempt"),
        ({"purpose": "transactional"}, {"purpose": "transactional", "basis": "contract"}, None),
        ({"purpose": "service"}, {}, "purpose service"),
        ({"channel": "email"}, {}, None),
        ({"channel": "sms"}, {}, "channel sms"),
        ({"cap_group": "baskets"}, {}, "cap_group baskets"),
        ({"cap_group": "baskets"}, {"cap_group": "baskets"}, None),
        ({"brand": "other"}, {}, "brand other"),
        ({"country": "US", "region": "FL"}, {}, None),
        ({"country": "US"}, {"countries": ["DE", "US"]}, None),
        ({"country": "US"}, {"countries": ["DE"]}, "country US"),
    ],
)
def test_a_cap_counts_what_matches_all_its_scopes(
    scope: dict[str, Any], policy: dict[str, Any], words: str | None
) -> None:
    """One without a purpose counts all but the exempt ones."""
    found = house(**cap(**scope))
    trigger = TriggerPolicy.model_validate({**GOOD, **policy})
    assert found.caps[0].unmet_scope(trigger, found.cap_exempt_purposes) == words
    assert found.caps_of(trigger) == ([] if words else found.caps)
