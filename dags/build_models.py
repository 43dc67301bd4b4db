"""
# build_models

## What it does
Loads the events that landed, copies the ledger into the warehouse, opens a run, builds the facts and the triggers,
checks their quality, decides who gets what, and announces the run. Everything that opens a DuckDB file goes through a
pool of one slot, briefly.

## When it runs
Every hour, or as `ACTIVATION_SCHEDULE_BUILD_MODELS` says. A backfill builds an analysis and sends nothing.

## If it fails
Nothing is announced, so nothing new is sent; what was announced before goes on. The task's log says in one red line
what is wrong and in the next what to do, above the trace. A failing quality check is no failure: it blocks its scope,
which the report and the Data Docs name.

## Safe to re-run
Always: loading skips what it has, models rebuild only what changed, and a decision is written once.
"""

from datetime import datetime, timedelta

from airflow.sdk import dag, get_current_context, task

from activation.orchestration import steps
from activation.orchestration.signals import RUN_ANNOUNCED, TASK_DEFAULTS, WAREHOUSE_POOL, cadence


@dag(
    schedule=cadence("build_models", "@hourly"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    description="Loads events, builds the models, checks them and decides who gets what.",
    doc_md=__doc__,
    tags=["activation"],
    default_args={**TASK_DEFAULTS, "retry_delay": timedelta(seconds=20), "pool": WAREHOUSE_POOL},
)
def build_models():
    @task
    def load_events() -> dict[str, int]:
        return steps.load_events()

    @task
    def start_run() -> int:
        run = get_current_context()["dag_run"]
        return steps.start_run(str(run.run_type), run.logical_date)

    @task
    def build_facts(run: int) -> dict[str, int]:
        return steps.build_facts(run)

    @task
    def check_quality(run: int) -> dict[str, int]:
        return steps.check_quality(run)

    @task
    def decide(run: int) -> int:
        """The run that decided: another one when the hand-over had to be decided once more."""
        return steps.decide(run)

    @task(outlets=[RUN_ANNOUNCED])
    def announce_run(run: int) -> bool:
        return steps.announce_run(run)

    started = start_run()
    decided = decide(started)
    load_events() >> started >> build_facts(started) >> check_quality(started) >> decided
    announce_run(decided)


build_models()
