"""What no single policy shows: salts and digests shared, windows that nothing is left of, caps that meet nobody."""

from pathlib import Path
from typing import Any

import pytest

from activation.policy import Declared, HousePolicy, TriggerPolicy, contradictions, oddities
from activation.policy.hours import HoursRule, read_rules

GOOD: dict[str, Any] = {
    "kind": "absence",
    "purpose": "marketing",
    "basis": "consent",
    "priority": "high",
    "channels": {"names": ["email"]},
    "templates": {"email": "any"},
    "sender": "shop",
    "owner": "lifecycle",
}
HOUSE: dict[str, Any] = {
    "caps": [],
    "cap_exempt_purposes": ["transactional"],
    "priority_levels": {"high": 1},
    "freezes": [],
    "markets": ["DE", "FR"],
    "global_holdout_share": 0.05,
    "global_holdout_salt": "everyone",
    "global_holdout_window_days": 30,
    "minimum_marketing_age_years": 16,
    "max_customers_per_contact_point": 20,
    "contest_rounds": 8,
    "advance_lead_hours": 2,
}
RULES = [
    HoursRule("DE", "*", "*", 8 * 60, 21 * 60, "1234567", holidays=True),
    HoursRule("FR", "*", "marketing", 8 * 60, 22 * 60, "123456", holidays=False),
    HoursRule("FR", "sms", "marketing", 10 * 60, 20 * 60, "12345", holidays=False),
    HoursRule("*", "*", "marketing", 9 * 60, 20 * 60, "1234567", holidays=True),
]


def triggers(*changes: dict[str, Any]) -> list[Declared[TriggerPolicy]]:
    names = [f"t{number}" for number in range(len(changes))]
    return [
        Declared(
            f"trg_{name}", f"triggers/{name}.yml", TriggerPolicy.model_validate({**GOOD, "id": name, **change}), change
        )
        for name, change in zip(names, changes, strict=True)
    ]


def experiment(salt: str = "shared_1", holdout: float = 0.1, **weights: int) -> dict[str, Any]:
    variants = [{"name": name, "weight": weight} for name, weight in weights.items()]
    return {"experiment": {"salt": salt, "holdout": holdout, "variants": variants}}


def window(start: str, end: str, *days: str, **more: Any) -> dict[str, Any]:
    return {"send_window": {"from": start, "to": end, **({"days": list(days)} if days else {})}, **more}


def house(**change: Any) -> HousePolicy:
    return HousePolicy.of_variables({**HOUSE, **change})


def refused(*changes: dict[str, Any]) -> list[str]:
    return contradictions(triggers(*changes), house(), RULES)


def remarked(*changes: dict[str, Any], **of_the_house: Any) -> list[str]:
    return oddities(triggers(*changes), house(**of_the_house), RULES)


def test_triggers_may_share_a_salt() -> None:
    """With the same holdout, names and weights, whatever else their variants change."""
    alike = experiment(a=60, b=40)
    other = experiment(a=60, b=40)
    other["experiment"]["variants"][0]["subject"] = "Another"
    assert refused(alike, other, experiment("its_own", 0.2)) == []


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (experiment(holdout=0.2, a=60, b=40), "holdout"),
        (experiment(a=50, b=50), "variants"),
        (experiment(a=60, c=40), "variants"),
        (experiment(b=40, a=60), "variants"),
        (experiment(), "variants"),
    ],
)
def test_one_salt_with_two_odds_is_refused(other: dict[str, Any], field: str) -> None:
    """It would be one experiment, drawn in two ways."""
    (fault,) = refused(experiment(a=60, b=40), other)
    assert fault.startswith(f"triggers/t1.yml: experiment.{field}: triggers/t0.yml has another")
    assert "a salt of its own" in fault


def test_an_experiment_does_not_share_the_salt_of_the_global_holdout() -> None:
    """Or its held out would be the same people again."""
    (fault,) = refused(experiment("everyone"))
    assert "experiment.salt" in fault
    assert "global_holdout_salt" in fault


