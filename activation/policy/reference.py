"""The page that lists every field of a policy, made from the models that check it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from activation.model import Channel
from activation.policy.audience import AudiencePolicy
from activation.policy.experiment import Channels, Experiment, Goal, Variant
from activation.policy.fields import (
    CLOCK,
    COUNTRY_PATTERN,
    DAY_PATTERN,
    IDENTIFIER,
    INSTANT,
    LAUNCH_PATTERN,
    LENGTH_OR_NEVER_PATTERN,
    LENGTH_PATTERN,
    REGION_PATTERN,
)
from activation.policy.house import Cap, Freeze, HousePolicy
from activation.policy.legible import MEANINGS, text
from activation.policy.schema import definitions, key_of
from activation.policy.timing import RampStep, SendTime, SendWindow
from activation.policy.trigger import TriggerPolicy

TRIGGER_MODELS = (TriggerPolicy, Channels, SendWindow, SendTime, RampStep, Experiment, Variant, Goal)
HOUSE_MODELS = (Cap, Freeze)
PATTERNS = {
    LENGTH_PATTERN: "duration, such as 30m, 4h, 7d",
    LENGTH_OR_NEVER_PATTERN: "duration, `never`",
    INSTANT.pattern: "instant in UTC",
    LAUNCH_PATTERN: "instant in UTC, duration with a minus or none",
    CLOCK: "time of day in quotes",
    DAY_PATTERN: "day",
    COUNTRY_PATTERN: "country code",
    REGION_PATTERN: "region code",
    IDENTIFIER: "name of a-z, 0-9 and _",
}
INTRODUCTION = """# Policy reference

Written by `activation docs` from `activation/policy/`; unknown keys are refused. `activation check` checks every policy
and names file, field and remedy; `activation trigger show NAME` shows one trigger's whole policy, and where each value
comes from.

YAML has two traps here. A time of day must be in quotes (`'10:00'` without them is the number 600), and so must Norway
(`NO` without them is `false`); a day or an instant may go without.

A channel is one of {channels}.

## In your editor

[policy.schema.json](policy.schema.json) is a JSON schema of the models' YAML: an editor that knows it completes the
fields, explains each, and underlines what would be refused. It is strict about `meta: trigger:` and `meta: audience:`
and silent about the rest, so it goes together with dbt's own schemas. What needs two fields or two files is left to
`activation check`.

Visual Studio Code, with the extension YAML (`redhat.vscode-yaml`), in `.vscode/settings.json`:

```json
{"yaml.schemas": {"./docs/policy.schema.json": "dbt_project/models/**/*.yml"}}
```

Any other editor with the YAML language server, in the first line of a model's YAML (the path is relative to the file):

```yaml
# yaml-language-server: $schema=../../../docs/policy.schema.json
```
"""
TOGETHER = """## What must fit together

- Triggers with the same `experiment.salt` share their draws: holdout, variant names and weights, in their order, must
  be the same.
- Triggers with the same `digest` and brand become one message: their channels and purpose must be the same.
- A `send_window` must leave something of the permitted hours (`seeds/quiet_hours.csv`) on each channel in at least one
  of the trigger's countries, or of the `markets` where it names none. Where it leaves nothing in some of them, the
  doctor warns.
- `priority` is a number from 1, which is first, or a level; of one priority, what became due earlier is first.
- A cap of 0 is legal and closes what it counts; a cap that no trigger can meet is legal too. The doctor warns of both.
"""


def reference(variables: Mapping[str, Any]) -> str:
    """The page in Markdown; `variables` are the project's, whose values it shows."""
    parts = [INTRODUCTION.replace("{channels}", ", ".join(f"`{channel}`" for channel in Channel))]
    parts += [line for model in (*TRIGGER_MODELS, AudiencePolicy) for line in _section(model)]
    parts += _house(variables)
    parts += [line for model in HOUSE_MODELS for line in _section(model)]
    return "\n".join([*parts, TOGETHER])


def _section(model: type[BaseModel]) -> Iterator[str]:
    described = definitions()[model.__name__]["properties"]
    yield f"## {model.__name__}\n\n{_paragraph(model)}\n\n| field | values | default | meaning |\n|---|---|---|---|"
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        default = "required" if field.is_required() else _default(model, name)
        yield f"| `{key}` | {_values(described[key])} | {default} | {field.description} |"
    yield ""


def _house(variables: Mapping[str, Any]) -> Iterator[str]:
    described = definitions()["HousePolicy"]["properties"]
    yield f"## House policy\n\n{_paragraph(HousePolicy)}\n"
    yield "| variable | values | as it stands | meaning |\n|---|---|---|---|"
    for name, field in HousePolicy.model_fields.items():
        yield f"| `{name}` | {_values(described[name])} | {text(variables.get(name))} | {field.description} |"
    yield ""


def _paragraph(model: type[BaseModel]) -> str:
    return "\n".join(line.strip() for line in str(model.__doc__).strip().splitlines())


def _default(model: type[BaseModel], name: str) -> str:
    meaning = MEANINGS.get(f"{model.__name__}.{name}")
    return meaning or text(model.model_fields[name].get_default(call_default_factory=True))


def _values(schema: Mapping[str, Any]) -> str:
    """What a field takes, from its JSON schema."""
    if "$ref" in schema:
        return _named(str(schema["$ref"]).rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_values(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        return f"list of {_values(schema['items'])}"
    if schema["type"] == "object":
        return f"map of {_values(schema.get('propertyNames', {'type': 'string'}))} to {_values(_held(schema))}"
    return _scalar(schema)


def _held(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a map's values."""
    if "patternProperties" in schema:
        return dict(next(iter(schema["patternProperties"].values())))
    return dict(schema["additionalProperties"])


def _named(name: str) -> str:
    if name == Channel.__name__:
        return "channel"
    schema = definitions()[name]
    if "enum" in schema:
        return _values(schema)
    return f"[{name}](#{name.lower()})"


def _scalar(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "boolean":
        return "`true`, `false`"
    if schema["type"] == "string":
        return PATTERNS.get(str(schema.get("pattern")), "text")
    kind = "whole number" if schema["type"] == "integer" else "number"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{kind}, {least} to {most}"
    return f"{kind} from {text(least)}" if least is not None else kind
