"""Whether policies, templates and `activation.yml` fit each other, before anything is built."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from activation.config import CONFIG_FILE, Config
from activation.delivery.render import missing_templates
from activation.errors import PolicyError
from activation.policy import AudiencePolicy, Declared, HousePolicy, TriggerPolicy
from activation.policy.declared import HOUSE_FILE
from activation.project import TRIGGER_PREFIX, Project


def check_policies(project: Project, config: Config, templates: Sequence[Path]) -> dict[str, int]:
    """Count what is in order. Raises PolicyError naming every fault, with its file, its field and what to do."""
    triggers, audiences = project.triggers(), project.audiences()
    faults = [
        *missing_templates([declared.policy for declared in triggers], templates, config),
        *(fault for declared in triggers for fault in _trigger_faults(declared, config)),
        *(fault for declared in audiences for fault in _audience_faults(declared, config)),
        *_house_faults(project.house(), config),
        *_undeclared(project.trigger_models(), triggers),
        *project.contradictions(),
    ]
    if faults:
        raise PolicyError(" ".join(faults), "Mend what is named; docs/policy.md lists every field.")
    return {"triggers": len(triggers), "audiences": len(audiences), "destinations": len(config.destinations)}


def _trigger_faults(declared: Declared[TriggerPolicy], config: Config) -> Iterator[str]:
    policy, file = declared.policy, declared.file
    for sender in policy.senders:
        if sender not in config.senders:
            yield f"{file}: sender: {CONFIG_FILE} has no sender `{sender}`."
    reached = {destination.channel for destination in config.destinations.values()}
    for channel in sorted(set(policy.channels_used) - reached):
        yield f"{file}: channels: {CONFIG_FILE} has no destination for {channel}."
    if declared.model != f"{TRIGGER_PREFIX}{policy.id}":
        yield f"{file}: id: the model of `{policy.id}` is called {declared.model}."


def _audience_faults(declared: Declared[AudiencePolicy], config: Config) -> Iterator[str]:
    policy = declared.policy
    if policy.destination not in config.destinations:
        yield f"{declared.file}: destination: {CONFIG_FILE} has no `{policy.destination}`."
    if policy.brand not in config.brands:
        yield f"{declared.file}: brand: {CONFIG_FILE} has no brand `{policy.brand}`."


def _house_faults(house: HousePolicy, config: Config) -> Iterator[str]:
    """A trigger's brand is looked at with its templates."""
    named = [(f"caps.{cap.cap_id}", cap.brand) for cap in house.caps if cap.brand]
    named += [(f"freezes.{freeze.freeze_id}", brand) for freeze in house.freezes for brand in freeze.brands or ()]
    for field, brand in named:
        if brand not in config.brands:
            yield f"{HOUSE_FILE}: vars: {field}: {CONFIG_FILE} has no brand `{brand}`."


def _undeclared(models: Iterable[str], triggers: Iterable[Declared[TriggerPolicy]]) -> Iterator[str]:
    for name in sorted(set(models) - {declared.model for declared in triggers}):
        yield f"{name} has no policy: write `config: meta: trigger:` into its YAML."