def test_a_digest_has_the_same_channels_and_purpose() -> None:
    """Else its messages could never become one; another brand's digest of the same name is another."""
    texts = {"channels": {"names": ["sms"]}, "templates": {"sms": "short"}}
    service = {"purpose": "service", "basis": "contract"}
    assert refused({"digest": "news"}, {"digest": "news"}, {"digest": "alerts", **texts}) == []
    assert refused({"digest": "news"}, {"digest": "news", "brand": "other", **texts}) == []
    (channels,) = refused({"digest": "news"}, {"digest": "news", **texts})
    assert channels.startswith("triggers/t1.yml: digest: `news` is used by triggers/t0.yml with other channels")
    (purpose,) = refused({"digest": "news"}, {"digest": "news", **service})
    assert "with other purpose" in purpose


def test_a_window_of_which_no_market_leaves_anything_is_refused() -> None:
    """By channel, since each has permitted hours of its own."""
    assert refused(window("09:00", "17:00")) == []
    (night,) = refused(window("22:00", "24:00"))
    assert night.startswith("triggers/t0.yml: send_window: the permitted hours leave nothing of it for email in DE, FR")
    (sunday,) = refused(window("09:00", "17:00", "sun", countries=["FR"]))
    assert sunday.startswith("triggers/t0.yml: send_window")
    texts = {"channels": {"names": ["email", "sms"]}, "templates": {"email": "any", "sms": "short"}}
    (early,) = refused(window("08:00", "10:00", "mon", countries=["FR"], **texts))
    assert "for sms in FR" in early


def test_a_window_that_one_market_closes_is_remarked() -> None:
    """Sundays go to Germany, and nobody in France gets it."""
    assert refused(window("09:00", "17:00", "sun")) == []
    (remark,) = remarked(window("09:00", "17:00", "sun"))
    assert "nobody in FR" in remark


def test_a_country_without_rules_has_those_of_the_rest() -> None:
    """As the seed's row of `*` says; where it has rules of its own, those alone count."""
    assert refused(window("08:00", "08:30", countries=["DE"])) == []
    (fault,) = refused(window("08:00", "08:30", countries=["AT"]))
    assert "AT" in fault
    service = {"purpose": "service", "basis": "contract"}
    assert refused(window("02:00", "03:00", countries=["AT"], **service)) == []


def test_a_window_is_within_one_day() -> None:
    """The last quarter of an hour before the permitted hours end is enough, and the first after it is not."""
    assert refused(window("20:45", "24:00", countries=["DE"])) == []
    assert len(refused(window("21:00", "24:00", countries=["DE"]))) == 1


def test_a_cap_that_meets_no_trigger_is_remarked() -> None:
    """With the scopes that nobody has."""
    caps = [
        {"cap_id": "baskets", "max_messages": 1, "days": 1, "cap_group": "basket"},
        {"cap_id": "daily", "max_messages": 1, "days": 1},
    ]
    (remark,) = remarked({"cap_group": "baskets"}, {}, caps=caps)
    assert remark == "the cap baskets meets no trigger (cap_group basket)"


def test_a_cap_that_is_closed_is_remarked() -> None:
    """0 is legal, and worth a look."""
    (remark,) = remarked({}, caps=[{"cap_id": "none", "max_messages": 0, "days": 1}])
    assert remark.startswith("the cap none is 0")


def test_the_seed_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Rows of regions close no market; a seed that is not there has no rules."""
    seed = tmp_path / "quiet_hours.csv"
    assert read_rules(seed) == []
    seed.write_text(
        "country_code,region,channel,purpose,local_from,local_to,days,holidays,basis,source,checked_on\n"
        "FR,,*,marketing,08:00,22:00,123456,false,law,x,2026-01-01\n"
        "US,FL,sms,marketing,08:00,20:00,1234567,true,law,x,2026-01-01\n",
        encoding="utf-8",
    )
    assert read_rules(seed) == [HoursRule("FR", "*", "marketing", 480, 1320, "123456", holidays=False)]
