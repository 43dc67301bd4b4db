"""The JSON schema by which an editor checks and completes the policies in the models' YAML."""

from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from activation.policy.audience import AudiencePolicy
from activation.policy.house import HousePolicy
from activation.policy.legible import plain
from activation.policy.timing import RampStep
from activation.policy.trigger import TriggerPolicy

DRAFT = "http://json-schema.org/draft-07/schema#"
REFERENCE = "#/$defs/{model}"


class LegibleDefaults(GenerateJsonSchema):
    """Shows a default as one would write it, a duration as 24h."""

    def encode_default(self, dft: Any) -> Any:
        return plain(dft)


def definitions() -> dict[str, Any]:
    """The schema of every model of a policy, by its name."""
    models = [(model, "validation") for model in (TriggerPolicy, RampStep, AudiencePolicy, HousePolicy)]
    _, found = models_json_schema(models, ref_template=REFERENCE, schema_generator=LegibleDefaults)  # type: ignore[arg-type]
    defined: dict[str, Any] = found["$defs"]
    return defined


def editor_schema(house: HousePolicy) -> dict[str, Any]:
    """The schema of a YAML of dbt's, strict where a policy stands and silent about everything else."""
    defined = definitions()
    for name in ("HousePolicy", "Cap", "Freeze"):
        del defined[name]
    defined["TriggerPolicy"]["properties"]["priority"]["anyOf"][1]["enum"] = list(house.priority_levels)
    meta = _open(trigger={"$ref": "#/$defs/TriggerPolicy"}, audience={"$ref": "#/$defs/AudiencePolicy"})
    model = _open(meta=meta, config=_open(meta=meta))
    return {
        "$schema": DRAFT,
        "title": "Models with the policy of a trigger or an audience",
        **_open(models={"type": "array", "items": model}),
        "$defs": defined,
    }


def key_of(name: str, field: FieldInfo) -> str:
    """What a field is called in the YAML."""
    return field.alias or name


def _open(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
