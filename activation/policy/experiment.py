"""Where a trigger's messages go, who is held out, how the treated are divided, and what counts as success."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from activation.config import Strict
from activation.model import Channel
from activation.policy.fields import Delay, Identifier, Length, Once, Salt, Share, Text, Whole

LONGEST_DELAY = timedelta(days=30)
# Words that stand for something else where a variant's name stands.
RESERVED_VARIANTS = ("default", "held_out")

ChannelNames = Annotated[list[Channel], Field(min_length=1), Once]
Templates = dict[Channel, Text]


class Channels(Strict):
    """Where an occurrence may go."""

    mode: Literal["first", "all"] = Field(
        "first",
        description="`first`: the first of `names` on which the customer can be reached; `all`: each of them.",
    )
    names: ChannelNames = Field(description="Channels in the order of preference, each once.")


class Variant(Strict):
    """One way of treating a unit; what it does not say is as the trigger has it."""

    name: Identifier = Field(description="Stands in the assignments and the report; not default or held_out.")
    weight: Whole = Field(ge=0, le=100, description="Share of the treated units, in %; all weights add up to 100.")
    templates: Templates = Field(default_factory=dict, description="Replaces the trigger's template on these channels.")
    subject: Text | None = Field(
        None,
        description="Replaces the template's subject. What stands in braces goes between `{% raw %}` and "
        "`{% endraw %}`, or dbt puts something in its place.",
    )
    sender: Text | None = Field(None, description="A sender of activation.yml instead of the trigger's.")
    offer: Text | None = Field(None, description="Handed to the template as `offer`.")
    delay: Delay = Field(
        timedelta(0), description="Sent so much later; at most 30d, and shorter than the goal's window."
    )
    channels: ChannelNames | None = Field(None, description="Replaces the names of the trigger's channels.")

    @field_validator("name")
    @classmethod
    def is_not_reserved(cls, value: str) -> str:
        if value in RESERVED_VARIANTS:
            raise ValueError(f"{value} has a meaning of its own: choose another name, for example control")
        return value

    @field_validator("delay")
    @classmethod
    def comes_in_time(cls, value: timedelta) -> timedelta:
        if value > LONGEST_DELAY:
            raise ValueError("must be at most 30d: the reason to write is gone by then")
        return value


class Experiment(Strict):
    """Who is held out, and how the treated are divided."""

    salt: Salt = Field(
        description="Changed by hand only: a new one closes the experiment, opens another. Triggers that share one "
        "share their draws, and need the same holdout, variant names and weights.",
    )
    holdout: Share = Field(0.0, description="Share of all units that get nothing, from 0 to below 1.")
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

    event: Text = Field(description="Name of the event, for example Order Completed.")
    window: Length = Field(description="How long after assignment it counts.")
    value: Text | None = Field(None, description="A number in the event's properties, for example total.")


def require_templates(variant: Variant, shared: list[Channel], templates: Templates) -> None:
    """Raises ValueError unless each channel of a variant has a template, and each template of it a channel."""
    names = variant.channels or shared
    missing = [name for name in names if name not in variant.templates and name not in templates]
    if missing:
        raise ValueError(f"the variant {variant.name} has no template for the channel {', '.join(missing)}")
    unused = [name for name in variant.templates if name not in names]
    if unused:
        raise ValueError(
            f"templates of the variant {variant.name} has one for {', '.join(unused)}, which is no channel of it"
        )
