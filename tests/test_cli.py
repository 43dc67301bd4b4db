"""The command line: help with examples, one clear sentence and a code other than 0 when it fails."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from activation.cli import main

ROOT = Path(__file__).parents[1]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "ACTIVATION_PROJECT": str(ROOT),
        "ACTIVATION_HOME": str(tmp_path / "var"),
        "ACTIVATION_ENVIRONMENT": "dev",
        "ACTIVATION_SIGNING_KEY": "",
    }


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner(env=environ).invoke(main, list(arguments))


def refused(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("Error: ")
    assert "→" in result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("path", commands(main), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    """A newcomer can copy a line that works."""
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert f"activation {' '.join(path)}" in result.output.split("Options:")[0].split("Example:")[1]


def test_the_ledger_of_a_new_deployment_is_empty(environ: dict[str, str]) -> None:
    """`ledger status --json` gives the states, also when there are none."""
    result = run(environ, "ledger", "status", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["states"] == {}


def test_sending_before_any_run_is_refused(environ: dict[str, str]) -> None:
    """There is nothing to send from."""
    refused(run(environ, "send"), 8, "No live run was announced yet", "activation build")


def test_simulating_outside_the_simulation_is_refused(environ: dict[str, str]) -> None:
    """No simulated shop gets into a real deployment."""
    refused(run(environ, "simulate", "--customers", "5"), 2, "ACTIVATION_ENVIRONMENT=simulation")


def test_serving_without_a_key_is_refused(environ: dict[str, str]) -> None:
    """Links are never signed with nothing."""
    refused(run(environ, "serve", "--port", "0"), 2, "ACTIVATION_SIGNING_KEY")


def test_a_wrong_folder_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    """Outside a project the file that is missing is named."""
    environ["ACTIVATION_PROJECT"] = str(tmp_path)
    refused(run(environ, "ledger", "status"), 2, "activation.yml does not exist", "ACTIVATION_PROJECT")


def test_a_broken_settings_file_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    """Broken YAML is one sentence."""
    (tmp_path / "activation.yml").write_text("brands: [")
    environ["ACTIVATION_PROJECT"] = str(tmp_path)
    refused(run(environ, "check"), 2, "activation.yml is not valid YAML")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jsonl", b"", "empty"),
        ("garbage.parquet", b"not a parquet file", "garbage.parquet"),
        ("notes.docx", b"text", "notes.docx"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named(
    environ: dict[str, str], tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """Empty, broken and foreign files are refused by name."""
    path = tmp_path / name
    path.write_bytes(content)
    refused(run(environ, "load", str(path)), 2, words)


def test_a_file_that_is_not_there_is_named(environ: dict[str, str]) -> None:
    """A glob that matches nothing is no success."""
    refused(run(environ, "load", "/nowhere/*.csv"), 2, "/nowhere/*.csv")


def test_an_unknown_pause_scope_is_refused(environ: dict[str, str]) -> None:
    """A typing error pauses nothing silently."""
    refused(run(environ, "ledger", "pause", "trigger", "--reason", "x"), 2, "trigger:<id>")


def test_a_pause_is_shown_until_it_is_lifted(environ: dict[str, str]) -> None:
    """Pausing acts on the ledger at once."""
    assert run(environ, "ledger", "pause", "channel:email", "--reason", "wrong sender").exit_code == 0
    assert "paused: channel:email (wrong sender)" in run(environ, "ledger", "status").stdout
    assert run(environ, "ledger", "resume", "channel:email").exit_code == 0
    assert "paused" not in run(environ, "ledger", "status").stdout


def test_a_ledger_that_cannot_be_opened_is_one_sentence(environ: dict[str, str], tmp_path: Path) -> None:
    """A folder in the ledger's place is named with a remedy."""
    (tmp_path / "var" / "ledger.sqlite").mkdir(parents=True)
    refused(run(environ, "ledger", "status"), 4, "ledger")


def test_the_doctor_names_what_is_missing(environ: dict[str, str]) -> None:
    """Every gap has a remedy, and the exit code says that there is one."""
    result = run(environ, "doctor", "--json")
    findings = {item["what"]: item for item in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert findings["signing key"]["is_fine"] is False
    assert "openssl rand" in findings["signing key"]["remedy"]
    assert findings["dbt project"]["is_fine"] is True, findings["dbt project"]
    assert findings["destination audience_files"]["is_fine"] is True
