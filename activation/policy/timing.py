"""When a trigger's messages may go, how many of its units take part, and how often it is built."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from activation.config import Strict
from activation.policy.fields import FAR_PAST, Clock, Instant, Length, Once, Share, Switch, Weekday, Whole

DAY = timedelta(days=1)
RAMP_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 100},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/RampStep"}},
    ]
}


class SendWindow(Strict):
    """The hours in the customer's own time in which its messages may go; it narrows the quiet hours, never widens."""

    starts: Clock = Field(alias="from", description="A quarter of an hour in quotes, for example '09:00'.")
    ends: Clock = Field(alias="to", description="A later one, up to '24:00'; the message goes before it.")
    days: Annotated[list[Weekday], Field(min_length=1), Once] = Field(
        default=list(Weekday), description="Weekdays, mon to sun."
    )
    holidays: Switch = Field(True, description="False leaves out the public holidays of the customer's country.")

    @field_validator("starts")
    @classmethod
    def the_day_is_not_over(cls, value: str) -> str:
        if value == "24:00":
            raise ValueError("24:00 can only be the end")
        return value

    @field_validator("ends")
    @classmethod
    def ends_after_it_starts(cls, value: str, info: ValidationInfo) -> str:
        start = info.data.get("starts")
        if start is not None and value <= start:
            raise ValueError(f"must be later than from ({start}): a window cannot span midnight")
        return value


class SendTime(Strict):
    """Waits for the hour of the week in which the customer usually answers."""

    within: Length = Field(DAY, description="How long a message may wait for a better hour, from 1h to 24h.")
    control: Share = Field(0.1, description="Share of units that get it at once, for comparison; from 0 to below 1.")

    @field_validator("within")
    @classmethod
    def scores_are_by_the_hour(cls, value: timedelta) -> timedelta:
        if not timedelta(hours=1) <= value <= DAY:
            raise ValueError("must be from 1h to 24h")
        return value

    @model_validator(mode="before")
    @classmethod
    def says_something(cls, value: Any) -> Any:
        if value == {}:
            raise ValueError("says nothing: write within or control, for example {within: 24h}")
        return value


class RampStep(Strict):
    """From when on how much of a trigger's units take part."""

    percent: Whole = Field(ge=1, le=100, description="Share of the units, in %.")
    starts_at: Instant = Field(alias="from", description="An instant in UTC; before the first step nobody takes part.")


def _ramp(value: object) -> object:
    """A number alone is one step that has always held."""
    if isinstance(value, bool) or not isinstance(value, int | list | None):
        raise ValueError("must be a whole number from 1 to 100, or a list of {percent, from}")
    if isinstance(value, int):
        return [{"percent": value, "from": FAR_PAST}]
    return value


Ramp = Annotated[
    Annotated[list[RampStep], Field(min_length=1)] | None, BeforeValidator(_ramp), WithJsonSchema(RAMP_SCHEMA)
]


class Schedule(StrEnum):
    """How often a trigger's model is built, the most often first."""

    EVERY_BUILD = "every_build"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
