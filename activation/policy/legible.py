"""Values of a policy as a person would write them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

from activation.policy.fields import FAR_PAST

UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


# What a default of nothing means.
MEANINGS = {
    "TriggerPolicy.on_unknown": "hold for marketing, else resend",
    "TriggerPolicy.stale_after": "24h for marketing, else never",
    "TriggerPolicy.max_volume": "no limit",
    "TriggerPolicy.approval": "never asked for",
    "TriggerPolicy.ramp": "100",
    "TriggerPolicy.countries": "any",
    "TriggerPolicy.live_from": "the first live run",
    "TriggerPolicy.send_window": "all day",
    "TriggerPolicy.send_time": "at once",
    "Variant.subject": "the template's",
    "Variant.sender": "the trigger's",
    "Variant.channels": "the trigger's",
    "Variant.templates": "the trigger's",
    "Variant.delay": "none",
}


def plain(value: object) -> Any:
    """What JSON can hold, each value as the YAML would have it."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {field.alias or name: plain(getattr(value, name)) for name, field in fields.items()}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return "always" if value == FAR_PAST else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


def text(value: object) -> str:
    """The same in one line."""
    found = plain(value)
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, Mapping):
        return ", ".join(f"{key}: {text(one)}" for key, one in found.items()) or "none"
    if isinstance(found, list):
        return ", ".join(f"{{{text(one)}}}" if isinstance(one, Mapping) else text(one) for one in found) or "none"
    return "none" if found is None else str(found)


def meaning(field: str, value: object) -> str:
    """The value of a trigger's field in one line, with what it means that it has none."""
    return MEANINGS.get(f"TriggerPolicy.{field}", "none") if value is None else text(value)


def _duration(length: timedelta) -> str:
    """In the largest unit that leaves no rest, save that one day is 24h."""
    seconds = int(length.total_seconds())
    if abs(seconds) == UNITS[0][1]:
        return f"{seconds // 3600}h"
    unit, size = next(((unit, size) for unit, size in UNITS if seconds and seconds % size == 0), UNITS[-1])
    return f"{seconds // size}{unit}"
