"""Puts the parts together: one method per step of a run, each of which may be repeated."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from activation.config import CONFIG_FILE, Config, read_config
from activation.decisions.seeds import prepare_time, read_time_seeds
from activation.delivery.audiences import require_synced, sync_audience
from activation.delivery.handover import read_member_changes, read_messages
from activation.delivery.plan import plan
from activation.delivery.policies import check_policies
from activation.delivery.render import Renderer
from activation.delivery.send import Engine, SendReport, require_delivered
from activation.delivery.stopping import asked_to_stop
from activation.destinations import account_for, open_destination, require_kind
from activation.destinations.base import Destination
from activation.errors import BuildError, BusyError, ConfigError, RunRefusedError
from activation.feedback.links import UnsubscribeLinks
from activation.ledger import Ledger, leases, open_ledger, recovery, runs
from activation.ledger.attempts import queue_name, queues_with_work
from activation.ledger.export import export_changes
from activation.loading import LoadReport, load, read_mapping
from activation.loading.landing import load_landing
from activation.model import Run, RunMode
from activation.policy import Schedule
from activation.project import (
    DECISIONS_TAG,
    OUTCOMES_TAG,
    BuildVariables,
    DbtReport,
    Project,
)
from activation.quality import Block, GateReport, Limits, failure_blocks, run_gates, warehouse_address, write_blocks
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse, reserved

BATCH_LANE = "batch"
TARGETS = {RunMode.LIVE: "live", RunMode.ANALYSIS: "analysis"}
SCHEMAS = {RunMode.LIVE: "activation", RunMode.ANALYSIS: "analysis"}
OVERLAP = 1_000
ENGINE_KEYS = {
    "delivery_changes": ("incarnation", "sequence", "message_key"),
    "runs": ("run_id", "announced_at"),
    "marks": ("incarnation", "high_water_mark"),
}
OTHER_KEY = ("incarnation", "sequence")
PACKAGE_TEMPLATES = Path(__file__).parent / "templates"

logger = logging.getLogger(__name__)


class App:
    """One deployment, opened. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self.settings, self.config = settings, config
        self.project = Project(settings)
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ledger is not None:
            self._ledger.close()

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = open_ledger(self.settings)
        return self._ledger

    @property
    def links(self) -> UnsubscribeLinks:
        """Raises MissingSecretError when there is no key to sign them with."""
        return UnsubscribeLinks.from_settings(self.settings, self.ledger.clock.now)

    @cached_property
    def renderer(self) -> Renderer:
        return Renderer(self.template_folders, self.config, self.links.link)

    @property
    def template_folders(self) -> list[Path]:
        """The deployment's own templates are looked up before ours."""
        return [self.settings.project / "templates", PACKAGE_TEMPLATES]

    # Loading

    def load(self, files: Sequence[str], *, table: str, mapping: Path | None, history: bool) -> LoadReport:
        """Load files into a raw table. Raises LoadError, MappingError."""
        chosen = read_mapping(mapping) if mapping else None
        with self._warehouse() as warehouse:
            return load(
                files,
                warehouse=warehouse,
                now=self.ledger.clock.now(),
                table=table,
                mapping=chosen,
                history=history,
                live_run_exists=runs.has_live_run(self.ledger),
            )

    def load_landing(self) -> list[LoadReport]:
        """Load every file that landed, once."""
        with self._warehouse() as warehouse:
            return load_landing(
                self.settings.landing_path,
                warehouse,
                self.ledger.clock.now(),
                runs.has_live_run(self.ledger),
            )

    def copy_ledger(self) -> int:
        """Copy what changed in the ledger into the warehouse; returns the rows added.

        Raises LedgerBehindError when the warehouse knows a newer ledger than this one.
        """
        with self._warehouse() as warehouse:
            mark = newest_mark(warehouse)
            recovery.check_not_behind(self.ledger, mark)
            after = 0 if mark is None else max(0, int(mark["high_water_mark"]) - OVERLAP)
            return sum(
                warehouse.append_new("engine", table, ENGINE_KEYS.get(table, OTHER_KEY), [batch])
                for table, batch in export_changes(self.ledger, after)
            )

    # A run

    def start_run(self, mode: RunMode = RunMode.LIVE, as_of: datetime | None = None) -> Run:
        """Open a run; `as_of` is the ledger's now unless an analysis asks for another instant."""
        return runs.start_run(self.ledger, BATCH_LANE, mode, as_of)

    def run(self, run_id: int) -> Run:
        found = runs.find_run(self.ledger, run_id)
        if found is None:
            raise RunRefusedError(f"There is no run {run_id}.", "Start one with `activation build`.")
        return found

    def newest_run(self) -> Run:
        """The batch lane's newest announced live run. Raises RunRefusedError while there is none."""
        found = runs.newest_live(self.ledger, BATCH_LANE)
        if found is None:
            raise RunRefusedError("No live run was announced yet.", "Run `activation build` first.")
        return found

    def check(self) -> dict[str, int]:
        """Check policies, templates, destinations and hours. Raises PolicyError or ConfigError naming what is wrong."""
        read_time_seeds(self.project.seeds, self.project.variable("markets"))
        for name, config in self.config.destinations.items():
            require_kind(name, config.kind)
        return check_policies(self.project, self.config, self.template_folders)

    def build_facts(self, run: Run, cadence: Schedule | None = None) -> DbtReport:
        """Build and test everything up to the triggers. A trigger that fails is blocked; anything else is an error.

        With a cadence the triggers of a rarer schedule rest, once they were built: what they found before stays.
        """
        self.check()
        if run.mode is RunMode.ANALYSIS:
            self._forget_analysis()
        self._load_time(run)
        resting = self._resting(run, cadence)
        outside = (DECISIONS_TAG, OUTCOMES_TAG)
        with self._warehouse_file():
            variables, target = self._variables(run), TARGETS[run.mode]
            built = self.project.run_changed(variables, target=target, exclude=outside, resting=resting)
            tested = self.project.test(variables, target=target, exclude=" ".join(outside))
        blocks = failure_blocks([*built.failures, *tested.failures], run.as_of)
        with self._warehouse() as warehouse:
            write_blocks(warehouse, self._model_report(run, blocks))
        _tell_of(blocks)
        left_out = len(set(resting) - set(built.built))
        return replace(built, counts={**built.counts, "blocks": len(blocks), "left_out": left_out})

    def check_quality(self, run: Run) -> GateReport:
        """The gate before the decisions: sources and triggers. What fails is blocked, not raised."""
        return self._gate(run, "sources_and_triggers")

    def decide(self, run: Run) -> dict[str, int]:
        """Give every open occurrence its verdict and fill the hand-over; one decider at a time.

        When the hand-over does not pass its gate, its scope is blocked and a new run of the same instant decides once
        more. Raises RunRefusedError when a newer run was announced meanwhile, BuildError when the second try fails too.
        """
        with leases.hold(self.ledger, leases.DECIDE):
            self._refuse_overtaken(run)
            # A run that was announced meanwhile must not look abandoned.
            self.copy_ledger()
            self._build_decisions(run)
            if self._gate(run, "handover").blocks:
                self.copy_ledger()
                run = self.start_run(run.mode, run.as_of)
                self._build_decisions(run)
                again = self._gate(run, "handover")
                if again.blocks:
                    reasons = "; ".join(block.reason for block in again.blocks)
                    raise BuildError(f"The hand-over fails its gate even so: {reasons}.", "See the Data Docs.")
        return {"run_id": run.run_id, "messages": self._count_messages(run)}

    def announce(self, run: Run) -> bool:
        """Publish what was built for readers; a live run becomes the one that may send."""
        with self._warehouse() as warehouse:
            warehouse.publish()
        if run.mode is not RunMode.LIVE:
            return False
        runs.announce(self.ledger, run.run_id)
        return True

    def build(self, cadence: Schedule | None = None) -> dict[str, int]:
        """All of a live run's steps up to the announcement; without a cadence every trigger is built."""
        loaded = self.load_landing()
        copied = self.copy_ledger()
        run = self.start_run()
        facts = self.build_facts(run, cadence)
        gate = self.check_quality(run)
        decided = self.decide(run)
        self.announce(self.run(decided["run_id"]))
        return {
            **decided,
            "rows_loaded": sum(report.rows_loaded for report in loaded),
            "changes_copied": copied,
            "models": facts.counts.get("success", 0),
            "left_out": facts.counts["left_out"],
            "blocks": facts.counts["blocks"] + len(gate.blocks),
        }

    # Delivery

    def plan(self) -> dict[str, int]:
        """Plan what the newest live run decided into the ledger."""
        run = self.newest_run()
        with open_warehouse(self.settings, read_copy=True) as warehouse:
            recovery.check_not_behind(self.ledger, newest_mark(warehouse))
            report = plan(self.ledger, run, read_messages(warehouse, SCHEMAS[run.mode], run.run_id), self.config)
        return {"planned": report.planned, "known": report.known, "withdrawn": report.withdrawn, "late": report.late}

    def deliver(self, destination: str, shard: int) -> dict[str, int]:
        """Send one queue. Raises DeliveryError or CredentialsRefusedError when its destination took no more."""
        runs.assert_may_send(self.ledger, self.newest_run())
        report = self._deliver(queue_name(destination, BATCH_LANE, shard))
        require_delivered([report])
        return dict(report.states)

    def send(self) -> dict[str, int]:
        """Plan and deliver everything; one destination's trouble leaves the others running."""
        planned = self.plan()
        reports: list[SendReport] = []
        busy: list[BusyError] = []
        for queue in queues_with_work(self.ledger, BATCH_LANE):
            try:
                reports.append(self._deliver(queue))
            except BusyError as error:
                busy.append(error)
        require_delivered(reports)
        if busy:
            raise busy[0]
        states: Counter[str] = sum((report.states for report in reports), Counter())
        return {"planned": planned["planned"], **states}

    def audience_ids(self) -> list[str]:
        """The audiences that are kept in step."""
        return [declared.policy.id for declared in self.project.audiences() if declared.policy.enabled]

    def sync(self, audience_id: str) -> dict[str, int]:
        """Push what changed in one audience."""
        run = self.newest_run()
        runs.assert_may_send(self.ledger, run)
        policy = next((found.policy for found in self.project.audiences() if found.policy.id == audience_id), None)
        if policy is None:
            raise ConfigError(f"There is no audience `{audience_id}`.", f"Use one of {', '.join(self.audience_ids())}.")
        with open_warehouse(self.settings, read_copy=True) as warehouse:
            changes = read_member_changes(warehouse, SCHEMAS[run.mode], audience_id, run.run_id)
            report = sync_audience(self.ledger, self._open(policy.destination), changes)
        require_synced(report)
        return dict(report.states)

    # What came of it

    def refresh_outcomes(self) -> int:
        """Copy the ledger and rebuild what depends on outcomes only; returns the changes copied."""
        copied = self.copy_ledger()
        run = self.newest_run()
        # What was delivered after the run's own instant is shown too.
        variables = self._variables(replace(run, as_of=self.ledger.clock.now()))
        with self._warehouse_file():
            _require(self.project.run(variables, target=TARGETS[run.mode], select=OUTCOMES_TAG), "outcomes")
        with self._warehouse() as warehouse:
            warehouse.publish()
        return copied

    # Insides

    @contextmanager
    def _warehouse_file(self) -> Iterator[None]:
        """Nobody else of ours opens the warehouse for writing meanwhile, nor does another ledger's process."""
        with leases.hold(self.ledger, leases.WAREHOUSE), reserved(self.settings):
            yield

    @contextmanager
    def _warehouse(self) -> Iterator[Warehouse]:
        with self._warehouse_file(), open_warehouse(self.settings) as warehouse:
            warehouse.prepare()
            yield warehouse

    def _variables(self, run: Run) -> BuildVariables:
        return BuildVariables(
            as_of=run.as_of.isoformat(sep=" "),
            run_id=run.run_id,
            run_mode=run.mode.value,
            environment=self.settings.environment.value,
            lane=run.lane,
        )

    def _resting(self, run: Run, cadence: Schedule | None) -> list[str]:
        """The triggers that this build leaves as they are; one that was never built does not rest."""
        rarer = self.project.rarer_triggers(cadence) if cadence else []
        if not rarer:
            return []
        with self._warehouse() as warehouse:
            return [model for model in rarer if warehouse.has_table(SCHEMAS[run.mode], model)]

    def _load_time(self, run: Run) -> None:
        with self._warehouse() as warehouse:
            names, has_other_columns = prepare_time(warehouse, SCHEMAS[run.mode], self.project.seeds, run.as_of)
        with self._warehouse_file():
            if names:
                _require(self.project.seed(self._variables(run), TARGETS[run.mode], names, has_other_columns), "seeds")

    def _build_decisions(self, run: Run) -> None:
        with self._warehouse_file():
            variables, target = self._variables(run), TARGETS[run.mode]
            select = f"{DECISIONS_TAG} {OUTCOMES_TAG}"
            _require(self.project.run(variables, target=target, select=select), "decisions")
            _require(self.project.test(variables, target=target, select=select), "tests of the decisions")

    def _gate(self, run: Run, kind: Any) -> GateReport:
        url, connect_with = warehouse_address(self.settings)
        with self._warehouse_file():
            report = run_gates(
                kind,
                warehouse_url=url,
                connect_with=connect_with,
                schema=SCHEMAS[run.mode],
                raw_schema=self.project.raw_schema,
                triggers=[declared.policy.id for declared in self.project.triggers()],
                run_id=run.run_id,
                as_of=run.as_of,
                docs_folder=self.settings.data_docs_path.parent,
                context_folder=self.settings.home / "quality",
                limits=Limits(**self.config.quality.model_dump(exclude_none=True)),
            )
        with self._warehouse() as warehouse:
            write_blocks(warehouse, report)
        _tell_of(report.blocks)
        return report

    def _forget_analysis(self) -> None:
        """An analysis shows its own instant only: tables built as of a later one know too much."""
        with self._warehouse() as warehouse:
            warehouse.execute(f'drop schema if exists "{SCHEMAS[RunMode.ANALYSIS]}" cascade')

    def _model_report(self, run: Run, blocks: Sequence[Block]) -> GateReport:
        scopes = {"all", *(f"trigger:{declared.policy.id}" for declared in self.project.triggers())}
        return GateReport(
            kind="models",
            run_id=run.run_id,
            as_of=run.as_of,
            passed=not blocks,
            checks=(),
            blocks=tuple(blocks),
            cleared=tuple(sorted(scopes - {block.scope for block in blocks})),
            docs_index=self.settings.data_docs_path,
        )

    def _refuse_overtaken(self, run: Run) -> None:
        newest = runs.newest_live(self.ledger, run.lane)
        if run.mode is RunMode.LIVE and newest is not None and newest.run_id > run.run_id:
            raise RunRefusedError(
                f"Run {run.run_id} was overtaken by run {newest.run_id}.", "Nothing to do: the newer run decided."
            )

    def _count_messages(self, run: Run) -> int:
        with self._warehouse() as warehouse:
            query = f'select count(*) as messages from "{SCHEMAS[run.mode]}".act_messages'  # noqa: S608 - our own schema
            return int(warehouse.rows(query)[0]["messages"])

    def _deliver(self, queue: str) -> SendReport:
        destination = queue.partition(":")[0]
        with asked_to_stop() as stop:
            return Engine(self.ledger, self._open(destination), self.renderer, stop=stop).deliver(queue)

    def _open(self, name: str) -> Destination:
        if name not in self.config.destinations:
            raise ConfigError(f"{CONFIG_FILE} has no destination `{name}`.", "Add it, or correct the name.")
        return open_destination(account_for(name, self.config.destinations[name], self.settings))


def open_app(settings: Settings | None = None) -> App:
    """The application of this environment. Raises ConfigError."""
    found = settings or Settings.from_environ()
    return App(found, read_config(found.project))


def newest_mark(warehouse: Warehouse) -> Mapping[str, Any] | None:
    """The newest mark of the ledger's copy, None before the first."""
    if not warehouse.has_table("engine", "marks"):
        return None
    rows = warehouse.rows("select * from engine.marks order by copied_at desc, high_water_mark desc limit 1")
    return rows[0] if rows else None


def _require(report: DbtReport, what: str) -> None:
    if not report.passed:
        failures = "; ".join(f"{failure.name}: {failure.message}" for failure in report.failures[:3])
        raise BuildError(f"The {what} failed: {failures}.", "Mend the model named; nothing was announced.")


def _tell_of(blocks: Iterable[Block]) -> None:
    for block in blocks:
        logger.warning("%s is blocked until %s: %s", block.scope, block.until, block.reason)
