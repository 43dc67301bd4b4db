"""Policies read from where they are written, each refusal with its file, its field and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from activation.config import Strict, describe_validation
from activation.errors import PolicyError
from activation.policy.house import HousePolicy

HOUSE_FILE = "dbt_project/dbt_project.yml"

Policy = TypeVar("Policy", bound=Strict)


@dataclass(frozen=True, slots=True)
class Declared(Generic[Policy]):
    """A model with the policy that stands in its YAML; `written` is that YAML."""

    model: str
    file: str
    policy: Policy
    written: Mapping[str, Any]


def declared(
    models: Iterable[Mapping[str, Any]], key: str, kind: type[Policy], context: Mapping[str, Any] | None = None
) -> list[Declared[Policy]]:
    """Every model's policy of one kind, in the order of the models' names. Raises PolicyError."""
    found: list[Declared[Policy]] = []
    for model in models:
        meta = model["config"]["meta"]
        if key not in meta:
            continue
        file = str(model["patch_path"] or model["original_file_path"]).rpartition("://")[2]
        try:
            policy = kind.model_validate(meta[key], context=dict(context or {}))
        except ValidationError as error:
            raise PolicyError(
                f"{file}: meta.{key} of {model['name']}: {describe_validation(error)}.",
                "Correct the field; docs/policy.md lists every one.",
            ) from None
        found.append(Declared(model["name"], file, policy, meta[key]))
    _refuse_repeats(found, key)
    return sorted(found, key=lambda one: one.model)


def house_policy(variables: Mapping[str, Any]) -> HousePolicy:
    """The policy of the house among a project's variables. Raises PolicyError naming the file and the variable."""
    try:
        return HousePolicy.of_variables(variables)
    except ValidationError as error:
        raise PolicyError(
            f"{HOUSE_FILE}: vars: {describe_validation(error)}.",
            "Correct the variable; docs/policy.md lists every one, under House policy.",
        ) from None


def _refuse_repeats(found: Sequence[Declared[Policy]], key: str) -> None:
    seen: dict[str, str] = {}
    for one in found:
        identity = str(one.policy.model_dump()["id"])
        if identity in seen:
            raise PolicyError(
                f"{one.file}: meta.{key}.id is {identity!r}, which {seen[identity]} has already.",
                "Give each its own id; it stays the same when a model is renamed.",
            )
        seen[identity] = one.file
