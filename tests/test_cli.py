"""The command line: help with examples, one clear sentence and a code other than 0 when it fails."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from activation.cli import main
from activation.settings import Settings
from activation.warehouses import open_warehouse

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


@pytest.fixture
def waiting(environ: dict[str, str]) -> dict[str, str]:
    """A deployment whose newest build left one plan of 2 people waiting."""
    rows = "('o1', '', 'win_back', 'c1'), ('o2', '', 'win_back', 'c2')"
    with open_warehouse(Settings.from_environ(environ)) as warehouse:
        warehouse.prepare()
        warehouse.execute("create schema activation")
        warehouse.execute(
            "create table activation.act_decisions as select *, 'awaiting_approval' as verdict, 'd0d0' as plan_digest, "
            "1 as run_id, timestamp '2026-03-01 09:00:00' as decided_at "
            f"from (values {rows}) as found (occurrence_id, leg, trigger_id, customer_id)"
        )
        warehouse.publish()
    return environ


def test_a_plan_is_shown_and_approved(waiting: dict[str, str]) -> None:
    """With people, messages and since when; the answer is kept with a name, and may be taken back."""
    shown = run(waiting, "trigger", "plans", "win_back")
    assert shown.output == "d0d0  people 2, messages 2, since 2026-03-01 09:00:00: waits\n"
    approved = run(waiting, "trigger", "approve", "win_back", "--digest", "d0", "--by", "Lena", "--json")
    assert json.loads(approved.output) == {
        "trigger_id": "win_back",
        "plan_digest": "d0d0",
        "people": 2,
        "messages": 2,
        "verdict": "approve",
        "decided_by": "Lena",
    }
    assert run(waiting, "trigger", "plans", "win_back").output.endswith(": approved by Lena\n")
    refused_after_all = run(waiting, "trigger", "refuse", "win_back", "--digest", "d0d0")
    assert refused_after_all.output.startswith("Refused win_back, plan d0d0: people 2, messages 2.")
    (plan,) = json.loads(run(waiting, "trigger", "plans", "win_back", "--json").output)
    assert (plan["answer"], plan["people"]) == ("refuse", 2)


def test_an_answer_to_what_does_not_wait_is_refused(waiting: dict[str, str]) -> None:
    """An unknown plan is answered with those that wait, an unknown trigger with those that there are."""
    refused(run(waiting, "trigger", "approve", "win_back", "--digest", "beef"), 2, "beef", "d0d0 (2 people)")
    refused(run(waiting, "trigger", "approve", "welcome_series", "--digest", "d0d0"), 2, "Nothing", "welcome_series")
    refused(run(waiting, "trigger", "refuse", "nobody", "--digest", "d0d0"), 2, "nobody", "win_back")
    assert (
        run(waiting, "trigger", "plans", "welcome_series").output == "Nothing of welcome_series waits for an answer.\n"
    )
