"""The policy: what may be done with a trigger's occurrences, and with an audience's members.

It stands under `config: meta: trigger:` (or `audience:`) of a model's YAML. dbt keeps it in the manifest, the SQL reads
it from there as the table `act_policies`, and these models check it. Only what has an effect is accepted.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from activation.config import Duration, Strict, parse_duration
from activation.model import Channel, OnUnknown, Purpose

IDENTIFIER = r"^[a-z][a-z0-9_]*$"


class Level(StrEnum):
    """Named priorities; a higher number is chosen first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


PRIORITIES = {Level.CRITICAL: 1000, Level.HIGH: 300, Level.MEDIUM: 200, Level.LOW: 100}


def _priority(value: object) -> int:
    if isinstance(value, str):
        try:
            return PRIORITIES[Level(value)]
        except ValueError:
            raise ValueError(f"{value!r} is not a level: use {', '.join(Level)} or a number") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number or a level")
    return value


Priority = Annotated[int, BeforeValidator(_priority)]


class Channels(Strict):
    """`first`: the first of `names` on which the customer can be reached; `all`: every one."""

    mode: Literal["first", "all"] = "first"
    names: list[Channel] = Field(min_length=1)


class Variant(Strict):
    """One way of treating a unit. Weights are shares of the treated units and add up to 100."""

    name: str = Field(pattern=IDENTIFIER)
    weight: int = Field(ge=0, le=100)
    templates: dict[Channel, str] = Field(default_factory=dict)


class Experiment(Strict):
    """`salt` is changed by hand only: a new one opens another experiment. `holdout` is a share of all units."""

    salt: str = Field(min_length=3)
    holdout: float = Field(default=0.0, ge=0.0, lt=1.0)
    variants: list[Variant] = Field(default_factory=list)

    @field_validator("variants")
    @classmethod
    def weights_add_up(cls, value: list[Variant]) -> list[Variant]:
        if value and sum(variant.weight for variant in value) != 100:
            raise ValueError("the weights must add up to 100")
        if len({variant.name for variant in value}) != len(value):
            raise ValueError("two variants have the same name")
        return value


class Goal(Strict):
    """What counts as success, within `window` after assignment. `value` names a number in the event's properties."""

    event: str = Field(min_length=1)
    window: Duration
    value: str | None = None


def _launch(value: object) -> datetime | timedelta | None:
    """An instant in UTC, or an offset from the first live run such as `-2d`."""
    if value is None or isinstance(value, datetime | timedelta):
        return value
    text = str(value)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parse_duration(text)


class TriggerPolicy(Strict):
    """Everything that may be said of one trigger."""

    id: str = Field(pattern=IDENTIFIER)
    version: int = Field(default=1, ge=1)
    kind: Literal[
        "transactional",
        "recurring",
        "behavioural",
        "absence",
        "count",
        "event",
        "date",
        "crossing",
        "entity_change",
        "predicted",
        "calendar",
    ]
    purpose: Purpose
    basis: Literal["consent", "contract", "legitimate_interest", "legal_obligation"]
    brand: str = "default"
    priority: Priority
    channels: Channels
    templates: dict[Channel, str]
    sender: str
    reentry: Duration | None = None
    min_gap: Duration | None = None
    on_cap: Literal["defer", "drop"] = "defer"
    on_unknown: OnUnknown | None = None
    time_to_live: Duration = timedelta(hours=24)
    max_volume: int | None = Field(default=None, ge=1)
    experiment: Experiment | None = None
    goal: Goal | None = None
    live_from: Annotated[datetime | timedelta | None, BeforeValidator(_launch)] = None
    owner: str = Field(min_length=3)
    enabled: bool = True
    mandatory: bool = False

    @property
    def unknown_rule(self) -> OnUnknown:
        """`hold` for marketing and `resend` for the rest, unless the policy says otherwise."""
        if self.on_unknown is not None:
            return self.on_unknown
        return OnUnknown.HOLD if self.purpose is Purpose.MARKETING else OnUnknown.RESEND

    @model_validator(mode="after")
    def belongs_together(self) -> "TriggerPolicy":
        missing = [name for name in self.channels.names if name not in self.templates]
        if missing:
            raise ValueError(f"templates has none for the channel {', '.join(missing)}")
        if self.experiment and self.purpose is not Purpose.MARKETING:
            raise ValueError("experiment is for marketing only: transactional and service are never held out")
        if self.purpose is Purpose.MARKETING and self.basis not in ("consent", "legitimate_interest"):
            raise ValueError("basis of a marketing trigger must be consent or legitimate_interest")
        if self.mandatory and self.purpose is Purpose.MARKETING:
            raise ValueError("mandatory is not for marketing")
        return self


class AudiencePolicy(Strict):
    """A segment that is kept in step with a list at a destination. `mirror` removes only what we added."""

    id: str = Field(pattern=IDENTIFIER)
    destination: str
    brand: str = "default"
    identifier: Literal["email"] = "email"
    purpose: Purpose = Purpose.MARKETING
    mode: Literal["mirror", "add_only"] = "mirror"
    traits: list[str] = Field(default_factory=list)
    owner: str = Field(min_length=3)
    enabled: bool = True
