"""The policy: what may be done with a trigger's occurrences, and with an audience's members.

It stands under `config: meta: trigger:` (or `audience:`) of a model's YAML. dbt keeps it in the manifest, the SQL reads
it from there as the table `act_policies`, and these models check it. Only what has an effect is accepted.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from activation.config import Duration, Strict, parse_duration
from activation.model import Channel, OnUnknown, Purpose

IDENTIFIER = r"^[a-z][a-z0-9_]*$"
# What every warehouse reads as a timestamp; an offset from UTC is ignored by some, so none is accepted.
INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+]00:00)?$")


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


def _longer_than_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


Length = Annotated[Duration, AfterValidator(_longer_than_nothing)]


class Channels(Strict):
    """Where an occurrence may go."""

    mode: Literal["first"] = Field("first", description="The first of `names` on which the customer can be reached.")
    names: list[Channel] = Field(min_length=1, description="Channels in the order of preference, each once.")

    @field_validator("mode", mode="before")
    @classmethod
    def one_message_only(cls, value: object) -> object:
        if value == "all":
            raise ValueError("all cannot be decided yet: use first, or one trigger per channel")
        return value

    @field_validator("names")
    @classmethod
    def no_repeats(cls, value: list[Channel]) -> list[Channel]:
        if len(set(value)) != len(value):
            raise ValueError("a channel stands there twice")
        return value


class Variant(Strict):
    """One way of treating a unit."""

    name: str = Field(pattern=IDENTIFIER, description="Stands in the assignments and the report.")
    weight: int = Field(ge=0, le=100, description="Share of the treated units, in %; all weights add up to 100.")
    templates: dict[Channel, str] = Field(
        default_factory=dict, description="Replaces the trigger's template on these channels."
    )


class Experiment(Strict):
    """Who is held out, and how the treated are divided."""

    salt: str = Field(min_length=3, description="Changed by hand only: a new one closes the experiment, opens another.")
    holdout: float = Field(0.0, ge=0.0, lt=1.0, description="Share of all units that get nothing, from 0 to below 1.")
    variants: list[Variant] = Field(default_factory=list, description="Ways of treating; none means one.")

    @field_validator("variants")
    @classmethod
    def weights_add_up(cls, value: list[Variant]) -> list[Variant]:
        if value and sum(variant.weight for variant in value) != 100:
            raise ValueError("the weights must add up to 100")
        if len({variant.name for variant in value}) != len(value):
            raise ValueError("two variants have the same name")
        return value


class Goal(Strict):
    """What counts as success."""

    event: str = Field(min_length=1, description="Name of the event, for example Order Completed.")
    window: Length = Field(description="How long after assignment it counts.")
    value: str | None = Field(None, description="A number in the event's properties, for example total.")


def _launch(value: object) -> datetime | timedelta | None:
    """An instant in UTC, or an offset from the first live run such as `-2d`."""
    if value is None or isinstance(value, timedelta):
        return value
    text = str(value)
    if INSTANT.match(text):
        return datetime.fromisoformat(text)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{error}; or an instant in UTC, for example 2026-03-01 08:00") from None


class TriggerPolicy(Strict):
    """Everything that may be said of one trigger, under `config: meta: trigger:`."""

    id: str = Field(pattern=IDENTIFIER, description="Part of every key; it never follows a rename of the model.")
    version: int = Field(1, ge=1, description="Raised when the rule that makes keys changes; opens a new launch.")
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
    ] = Field(description="What sort of condition it is; for people, nothing follows from it.")
    purpose: Purpose = Field(description="Decides which consent, caps and holdouts apply.")
    basis: Literal["consent", "contract", "legitimate_interest", "legal_obligation"] = Field(
        description="Why we may write; `consent` (marketing only) asks for a confirmed one on the contact point."
    )
    brand: str = Field("default", description="A brand of activation.yml.")
    priority: Priority = Field(description="A number or critical, high, medium, low; the higher is chosen first.")
    channels: Channels = Field(description="Where it may go.")
    templates: dict[Channel, str] = Field(description="The template of each channel.")
    sender: str = Field(description="A sender of activation.yml.")
    reentry: Length | None = Field(None, description="Least time between two series of one customer.")
    min_gap: Length | None = Field(None, description="Least time between two steps of a series, after entry.")
    on_cap: Literal["defer", "drop"] = Field("defer", description="Whether an occurrence waits when a cap is full.")
    on_unknown: OnUnknown | None = Field(
        None, description="What to do with a message in doubt; by default marketing holds, the rest resends."
    )
    time_to_live: Length = Field(timedelta(hours=24), description="How long a decision to send stays right.")
    max_volume: int | None = Field(None, ge=1, description="Above it in one run the whole trigger waits.")
    experiment: Experiment | None = Field(None, description="Marketing only.")
    goal: Goal | None = Field(None, description="What counts as success.")
    live_from: Annotated[datetime | timedelta | None, BeforeValidator(_launch)] = Field(
        None, description="An instant in UTC, or an offset from the first live run such as -2d; by default that run."
    )
    owner: str = Field(min_length=3, description="Who answers for it.")
    enabled: bool = Field(True, description="False pauses it.")
    mandatory: bool = Field(
        False, description="Must go (an order confirmation): what cannot go is on the worklist; not for marketing."
    )

    @property
    def unknown_rule(self) -> OnUnknown:
        """`hold` for marketing and `resend` for the rest, unless the policy says otherwise."""
        if self.on_unknown is not None:
            return self.on_unknown
        return OnUnknown.HOLD if self.purpose is Purpose.MARKETING else OnUnknown.RESEND

    @model_validator(mode="after")
    def belongs_together(self) -> "TriggerPolicy":
        if self.experiment and self.purpose is not Purpose.MARKETING:
            raise ValueError("experiment is for marketing only: transactional and service are never held out")
        if self.purpose is Purpose.MARKETING and self.basis not in ("consent", "legitimate_interest"):
            raise ValueError("basis of a marketing trigger must be consent or legitimate_interest")
        if self.purpose is not Purpose.MARKETING and self.basis == "consent":
            raise ValueError("basis consent is for marketing only: no consent is asked for the other purposes")
        if self.mandatory and self.purpose is Purpose.MARKETING:
            raise ValueError("mandatory is not for marketing")
        return self

    @model_validator(mode="after")
    def templates_are_for_its_channels(self) -> "TriggerPolicy":
        missing = [name for name in self.channels.names if name not in self.templates]
        if missing:
            raise ValueError(f"templates has none for the channel {', '.join(missing)}")
        variants = self.experiment.variants if self.experiment else []
        for templates in (self.templates, *(variant.templates for variant in variants)):
            unused = [name for name in templates if name not in self.channels.names]
            if unused:
                raise ValueError(f"templates has one for {', '.join(unused)}, which is no channel of the trigger")
        return self


class AudiencePolicy(Strict):
    """A model whose customers are kept in step with a list, under `config: meta: audience:`."""

    id: str = Field(pattern=IDENTIFIER, description="Names the list; it never follows a rename of the model.")
    destination: str = Field(description="A destination of activation.yml that takes members.")
    brand: str = Field("default", description="A brand of activation.yml.")
    identifier: Literal["email"] = Field("email", description="What the destination knows people by.")
    purpose: Purpose = Field(Purpose.MARKETING, description="Decides which consent a member needs.")
    mode: Literal["mirror", "add_only"] = Field(
        "mirror", description="`mirror` also removes who left, but only whom we added."
    )
    traits: list[str] = Field(default_factory=list, description="Columns of the model that go along.")
    owner: str = Field(min_length=3, description="Who answers for it.")
    enabled: bool = Field(True, description="False leaves the list as it is.")


REFERENCE = (TriggerPolicy, Channels, Experiment, Variant, Goal, AudiencePolicy)


def reference() -> str:
    """The page that lists every field, in Markdown."""
    parts = [
        "# Policy reference\n",
        "Written by `activation docs` from `activation/policy.py`; unknown keys are refused.\n",
    ]
    for model in REFERENCE:
        parts.append(f"## {model.__name__}\n\n{model.__doc__}\n\n| field | default | meaning |\n|---|---|---|")
        parts.extend(_row(name, field) for name, field in model.model_fields.items())
        parts.append("")
    return "\n".join(parts)


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
    return f"| `{name}` | {default} | {field.description} |"


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:.0f}h"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None or value == [] or value == {} else str(value)
