"""House rules of the models, and the macros that Python relies on."""

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import yaml

ROOT = Path(__file__).parents[2] / "dbt_project"
MODELS = sorted((ROOT / "models").rglob("*.sql"))
FOUNDATION = [path for path in MODELS if path.parent.name in ("staging", "intermediate", "segments", "marts")]


def test_there_are_models() -> None:
    """The rules below have something to hold."""
    assert len(FOUNDATION) > 30


@pytest.mark.parametrize("path", FOUNDATION, ids=lambda path: path.stem)
def test_a_model_is_described_by_its_grain(path: Path) -> None:
    """A YAML of the same stem opens with 'One row per' and describes the columns."""
    described = yaml.safe_load(path.with_suffix(".yml").read_text())
    (model,) = described["models"]
    assert model["name"] == path.stem
    assert model["description"].startswith("One row per ")
    assert all(column["description"] for column in model["columns"])


@pytest.mark.parametrize("parts", [["dev", "default", "win_back", "1", "o1:2"], ['a"b', "c\\d", "é\n\t", "", "[1,2]"]])
def test_a_key_is_the_md5_of_a_json_array(parts: list[str]) -> None:
    """The SQL of `stable_key` gives what any JSON library gives."""
    sql = _macros().from_string("{{ stable_key(columns) }}").render(columns=["a", "b", "c", "d", "e"])
    expected = hashlib.md5(json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
    with duckdb.connect() as connection:
        query = f"select {sql} from (select ? as a, ? as b, ? as c, ? as d, ? as e) as parts"
        assert connection.execute(query, parts).fetchone() == (expected,)


def _macros() -> jinja2.Environment:
    """The macros of keys and their JSON, with DuckDB's dispatch and dbt's `return`."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    names = ("keys/md5_hex", "keys/stable_key", "json/json_string")
    source = "".join((ROOT / "macros" / f"{name}.sql").read_text() for name in names)

    class Adapter:
        @staticmethod
        def dispatch(name: str, _: str) -> Any:
            found = vars(module)
            return found.get(f"duckdb__{name}", found.get(f"default__{name}"))

    environment.globals.update({"adapter": Adapter, "return": lambda value: value})
    module = environment.from_string(source).module
    environment.globals.update({name: vars(module)[name] for name in ("stable_key",)})
    return environment
