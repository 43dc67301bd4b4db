"""The dbt project as the engine sees it: its triggers, audiences and policies, and how its models are run."""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activation.config import read_yaml
from activation.errors import BuildError
from activation.policy import AudiencePolicy, Declared, HousePolicy, Schedule, TriggerPolicy, contradictions, oddities
from activation.policy.declared import declared, house_policy
from activation.policy.hours import read_rules
from activation.settings import Settings

TRIGGER_PREFIX = "trg_"
AUDIENCE_PREFIX = "aud_"
GENERATED = Path("macros/generated")
QUIET_HOURS = Path("seeds/quiet_hours.csv")
PROJECT_FILES = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")
DEFAULT_TARGET = "live"
# dbt quotes the lines around a fault between rules of dashes.
EXCERPT = re.compile(r"\s*-{10,}.*", re.DOTALL)
DECISIONS_TAG = "tag:decisions"
OUTCOMES_TAG = "tag:outcomes"
# What libpq is told beside dbt: times in UTC, and to notice within seconds that a killed build's client is gone.
SERVER_OPTIONS = "-c client_connection_check_interval=10s"


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """A model or test that failed: its name, what it is attached to, and dbt's message in one line."""

    name: str
    kind: str
    models: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class DbtReport:
    """What dbt did: nodes by status, the failures, and the names of what was built."""

    counts: Mapping[str, int]
    failures: tuple[NodeFailure, ...] = ()
    built: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class BuildVariables:
    """What a build is told: the run it belongs to and the instant whose knowledge it shows (UTC, ISO text)."""

    as_of: str
    run_id: int
    run_mode: str
    environment: str
    lane: str = "batch"

    def as_json(self) -> str:
        return json.dumps(
            {
                "as_of": self.as_of,
                "run_id": self.run_id,
                "run_mode": self.run_mode,
                "environment": self.environment,
                "lane": self.lane,
            }
        )


