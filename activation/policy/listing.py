"""Triggers as a person asks for them: all of them in a line each, or one with everything that holds for it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from activation.policy.declared import Declared
from activation.policy.fields import Weekday
from activation.policy.house import HousePolicy
from activation.policy.legible import plain
from activation.policy.origins import values_of
from activation.policy.timing import SendWindow
from activation.policy.trigger import TriggerPolicy

Trigger = Declared[TriggerPolicy]
WORKDAYS = list(Weekday)[:5]


def rows(triggers: Iterable[Trigger], house: HousePolicy) -> list[dict[str, Any]]:
    """One row per trigger, what is chosen first at the top."""
    ordered = sorted(triggers, key=lambda one: (one.policy.priority, one.policy.id))
    return [_row(one.policy, house) for one in ordered]


def story(trigger: Trigger, triggers: Sequence[Trigger], house: HousePolicy) -> dict[str, Any]:
    """One trigger's whole policy, where each value comes from, and what else it has to do with."""
    policy, values = trigger.policy, values_of(trigger)
    others = [one.policy for one in triggers if one.policy.id != policy.id]
    salt = policy.experiment.salt if policy.experiment else None
    return {
        "id": policy.id,
        "model": trigger.model,
        "file": trigger.file,
        "policy": plain(policy),
        "values": [asdict(value) for value in values],
        "caps": [plain(cap) for cap in house.caps_of(policy)],
        "same_draws": [one.id for one in others if one.experiment and one.experiment.salt == salt],
        "same_digest": [one.id for one in others if policy.digest and _digest(one) == _digest(policy)],
    }


def _row(policy: TriggerPolicy, house: HousePolicy) -> dict[str, Any]:
    experiment = policy.experiment
    return {
        "id": policy.id,
        "version": policy.version,
        "purpose": policy.purpose.value,
        "priority": policy.priority,
        "mode": policy.channels.mode,
        "channels": plain(policy.channels_used),
        "cap_group": policy.cap_group,
        "caps": [cap.cap_id for cap in house.caps_of(policy)],
        "quiet_hours": policy.quiet_hours,
        "send_window": plain(policy.send_window),
        "send_time": plain(policy.send_time),
        "digest": policy.digest,
        "experiment": experiment.salt if experiment else None,
        "holdout": experiment.holdout if experiment else 0.0,
        "variants": {variant.name: variant.weight for variant in policy.variants},
        "ramp": [plain(step) for step in policy.ramp or []],
        "max_volume": policy.max_volume,
        "approval": policy.approval,
        "countries": policy.countries,
        "schedule": policy.schedule.value,
        "owner": policy.owner,
        "state": "enabled" if policy.enabled else "paused",
    }


def described(row: dict[str, Any]) -> dict[str, str]:
    """The row in short words, for a line on a screen."""
    steps = [f"{step['percent']} %" for step in row["ramp"]] or ["100 %"]
    return {
        "trigger": f"{row['id']} v{row['version']}",
        "priority": str(row["priority"]),
        "purpose": row["purpose"],
        "channels": f"{row['mode']} of {_joined(row['channels'])}",
        "caps": _joined([*([f"group {row['cap_group']}"] if row["cap_group"] else []), f"{len(row['caps'])} caps"]),
        "windows": _joined([row["quiet_hours"], *_windows(row)]),
        "experiment": _experiment(row),
        "ramp": " → ".join(steps),
        "schedule": row["schedule"],
        "state": row["state"],
        "owner": row["owner"],
    }


def _windows(row: dict[str, Any]) -> list[str]:
    found = []
    if row["send_window"]:
        found.append(_window(SendWindow.model_validate(row["send_window"])))
    if row["send_time"]:
        found.append(f"best hour within {row['send_time']['within']}")
    return found


def _window(window: SendWindow) -> str:
    days = "" if len(window.days) == len(Weekday) else " " + "/".join(day for day in Weekday if day in window.days)
    days = " mon-fri" if set(window.days) == set(WORKDAYS) else days
    return f"{window.starts}-{window.ends}{days}{'' if window.holidays else ' no holidays'}"


def _experiment(row: dict[str, Any]) -> str:
    if row["experiment"] is None:
        return "-"
    weights = [f"{name} {weight}" for name, weight in row["variants"].items()]
    return _joined([f"{100 * row['holdout']:.4g} % held out", *weights])


def _digest(policy: TriggerPolicy) -> tuple[str, str | None]:
    return policy.brand, policy.digest


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words) or "-"
