"""A trigger's whole policy, value by value, with where each comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from activation.policy.declared import HOUSE_FILE, Declared
from activation.policy.experiment import Variant
from activation.policy.legible import plain
from activation.policy.trigger import TriggerPolicy

WRITTEN = "its YAML"
DEFAULT = "default"
INHERITED = "the trigger"


@dataclass(frozen=True, slots=True)
class Value:
    """One field of a policy: its path, its value as YAML would have it, and where that comes from."""

    field: str
    value: Any
    origin: str


def values_of(trigger: Declared[TriggerPolicy]) -> list[Value]:
    """Every value that holds, those that nobody wrote among them."""
    ruled = _ruled(trigger)
    return [ruled.get(value.field, value) for value in _values(trigger.policy, trigger.written, "", trigger.policy)]


def _ruled(trigger: Declared[TriggerPolicy]) -> dict[str, Value]:
    """The values that follow from another field or from the house."""
    policy, written = trigger.policy, trigger.written
    found = {}
    if isinstance(written["priority"], str):
        origin = f"{HOUSE_FILE}: priority_levels.{written['priority']}"
        found["priority"] = Value("priority", policy.priority, origin)
    if policy.on_unknown is None:
        found["on_unknown"] = Value("on_unknown", policy.unknown_rule.value, f"{DEFAULT} for {policy.purpose.value}")
    if policy.stale_after is None:
        stale = plain(policy.stale_rule) or "never"
        found["stale_after"] = Value("stale_after", stale, f"{DEFAULT} for {policy.purpose.value}")
    if policy.ramp is None:
        found["ramp"] = Value("ramp", 100, DEFAULT)
    elif isinstance(written["ramp"], int):
        found["ramp"] = Value("ramp", written["ramp"], WRITTEN)
    return found


def _values(model: BaseModel, written: Mapping[str, Any], prefix: str, policy: TriggerPolicy) -> Iterator[Value]:
    for name, field in type(model).model_fields.items():
        key, value = field.alias or name, getattr(model, name)
        path, said = f"{prefix}{key}", written.get(key)
        if isinstance(value, BaseModel) and isinstance(said, Mapping):
            yield from _values(value, said, f"{path}.", policy)
        elif name == "variants" and value:
            for variant, one in zip(value, said or [], strict=True):
                yield from _values(variant, one, f"{path}.{variant.name}.", policy)
        elif isinstance(model, Variant):
            yield _of_variant(model, name, path, policy, is_written=said is not None)
        else:
            yield Value(path, plain(value), WRITTEN if said is not None else DEFAULT)


def _of_variant(variant: Variant, name: str, path: str, policy: TriggerPolicy, *, is_written: bool) -> Value:
    """What a variant does not say is as the trigger has it."""
    if name == "templates":
        names = variant.channels or policy.channels.names
        templates = {channel: variant.templates.get(channel, policy.templates.get(channel)) for channel in names}
        origin = WRITTEN if set(names) <= set(variant.templates) else INHERITED
        return Value(
            path, plain(templates), f"{WRITTEN} and {INHERITED}" if is_written and origin == INHERITED else origin
        )
    inherited = {"sender": policy.sender, "channels": policy.channels.names}
    if name in inherited and not is_written:
        return Value(path, plain(inherited[name]), INHERITED)
    return Value(path, plain(getattr(variant, name)), WRITTEN if is_written else DEFAULT)