@dataclass(slots=True)
class Project:
    """The dbt project below a deployment's folder.

    A target's manifest is parsed once and retained, because every new value of a variable would have dbt parse again.
    """

    settings: Settings
    _manifests: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        return self.settings.project / "dbt_project"

    @property
    def seeds(self) -> Path:
        return self.folder / "seeds"

    def manifest(self, target: str = DEFAULT_TARGET) -> Any:
        """Parse the project for a target, whose schema its nodes name.

        Raises BuildError with dbt's own words when it does not parse.
        """
        if target not in self._manifests:
            self.refresh_lists()
            self._manifests[target] = self._invoke(["parse", "--target", target], target).result
        return self._manifests[target]

    def models(self) -> list[dict[str, Any]]:
        """Every model as dbt's manifest describes it; parses only when a file of the project is newer than that."""
        written = self._target_path(DEFAULT_TARGET) / "manifest.json"
        self.refresh_lists()
        if not written.exists() or written.stat().st_mtime <= self._changed_at():
            self.manifest()
        nodes = json.loads(written.read_text(encoding="utf-8"))["nodes"].values()
        return [node for node in nodes if node["resource_type"] == "model"]

    def house(self) -> HousePolicy:
        """What holds for all triggers, checked. Raises PolicyError naming the file and the variable."""
        return house_policy(self.variables())

    def triggers(self) -> list[Declared[TriggerPolicy]]:
        """Every trigger with its policy, checked. Raises PolicyError naming the file and the field."""
        levels = self.house().priority_levels
        return declared(self.models(), "trigger", TriggerPolicy, {"priority_levels": levels})

    def audiences(self) -> list[Declared[AudiencePolicy]]:
        """Every audience with its policy, checked. Raises PolicyError naming the file and the field."""
        return declared(self.models(), "audience", AudiencePolicy)

    def rarer_triggers(self, cadence: Schedule) -> list[str]:
        """The models of the triggers that a build of this cadence leaves out."""
        return [one.model for one in self.triggers() if one.policy.is_rarer_than(cadence)]

    def contradictions(self) -> list[str]:
        """What no single policy shows to be wrong: one sentence each, with file, field and remedy."""
        return contradictions(self.triggers(), self.house(), read_rules(self.folder / QUIET_HOURS))

    def oddities(self) -> list[str]:
        """What is legal and looks like a mistake, one sentence each."""
        return oddities(self.triggers(), self.house(), read_rules(self.folder / QUIET_HOURS))

    def variables(self) -> Mapping[str, Any]:
        """The defaults of the variables, as `dbt_project.yml` has them."""
        found: Mapping[str, Any] = read_yaml(self.folder / "dbt_project.yml")["vars"]
        return found

    def variable(self, name: str) -> Any:
        """The default of one variable."""
        return self.variables()[name]

    @property
    def raw_schema(self) -> str:
        """Where the sources stand: what `activation load` fills, or the deployment's own views."""
        return str(self.variable("raw_schema"))

    def trigger_models(self) -> list[str]:
        """The names of the trigger models, from the triggers' folder."""
        return self._models_in("triggers", TRIGGER_PREFIX)

    def refresh_lists(self) -> bool:
        """Rewrite the generated macros that name the triggers and audiences; returns whether one was out of date.

        dbt needs to know at parse time what a model unites, so the lists cannot be found out while it runs.
        """
        lists = {
            "trigger_models": self.trigger_models(),
            "audience_models": self._models_in("activation/audiences", AUDIENCE_PREFIX),
        }
        written = [self._write_list(name, models) for name, models in lists.items()]
        return any(written)

    def _changed_at(self) -> float:
        """When the newest file or folder of the project was changed; a deleted file changes its folder."""
        read = [self.folder / name for name in PROJECT_FILES]
        everything = [path for path in read if path.exists()] + [found for path in read for found in path.rglob("*")]
        return max(path.stat().st_mtime for path in everything)

    def _target_path(self, target: str) -> Path:
        """Apart for every database, since a manifest is made for one and a record of what was built is of one."""
        address = self.settings.warehouse
        if address is None:
            return self.settings.home / "dbt" / target
        database = hashlib.sha256(str(address).encode()).hexdigest()[:8]
        return self.settings.home / "dbt" / f"postgres-{database}" / target

    def _models_in(self, folder: str, prefix: str) -> list[str]:
        return sorted(path.stem for path in (self.folder / "models" / folder).rglob(f"{prefix}*.sql"))

    def _write_list(self, name: str, models: Sequence[str]) -> bool:
        path = self.folder / GENERATED / f"{name}.sql"
        text = render_list(name, models)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return True

    def run(
        self, variables: BuildVariables, *, target: str, select: str | None = None, exclude: str | None = None
    ) -> DbtReport:
        """Build models without their tests."""
        return self._build("run", variables, target, select, exclude)

    def run_changed(
        self, variables: BuildVariables, *, target: str, exclude: Sequence[str], resting: Collection[str] = ()
    ) -> DbtReport:
        """Build all models but those with the tags excluded; from scratch where the code is another than last time.

        An incremental model would keep the rows that its former code had made of customers to whom nothing happens.
        A resting model is left as it is, unless its code is another.
        """
        manifest, before = self.manifest(target), self._built(target)
        made_by = self._fingerprints(manifest)
        rested = {name for name in resting if before.get(name) == made_by.get(name)}
        wanted = _names_without(manifest, exclude) - rested
        made_by = {name: found for name, found in made_by.items() if name in wanted}
        changed = {name for name, found in made_by.items() if before.get(name) != found}
        parts = [
            self._build("run", variables, target, " ".join(sorted(names)), None, *more)
            for names, more in ((wanted - changed, ()), (changed, ("--full-refresh",)))
            if names
        ]
        built = {name: made_by[name] for part in parts for name in part.built if name in made_by}
        self._built_path(target).write_text(json.dumps({**before, **built}, sort_keys=True), encoding="utf-8")
        return _together(parts)

    def _fingerprints(self, manifest: Any) -> dict[str, str]:
        return fingerprints(manifest, self.variables())

    def _built_path(self, target: str) -> Path:
        return self._target_path(target) / "built.json"

    def _built(self, target: str) -> dict[str, str]:
        """By which code each model was last built; nothing is known of a file that is absent or broken."""
        try:
            return dict(json.loads(self._built_path(target).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return {}

    def test(
        self, variables: BuildVariables, *, target: str, select: str | None = None, exclude: str | None = None
    ) -> DbtReport:
        """Run the data tests; unit tests are for development."""
        return self._build("test", variables, target, select, exclude, "--exclude-resource-type", "unit_test")

    def seed(
        self, variables: BuildVariables, target: str, names: Sequence[str] = (), has_other_columns: bool = False
    ) -> DbtReport:
        """Load the seeds named, or all; with other columns than before their tables are made anew."""
        more = ("--full-refresh",) if has_other_columns else ()
        return self._build("seed", variables, target, " ".join(names), None, *more)

    def write_docs(self) -> Path:
        """Write the documentation of every model as one offline page; needs no warehouse."""
        self._invoke(["docs", "generate", "--static", "--empty-catalog", "--target", DEFAULT_TARGET], DEFAULT_TARGET)
        return self._target_path(DEFAULT_TARGET) / "static_index.html"

    def _build(
        self,
        command: str,
        variables: BuildVariables,
        target: str,
        select: str | None,
        exclude: str | None,
        *more: str,
    ) -> DbtReport:
        arguments = [command, "--target", target, "--vars", variables.as_json(), *more]
        if select:
            arguments += ["--select", select]
        if exclude:
            arguments += ["--exclude", exclude]
        outcome = self._invoke(arguments, target, self.manifest(target))
        return _report(outcome.result.results)

    def _invoke(self, arguments: Sequence[str], target: str, manifest: Any = None) -> Any:
        from dbt.cli.main import dbtRunner

        logs = self.settings.home / "dbt" / "logs"
        common = {
            "--project-dir": self.folder,
            "--profiles-dir": self.folder,
            "--profile": "activation_postgres" if self.settings.warehouse else "activation",
            "--target-path": self._target_path(target),
            "--log-path": logs,
            "--log-level": "none",
            "--log-level-file": "info",
        }
        options = [str(part) for pair in common.items() for part in pair]
        with _environment(warehouse_variables(self.settings)), _held_open(self.settings):
            outcome = dbtRunner(manifest=manifest).invoke([*arguments, *options, "--no-print", "--no-use-colors-file"])
        if outcome.exception is not None:
            raise BuildError(
                f"dbt {arguments[0]} failed: {_one_line(EXCERPT.sub('', str(outcome.exception)))}.",
                f"Mend the file named and repeat; the whole log is {logs / 'dbt.log'}.",
            )
        return outcome


def warehouse_variables(settings: Settings) -> dict[str, str]:
    """What `profiles.yml` and the driver below dbt read, so that no password stands in a file or on a command line."""
    address = settings.warehouse
    if address is None:
        return {"ACTIVATION_WAREHOUSE": str(settings.warehouse_path)}
    asked = settings.environ.get("PGOPTIONS", "")
    return {
        "ACTIVATION_WAREHOUSE_HOST": address.host,
        "ACTIVATION_WAREHOUSE_PORT": str(address.port),
        "ACTIVATION_WAREHOUSE_DATABASE": address.database,
        "ACTIVATION_WAREHOUSE_USER": address.user,
        "DBT_ENV_SECRET_ACTIVATION_WAREHOUSE_PASSWORD": address.password.reveal(),
        "PGTZ": "UTC",
        "PGOPTIONS": f"{SERVER_OPTIONS} {asked}".strip(),
        **{f"PG{name.upper()}": value for name, value in address.tls.items()},
    }


@contextmanager
def _held_open(settings: Settings) -> Iterator[None]:
    """dbt opens a warehouse that is a file once for all models, and lets go of it at the end."""
    if settings.warehouse is not None:
        yield
        return
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    with _environment({"ACTIVATION_WAREHOUSE_KEEP_OPEN": "True"}):
        try:
            yield
        finally:
            if DuckDBConnectionManager._ENV is not None:  # noqa: SLF001 - `env()` raises before the first connection
                DuckDBConnectionManager.env().close()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The process's environment with these variables, as it was before afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def render_list(name: str, models: Iterable[str]) -> str:
    """A generated macro that tells dbt at parse time which models another one unites."""
    names = "".join(f"    '{model}',\n" for model in models)
    return (
        "{#- Generated from the models' folder; every `activation` command that parses refreshes it. -#}\n"
        f"{{% macro {name}() -%}}\n"
        f"{{{{ return([\n{names}]) }}}}\n"
        "{%- endmacro %}\n"
    )


def fingerprints(manifest: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What stands for each model's code: its SQL, the macros and variables in it, and the code of all that it reads."""
    found: dict[str, str] = {}

    def code_of(macro_ids: Iterable[str], seen: set[str]) -> str:
        ours = [manifest.macros[key] for key in sorted(macro_ids) if key.startswith("macro.activation.")]
        new = [macro for macro in ours if macro.unique_id not in seen]
        seen.update(macro.unique_id for macro in new)
        return "".join(macro.macro_sql + code_of(macro.depends_on.macros, seen) for macro in new)

    def fingerprint(key: str) -> str:
        if key not in manifest.nodes:
            return key
        if key not in found:
            node = manifest.nodes[key]
            code = node.raw_code + code_of(node.depends_on.macros, set())
            variables = {name: value for name, value in sorted(values.items()) if name in code}
            parents = [fingerprint(parent) for parent in sorted(getattr(node.depends_on, "nodes", ()))]
            parts = [node.checksum.checksum, node.config.materialized, code, variables, parents]
            found[key] = hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
        return found[key]

    models = [node for node in manifest.nodes.values() if node.resource_type == "model"]
    return {node.name: fingerprint(node.unique_id) for node in models}


def _names_without(manifest: Any, tags: Sequence[str]) -> set[str]:
    """The models that have none of the tags, written as dbt selects them."""
    models = (node for node in manifest.nodes.values() if node.resource_type == "model")
    return {node.name for node in models if not {f"tag:{tag}" for tag in node.tags} & set(tags)}


def _together(reports: Iterable[DbtReport]) -> DbtReport:
    counts: Counter[str] = Counter()
    failures: list[NodeFailure] = []
    built: list[str] = []
    for report in reports:
        counts.update(report.counts)
        failures += report.failures
        built += report.built
    return DbtReport(dict(counts), tuple(failures), tuple(built))


def _report(results: Iterable[Any]) -> DbtReport:
    counts: dict[str, int] = {}
    failures: list[NodeFailure] = []
    built: list[str] = []
    for result in results:
        status = str(result.status)
        counts[status] = counts.get(status, 0) + 1
        if status in ("error", "fail", "runtime error"):
            failures.append(_failure(result))
        elif status == "success":
            built.append(result.node.name)
    return DbtReport(counts, tuple(failures), tuple(built))


def _failure(result: Any) -> NodeFailure:
    node = result.node
    attached = getattr(node, "attached_node", None)
    parents = [attached] if attached else list(node.depends_on.nodes)
    models = tuple(parent.rpartition(".")[2] for parent in parents) if node.resource_type == "test" else (node.name,)
    return NodeFailure(node.name, str(node.resource_type), models, _one_line(str(result.message)))


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
