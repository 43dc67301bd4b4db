"""`activation.yml`: what a deployment says about its brands, senders and destinations. No secrets."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from activation.errors import ConfigError
from activation.model import Channel

CONFIG_FILE = "activation.yml"
DURATION = re.compile(r"^(?P<sign>-?)(?P<count>\d+)(?P<unit>[smhd])$")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(value: object) -> timedelta:
    """`30s`, `15m`, `4h`, `7d`, or the same with a minus. Raises ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    match = DURATION.match(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a duration: write a number and s, m, h or d, for example 4h")
    length = timedelta(**{UNITS[match["unit"]]: int(match["count"])})
    return -length if match["sign"] else length


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class Strict(BaseModel):
    """Refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SenderConfig(Strict):
    """Who messages come from, as the recipient sees it."""

    name: str = Field(min_length=1)
    address: str = Field(min_length=3)
    reply_to: str | None = None
    postal_address: str = ""


class DestinationConfig(Strict):
    """One account at one service. `connection` must not hold a password: the environment does."""

    kind: str
    channel: Channel
    connection: str | None = None
    window: int | None = Field(default=None, ge=1, le=1000)
    shards: int = Field(default=1, ge=1, le=64)
    timeout: float = Field(default=30.0, gt=0, le=600)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("connection")
    @classmethod
    def no_password(cls, value: str | None) -> str | None:
        if value and urlsplit(value).password:
            raise ValueError("holds a password: put the whole URI in the environment instead")
        return value


class BrandConfig(Strict):
    """What the recipient of any of a brand's messages sees."""

    name: str
    site_url: str
    default_locale: str = "en"


class QualityConfig(Strict):
    """Limits of the quality gates that a deployment sets otherwise; None leaves the gates' own."""

    volume_factor: int | None = Field(default=None, ge=2)
    volume_floor: int | None = Field(default=None, ge=1)
    quarantine_share: float | None = Field(default=None, gt=0, le=1)
    freshness: Duration | None = None


class Config(Strict):
    """The whole of `activation.yml`."""

    brands: dict[str, BrandConfig]
    senders: dict[str, SenderConfig]
    destinations: dict[str, DestinationConfig]
    quality: QualityConfig = QualityConfig()

    def destination_for(self, channel: Channel) -> str:
        """The name of the destination that takes a channel's messages; the first one listed wins."""
        for name, destination in self.destinations.items():
            if destination.channel == channel:
                return name
        raise ConfigError(
            f"{CONFIG_FILE} has no destination for the channel {channel}.", "Add one under `destinations`."
        )


def read_config(project: Path) -> Config:
    """Read and check the project's `activation.yml`. Raises ConfigError naming the file and the field."""
    path = project / CONFIG_FILE
    return _validated(path, read_yaml(path))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises ConfigError when it is absent or broken."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist.", "Run from the project's folder or set ACTIVATION_PROJECT."
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {_one_line(error)}.", "Mend the line named.") from None


def describe_validation(error: ValidationError) -> str:
    """Every fault of a pydantic error as `field: reason`, in one line."""
    return "; ".join(
        f"`{'.'.join(map(str, item['loc'])) or 'top level'}`: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors()
    )


def _validated(path: Path, content: Any) -> Config:
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_validation(error)}.", "Correct the field and repeat.") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
