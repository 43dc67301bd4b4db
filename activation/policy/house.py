"""What holds for all triggers: the variables of `dbt_project.yml` that make the policy of the house.

Each variable is required, because each has its one default there.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from activation.config import Strict
from activation.model import Channel, Purpose
from activation.policy.fields import Country, Day, Identifier, Item, Once, Region, Salt, Share, Text, Whole
from activation.policy.trigger import TriggerPolicy

PURPOSES = Annotated[list[Purpose], Once]


class Cap(Strict):
    """At most so many messages within a stretch of time.

    A message counts when every scope that is named matches. `max_messages: 0` is legal and closes the scope: nothing
    that matches goes out, each such occurrence waits with the verdict `deferred_cap` (or is dropped where its policy
    says `on_cap: drop`), and the doctor says so.
    """

    cap_id: Identifier = Field(description="Stands in the decisions; each cap has its own.")
    max_messages: Whole = Field(ge=0, description="How many may go; 0 closes the scope.")
    per: Literal["customer", "contact_point"] = Field("customer", description="Whose messages are counted.")
    days: Whole | None = Field(None, ge=1, le=366, description="Within so many local calendar days, today included.")
    hours: Whole | None = Field(None, ge=1, le=8784, description="Within so many hours that slide.")
    runs: Literal[1] | None = Field(None, description="1: within one run.")
    purpose: Purpose | None = Field(None, description="Counts this purpose alone; without it all but the exempt ones.")
    channel: Channel | None = Field(None, description="Counts this channel alone.")
    cap_group: Identifier | None = Field(None, description="Counts the triggers that name this group alone.")
    brand: Text | None = Field(None, description="Counts this brand of activation.yml alone.")
    country: Country | None = Field(None, description="Counts customers of this country alone (ISO 3166).")
    region: Region | None = Field(None, description="Counts customers of this region of it alone, for example FL.")

    @field_validator("region")
    @classmethod
    def region_is_in_a_country(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and "country" in info.data and info.data["country"] is None:
            raise ValueError("needs a country beside it")
        return value

    @model_validator(mode="after")
    def has_one_stretch(self) -> Self:
        if sum(length is not None for length in (self.days, self.hours, self.runs)) != 1:
            raise ValueError("exactly one of days, hours and runs must be given")
        return self

    def unmet_scope(self, policy: TriggerPolicy, exempt: list[Purpose]) -> str | None:
        """Why no message of a trigger can ever count against this cap; None when one can."""
        if policy.purpose is not self.purpose and (self.purpose is not None or policy.purpose in exempt):
            return f"purpose {self.purpose or 'not exempt'}"
        if self.channel is not None and self.channel not in policy.channels_used:
            return f"channel {self.channel}"
        if self.cap_group not in (None, policy.cap_group):
            return f"cap_group {self.cap_group}"
        if self.brand not in (None, policy.brand):
            return f"brand {self.brand}"
        if self.country is not None and policy.countries is not None and self.country not in policy.countries:
            return f"country {self.country}"
        return None


class Freeze(Strict):
    """Local calendar days on which nothing goes out that matches; what is left out matches everything."""

    freeze_id: Identifier = Field(description="A name for it; each freeze has its own.")
    starts_on: Day = Field(alias="from", description="The first day, for example 2026-12-24.")
    ends_on: Day = Field(alias="to", description="The last day, itself included.")
    purposes: Annotated[PURPOSES, Field(min_length=1)] | None = Field(None, description="These purposes alone.")
    channels: Annotated[list[Channel], Field(min_length=1), Once] | None = Field(
        None, description="These channels alone."
    )
    brands: Annotated[list[Text], Field(min_length=1), Once] | None = Field(None, description="These brands alone.")
    countries: Annotated[list[Country], Field(min_length=1), Once] | None = Field(
        None, description="Customers of these countries alone."
    )

    @field_validator("ends_on")
    @classmethod
    def ends_no_earlier_than_it_starts(cls, value: date, info: ValidationInfo) -> date:
        start = info.data.get("starts_on")
        if start is not None and value < start:
            raise ValueError(f"must not be earlier than from ({start})")
        return value


class HousePolicy(Strict):
    """What holds for all triggers, under `vars:` of `dbt_project.yml`."""

    caps: list[Cap] = Field(description="How many messages anybody gets; see Cap.")
    cap_exempt_purposes: PURPOSES = Field(description="What a cap without a purpose does not count.")
    priority_levels: dict[Identifier, Annotated[Whole, Field(ge=1)]] = Field(
        min_length=1, description="What the named priorities mean; 1 is first."
    )
    freezes: list[Freeze] = Field(description="Days on which nothing goes out; see Freeze.")
    markets: Annotated[list[Country], Field(min_length=1), Once] = Field(
        description="Where the business sells (ISO 3166): whose place is unknown gets messages only when they are "
        "permitted in all of these."
    )
    global_holdout_share: Share = Field(description="Share of units held out of all marketing, from 0 to below 1.")
    global_holdout_salt: Salt = Field(description="Changed by hand only: another salt draws other people.")
    global_holdout_window_days: Whole = Field(
        ge=1, le=366, description="Days after assignment in which orders count for the global holdout."
    )
    minimum_marketing_age_years: Whole = Field(ge=0, le=120, description="Nobody known to be younger gets marketing.")
    max_customers_per_contact_point: Whole = Field(ge=1, description="An address of more customers connects nobody.")
    contest_rounds: Whole = Field(
        ge=1,
        le=64,
        description="How often a run asks whose turn it is under the caps; who is left waits for the next run.",
    )
    advance_lead_hours: Whole = Field(
        ge=1, le=24, description="Hours before a closed stretch in which what falls into it is sent early."
    )

    @field_validator("caps")
    @classmethod
    def caps_have_their_own_ids(cls, value: list[Cap]) -> list[Cap]:
        return _own_ids(value, [cap.cap_id for cap in value])

    @field_validator("freezes")
    @classmethod
    def freezes_have_their_own_ids(cls, value: list[Freeze]) -> list[Freeze]:
        return _own_ids(value, [freeze.freeze_id for freeze in value])

    @classmethod
    def of_variables(cls, variables: Mapping[str, Any]) -> Self:
        """Those of a project's variables that make the policy of the house."""
        return cls.model_validate({name: variables[name] for name in cls.model_fields if name in variables})

    def caps_of(self, policy: TriggerPolicy) -> list[Cap]:
        """The caps that a trigger's messages can count against."""
        return [cap for cap in self.caps if cap.unmet_scope(policy, self.cap_exempt_purposes) is None]


def _own_ids(value: list[Item], ids: list[str]) -> list[Item]:
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise ValueError(f"two have the id {', '.join(repeated)}: give each its own")
    return value
