"""The generated list of triggers, and policies read from a manifest."""

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from activation.errors import PolicyError
from activation.project import Project, render_list, warehouse_variables
from activation.settings import Settings

ROOT = Path(__file__).parents[1]
POLICY = {
    "id": "one",
    "kind": "absence",
    "purpose": "marketing",
    "basis": "consent",
    "priority": "low",
    "channels": {"names": ["email"]},
    "templates": {"email": "one"},
    "sender": "shop",
    "owner": "crm@shop.example",
}


def project(folder: Path, *models: Any) -> Project:
    """A project that dbt has parsed just now."""
    made = Project(Settings.from_environ({"ACTIVATION_PROJECT": str(folder)}))
    made.refresh_lists()
    shutil.copy(ROOT / "dbt_project/dbt_project.yml", made.folder)
    manifest = folder / "var/dbt/live/manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"nodes": {model["name"]: model for model in models}}))
    later = time.time() + 60
    os.utime(manifest, (later, later))
    return made


def node(name: str, **meta: Any) -> dict[str, Any]:
    return {
        "name": name,
        "resource_type": "model",
        "config": {"meta": meta},
        "patch_path": f"activation://models/triggers/{name}.yml",
        "original_file_path": f"models/triggers/{name}.sql",
    }


def test_the_committed_list_names_the_triggers_of_the_folder() -> None:
    """Nobody committed a trigger and forgot the list."""
    ours = Project(Settings.from_environ({"ACTIVATION_PROJECT": str(ROOT)}))
    models = ours.trigger_models()
    assert len(models) >= 4
    committed = (ROOT / "dbt_project/macros/generated/trigger_models.sql").read_text()
    assert committed == render_list("trigger_models", models)


def test_the_list_is_rewritten_once(tmp_path: Path) -> None:
    """A new trigger is listed by the next command, and the one after it writes nothing."""
    folder = tmp_path / "dbt_project/models/triggers"
    folder.mkdir(parents=True)
    (folder / "trg_new.sql").write_text("select 1")
    made = Project(Settings.from_environ({"ACTIVATION_PROJECT": str(tmp_path)}))
    assert made.refresh_lists()
    assert not made.refresh_lists()
    assert "'trg_new'" in (tmp_path / "dbt_project/macros/generated/trigger_models.sql").read_text()


def test_a_wrong_policy_names_the_file_and_the_field(tmp_path: Path) -> None:
    """An analyst finds the line without a debugger."""
    with pytest.raises(PolicyError, match=r"models/triggers/trg_one\.yml: meta\.trigger of trg_one: `colour`"):
        project(tmp_path, node("trg_one", trigger={**POLICY, "colour": "red"})).triggers()


def test_two_triggers_cannot_share_an_id(tmp_path: Path) -> None:
    """Ids make keys, so a copied YAML is refused."""
    nodes = (node("trg_one", trigger=POLICY), node("trg_two", trigger=POLICY))
    with pytest.raises(PolicyError, match=r"which models/triggers/trg_one\.yml has already"):
        project(tmp_path, *nodes).triggers()


def test_models_without_policy_are_passed_over(tmp_path: Path) -> None:
    """Only what declares a policy is a trigger."""
    made = project(tmp_path, node("int_orders"), node("trg_one", trigger=POLICY))
    assert [declared.model for declared in made.triggers()] == ["trg_one"]


def test_every_database_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """A manifest names one database, and what was built by which code is true of one; the user may change."""
    urls = ("", "postgresql://u:p@h/one", "postgresql://u:p@h/two", "postgresql://u:p@h:6000/one")
    homes = [Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_WAREHOUSE_URL": url}) for url in urls]
    folders = {Project(settings)._target_path("live") for settings in homes}
    assert len(folders) == len(urls)
    assert {folder.name for folder in folders} == {"live"}
    other = Settings.from_environ(
        {"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_WAREHOUSE_URL": urls[1].replace("u:p", "v:q")}
    )
    assert Project(other)._target_path("live") in folders


def test_dbt_gets_a_servers_parts_through_the_environment() -> None:
    """Under the names that the profile reads; the password under one that dbt masks, and the person's options stay."""
    url = "postgresql://u:p%40ss@h:6000/d?sslmode=require"
    settings = Settings.from_environ({"ACTIVATION_WAREHOUSE_URL": url, "PGOPTIONS": "-c jit=off"})
    variables = warehouse_variables(settings)
    profile = (ROOT / "dbt_project/profiles.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"env_var\('(\w+)'", profile.partition("activation_postgres:")[2]))
    assert len(read) == 5
    assert read <= set(variables)
    assert {name for name, value in variables.items() if "p@ss" in value} == {
        "DBT_ENV_SECRET_ACTIVATION_WAREHOUSE_PASSWORD"
    }
    assert variables["PGSSLMODE"] == "require"
    assert variables["PGOPTIONS"].endswith("-c jit=off")
    assert variables["PGTZ"] == "UTC"
