"""The reference page and the editors' schema say what the models say today."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

import activation.policy
from activation.policy import HousePolicy, editor_schema, reference

ROOT = Path(__file__).parents[2]
VARIABLES: dict[str, Any] = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))["vars"]
SCHEMA = ROOT / "docs/policy.schema.json"
MODELS = sorted(
    path
    for path in (ROOT / "dbt_project/models").rglob("*.yml")
    if path.parent.name in ("triggers", "audiences") and path.stem.startswith(("trg_", "aud_"))
)
SPOILT = [
    ("prioritee: 3", "prioritee"),
    ("priority: urgent", "urgent"),
    ("kind: whim", "whim"),
    ("reentry: 7 days", "7 days"),
    ("ramp: 0", "0"),
    ("countries: [Germany]", "Germany"),
    ("stale_after: sometimes", "sometimes"),
    ("send_window: {from: '9', to: '17:00'}", "'9'"),
    ("channels: {names: [pigeon]}", "pigeon"),
    ("experiment: {salt: ab}", "ab"),
    ("enabled: 'yes'", "yes"),
]


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def faults(document: str) -> list[str]:
    """What an editor would underline in a YAML."""
    plain = json.loads(json.dumps(yaml.safe_load(document), default=str))
    return [error.message for error in Draft7Validator(schema()).iter_errors(plain)]


def test_the_page_is_current() -> None:
    """`activation docs` would write the same page."""
    page = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    assert page == reference(VARIABLES)
    assert "None" not in page


def test_the_schema_is_current_and_a_schema() -> None:
    """`activation docs` would write the same schema, and it obeys the draft that it names."""
    Draft7Validator.check_schema(schema())
    assert schema() == editor_schema(HousePolicy.of_variables(VARIABLES))


PARTS = [part for part in vars(activation.policy).values() if isinstance(part, type) and issubclass(part, BaseModel)]


@pytest.mark.parametrize("model", PARTS, ids=lambda model: model.__name__)
def test_every_field_is_on_the_page_with_its_meaning(model: type[BaseModel]) -> None:
    """Those of triggers, audiences and the house, and of all that they are made of."""
    page = reference(VARIABLES)
    assert len(PARTS) >= 12
    for name, field in model.model_fields.items():
        assert field.description, name
        assert re.search(rf"^\| `{field.alias or name}` \|.*\| {re.escape(field.description)} \|$", page, re.MULTILINE)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_shipped_policy_fits_the_schema(path: Path) -> None:
    """No editor underlines what we ship."""
    assert not faults(path.read_text(encoding="utf-8"))


def test_there_are_shipped_policies() -> None:
    """The rule above is about something."""
    assert len(MODELS) >= 5


@pytest.mark.parametrize(("line", "word"), SPOILT, ids=[line for line, _ in SPOILT])
def test_the_schema_finds_what_is_wrong(line: str, word: str) -> None:
    """An editor underlines a wrong key and a wrong value."""
    (path,) = [path for path in MODELS if path.stem == "trg_cart_abandonment"]
    key = line.partition(":")[0]
    head, trigger, rest = path.read_text(encoding="utf-8").partition("        trigger:\n")
    kept = re.sub(rf"^          {key}:.*\n(            .*\n)*", "", rest, count=1, flags=re.MULTILINE)
    assert any(word in fault for fault in faults(f"{head}{trigger}          {line}\n{kept}"))


def test_a_model_without_a_policy_is_none_of_its_business() -> None:
    """What else stands in a YAML of dbt's is dbt's."""
    assert not faults("version: 2\nmodels: [{name: int_orders, config: {tags: [x]}, meta: {note: y}}]\nseeds: []")
