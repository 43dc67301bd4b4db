"""What is said of an audience in its model's YAML."""

from typing import Annotated, Literal

from pydantic import Field

from activation.config import Strict
from activation.model import Purpose
from activation.policy.fields import Identifier, Once, Switch, Text


class AudiencePolicy(Strict):
    """A model whose customers are kept in step with a list, under `config: meta: audience:`."""

    id: Identifier = Field(description="Names the list; it never follows a rename of the model.")
    destination: Text = Field(description="A destination of activation.yml that takes members.")
    brand: Text = Field("default", description="A brand of activation.yml.")
    identifier: Literal["email"] = Field("email", description="What the destination knows people by.")
    purpose: Purpose = Field(Purpose.MARKETING, description="Decides which consent a member needs.")
    mode: Literal["mirror", "add_only"] = Field(
        "mirror", description="`mirror` also removes who left, but only whom we added."
    )
    traits: Annotated[list[Identifier], Once] = Field(
        default_factory=list, description="Columns of the model that go along, each once."
    )
    owner: str = Field(min_length=3, description="Who answers for it.")
    enabled: Switch = Field(True, description="False leaves the list as it is.")
