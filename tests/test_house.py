"""The rules of the house, over the whole tree."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "activation"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py"))
MODELS = sorted((ROOT / "dbt_project/models").rglob("*.sql"))
VAGUE = {"utils", "helpers", "common", "manager"}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_is_a_house() -> None:
    """The rules below are about something."""
    assert len(MODULES) > 80
    assert len(TESTS) > 40
    assert len(MODELS) > 50


def test_every_room_stands_in_the_arrows() -> None:
    """A new module or room at the top has its place among the layers."""
    layers = pyproject()["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name.strip().removeprefix("activation.") for layer in layers for name in layer.split("|")}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert rooms | modules == placed


def test_the_lock_names_no_index() -> None:
    """Packages are pinned with hashes; where they come from is the machine's own affair."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert lock.count("--hash=sha256:") > 200
    assert "://" not in lock
    assert "index-url" not in lock


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_documented_and_well_named(path: Path) -> None:
    """At most 450 lines, a docstring, no function above 50 lines, no vague name."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 450
    assert path.stem not in VAGUE
    assert ast.get_docstring(tree)
    sizes = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: size for name, size in sizes.items() if size > 50}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_says_one_true_sentence_and_does_not_sleep(path: Path) -> None:
    """Every test has a docstring; none waits for time to pass."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [node.name for node in functions if node.name.startswith("test_") and not ast.get_docstring(node)]
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call) == "time.sleep"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_is_described_beside_itself(path: Path) -> None:
    """One YAML per model with the same stem, whose description opens with the grain."""
    described = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))
    (model,) = described["models"]
    assert model["name"] == path.stem
    assert model["description"].strip().startswith("One row per ")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_does_not_look_at_the_clock(path: Path) -> None:
    """`as_of()` is the only now."""
    sql = path.read_text(encoding="utf-8").lower()
    assert not re.search(r"\b(now\(\)|current_timestamp|current_date|getdate|sysdate|today\(\))", sql)


def test_compose_gives_every_service_its_secrets_from_outside() -> None:
    """No value that looks like a secret stands in the file, and every service but the database is built by us."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    assert {"postgres", "prepare", "api-server", "scheduler", "dag-processor", "triggerer", "serve"} == set(
        compose["services"]
    )
    for name in ("SIGNING_KEY", "POSTGRES_PASSWORD", "FERNET_KEY", "SECRET_KEY", "JWT_SECRET"):
        values = re.findall(rf"{name}: (.+)", text)
        assert values
        assert all(value.startswith("${") for value in values)
    wanted = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    offered = {line.partition("=")[0] for line in (ROOT / "docker/env.example").read_text().splitlines()}
    assert wanted <= offered


def test_no_test_is_skipped_where_everything_must_pass() -> None:
    """`.ci/run` asks for what the tests of PostgreSQL are skipped without, under the name that they look for."""
    run = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (name,) = re.findall(r"^export (ACTIVATION_REQUIRE_\w+)=1$", run, re.MULTILINE)
    assert f'environ.get("{name}")' in (ROOT / "tests/conftest.py").read_text(encoding="utf-8")


def test_every_make_target_says_what_it_does() -> None:
    """`make help` has a line for each."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert targets >= {"setup", "demo", "test", "check", "bench", "up", "down", "docs"}
    assert all(re.search(rf"^{target}:.*## \w+", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    """No page points at a file that is not there."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]
