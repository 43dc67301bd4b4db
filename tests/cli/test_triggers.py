"""What the command line says of triggers and their policies."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from activation.cli import main

ROOT = Path(__file__).parents[2]
MORE = """          ramp: [{percent: 5, from: 2026-03-01}, {percent: 50, from: 2026-03-08 12:00}]
          send_window: {from: '09:00', to: '17:30', days: [mon, tue, wed, thu, fri], holidays: false}
          cap_group: baskets
          schedule: daily
          experiment:
            salt: win_back_1
            holdout: 0.1
            variants:
              - {name: plain, weight: 60}
              - {name: offer, weight: 40, offer: ten, sender: friends, templates: {email: win_back}}
"""


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A project in which the cart's trigger has a policy of many fields and draws of the win-back's."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", folder)
    cart, win_back = (
        folder / f"dbt_project/models/triggers/trg_{name}.yml" for name in ("cart_abandonment", "win_back")
    )
    experiment = re.compile(r"          experiment:\n(            .*\n)+")
    cart.write_text(experiment.sub(MORE, cart.read_text(), count=1))
    shared = MORE[MORE.index("          experiment:") :]
    win_back.write_text(experiment.sub(shared, win_back.read_text(), count=1))
    settings = folder / "activation.yml"
    settings.write_text(
        settings.read_text().replace("senders:\n", "senders:\n  friends: {name: F, address: f@x.example}\n")
    )
    return {"ACTIVATION_PROJECT": str(folder), "ACTIVATION_HOME": str(folder / "var"), "ACTIVATION_ENVIRONMENT": "dev"}


def run(environ: dict[str, str], *arguments: str) -> Result:
    result = CliRunner(env=environ).invoke(main, list(arguments))
    assert "Traceback" not in result.output
    return result


def answer(environ: dict[str, str], *arguments: str) -> Any:
    result = run(environ, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def values(environ: dict[str, str], name: str) -> dict[str, tuple[Any, str]]:
    found = answer(environ, "trigger", "show", name)["values"]
    return {one["field"]: (one["value"], one["origin"]) for one in found}


def test_the_list_begins_with_what_is_chosen_first(environ: dict[str, str]) -> None:
    """A line each, with what decides who gets what."""
    result = run(environ, "trigger", "list")
    assert result.exit_code == 0, result.output
    head, first, second, *_ = result.stdout.splitlines()
    assert head.split() == [
        *("trigger", "priority", "purpose", "channels", "caps", "windows"),
        *("experiment", "ramp", "schedule", "state", "owner"),
    ]
    assert first.startswith("order_confirmation v1")
    assert re.split(r"\s{2,}", second) == [
        "cart_abandonment v1",
        "10",
        "marketing",
        "first of email",
        "group baskets, 3 caps",
        "defer, 09:00-17:30 mon-fri no holidays",
        "10 % held out, plain 60, offer 40",
        "5 % → 50 %",
        "daily",
        "enabled",
        "lifecycle",
    ]


def test_the_list_is_read_by_programs(environ: dict[str, str]) -> None:
    """One object per trigger, with names and not with words."""
    rows = {row["id"]: row for row in answer(environ, "trigger", "list")}
    assert len(rows) == 4
    cart = rows["cart_abandonment"]
    assert cart["send_window"]["days"] == ["mon", "tue", "wed", "thu", "fri"]
    assert cart["variants"] == {"plain": 60, "offer": 40}
    assert cart["caps"] == ["marketing_daily", "marketing_weekly", "address_daily"]
    assert [step["percent"] for step in cart["ramp"]] == [5, 50]
    assert rows["order_confirmation"]["caps"] == []


def test_one_policy_is_shown_with_where_each_value_comes_from(environ: dict[str, str]) -> None:
    """From its YAML, from the house, from a default, or from the trigger where a variant says nothing."""
    found = values(environ, "cart_abandonment")
    assert found["purpose"] == ("marketing", "its YAML")
    assert found["priority"] == (10, "dbt_project/dbt_project.yml: priority_levels.high")
    assert found["time_to_live"] == ("24h", "default")
    assert found["stale_after"] == ("24h", "default for marketing")
    assert found["on_unknown"] == ("hold", "default for marketing")
    assert found["send_window.from"] == ("09:00", "its YAML")
    assert found["experiment.variants.plain.sender"] == ("shop", "the trigger")
    assert found["experiment.variants.offer.sender"] == ("friends", "its YAML")
    assert found["experiment.variants.plain.templates"] == ({"email": "cart_abandonment"}, "the trigger")
    assert found["experiment.variants.offer.delay"] == ("0s", "default")
    assert values(environ, "order_confirmation")["stale_after"] == ("never", "default for transactional")


def test_one_policy_is_shown_with_its_company(environ: dict[str, str]) -> None:
    """The caps that count it and the triggers that share its draws."""
    result = run(environ, "trigger", "show", "cart_abandonment")
    assert result.exit_code == 0, result.output
    assert "Caps that count its messages: marketing_daily, marketing_weekly, address_daily" in result.stdout
    assert "Triggers with the same draws: win_back" in result.stdout
    assert re.search(r"^max_volume +no limit +default$", result.stdout, re.MULTILINE)
    assert re.search(r"^live_from +the first live run +default$", result.stdout, re.MULTILINE)


def test_an_unknown_trigger_is_refused(environ: dict[str, str]) -> None:
    """With the names that there are."""
    result = run(environ, "trigger", "show", "cart")
    assert result.exit_code == 2
    assert "There is no trigger `cart`" in result.stderr
    assert "cart_abandonment, order_confirmation" in result.stderr


def test_an_unknown_cadence_is_refused(environ: dict[str, str]) -> None:
    """With those that there are, before anything is opened."""
    result = run(environ, "build", "--cadence", "monthly")
    assert result.exit_code == 2
    assert "'every_build', 'hourly', 'daily', 'weekly'" in result.stderr


def test_triggers_that_contradict_each_other_are_refused(environ: dict[str, str]) -> None:
    """By `check` and by the doctor, with file, field and remedy; the doctor warns of a cap that meets nobody."""
    path = Path(environ["ACTIVATION_PROJECT"]) / "dbt_project/models/triggers/trg_win_back.yml"
    before = path.read_text()
    path.write_text(before.replace("holdout: 0.1", "holdout: 0.2"))
    result = run(environ, "check")
    findings = {one["what"]: one for one in json.loads(run(environ, "doctor", "--json").stdout)}
    path.write_text(before)
    assert result.exit_code == 2
    assert (
        "models/triggers/trg_win_back.yml: experiment.holdout: models/triggers/trg_cart_abandonment.yml"
        in result.stderr
    )
    assert "a salt of its own" in result.stderr
    assert not findings["dbt project"]["is_fine"]
    mended = json.loads(run(environ, "doctor", "--json").stdout)
    (warning,) = [one for one in mended if one["is_warning"]]
    assert "florida_texts meets no trigger (channel sms" in warning["says"]


def test_a_wrong_house_is_refused(environ: dict[str, str]) -> None:
    """With file, variable and remedy."""
    path = Path(environ["ACTIVATION_PROJECT"]) / "dbt_project/dbt_project.yml"
    before = path.read_text()
    path.write_text(before.replace("global_holdout_share: 0.05", "global_holdout_share: 1.0"))
    result = run(environ, "check")
    path.write_text(before)
    assert result.exit_code == 2
    assert "dbt_project/dbt_project.yml: vars: `global_holdout_share`: Input should be less than 1" in result.stderr
