"""What is said of a trigger in its model's YAML, checked field by field.

A check that needs two fields stands at the later one, so that the refusal names a field that can be corrected.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from activation.config import Strict
from activation.model import Channel, OnUnknown, Purpose
from activation.policy.experiment import Channels, Experiment, Goal, Templates, Variant, require_templates
from activation.policy.fields import (
    Country,
    Identifier,
    Launch,
    Length,
    LengthOrNever,
    Once,
    Priority,
    Switch,
    Text,
    Whole,
)
from activation.policy.timing import DAY, Ramp, RampStep, Schedule, SendTime, SendWindow

Kind = Literal[
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


class TriggerPolicy(Strict):
    """Everything that may be said of one trigger, under `config: meta: trigger:`."""

    id: Identifier = Field(description="Part of every key; it never follows a rename of the model.")
    version: Whole = Field(1, ge=1, description="Raised when the rule that makes keys changes; opens a new launch.")
    kind: Kind = Field(description="What sort of condition it is; for people, nothing follows from it.")
    purpose: Purpose = Field(description="Decides which consent, caps, quiet hours and holdouts apply.")
    basis: Literal["consent", "contract", "legitimate_interest", "legal_obligation"] = Field(
        description="Why we may write; `consent` (marketing only) asks for a confirmed one on the contact point."
    )
    brand: Text = Field("default", description="A brand of activation.yml.")
    priority: Priority = Field(
        description="A number or a level of the variable `priority_levels` (critical, high, medium, low); 1 is first."
    )
    channels: Channels = Field(description="Where it may go.")
    templates: Templates = Field(description="The template of each channel.")
    sender: Text = Field(description="A sender of activation.yml.")
    cap_group: Identifier | None = Field(None, description="A name by which a cap counts several triggers together.")
    reentry: Length | None = Field(None, description="Least time between two series of one customer.")
    after_step: Literal["previous", "none"] = Field(
        "previous", description="Whether a step of a series waits for the one before it."
    )
    min_gap: Length | None = Field(None, description="Least time between two steps of a series, after entry.")
    quiet_hours: Literal["defer", "advance", "drop"] = Field(
        "defer", description="What becomes of a message in closed hours: it waits, goes early, or is dropped."
    )
    send_window: SendWindow | None = Field(None, description="Hours of its own, within the permitted ones.")
    send_time: SendTime | None = Field(None, description="Waits for the customer's best hour; not for transactional.")
    on_cap: Literal["defer", "drop"] = Field("defer", description="Whether an occurrence waits when a cap is full.")
    digest: Identifier | None = Field(
        None, description="What is chosen together under one name becomes one message; not for transactional."
    )
    on_unknown: OnUnknown | None = Field(
        None, description="What to do with a message in doubt; by default marketing holds, the rest resends."
    )
    time_to_live: Length = Field(DAY, description="How long a decision to send stays right.")
    stale_after: LengthOrNever | None = Field(
        None,
        description="How long a message may have been withheld (paused, blocked, over its volume, "
        "unapproved) and still go, or never (there is no limit); by default 24h for marketing, never for the rest.",
    )
    max_volume: Whole | None = Field(None, ge=1, description="Above it in one run the whole trigger waits.")
    approval: Whole | None = Field(
        None, ge=0, description="Above so many people in one run a human must say yes; below max_volume."
    )
    ramp: Ramp = Field(
        None, description="Share of the units that take part, from 1 to 100 %, or a list of steps that rise."
    )
    countries: Annotated[list[Country], Field(min_length=1), Once] | None = Field(
        None, description="Only customers of these countries (ISO 3166, for example DE); by default of any."
    )
    goal: Goal | None = Field(None, description="What counts as success.")
    experiment: Experiment | None = Field(None, description="Marketing only.")
    schedule: Schedule = Field(
        Schedule.EVERY_BUILD,
        description="How often it is built: `activation build --cadence` leaves out what is rarer, whose occurrences "
        "are decided all the same.",
    )
    live_from: Launch = Field(
        None, description="An instant in UTC, or an offset from the first live run such as -2d; by default that run."
    )
    owner: str = Field(min_length=3, description="Who answers for it.")
    enabled: Switch = Field(True, description="False pauses it.")
    mandatory: Switch = Field(
        False, description="Must go (an order confirmation): what cannot go is on the worklist; not for marketing."
    )

    @property
    def unknown_rule(self) -> OnUnknown:
        """`hold` for marketing and `resend` for the rest, unless the policy says otherwise."""
        if self.on_unknown is not None:
            return self.on_unknown
        return OnUnknown.HOLD if self.purpose is Purpose.MARKETING else OnUnknown.RESEND

    @property
    def stale_rule(self) -> timedelta | None:
        """After how long something withheld is stale; None is never."""
        if isinstance(self.stale_after, timedelta):
            return self.stale_after
        return DAY if self.stale_after is None and self.purpose is Purpose.MARKETING else None

    def is_rarer_than(self, cadence: Schedule) -> bool:
        """Whether a build of this cadence leaves its model out."""
        order = list(Schedule)
        return order.index(self.schedule) > order.index(cadence)

    @property
    def variants(self) -> list[Variant]:
        return self.experiment.variants if self.experiment else []

    @property
    def channels_used(self) -> list[Channel]:
        """Every channel that any variant uses, the trigger's own first."""
        named = [*self.channels.names, *(name for variant in self.variants for name in variant.channels or ())]
        return list(dict.fromkeys(named))

    @property
    def senders(self) -> list[str]:
        """Every sender that any variant uses, the trigger's own first."""
        return list(dict.fromkeys([self.sender, *(variant.sender for variant in self.variants if variant.sender)]))

    @field_validator("basis")
    @classmethod
    def basis_is_for_the_purpose(cls, value: str, info: ValidationInfo) -> str:
        purpose = info.data.get("purpose")
        if purpose is Purpose.MARKETING and value not in ("consent", "legitimate_interest"):
            raise ValueError("basis of a marketing trigger must be consent or legitimate_interest")
        if purpose not in (None, Purpose.MARKETING) and value == "consent":
            raise ValueError("basis consent is for marketing only: no consent is asked for the other purposes")
        return value

    @field_validator("min_gap")
    @classmethod
    def a_gap_follows_a_step(cls, value: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if value is not None and info.data.get("after_step") == "none":
            raise ValueError("counts from the step before: it needs after_step: previous")
        return value

    @field_validator("templates")
    @classmethod
    def every_channel_has_a_template(cls, value: Templates, info: ValidationInfo) -> Templates:
        channels: Channels | None = info.data.get("channels")
        missing = [name for name in channels.names if name not in value] if channels else []
        if missing:
            raise ValueError(f"templates has none for the channel {', '.join(missing)}")
        return value

    @field_validator("send_time", "digest")
    @classmethod
    def what_is_owed_goes_at_once(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.data.get("purpose") is Purpose.TRANSACTIONAL:
            raise ValueError("is not for transactional: what is owed goes at once and by itself")
        return value

    @field_validator("approval")
    @classmethod
    def approval_can_be_asked(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is None:
            return value
        if info.data.get("purpose") is Purpose.TRANSACTIONAL:
            raise ValueError("is not for transactional: what is owed waits for nobody")
        limit = info.data.get("max_volume")
        if limit is not None and value >= limit:
            raise ValueError(f"would never be asked for: it must be below max_volume ({limit}), above which all wait")
        return value

    @field_validator("ramp")
    @classmethod
    def ramp_rises(cls, value: list[RampStep] | None) -> list[RampStep] | None:
        for before, after in zip(value or [], (value or [])[1:], strict=False):
            if after.starts_at <= before.starts_at:
                raise ValueError("its steps must follow one another in time")
            if after.percent <= before.percent:
                raise ValueError("must rise from step to step: to stop a trigger, use enabled: false")
        return value

    @field_validator("experiment")
    @classmethod
    def experiment_is_possible(cls, value: Experiment | None, info: ValidationInfo) -> Experiment | None:
        if value is None:
            return value
        if info.data.get("purpose") not in (None, Purpose.MARKETING):
            raise ValueError("experiment is for marketing only: transactional and service are never held out")
        goal: Goal | None = info.data.get("goal")
        channels: Channels | None = info.data.get("channels")
        for variant in value.variants:
            if goal and variant.delay >= goal.window:
                raise ValueError(f"delay of the variant {variant.name} must be shorter than the goal's window")
            if channels and channels.mode == "all" and variant.channels:
                raise ValueError(f"channels of the variant {variant.name} need channels.mode: first")
            if channels and "templates" in info.data:
                require_templates(variant, channels.names, info.data["templates"])
        return value

    @field_validator("mandatory")
    @classmethod
    def what_must_go_is_not_dropped(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("purpose") is Purpose.MARKETING:
            raise ValueError("mandatory is not for marketing")
        for name in ("quiet_hours", "on_cap"):
            if value and info.data.get(name) == "drop":
                raise ValueError(f"what must go cannot be dropped: use {name}: defer")
        return value

    @model_validator(mode="after")
    def templates_are_for_its_channels(self) -> Self:
        unused = [name for name in self.templates if name not in self.channels_used]
        if unused:
            raise ValueError(f"templates has one for {', '.join(unused)}, which is no channel of the trigger")
        return self
