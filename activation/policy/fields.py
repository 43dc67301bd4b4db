"""The kinds of value that policies are made of, each with its check and what an editor is told of it.

The SQL reads the same YAML by itself, so nothing is accepted here that it would read otherwise: no number in quotes, no
`yes` in the place of `true`, no time of day that YAML takes for a number.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from activation.config import parse_duration
from activation.policy.countries import countries

IDENTIFIER = r"^[a-z][a-z0-9_]*$"
# What every warehouse reads as a timestamp; an offset from UTC is ignored by some, so none is accepted.
INSTANT = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?(Z|[+]00:00)?$")
CLOCK = r"^([01][0-9]|2[0-3]):(00|15|30|45)$|^24:00$"
LENGTH_PATTERN = "^[0-9]+[smhd]$"
LENGTH_OR_NEVER_PATTERN = "^([0-9]+[smhd]|never)$"
LAUNCH_PATTERN = f"^-?[0-9]+[smhd]$|{INSTANT.pattern}"
DAY_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
COUNTRY_PATTERN = "^[A-Z]{2}$"
REGION_PATTERN = "^[A-Z0-9]{1,3}$"
# A colon would let a salt imitate those of the global holdout and of ramps.
SALT = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
FAR_PAST = datetime(1900, 1, 1)
LONGEST = timedelta(days=3660)
BUCKETS = 10_000
PRIORITY_LEVELS: Mapping[str, int] = {"critical": 1, "high": 10, "medium": 20, "low": 30}

Item = TypeVar("Item")


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _length(value: object) -> timedelta:
    """A duration that both readers of the YAML take for the same number of seconds."""
    try:
        length = parse_duration(value)
    except OverflowError:
        length = LONGEST + timedelta(1)
    if not str(value).isascii():
        raise ValueError("must be written with the digits 0 to 9")
    if abs(length) > LONGEST:
        raise ValueError(f"must not be longer than ten years: at most {LONGEST.days}d")
    return length


def _some_length(value: object) -> timedelta:
    length = _length(value)
    if length <= timedelta(0):
        raise ValueError("must be longer than nothing, for example 4h")
    return length


def _no_negative_length(value: object) -> timedelta:
    length = _length(value)
    if length < timedelta(0):
        raise ValueError("must not be negative")
    return length


def _length_or_never(value: object) -> timedelta | str:
    if value == "never":
        return "never"
    if value is None:
        raise ValueError("must be a duration or never")
    return _some_length(value)


def _instant(value: object) -> datetime:
    text = str(value)
    if not INSTANT.match(text):
        raise ValueError(f"{text!r} is not an instant in UTC, for example 2026-03-01 08:00")
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _launch(value: object) -> datetime | timedelta | None:
    """An instant in UTC, or an offset from the first live run such as `-2d`."""
    if value is None:
        return value
    if INSTANT.match(str(value)):
        return _instant(value)
    try:
        return _length(value)
    except ValueError as error:
        raise ValueError(f"{error}; or an instant in UTC, for example 2026-03-01 08:00") from None


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = str(value)
    if not re.match(DAY_PATTERN, text):
        raise ValueError(f"{text!r} is not a day, for example 2026-12-24")
    return date.fromisoformat(text)


def _clock(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        hours, minutes = divmod(value, 60)
        meant = f"{hours:02}:{minutes:02}" if value >= 600 else "09:00"
        raise ValueError(f"must be in quotes, for example '{meant}': without them YAML reads 10:00 as the number 600")
    if isinstance(value, str) and not re.match(CLOCK, value):
        raise ValueError(f"{value!r} is not a quarter of an hour from 00:00 to 24:00, for example '09:30'")
    return value


def _country(value: object) -> object:
    if value is False:
        raise ValueError("must be in quotes: YAML reads Norway's NO as `false`, so write 'NO'")
    if isinstance(value, str) and value not in countries():
        hint = f"write {value.upper()}" if value.upper() in countries() else "use a code of ISO 3166, for example DE"
        raise ValueError(f"{value!r} is no country: {hint}")
    return value


def _region(value: object) -> object:
    if isinstance(value, str) and not re.match(REGION_PATTERN, value):
        raise ValueError(f"{value!r} is no region: write what follows the country in ISO 3166-2, FL for US-FL")
    return value


def _priority(value: object, info: ValidationInfo) -> int:
    """A level's number, by the levels in the validation's context."""
    levels: Mapping[str, int] = (info.context or {}).get("priority_levels", PRIORITY_LEVELS)
    if isinstance(value, str):
        if value not in levels:
            raise ValueError(f"{value!r} is not a level: use {', '.join(levels)} or a number, of which 1 is first")
        return levels[value]
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be a whole number from 1 or a level: {', '.join(levels)}")
    if value < 1:
        raise ValueError("must be 1 or more; 1 is first")
    return value


def _share(value: float) -> float:
    if abs(value * BUCKETS - round(value * BUCKETS)) > 1e-6:
        raise ValueError("must be in steps of 0.0001, because units are drawn from ten thousand buckets")
    return value


def _each_once(value: list[Item]) -> list[Item]:
    if len(set(value)) != len(value):
        raise ValueError("something stands there twice")
    return value


def _schema(kind: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, **more})


Length = Annotated[timedelta, BeforeValidator(_some_length), _schema("string", pattern=LENGTH_PATTERN)]
Delay = Annotated[timedelta, BeforeValidator(_no_negative_length), _schema("string", pattern=LENGTH_PATTERN)]
LengthOrNever = Annotated[
    timedelta | str, BeforeValidator(_length_or_never), _schema("string", pattern=LENGTH_OR_NEVER_PATTERN)
]
Instant = Annotated[datetime, BeforeValidator(_instant), _schema("string", pattern=INSTANT.pattern)]
Launch = Annotated[
    datetime | timedelta | None,
    BeforeValidator(_launch),
    _schema("string", pattern=LAUNCH_PATTERN),
]
Day = Annotated[date, BeforeValidator(_day), _schema("string", pattern=DAY_PATTERN)]
Clock = Annotated[str, BeforeValidator(_clock), _schema("string", pattern=CLOCK)]
Country = Annotated[str, BeforeValidator(_country), _schema("string", pattern=COUNTRY_PATTERN)]
Region = Annotated[str, BeforeValidator(_region), _schema("string", pattern=REGION_PATTERN)]
Priority = Annotated[
    int,
    BeforeValidator(_priority),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": list(PRIORITY_LEVELS)}]}),
]
Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Salt = Annotated[str, Field(min_length=3, pattern=SALT)]
Text = Annotated[str, Field(pattern=r"\S")]
Whole = Annotated[int, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]
# A share of units that may be all but everybody.
Share = Annotated[float, Field(strict=True, ge=0.0, lt=1.0), AfterValidator(_share)]
Once = AfterValidator(_each_once)
